"""Folders of photographs as cameras, phones and people make them."""

import functools
import weakref
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photo.reading import frame_choice
from photo.reading.brackets import opened
from photo.reading.camera_files import read_photo
from photo.reading.exif import Exposure
from photo.reading.folder import Photographs, bracket_name, read_photographs
from photo.reading.inputs import PreparedScenes
from photo.reading.search import find, find_brackets, is_photographs
from tests import photos
from utils import command
from utils.evaluation.protocols import PROTOCOLS
from utils.radiometry.levels import ldr_to_float
from utils.scenes.folders import write_scene
from utils.scenes.scene import SceneError

FRAMES = photos.sample()
EXACT = [Exposure(time=time, f_number=5.0, iso=100) for time in (1 / 1000, 1 / 250, 1 / 62)]


def _exif(folder, blocks):
    """JPEGs with an EXIF block each."""
    folder.mkdir()
    for index, (frame, block) in enumerate(zip(FRAMES, blocks, strict=True)):
        photos.write(folder / f"{index}.jpg", frame, block)
    return folder


def _exact(folder, write, suffix, *options):
    """Files of 16 bits of one of the writers in `photos`."""
    folder.mkdir()
    for index, (frame, exposure) in enumerate(zip(FRAMES, EXACT, strict=True)):
        write(folder / f"{index}{suffix}", frame, exposure, *options)
    return folder


def _renamed(folder, rename, suffix=".jpg"):
    photos.write_bracket(folder, FRAMES, suffix=suffix)
    for path in list(folder.iterdir()):
        path.rename(folder / rename(path.stem))
    return folder


def _exposure_file(folder, text="0\n2\n4\n", suffix=".png", times=(None, None, None)):
    photos.write_bracket(folder, FRAMES, times, suffix=suffix)
    (folder / "exposure.txt").write_text(text)
    return folder


def exposed(folder, radiance, stops):
    """PNGs of 16 bits of one radiance map."""
    frames = [
        np.rint(np.clip(radiance * 2.0**stop, 0, 1) ** (1 / 2.2) * 65535).astype(np.uint16)
        for stop in stops
    ]
    return photos.write_bracket(folder, frames, [2.0**stop / 100 for stop in stops], suffix=".png")


def _five(folder):
    """Two stops between any two: the wider ones do not lose more than the chosen."""
    return exposed(folder, ldr_to_float(FRAMES[2]) ** 2.2, (-4, -2, 0, 2, 4))


_plain = functools.partial(photos.write_bracket, frames=FRAMES)
_with_alpha = np.concatenate([FRAMES, np.full_like(FRAMES[..., :1], 128 * 257)], axis=-1)
VARIANTS = {
    "jpeg": _plain,
    "jpeg turned right": lambda folder: _plain(folder, orientation=6),
    "jpeg turned left": lambda folder: _plain(folder, orientation=8),
    "jpeg upside down": lambda folder: _plain(folder, orientation=3),
    "png": lambda folder: _plain(folder, suffix=".png"),
    "png turned": lambda folder: _plain(folder, suffix=".png", orientation=6),
    "heic": lambda folder: _plain(folder, suffix=".heic"),
    "heic named jpg": lambda folder: _renamed(folder, "{}.jpg".format, ".heic"),
    "long names": lambda folder: _renamed(folder, lambda stem: f"{stem}{'ä' * 100}.jpg"),
    "names not by exposure": lambda folder: _renamed(
        folder, lambda stem: {"1": "b.jpg", "2": "c.jpg", "3": "a.jpg"}[stem]
    ),
    "bracketed by iso": lambda folder: _exif(
        folder, [photos.exif(1 / 100, iso) for iso in (100, 400, 1600)]
    ),
    "bracketed by aperture": lambda folder: _exif(
        folder, [photos.exif(1 / 100, f_number=f_number) for f_number in (16.0, 8.0, 4.0)]
    ),
    "manual lens": lambda folder: _exif(
        folder, [photos.exif(time, f_number=0) for time in photos.TIMES]
    ),
    "tiff of 16 bits": lambda folder: _exact(folder, photos.write_tiff, ".tif"),
    "tiff of 16 bits turned right": lambda folder: _exact(folder, photos.write_tiff, ".tif", 6),
    "tiff of 16 bits turned left": lambda folder: _exact(folder, photos.write_tiff, ".tif", 8),
    "raw": lambda folder: _exact(folder, photos.write_dng, ".dng"),
    "exposure.txt": _exposure_file,
    "exposure.txt of times": lambda folder: _exposure_file(folder, "1/400\n1/100\n1/25\n", ".jpg"),
    "grey": lambda folder: photos.write_bracket(folder, FRAMES[..., 0]),
    "alpha": lambda folder: photos.write_bracket(folder, _with_alpha, suffix=".png"),
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


def test_of_five_three_are_chosen_around_the_best_exposed_or_the_named_one(tmp_path):
    path = _five(tmp_path / "five")
    scene = read_photographs(path)
    assert scene.files[1] in {"2.png", "3.png", "4.png"}
    assert np.all(np.diff(scene.exposure_values) >= 1)
    assert any(all(file in note for file in scene.files) for note in scene.notes)
    for name in ("2.png", "4.png"):
        assert read_photographs(path, reference=name).files[1] == name


def test_the_photographs_beyond_three_are_read_when_they_are_needed(tmp_path):
    path = _five(tmp_path / "five")
    scene = read_photographs(path, reference="2.png")
    rest = sorted({file.name for file in path.glob("*.png")} - set(scene.files))
    low = int(scene.files[0][0])
    times = [float(other.exposure_time) for other in scene.others]
    np.testing.assert_allclose(times, [4.0 ** (int(name[0]) - low) for name in rest], rtol=1e-3)
    for name, other in zip(rest, scene.others, strict=True):
        frame, gaps = other.read()
        assert gaps is None
        np.testing.assert_array_equal(frame, read_photo(path / name).frame)
    (path / rest[0]).unlink()
    with pytest.raises(OSError, match=rest[0]):
        scene.others[0].read()
    assert read_photographs(_plain(tmp_path / "three")).others == ()


@pytest.mark.parametrize(("make", "reads"), [(_plain, 3), (_five, 5 + 3)])
def test_frames_are_released_once_they_are_stacked(tmp_path, monkeypatch, make, reads):
    path = make(tmp_path / "a")
    frames, real = [], opened.read_photo

    def read(*arguments):
        photo = real(*arguments)
        frames.append(weakref.ref(photo.frame))
        return photo

    monkeypatch.setattr(opened, "read_photo", read)
    scene = read_photographs(path)
    assert scene.exif
    assert [frame() for frame in frames] == [None] * reads


@pytest.mark.parametrize("orientation", [1, 6])
def test_transparent_pixels_are_filled_as_gaps_are(tmp_path, orientation):
    alpha = np.full((3, 64, 96, 1), 65535, np.uint16)
    alpha[0, :, :12] = alpha[2, 50:] = alpha[1, :10, 20:] = 0
    cut = np.where(alpha == 0, 0, FRAMES)
    folder = photos.write_bracket(
        tmp_path / "a", np.concatenate([cut, alpha], -1), suffix=".png", orientation=orientation
    )
    scene = read_photographs(folder)
    said = [line.split()[0] for line in scene.warnings if "filled in" in line]
    assert said == ["1.png", "2.png", "3.png"]
    for side, gap in ((0, np.s_[:, :12]), (1, np.s_[:10, 20:]), (2, np.s_[50:])):
        expected = ldr_to_float(FRAMES[side])[gap]
        error = np.abs(ldr_to_float(scene.ldr[side])[gap] - expected)
        assert error.mean() < 0.35 * expected.mean()  # things moved; 1 if black


def test_given_exposures_win_over_the_file_and_the_file_over_exif(tmp_path):
    folder = _exposure_file(tmp_path / "a", "0\n2\n4\n", ".jpg", (1 / 800, 1 / 100, 1 / 12.5))
    scene = read_photographs(folder)
    assert scene.exposure_values.tolist() == [0, 2, 4]
    assert "EXIF 0 3 6: exposure.txt is used" in scene.warnings[0]
    scene = read_photographs(folder, exposures=(1, 4, 7))
    assert scene.exposure_values.tolist() == [0, 3, 6]
    assert not any("EXIF" in line for line in scene.warnings)
    with pytest.raises(ValueError, match=r"--exposures must have one value.*Received: 2"):
        read_photographs(folder, exposures=(0, 2))


def test_a_wrong_claim_is_noticed_in_the_pixels(tmp_path):
    radiance = np.linspace(0, 1.0, 300 * 200 * 3).reshape(200, 300, 3) ** 2
    folder = exposed(tmp_path / "a", radiance, (0, 2, 4))
    assert not read_photographs(folder).warnings
    wrong = read_photographs(folder, exposures=(0, 3, 5)).warnings
    assert len(wrong) == 2
    assert "--exposures says 0 3 5 stops, EXIF 0 2 4: --exposures is used" in wrong[0]
    assert "should be 3.0 stops brighter than 1.png; measured in the pixels: about 2.0" in wrong[1]


@pytest.mark.parametrize("contrast", [1.0, 1.3])
def test_a_tone_curve_explains_the_pixels_only_where_exif_confirms_the_step(tmp_path, contrast):
    radiance = np.linspace(0, 1.0, 300 * 200 * 3).reshape(200, 300, 3) ** (2 * contrast)
    # A curve that is steeper by this factor makes 2 stops look like 2.6.
    stops = [contrast * stop for stop in (0, 2, 4)]
    folder = exposed(tmp_path / "a", radiance, stops)
    for path, time in zip(sorted(folder.glob("*.png")), photos.TIMES, strict=True):
        image = Image.open(path)
        image.save(path, exif=photos.exif(time))
    assert not read_photographs(folder).warnings
    for path in folder.glob("*.png"):
        Image.open(path).save(path, exif=photos.exif())
    (folder / "exposure.txt").write_text("0\n2\n4\n")
    assert len(read_photographs(folder).warnings) == (2 if contrast > 1 else 0)


def test_a_step_beyond_three_stops_is_used_with_a_warning(tmp_path):
    folder = photos.write_bracket(tmp_path / "a", FRAMES, (1 / 3200, 1 / 100, 2 / 25))
    scene = read_photographs(folder)
    np.testing.assert_allclose(scene.exposure_values, [0, 5, 8])
    (warning,) = (line for line in scene.warnings if "the networks know at most" in line)
    assert "low to reference is 5.0 stops; the networks know at most 3 well" in warning


REFUSED = {
    "two photographs": (
        lambda folder: photos.write_bracket(folder, FRAMES[:2], photos.TIMES[:2]),
        r"needs 3 photographs.*2 \(1\.jpg, 2\.jpg\)",
    ),
    "no exif and absurd exif": (
        lambda folder: photos.write_bracket(folder, FRAMES, (0.01, None, 1e9)),
        r"unknown.*--exposures 0 2 4.*2\.jpg no shutter time.*3\.jpg no shutter time",
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
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_merged_is_refused_with_the_reason(tmp_path, name):
    make, message = REFUSED[name]
    with pytest.raises(ValueError, match=message) as error:
        read_photographs(make(tmp_path / "scene"))
    assert "\n" not in str(error.value)


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
    stops = np.array([0, 2, 5])
    for name in ("set/scene", "set/scene/nested", "results/scene", "bracket/scene", "without"):
        hdr = None if name == "without" else ldr_to_float(FRAMES[1])
        write_scene(tmp_path / name, ldr=FRAMES, exposure_values=stops, hdr=hdr)
    for name in ("set/scene/raw", "results/bracket", "pair", ".hidden"):
        photos.write_bracket(tmp_path / name, FRAMES[:2], photos.TIMES[:2])
    for index, frame in enumerate(FRAMES):
        photos.write(tmp_path / "bracket" / f"{index}.jpg", frame)
    (tmp_path / "results" / "aligned.csv").touch()
    (tmp_path / "merged" / "scene").mkdir(parents=True)
    for name in ("report.html", "scene/sheet.png", "scene/picture.png", "scene/picture edited.png"):
        (tmp_path / "merged" / name).touch()
    (tmp_path / "set" / "again").symlink_to(tmp_path / "set" / "scene")
    (tmp_path / "bracket" / "up").symlink_to(tmp_path)
    (tmp_path / "empty").mkdir()
    found = find_brackets(tmp_path)
    assert [(str(found.folder.relative_to(tmp_path)), found.kind) for found in found] == [
        ("bracket", "photographs"),
        ("bracket/scene", "scene"),
        ("pair", "photographs"),
        ("results/bracket", "photographs"),
        ("results/scene", "scene"),
        ("set/scene", "scene"),
        ("set/scene/raw", "photographs"),
        ("without", "scene"),
    ]
    assert [found.folder for found in find_brackets(tmp_path / "pair")] == [tmp_path / "pair"]
    for name, message in {
        "merged": "only results, with fewer than 3 photographs",
        "absent": "No such file or folder",
        "empty": r"no photographs\..*EXIF, exposure\.txt or --exposures",
    }.items():
        with pytest.raises(SceneError, match=message):
            find_brackets(tmp_path / name)


def test_a_stray_radiance_map_beside_photographs_is_named_and_ignored(tmp_path):
    folder = photos.write_bracket(tmp_path / "a", FRAMES)
    (folder / "merged elsewhere.hdr").touch()
    assert [found.kind for found in find_brackets(folder)] == ["photographs"]
    scene = read_photographs(folder)
    assert "merged elsewhere.hdr beside the photographs is ignored" in scene.warnings[0]


def test_named_files_are_one_bracket_and_others_beside_them_are_ignored(tmp_path):
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


def test_places_that_are_neither_a_folder_nor_a_bracket_are_refused(tmp_path):
    folder = photos.write_bracket(tmp_path / "a", FRAMES)
    one, two = folder / "1.jpg", folder / "2.jpg"
    for places, message in (
        ([one], r"name them all, or their folder\. Received: .*1\.jpg"),
        ([one, two, folder], "which is a folder"),
        ([one, two, folder / "9.jpg"], "which is missing"),
    ):
        with pytest.raises(SceneError, match=message):
            find(places)


@pytest.mark.parametrize(
    "change",
    [
        Path.unlink,
        lambda path: path.write_bytes(b""),
        lambda path: photos.write(path, FRAMES[0, :32]),
    ],
)
def test_photographs_that_change_while_they_are_read_are_named(tmp_path, monkeypatch, change):
    """Of more than three, the chosen ones are read a second time."""
    frames, times = [*FRAMES, FRAMES[2]], (*photos.TIMES, 1 / 15)
    place = photos.write_bracket(tmp_path / "a", frames, times)
    choose = frame_choice.choose

    def changing(*arguments):
        for path in place.iterdir():
            change(path)
        return choose(*arguments)

    monkeypatch.setattr("photo.reading.folder.choose", changing)
    with pytest.raises((ValueError, OSError), match=r"[1-4]\.jpg"):
        read_photographs(place)
