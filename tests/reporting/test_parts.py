"""Shards of a run: they exclude each other, and four at once make the files of one run."""

import contextlib
import re

import numpy as np
import pytest

import evaluate
import reconstruction_align2
import reconstruction_fusion
from configs.settings import EvaluationConfig, ReconstructionConfig
from tests import layouts, processes, tiny
from utils.files import LockedError
from utils.reporting import parts
from utils.runs import weights

SCENES = 7


@pytest.mark.parametrize(
    ("held", "wanted", "allowed"),
    [
        *(("1/4", "2/4", True), ("1/4", "1/4", False), ("1/4", "1/3", False)),
        *(("1/4", None, False), (None, "1/4", False), (None, None, False)),
    ],
)
def test_a_shard_excludes_itself_others_of_another_count_and_whole_runs(
    tmp_path, held, wanted, allowed
):
    for first, second in ((held, wanted), (wanted, held)):
        with parts.lock(tmp_path, first) as while_locked:
            assert list(while_locked("ab")) == ["a", "b"]
            refused = contextlib.nullcontext() if allowed else pytest.raises(LockedError)
            with refused, parts.lock(tmp_path, second):
                pass
    with parts.lock(tmp_path, wanted):  # no lock is left behind
        pass


def test_shares_are_joined_in_the_order_of_the_scenes(tmp_path):
    scenes = list("abcdefg")
    for number in (1, 2, 3):
        with pytest.raises(ValueError, match=f"Received: ({number}/3.*|no shards in {tmp_path})"):
            parts.read(tmp_path, "x", "same", scenes)
        shard = f"{number}/3"
        with parts.lock(tmp_path, shard):
            own = scenes[ReconstructionConfig(shard=shard).part]
            done = [(name, np.ones(2)) for name in own if name != "b"]  # b failed
            named = [{"name": name} for name in own]
            parts.write(tmp_path, shard, "x", "same", {"done": done, "named": named})
    assert parts.read(tmp_path, "x", "same", scenes) == {
        "done": [[name, [1, 1]] for name in "acdefg"],
        "named": [{"name": name} for name in scenes],
    }
    with pytest.raises(ValueError, match=r"shard 1/3 had same\. Received: other$"):
        parts.read(tmp_path, "x", "other", scenes)
    with parts.lock(tmp_path, "1/2"), pytest.raises(ValueError, match="no shards"):
        parts.read(tmp_path, "x", "same", scenes)


@pytest.mark.parametrize("shard", ["0/4", "5/4", "4", "a/b", "1/0", "-1/4", "1/4/2"])
def test_only_numbers_up_to_the_count_are_shards(shard):
    with pytest.raises(ValueError, match=f"I/N.*Received: '{re.escape(shard)}'"):
        ReconstructionConfig(shard=shard)


@pytest.mark.parametrize("script", [reconstruction_fusion, reconstruction_align2, evaluate])
def test_four_shards_at_once_and_their_report_make_the_files_of_one_run(script, tmp_path):
    weights.save(tiny.random_networks(), tmp_path / "weights")
    for seed in range(SCENES):
        layouts.write(tmp_path / "scenes", "Kalantari", f"{seed}", seed=seed)
    (tmp_path / "scenes" / "1" / "262A0943.tif").write_bytes(b"damaged")
    common = {"weights": tmp_path / "weights", "precision": "float32"}

    def config(results: str, **flags):
        if script is evaluate:
            return EvaluationConfig(
                scenes=tmp_path / "scenes",
                results=tmp_path / results,
                protocol=("full", "ntire"),
                baselines=True,
                **common | flags,
            )
        place = {"scenes": (tmp_path / "scenes",), "results": tmp_path / results}
        return ReconstructionConfig(**place, **common | flags)

    with contextlib.ExitStack() as running:
        started = [
            running.enter_context(
                processes.running(
                    processes.run_as_script,
                    script.main,
                    config("shards", shard=f"{number}/4"),
                    tmp_path / f"{number}.log",
                )
            )
            for number in range(1, 5)
        ]
        for process in started:
            process.join()
    codes = [process.exitcode for process in started]
    assert codes == [0, 2, 0, 0], [(tmp_path / f"{n}.log").read_text() for n in range(1, 5)]
    other = {"display_peak": 500} if script is evaluate else {"prealign": "off"}
    with pytest.raises(ValueError, match="--report needs the settings of the shards"):
        script.main(config("shards", report=True, **other))
    assert script.main(config("shards", report=True)) == 2
    assert script.main(config("whole")) == 2
    ours, whole = (_files(tmp_path / name) for name in ("shards", "whole"))
    assert ours.keys() == whole.keys()
    assert len(whole) > SCENES
    different = {name for name in whole if ours[name] != whole[name]}
    assert different <= {"report.html", "provenance.json"}
    if script is reconstruction_fusion:
        sections = [
            re.findall(rb"<section .*?</section>", files["report.html"], re.DOTALL)
            for files in (ours, whole)
        ]
        assert sections[0] == sections[1]
        assert len(sections[0]) >= SCENES - 1


def _files(folder):
    """Content of the files that are not hidden, by path."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    names = {path: path.relative_to(folder) for path in paths}
    shown = (path for path in paths if not any(part[0] == "." for part in names[path].parts))
    return {names[path].as_posix(): path.read_bytes() for path in shown}
