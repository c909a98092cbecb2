"""make_scenes.py: same bytes however it is run, nothing is overwritten, sources are named."""

import shutil

import numpy as np
import OpenEXR
import pytest

import make_scenes
from configs import presets
from configs.settings import ScenesConfig
from utils import command
from utils.images import radiance_maps
from utils.scenes import folders
from utils.synthesis import factory


@pytest.fixture(scope="module")
def radiance(tmp_path_factory):
    folder = tmp_path_factory.mktemp("radiance")
    for name, shape in {"pano_a": (32, 64), "pano_b": (32, 64), "photo_c": (60, 90)}.items():
        rng = np.random.default_rng(len(name))
        radiance_maps.write_radiance(
            folder / f"{name}.hdr", np.exp(rng.normal(0, 1.5, (*shape, 3)))
        )
    return folder


def _config(radiance, folder, **fields):
    fields = {"count": 3, "height": 24, "width": 32, "workers": 1, "static_share": 0.5} | fields
    return ScenesConfig(radiance=radiance, scenes=folder, **fields)


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
        assert 1 <= len(others) <= 4
        assert all((radiance / line.split()[1]).is_file() for line in [first, *others])


def test_same_bytes_for_any_count_and_workers(radiance, tmp_path):
    factory.make_scenes(_config(radiance, tmp_path / "a", count=2))
    factory.make_scenes(_config(radiance, tmp_path / "a", count=4))
    factory.make_scenes(_config(radiance, tmp_path / "b", count=4, workers=2))
    assert len(_bytes(tmp_path / "a")) == 4 * 6 + 1
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    factory.make_scenes(_config(radiance, tmp_path / "c", count=4, seed=1))
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
    ],
)
def test_other_settings_need_another_folder(radiance, tmp_path, fields, message):
    factory.make_scenes(_config(radiance, tmp_path / "a", count=1))
    before = _bytes(tmp_path / "a")
    with pytest.raises(ValueError, match=message):
        factory.make_scenes(_config(radiance, tmp_path / "a", **fields))
    assert _bytes(tmp_path / "a") == before


def test_scenes_of_chosen_exposure_steps(radiance, tmp_path):
    config = _config(radiance, tmp_path / "a", exposure_steps=(3,))
    assert factory.make_scenes(config) == 3
    for folder in folders.find_scenes(config.scenes):
        assert folders.read_scene(folder).exposure_values.tolist() == [0, 3, 6]
    assert factory.make_scenes(config) == 0
    with pytest.raises(ValueError, match=r"another exposure_steps.*\[\], before: \[3"):
        factory.make_scenes(_config(radiance, config.scenes))


def test_scenes_are_not_mixed_into_a_data_set(radiance, tmp_path):
    (tmp_path / "Training" / "001").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"kept apart.*Training"):
        factory.make_scenes(_config(radiance, tmp_path / "Training"))
    assert not _bytes(tmp_path)


def test_maps_are_chosen_by_name(radiance, tmp_path):
    def names(**fields):
        found = factory.find_maps(_config(radiance, tmp_path, **fields))
        return [path.stem for path in found]

    assert names() == ["pano_a", "pano_b", "photo_c"]
    assert names(include=("_a", "photo")) == ["pano_a", "photo_c"]
    assert names(exclude=("pano",)) == ["photo_c"]
    with pytest.raises(ValueError, match=r"no radiance maps.*include=\('x',\)"):
        names(include=("x",))


def test_bad_maps_are_named(tmp_path):
    (tmp_path / "broken.hdr").write_text("?")
    with OpenEXR.File({}, {"RGB": np.full((8, 16, 3), np.nan, np.float32)}) as file:
        file.write(str(tmp_path / "nan.exr"))
    cache = factory.MapCache(sorted(tmp_path.iterdir()))
    with pytest.raises(ValueError, match=r"broken\.hdr: Not a readable image"):
        cache.load(0)
    with pytest.raises(ValueError, match=r"nan\.exr: .*finite"):
        cache.load(1)
    with pytest.raises(ValueError, match=r"\.(hdr|exr): "):
        factory.make_scenes(_config(tmp_path, tmp_path / "scenes"))
    assert not list((tmp_path / "scenes").glob("0*"))


def test_cache_forgets_the_map_unused_longest(radiance):
    paths = sorted(radiance.iterdir())
    size = 32 * 64 * 3 * 4
    cache = factory.MapCache(paths, capacity=2 * size)
    first = cache.load(0)
    second = cache.load(1)
    assert cache.load(0) is first
    cache.load(2)  # larger than both: all others must go
    assert cache.load(0) is not first
    np.testing.assert_array_equal(cache.load(0), first)
    np.testing.assert_array_equal(cache.load(1), second)


def test_every_field_is_a_flag(tmp_path):
    flags = ["--radiance", str(tmp_path), "--count", "5", "--include", "a", "b", "--seed", "3"]
    config = command.parse(presets.scenes, make_scenes.__doc__, flags)
    assert config == ScenesConfig(radiance=tmp_path, count=5, include=("a", "b"), seed=3)
