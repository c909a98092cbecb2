"""Checks of a data set, for each layout and each defect."""

import shutil

import pytest

import make_tfrecord
from configs.settings import RecordsConfig
from tests import layouts
from utils.images import frames, radiance_maps
from utils.radiometry.levels import to_8bit
from utils.scenes import checks, data_sets
from utils.scenes.data_sets import OFFICIAL_TEST_SCENES


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
def test_a_layout_is_recognised(tmp_path, layout, capsys):
    for seed, name in enumerate(("scene_a", "scene_b")):
        layouts.write(tmp_path / "set", layout, name, seed=seed)
    found = checks.check_data_set(tmp_path / "set")
    assert found.data_set == data_sets.DATA_SETS[layout]
    assert found.scenes == 2
    if layout == "Challenge123":
        assert found.problems.pop() == "Training has 2 scenes, not 96"
    assert not found.problems
    expected = {"Tursun": "exposures are times", "DeepHDR mirror": "do not start at 0"}
    assert len(found.notes) == (2 if layout in expected else 0)
    assert all(expected[layout] in note for note in found.notes)
    healthy = layout != "Challenge123"
    config = RecordsConfig(run=tmp_path / "run", check=tmp_path / "set")
    assert make_tfrecord.main(config) == (0 if healthy else 2)
    assert ("nothing is wrong" in capsys.readouterr().out) == healthy


@pytest.fixture
def official(tmp_path, monkeypatch):
    """The official tree with five training scenes instead of 74; 40x24 pixels."""
    training = frozenset(f"{number:03}" for number in range(1, 6))
    scenes = {"Training": training, "Test": OFFICIAL_TEST_SCENES}
    monkeypatch.setattr(data_sets, "_OFFICIAL_SCENES", scenes)
    monkeypatch.setattr(checks, "_OFFICIAL_SIZE", (40, 24))
    names = [f"Training/{name}" for name in sorted(training)]
    names += [f"Test/{name}" for name in sorted(OFFICIAL_TEST_SCENES)]
    for seed, name in enumerate(names):
        layouts.write(tmp_path, "Kalantari", name, seed=seed)
    return tmp_path


def test_the_official_tree_is_recognised_whole_and_in_parts(official):
    found = checks.check_data_set(official)
    assert (found.data_set, found.scenes) == ("Kalantari 2017, official", 20)
    assert not found.problems
    assert not found.notes
    for part, missing in (("Training", "Test"), ("Test", "Training")):
        found = checks.check_data_set(official / part)
        assert found.data_set == "Kalantari 2017, official"
        assert not found.problems
        assert found.notes == [f"there is no {missing} part"]


def test_missing_and_unknown_scenes(official):
    shutil.rmtree(official / "Training" / "003")
    (official / "Test" / "EXTRA" / "001").rename(official / "Test" / "EXTRA" / "O11")
    assert checks.check_data_set(official).problems == [
        "Training: 1 missing scenes: 003",
        "Test: 1 missing scenes: EXTRA/001",
        "Test: 1 unknown scenes: EXTRA/O11",
    ]


def _replace(folder, index, image):
    frames.write_ldr(sorted(folder.glob("*.tif"))[index], image)


def _size(folder):
    frames, radiance = layouts.pictures(height=16, width=32)
    for index, frame in enumerate(frames):
        _replace(folder, index, frame)
    radiance_maps.write_radiance(folder / "HDRImg.hdr", radiance)


def _bits(folder):
    for index, path in enumerate(sorted(folder.glob("*.tif"))):
        _replace(folder, index, to_8bit(frames.read_ldr(path)))


def _order(folder):
    first, second, _ = sorted(folder.glob("*.tif"))
    first.rename(folder / "x.tif")
    second.rename(first)
    (folder / "x.tif").rename(second)


def _truth(folder):
    radiance_maps.write_radiance(folder / "HDRImg.hdr", 4 * layouts.pictures(7)[1])


def _duplicate(folder):
    shutil.copy(folder.parent / "s2" / "HDRImg.hdr", folder / "HDRImg.hdr")


def _add(folder):
    layouts.write(folder.parent, "Hu", "s4", seed=4)


def _exposures(text):
    return lambda folder: (folder / "exposure.txt").write_text(text)


DEFECTS = {
    "size": (_size, "s1: 32x16 pixels, not 40x24"),
    "bits": (_bits, "s1: frames of 8 bits, not 16"),
    "order": (_order, "s1: frames are out of order"),
    "truth": (_truth, "s1: truth outside [0, 1]: up to 4"),
    "no truth": (lambda folder: (folder / "HDRImg.hdr").unlink(), "s1: no truth"),
    "duplicate": (_duplicate, "duplicate: truth of s2 is truth of s1"),
    "unreadable": (_exposures("0\n2\n"), "Scene s1: "),
    "mixed layouts": (_add, "scenes of another layout than Kalantari: s4"),
    "reversed": (_exposures("4\n2\n0\n"), "s1: frames are out of order"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_named(tmp_path, defect, capsys):
    for seed, name in enumerate(("s1", "s2", "s3")):
        layouts.write(tmp_path, "Kalantari", name, seed=seed)
    change, message = DEFECTS[defect]
    change(tmp_path / "s1")
    config = RecordsConfig(run=tmp_path / "run", check=tmp_path)
    assert make_tfrecord.main(config) == 2
    said = capsys.readouterr().out
    assert f"problem: {message}" in said
    assert not config.run.exists()


def test_exposures_that_the_pixels_contradict_are_noted(tmp_path):
    for seed, name in enumerate(("a", "b")):
        layouts.write(tmp_path, "Kalantari", name, seed=seed)
    _exposures("0\n3\n5\n")(tmp_path / "a")
    found = checks.check_data_set(tmp_path)
    assert not found.problems
    assert found.notes == ["a: frames and exposures disagree by 1.0 stops"]
