"""Folders of photographs: twenty-odd ways in which cameras, phones and people make them."""

import gc
import io
import weakref
from pathlib import Path

import numpy as np
import pytest

from photo.reading import folder
from photo.reading.camera_files import read_photo
from photo.reading.exif import Exposure
from photo.reading.folder import Photographs, bracket_name, read_photographs
from photo.reading.inputs import PreparedScenes
from photo.reading.search import find, find_brackets, is_photographs
from tests import photos
from utils import command
from utils.evaluation.protocols import PROTOCOLS
from utils.radiometry.levels import ldr_to_float, to_8bit
from utils.scenes.folders import write_scene
from utils.scenes.scene import SceneError

FRAMES = photos.sample()
EXACT = [Exposure(time=time, f_number=5.0, iso=100) for time in (1 / 1000, 1 / 250, 1 / 62)]


def _shuffled(folder):
    """The brightest frame has the first name."""
    folder.mkdir()
    for name, index in (("a", 2), ("b", 0), ("c", 1)):
        photos.write(folder / f"{name}.jpg", FRAMES[index], photos.exif(photos.TIMES[index]))
    return folder


def _by_iso(folder):
    folder.mkdir()
    for name, iso in enumerate((100, 400, 1600)):
        photos.write(folder / f"{name}.jpg", FRAMES[name], photos.exif(1 / 100, iso))
    return folder


def _by_aperture(folder):
    folder.mkdir()
    for name, f_number in enumerate((16.0, 8.0, 4.0)):
        block = photos.exif(1 / 100, f_number=f_number)
        photos.write(folder / f"{name}.jpg", FRAMES[name], block)
    return folder


def _by_apex(folder):
    """Shutter speed as its logarithm only, as some phones write it."""
    folder.mkdir()
    for name, speed in enumerate((10.0, 8.0, 6.0)):
        block = photos.exif()
        block.get_ifd(0x8769)[0x9201] = speed
        photos.write(folder / f"{name}.jpg", FRAMES[name], block)
    return folder


def _no_aperture(folder):
    """A manual lens: no aperture anywhere."""
    folder.mkdir()
    for name, time in enumerate(photos.TIMES):
        photos.write(folder / f"{name}.jpg", FRAMES[name], photos.exif(time, f_number=0))
    return folder


def _tiff16(folder, orientation=1):
    folder.mkdir()
    for index, exposure in enumerate(EXACT):
        photos.write_tiff(folder / f"{index}.tif", FRAMES[index], exposure, orientation)
    return folder


def _dng(folder):
    folder.mkdir()
    for index, exposure in enumerate(EXACT):
        photos.write_dng(folder / f"{index}.dng", FRAMES[index], exposure)
    return folder


def _five(folder):
    """Two stops between any two: the wider ones do not lose more than the chosen."""
    radiance = ldr_to_float(FRAMES[2]) ** 2.2
    frames = [
        np.rint(np.clip(radiance * 2.0**stop, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)
        for stop in (-4, -2, 0, 2, 4)
    ]
    return photos.write_bracket(folder, frames, [2.0**stop / 100 for stop in (-4, -2, 0, 2, 4)])


def _exposure_file(folder, text="0\n2\n4\n", suffix=".png"):
    photos.write_bracket(folder, FRAMES, (None, None, None), suffix=suffix)
    (folder / "exposure.txt").write_text(text)
    return folder


def _grey(folder):
    return photos.write_bracket(folder, np.repeat(FRAMES[..., :1], 3, -1))


def _alpha(folder):
    folder.mkdir()
    for index, time in enumerate(photos.TIMES):
        rgba = np.dstack([to_8bit(FRAMES[index]), np.full(FRAMES.shape[1:3], 128, np.uint8)])
        photos.write(folder / f"{index}.png", rgba, photos.exif(time))
    return folder


def _wrong_suffix(folder):
    """HEIC named .jpg, as phones hand it on."""
    photos.write_bracket(folder, FRAMES, suffix=".heic")
    for path in folder.iterdir():
        path.rename(path.with_suffix(".jpg"))
    return folder


def _long_names(folder):
    photos.write_bracket(folder, FRAMES)
    for path in list(folder.iterdir()):
        path.rename(folder / f"{path.stem}{'ä' * 100}.jpg")
    return folder


VARIANTS = {
    "jpeg": photos.write_bracket,
    "jpeg turned right": lambda folder, **k: photos.write_bracket(folder, **k, orientation=6),
    "jpeg turned left": lambda folder, **k: photos.write_bracket(folder, **k, orientation=8),
    "jpeg upside down": lambda folder, **k: photos.write_bracket(folder, **k, orientation=3),
    "png": lambda folder, **k: photos.write_bracket(folder, **k, suffix=".png"),
    "png turned": lambda folder, **k: photos.write_bracket(
        folder, **k, suffix=".png", orientation=6
    ),
    "heic": lambda folder, **k: photos.write_bracket(folder, **k, suffix=".heic"),
}
VARIANTS = {
    name: lambda folder, make=make: make(folder, frames=FRAMES) for name, make in VARIANTS.items()
} | {
    "names not by exposure": _shuffled,
    "bracketed by iso": _by_iso,
    "bracketed by aperture": _by_aperture,
    "apex shutter speed": _by_apex,
    "no aperture": _no_aperture,
    "tiff of 16 bits": _tiff16,
    "tiff of 16 bits turned": lambda folder: _tiff16(folder, 6),
    "tiff of 16 bits upside down": lambda folder: _tiff16(folder, 3),
    "raw": _dng,
    "exposure.txt": _exposure_file,
    "exposure.txt from -2": lambda folder: _exposure_file(folder, "-2\n0\n2\n"),
    "exposure.txt of times": lambda folder: _exposure_file(folder, "1/400\n1/100\n1/25\n", ".jpg"),
    "grey": _grey,
    "alpha": _alpha,
    "wrong suffix": _wrong_suffix,
    "long names": _long_names,
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_give_the_same_upright_bracket_darkest_first(tmp_path, name):
    folder = VARIANTS[name](tmp_path / "scène № 1")
    assert is_photographs(folder)
    scene = read_photographs(folder)
    assert scene.name == "scène № 1"
    np.testing.assert_allclose(scene.exposure_values, [0, 2, 4], atol=0.1)
    assert scene.ldr.shape == FRAMES.shape
    expected = ldr_to_float(FRAMES)
    if name == "grey":
        expected = np.repeat(expected[..., :1], 3, -1)
    error = np.abs(ldr_to_float(scene.ldr) - expected)
    lossless = not {"jp", "HE", "he"} & {path.suffix[1:3] for path in folder.iterdir()}
    # Demosaicing blurs and mixes colours; it must not change what is bright and where.
    assert error.mean() < (0.12 if name == "raw" else 0.003 if lossless else 0.03)


def test_of_five_the_reference_is_well_exposed_and_the_choice_is_said(tmp_path):
    scene = read_photographs(_five(tmp_path / "five"))
    assert scene.files[1] in {"2.jpg", "3.jpg", "4.jpg"}
    assert np.all(np.diff(scene.exposure_values) >= 1)
    assert any(all(file in note for file in scene.files) for note in scene.notes)


@pytest.mark.parametrize("name", ["three", "five"])
def test_frames_are_released_once_they_are_stacked(tmp_path, monkeypatch, name):
    make = {"three": VARIANTS["jpeg"], "five": _five}[name]
    path = make(tmp_path / "a")
    opened, decoded = [], []
    real_open, real_read = io.open, folder.read_photo

    def count(file, *rest, **options):
        if Path(str(file)).suffix == ".jpg":
            opened.append(Path(file).name)
        return real_open(file, *rest, **options)

    def read(*arguments):
        photo = real_read(*arguments)
        decoded.append(weakref.ref(photo.frame))
        return photo

    monkeypatch.setattr(io, "open", count)
    monkeypatch.setattr(folder, "read_photo", read)
    scene = read_photographs(path)
    files = sorted(file.name for file in path.iterdir())
    assert opened == (files if name == "three" else [*files, *scene.files])
    assert len(decoded) == len(opened)
    gc.collect()
    assert not any(frame() is not None for frame in decoded)
    assert scene.exif


def test_all_three_cases_of_tiff_orientation_match_jpeg(tmp_path):
    upright = read_photo(_tiff16(tmp_path / "a") / "1.tif").frame
    for orientation in (3, 6, 8):
        turned = read_photo(_tiff16(tmp_path / str(orientation), orientation) / "1.tif").frame
        np.testing.assert_array_equal(turned, upright)


def test_given_exposures_win_over_the_file_and_the_file_over_exif(tmp_path):
    folder = photos.write_bracket(tmp_path / "a", FRAMES)
    (folder / "exposure.txt").write_text("0\n3\n6\n")
    scene = read_photographs(folder)
    assert scene.exposure_values.tolist() == [0, 3, 6]
    assert "EXIF 0 2 4.06: exposure.txt is used" in scene.warnings[0]
    scene = read_photographs(folder, exposures=(1, 3, 5))
    assert scene.exposure_values.tolist() == [0, 2, 4]
    assert not any("EXIF" in line for line in scene.warnings)


def test_a_wrong_claim_is_noticed_in_the_pixels(tmp_path):
    radiance = np.linspace(0, 1.0, 300 * 200 * 3).reshape(200, 300, 3) ** 2
    frames = [
        np.rint(np.clip(radiance * 2.0**stop, 0, 1) ** (1 / 2.2) * 65535).astype(np.uint16)
        for stop in (0, 2, 4)
    ]
    folder = photos.write_bracket(tmp_path / "a", frames, suffix=".png")
    assert not read_photographs(folder).warnings
    wrong = read_photographs(folder, exposures=(0, 3, 5)).warnings
    assert len(wrong) == 2
    assert "--exposures says 0 3 5 stops, EXIF 0 2 4.06" in wrong[0]
    assert "should be 3.0 stops brighter than 1.png; measured in the pixels: about 2.0" in wrong[1]


def test_a_step_beyond_four_stops_is_used_with_a_warning(tmp_path):
    folder = photos.write_bracket(tmp_path / "a", FRAMES, (1 / 3200, 1 / 100, 1 / 25))
    scene = read_photographs(folder)
    np.testing.assert_allclose(scene.exposure_values, [0, 5, 7])
    assert any("low to reference is 5.0 stops" in line for line in scene.warnings)


REFUSED = {
    "two photographs": (
        lambda folder: photos.write_bracket(folder, FRAMES[:2], photos.TIMES[:2]),
        r"needs 3 photographs.*2 \(1\.jpg, 2\.jpg\)",
    ),
    "equal exposures": (
        lambda folder: photos.write_bracket(folder, FRAMES, (0.01, 0.01, 0.02)),
        r"different exposure.*1\.jpg 0, 2\.jpg 0, 3\.jpg 1",
    ),
    "one without exif": (
        lambda folder: photos.write_bracket(folder, FRAMES, (0.01, None, 0.02)),
        r"exposures are unknown.*--exposures 0 2 4.*2\.jpg no shutter time",
    ),
    "absurd exif": (
        lambda folder: photos.write_bracket(folder, FRAMES, (0.0, 0.01, 1e9)),
        r"exposures are unknown.*1\.jpg no shutter time.*3\.jpg no shutter time",
    ),
    "unequal sizes": (
        lambda folder: photos.write_bracket(folder, [*FRAMES[:2], FRAMES[2][:50]]),
        r"one size.*1\.jpg 96x64 uint8.*3\.jpg 96x50 uint8",
    ),
    "exposure.txt too short": (
        lambda folder: _exposure_file(folder, "0\n2\n"),
        r"exposure\.txt must have a line for each of the 3 photographs.*Received: 2 lines",
    ),
    "exposure.txt empty": (
        lambda folder: _exposure_file(folder, ""),
        r"exposure\.txt .*remove it to use EXIF.*--exposures 0 2 4\. Received: no lines",
    ),
    "exposures in reverse order": (
        lambda folder: _exposure_file(folder, "4\n2\n0\n"),
        r"wrong order: .*\.png should be 2\.0 stops brighter than .*, but is darker.*--exposures",
    ),
    "exposure.txt of words": (
        lambda folder: _exposure_file(folder, "low\nmid\nhigh\n"),
        r"exposure\.txt must hold different exposures.*one number a line.*low",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_merged_is_refused_with_the_reason(tmp_path, name):
    make, message = REFUSED[name]
    with pytest.raises(ValueError, match=message) as error:
        read_photographs(make(tmp_path / "scene"))
    assert "\n" not in str(error.value)


def test_given_exposures_must_be_as_many_as_photographs(tmp_path):
    folder = photos.write_bracket(tmp_path / "a", FRAMES)
    with pytest.raises(ValueError, match=r"--exposures must have one value.*Received: 2"):
        read_photographs(folder, exposures=(0, 2))


def test_data_sets_scenes_and_results_are_no_photographs(tmp_path):
    for truth in (True, False):
        write_scene(
            tmp_path / f"{truth}",
            ldr=FRAMES,
            exposure_values=np.array([0, 2, 5]),
            hdr=ldr_to_float(FRAMES[1]) if truth else None,
        )
        assert not is_photographs(tmp_path / f"{truth}")
    photos.write_bracket(tmp_path / "in" / "photos", FRAMES)
    photos.write_bracket(tmp_path / "in" / "results", FRAMES)
    (tmp_path / "in" / "results" / "metrics.csv").touch()
    photos.write_bracket(tmp_path / "in" / ".hidden", FRAMES)
    found = [(found.folder.name, found.kind) for found in find_brackets(tmp_path)]
    assert found == [("False", "scene"), ("True", "scene"), ("photos", "photographs")]


def test_photographs_and_scenes_of_data_sets_lie_side_by_side(tmp_path, capsys):
    photos.write_bracket(tmp_path / "b", FRAMES)
    write_scene(tmp_path / "a", ldr=FRAMES, exposure_values=np.array([0, 2, 5]), hdr=None)
    photos.write_bracket(tmp_path / "c", FRAMES[:2], photos.TIMES[:2])
    scenes = PreparedScenes([tmp_path], PROTOCOLS["full"], prealign="off")
    found = list(scenes)
    assert [scene.name for scene in found] == ["a", "b"]
    assert len(scenes) == 3
    assert command.report_failures(scenes.failures) == 2
    captured = capsys.readouterr()
    assert "Scene c: A bracket needs 3 photographs" in captured.err
    assert "b: Exposures in stops from EXIF: 1.jpg 0, 2.jpg 2, 3.jpg 4.06" in captured.out


def test_one_search_says_what_each_folder_is(tmp_path):
    hdr = ldr_to_float(FRAMES[1])
    stops = np.array([0, 2, 5])
    for name in ("set/scene", "set/scene/nested", "results/scene", "bracket/scene"):
        write_scene(tmp_path / name, ldr=FRAMES, exposure_values=stops, hdr=hdr)
    for name in ("set/scene/raw", "results/bracket", "pair"):
        photos.write_bracket(tmp_path / name, FRAMES[:2], photos.TIMES[:2])
    for index, frame in enumerate(FRAMES):
        photos.write(tmp_path / "bracket" / f"{index}.jpg", frame)
    (tmp_path / "results" / "aligned.csv").touch()
    (tmp_path / "set" / "again").symlink_to(tmp_path / "set" / "scene")
    (tmp_path / "bracket" / "up").symlink_to(tmp_path)
    found = find_brackets(tmp_path)
    assert [(str(found.folder.relative_to(tmp_path)), found.kind) for found in found] == [
        ("bracket", "photographs"),
        ("bracket/scene", "scene"),
        ("pair", "photographs"),
        ("set/scene", "scene"),
        ("set/scene/raw", "photographs"),
    ]
    assert [found.folder for found in find_brackets(tmp_path / "pair")] == [tmp_path / "pair"]
    with pytest.raises(SceneError, match="only results"):
        find_brackets(tmp_path / "results")
    with pytest.raises(SceneError, match="no such folder"):
        find_brackets(tmp_path / "absent")


def test_a_folder_without_photographs_is_told_all_that_gives_exposures(tmp_path):
    with pytest.raises(SceneError, match=r"no photographs\..*EXIF, exposure\.txt or --exposures"):
        find_brackets(tmp_path)


def test_a_stray_radiance_map_beside_photographs_is_named_and_ignored(tmp_path):
    folder = photos.write_bracket(tmp_path / "a", FRAMES)
    (folder / "merged elsewhere.hdr").touch()
    assert [found.kind for found in find_brackets(folder)] == ["photographs"]
    scene = read_photographs(folder)
    assert "merged elsewhere.hdr beside the photographs is ignored" in scene.warnings[0]


def test_files_are_one_bracket_whatever_else_lies_beside_them(tmp_path):
    folder = photos.write_bracket(tmp_path / "church", [*FRAMES, FRAMES[2]], (*photos.TIMES, 0.04))
    (folder / "exposure.txt").write_text("0\n1\n2\n3\n")  # of four photographs
    files = tuple(folder / f"{number}.jpg" for number in (1, 2, 3))
    (scene,) = PreparedScenes(files, PROTOCOLS["full"], prealign="off")
    assert isinstance(scene, Photographs)
    assert (scene.name, scene.files) == ("church", ("1.jpg", "2.jpg", "3.jpg"))
    np.testing.assert_allclose(scene.exposure_values, [0, 2, 4.06], atol=0.01)
    (given,) = PreparedScenes(files[::-1], PROTOCOLS["full"], (6, 3, 0), prealign="off")
    assert given.exposure_values.tolist() == [0, 3, 6]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["garden_1.jpg", "garden_2.jpg", "garden_3.jpg"], "garden"),
        (["IMG_1239.JPG", "IMG_1240.JPG", "IMG_1241.JPG"], "IMG_1239"),
        (["a.jpg", "b.jpg", "c.jpg"], "folder"),
    ],
)
def test_a_bracket_of_files_has_a_name_of_its_own(names, expected):
    assert bracket_name([Path("folder") / name for name in names]) == expected


def test_what_is_neither_a_folder_nor_a_bracket_is_refused_with_what_would_do(tmp_path):
    folder = photos.write_bracket(tmp_path / "a", FRAMES)
    one, two = folder / "1.jpg", folder / "2.jpg"
    with pytest.raises(SceneError, match=r"name them all, or their folder\. Received: .*1\.jpg"):
        find([one])
    with pytest.raises(SceneError, match="which is a folder"):
        find([one, two, folder])
    with pytest.raises(SceneError, match="which is missing"):
        find([one, two, folder / "9.jpg"])


def test_the_named_reference_is_the_middle_frame(tmp_path):
    folder = _five(tmp_path / "five")
    names = sorted(path.name for path in folder.glob("*.jpg"))
    scene = read_photographs(folder, reference=names[1])
    assert scene.files[1] == names[1]
