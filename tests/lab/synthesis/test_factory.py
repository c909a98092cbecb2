"""lab/make_scenes.py: reproducible, resumable, overwrites nothing, names its sources."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import psutil
import pytest

from configs.start_up import INTERRUPTED
from lab import make_scenes
from lab.settings import ScenesConfig
from lab.synthesis import factory
from lab.synthesis.maps import cached_maps
from tests import layouts, processes
from utils import files
from utils.images import frames, radiance_maps
from utils.scenes import folders

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def radiance(tmp_path_factory):
    folder = tmp_path_factory.mktemp("radiance")
    for name, shape in {"pano_a": (32, 64), "pano_b": (32, 64), "photo_c": (60, 90)}.items():
        rng = np.random.default_rng(len(name))
        radiance_maps.write_radiance(
            folder / f"{name}.hdr", np.exp(rng.normal(0, 1.5, (*shape, 3)))
        )
    return folder


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    for name in ("cat", "dog"):
        rng = np.random.default_rng(ord(name[0]))
        noise = cv2.GaussianBlur(rng.normal(100, 500, (60, 80, 3)), (0, 0), 1.5)
        frames.write_ldr(folder / f"{name}.png", np.clip(noise, 0, 255).astype(np.uint8))
    return folder


def _config(radiance, folder, **fields):
    fields = {"count": 3, "height": 24, "width": 32, "workers": 1, "static_share": 0.5} | fields
    return ScenesConfig(radiance=(radiance,), scenes=folder, **fields)


def _bytes(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_scenes_are_readable_and_name_their_sources(radiance, tmp_path):
    make_scenes.main(_config(radiance, tmp_path / "a"))
    found = folders.find_scenes(tmp_path / "a")
    assert [folder.name for folder in found] == ["00001", "00002", "00003"]
    for folder in found:
        scene = folders.read_scene(folder)
        assert scene.ldr.shape == (3, 24, 32, 3)
        assert scene.ldr.dtype == np.uint8
        assert scene.hdr is not None
        assert scene.hdr.max() <= 1
        first, *others = (folder / folders.SOURCE_FILE).read_text().splitlines()
        assert first.split()[0] == "background"
        assert 1 <= len(others) <= 5
        assert all((radiance / line.split()[1]).is_file() for line in [first, *others])


def test_scenes_are_those_of_the_samples_generator(radiance, photographs, tmp_path):
    """The stored scenes are those of the code that made samples/ and the test scenes."""
    config = _config(
        radiance,
        tmp_path / "a",
        photographs=photographs,
        cameras="noisy",
        gamma_spread=0.05,
        camera_defects=0.5,
    )
    factory.make_scenes(config)
    found = [folders.read_scene(folder) for folder in folders.find_scenes(config.scenes)]
    with np.load(ROOT / "tests" / "golden" / "dynamic_scenes.npz") as golden:
        # Another processor may round logarithms differently: a pixel in thousands by one level.
        difference = np.abs(np.stack([scene.ldr for scene in found]).astype(int) - golden["ldr"])
        assert np.mean(difference > 0) < 2e-3
        truths = np.stack([scene.hdr for scene in found if scene.hdr is not None])
        np.testing.assert_allclose(truths, golden["hdr"], rtol=0.01, atol=1e-5)


def test_same_bytes_for_any_count_and_workers(radiance, photographs, tmp_path):
    fields = {"count": 4, "photographs": photographs, "camera_defects": 0.5}
    factory.make_scenes(_config(radiance, tmp_path / "a", **fields | {"count": 2}))
    factory.make_scenes(_config(radiance, tmp_path / "a", **fields))
    factory.make_scenes(_config(radiance, tmp_path / "b", workers=2, **fields))
    assert len(_bytes(tmp_path / "a")) == 4 * 6 + 1
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    factory.make_scenes(_config(radiance, tmp_path / "c", seed=1, **fields | {"count": 1}))
    assert _bytes(tmp_path / "c")["00001/1.tif"] != _bytes(tmp_path / "a")["00001/1.tif"]


def test_running_again_makes_only_what_is_missing(radiance, tmp_path):
    config = _config(radiance, tmp_path / "a")
    assert factory.make_scenes(config) == 3
    before = _bytes(config.scenes)
    (config.scenes / "00001" / "1.tif").write_text("mine")
    shutil.rmtree(config.scenes / "00002")
    (config.scenes / ".00002.partial").mkdir()
    (config.scenes / ".00002.partial" / "1.tif").write_text("half")
    assert factory.make_scenes(config) == 1
    assert (config.scenes / "00001" / "1.tif").read_text() == "mine"
    before["00001/1.tif"] = b"mine"
    assert _bytes(config.scenes) == before
    assert factory.make_scenes(config) == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"seed": 7}, "another seed.*Received: 7, before: 0"),
        ({"exposure_steps": (2,)}, r"another exposure_steps.*Received: \[2\], before: \[\]"),
        ({"width": 40}, "another width.*Received: 40, before: 32"),
        ({"exclude": ("photo",)}, r"other maps.*1 more or less, one of them photo_c\.hdr"),
        ({"camera_defects": 0.0}, r"another camera_defects.*Received: 0\.0, before: 0\.35"),
    ],
)
def test_other_settings_need_another_folder(radiance, tmp_path, fields, message):
    factory.make_scenes(_config(radiance, tmp_path / "a", count=1))
    before = _bytes(tmp_path / "a")
    with pytest.raises(ValueError, match=message):
        factory.make_scenes(_config(radiance, tmp_path / "a", **fields))
    assert _bytes(tmp_path / "a") == before


def test_scenes_are_not_mixed_into_a_data_set(radiance, tmp_path):
    (tmp_path / "Training" / "001").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"folder of their own.*Training"):
        factory.make_scenes(_config(radiance, tmp_path / "Training"))
    assert not _bytes(tmp_path)


def test_maps_and_photographs_are_chosen_by_name(radiance, photographs, tmp_path):
    shutil.copy(radiance / "pano_a.hdr", tmp_path / "other_a.hdr")

    def names(find=factory.find_maps, **fields):
        config = ScenesConfig(radiance=(radiance, tmp_path), photographs=photographs, **fields)
        return [path.stem for path in find(config)]

    assert sorted(names()) == ["other_a", "pano_a", "pano_b", "photo_c"]
    assert sorted(names(include=("_a", "photo"))) == ["other_a", "pano_a", "photo_c"]
    assert names(include=("_a", "photo"), exclude=("pano", "photo")) == ["other_a"]
    assert names(factory.find_photographs, include=("cat",)) == ["cat"]
    with pytest.raises(ValueError, match=r"no radiance maps.*include=\('x',\)"):
        names(include=("x",))


def test_photographs_serve_as_backgrounds_and_objects(radiance, photographs, tmp_path):
    config = _config(radiance, tmp_path / "a", photographs=photographs, count=12)
    factory.make_scenes(config)
    sources = "".join(path.read_text() for path in config.scenes.rglob(folders.SOURCE_FILE))
    found = {(line.split()[0], line[-4:]) for line in sources.splitlines()}
    assert found == {(role, kind) for role in ("background", "object") for kind in (".png", ".hdr")}


def test_folders_without_pictures_are_named(radiance, tmp_path):
    empty, missing, scenes = (tmp_path / name for name in ("empty", "missing", "scenes"))
    empty.mkdir()
    with pytest.raises(ValueError, match=r"no folder of radiance maps.*missing"):
        factory.make_scenes(_config(missing, scenes))
    with pytest.raises(ValueError, match=r"no radiance maps.*empty"):
        factory.make_scenes(_config(empty, scenes))
    for folder in (empty, missing, radiance):
        with pytest.raises(ValueError, match=rf"No photographs.*{folder.name}"):
            factory.make_scenes(_config(radiance, scenes, photographs=folder))
    assert not scenes.exists()


def test_bad_maps_are_named(tmp_path):
    for name in ("broken.hdr", "broken.jpg"):
        (tmp_path / name).write_text("?")
    with OpenEXR.File({}, {"RGB": np.full((8, 16, 3), np.nan, np.float32)}) as file:
        file.write(str(tmp_path / "nan.exr"))
    load = cached_maps(sorted(tmp_path.iterdir()), 2**20)
    for index, message in enumerate((r"broken\.hdr: Not", r"broken\.jpg: Not", r"nan\.exr: .*fin")):
        with pytest.raises(ValueError, match=message):
            load(index)
    with pytest.raises(ValueError, match=r"\.(hdr|exr): "):
        factory.make_scenes(_config(tmp_path, tmp_path / "scenes"))
    assert not list((tmp_path / "scenes").glob("0*"))


def test_cache_forgets_the_map_unused_longest(radiance):
    paths = sorted(radiance.iterdir())
    size = 32 * 64 * 3 * 2
    load = cached_maps(paths, capacity=2 * size)
    first = load(0)
    second = load(1)
    assert load(0) is first
    third = load(2)  # larger than both: not kept
    assert load(2) is not third
    assert load(0) is first
    assert load(1) is second


@pytest.fixture
def process(tmp_path):
    """lab/make_scenes.py, as soon as its first scene is there."""
    layouts.write_map(tmp_path / "radiance" / "a.hdr")
    flags = ["--radiance=radiance", "--scenes=scenes", "--count=5000", "--height=24", "--width=32"]
    with processes.started(
        [sys.executable, "-m", "lab.make_scenes", *flags, "--static-share=0.5"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "scenes" / "00001").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield process


def test_ctrl_c_ends_all_processes_with_one_line(process):
    """Sent to the whole group, as a terminal does, once while scenes are being made."""
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert said.rstrip().endswith(INTERRUPTED)


def test_a_killed_run_leaves_no_process_and_the_next_goes_on_at_once(process, tmp_path):
    children = psutil.Process(process.pid).children()
    workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    process.kill()
    process.communicate(timeout=60)
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    count = len(list((tmp_path / "scenes").glob("0*")))
    config = _config(tmp_path / "radiance", tmp_path / "scenes", count=count + 2)
    assert factory.make_scenes(config) == 2
    assert not list((tmp_path / "scenes").glob(".*"))


def test_two_makers_in_one_folder_exclude_each_other(radiance, tmp_path):
    config = _config(radiance, tmp_path / "a")
    with files.lock(config.scenes), pytest.raises(files.LockedError):
        factory.make_scenes(config)
    assert not list(config.scenes.glob("0*"))
    assert factory.make_scenes(config) == 3


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"maps": 3}', '{"maps": [["a"]]}', "\0"], ids=repr
)
def test_damaged_settings_beside_scenes_are_refused_by_name(radiance, tmp_path, text):
    factory.make_scenes(_config(radiance, tmp_path, count=1))
    (tmp_path / factory.SETTINGS_FILE).write_text(text)
    before = _bytes(tmp_path)
    with pytest.raises(ValueError, match=rf"{factory.SETTINGS_FILE} must .*Received: "):
        factory.make_scenes(_config(radiance, tmp_path))
    assert _bytes(tmp_path) == before
