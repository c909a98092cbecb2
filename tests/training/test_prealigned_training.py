"""Training knows how the camera's motion was taken out of its records, and takes no others."""

import dataclasses
import json
import shutil

import pytest

import training_align_high
import training_align_low
import training_fusion
from configs import presets
from tests import tiny
from utils.records import shards
from utils.records.record import RecordsError
from utils.runs import settings
from utils.runs.settings import SettingsError


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Records by how they were prealigned."""
    root = tmp_path_factory.mktemp("records")
    for mode in ("off", "auto"):
        (root / mode).mkdir()
        tiny.write_records(root / mode, prealign=mode)
    return {mode: root / mode for mode in ("off", "auto")}


def _config(run, records, **changes):
    return tiny.config(run, str(records), steps=2, checkpoint_every=2, **changes)


def test_the_papers_preset_leaves_the_cameras_motion_in():
    assert presets.records("kalantari").prealign == "off"
    assert presets.records("quick").prealign == "auto"


def test_an_index_that_does_not_say_means_off(folders, tmp_path):
    folder = tmp_path / "old"
    shutil.copytree(folders["off"], folder)
    index = json.loads((folder / "index.json").read_text())
    for scene in index["scenes"]:
        del scene["prealign"]
    (folder / "index.json").write_text(json.dumps(index))
    assert {entry.prealign for entry in shards.read_index(str(folder))} == {"off"}


def test_a_mixture_is_refused(folders, tmp_path):
    entries = shards.read_index(str(folders["auto"]))
    other = [dataclasses.replace(entry, prealign="off") for entry in entries[1:]]
    shutil.copytree(folders["auto"], tmp_path / "mixed")
    shards.write_index(str(tmp_path / "mixed"), [entries[0], *other])
    with pytest.raises(RecordsError, match=r"mixes .*--prealign auto.*Received: --prealign off"):
        training_align_low.main(_config(tmp_path / "run", tmp_path / "mixed"))


def test_a_stage_goes_on_with_records_of_its_kind_alone(folders, tmp_path):
    training_align_low.main(_config(tmp_path, folders["auto"]))
    assert settings.read_prealignment(tmp_path / "align_low") == "auto"
    with pytest.raises(
        SettingsError, match=r"records packed with --prealign auto.*Received: --prealign off"
    ):
        training_align_low.main(_config(tmp_path, folders["off"]))


def test_a_stage_that_does_not_say_was_trained_with_the_motion_in(folders, tmp_path):
    training_align_low.main(_config(tmp_path, folders["off"]))
    path = tmp_path / "align_low" / "settings.json"
    stored = json.loads(path.read_text())
    del stored["prealign"]
    path.write_text(json.dumps(stored))
    assert settings.read_prealignment(tmp_path / "align_low") == "off"
    training_align_low.main(_config(tmp_path, folders["off"]))
    with pytest.raises(SettingsError, match="records packed with --prealign off"):
        training_align_low.main(_config(tmp_path, folders["auto"]))


def test_fusion_refuses_alignments_of_another_kind_and_leaves_no_trace(folders, tmp_path):
    training_align_low.main(_config(tmp_path, folders["auto"]))
    training_align_high.main(_config(tmp_path, folders["off"]))
    for mode, stage, other in (("auto", "align_high", "off"), ("off", "align_low", "auto")):
        config = tiny.fusion(_config(tmp_path, folders[mode]))
        with pytest.raises(
            SettingsError, match=rf"{stage} was trained .*--prealign {other}.*Received: .*{mode}$"
        ):
            training_fusion.main(config)
    assert not (tmp_path / "fusion").exists()
    scratch = tiny.fusion(_config(tmp_path, folders["auto"]), alignment="from_scratch")
    training_fusion.main(scratch)
    assert settings.read_prealignment(tmp_path / "fusion") == "auto"
