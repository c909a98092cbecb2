"""Some of the bad inputs of `make fuzz`: each is refused by name or done completely."""

import pytest

from tests.fuzz import kinds
from tests.fuzz.workers import Worker

pytest.importorskip("resource", reason="cases need a limit of memory")

COUNTS = {name: max(4, count) for name, count in kinds.shares(120).items()}


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    with Worker(tmp_path_factory.mktemp("scratch")) as worker:
        yield worker


@pytest.mark.parametrize("name", kinds.KINDS)
def test_every_case_is_refused_by_name_or_done_completely(worker, tmp_path, name):
    verdicts = worker.run(name, range(COUNTS[name]), tmp_path)
    assert len(verdicts) == COUNTS[name]
    assert not [verdict for verdict in verdicts if verdict.outcome == "fault"]
