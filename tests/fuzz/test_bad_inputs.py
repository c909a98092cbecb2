"""Some of the bad inputs of `make fuzz`: each is refused by name, or done whole."""

import pytest

from tests.fuzz import kinds
from tests.fuzz.workers import Worker

CASES = 250
FEW = {"script": 1, "weights": 6, "run": 6, "records": 6}
"""Cases of kinds that take long, or of which a share would be too small."""


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    with Worker(tmp_path_factory.mktemp("scratch")) as worker:
        yield worker


@pytest.mark.parametrize("name", kinds.KINDS)
def test_every_case_is_refused_by_name_or_done_whole(worker, tmp_path, name):
    count = FEW.get(name) or kinds.shares(CASES)[name]
    verdicts = worker.run(name, range(count), tmp_path)
    assert len(verdicts) == count
    faults = [verdict for verdict in verdicts if verdict.outcome == "fault"]
    assert not faults
