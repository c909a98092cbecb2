"""Which photographs of a folder belong together, by their headers."""

import dataclasses
import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import reconstruction_align2
import reconstruction_fusion
from configs.settings import ReconstructionConfig
from photo.reading.brackets import headers, splitting
from photo.reading.brackets.headers import Header, read_header, read_headers, without_doubles
from photo.reading.brackets.splitting import split
from photo.reading.exif import Exposure
from photo.reading.folder import read_photographs
from photo.reading.inputs import PreparedScenes
from tests import photos
from utils.evaluation.protocols import PROTOCOLS

FRAMES = photos.sample()
ORDERS = {
    "three": (0, 2, 4),
    "darkest last": (4, 2, 0),
    "metered first": (0, -2, 2),
    "five": (0, -1, 1, -2, 2),
    "seven ascending": (0, 1, 2, 3, 4, 5, 6),
    "wide": (0, 3, 6),
}


def _taken(order, begin, *, base=0.0, pause=0.4, times=True, decimals=True, kind=("JPEG",)):
    """Headers of photographs taken one after the other, from a begin in seconds."""
    result = []
    for stops in order:
        lasted = 2.0 ** (base + stops - 8)
        began = begin if decimals else float(int(begin))
        header = Header(
            path=Path(),
            kind=kind,
            began=began if times else None,
            exposure=Exposure(time=lasted),
            stops=base + stops,
        )
        result.append(header)
        begin += lasted + pause
    return result


@pytest.fixture
def sizes(monkeypatch, tmp_path):
    """Function from headers to the sizes of their brackets and the names of the others."""

    def split_headers(taken):
        named = {tmp_path / f"{i:03}.jpg": header for i, header in enumerate(taken)}
        monkeypatch.setattr(
            splitting,
            "read_headers",
            lambda paths: [dataclasses.replace(named[path], path=path) for path in paths],
        )
        brackets, others = split(list(named))
        assert sorted([*itertools.chain(*brackets), *others]) == list(named)
        return [len(bracket) for bracket in brackets], [path.name for path in others]

    return split_headers


@pytest.mark.parametrize("decimals", [True, False])
@pytest.mark.parametrize("gap", [1, 5, 60, 420, None])
@pytest.mark.parametrize("base", [0, 1 / 3, -2.5])
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_two_brackets_are_told_apart_by_time_or_by_their_order(sizes, order, base, gap, decimals):
    options = {"decimals": decimals, "times": gap is not None}
    first = _taken(order, 1000.3, **options)
    second = _taken(order, 1000.3 + 0.8 * len(order) + 2 + (gap or 0), base=base, **options)
    assert sizes([*first, *second]) == ([len(order)] * 2, [])


@pytest.mark.parametrize("pause", [0.1, 1, 8])
@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_one_bracket_stays_one(sizes, order, times, pause):
    assert sizes(_taken(order, 1000.7, times=times, pause=pause)) == ([len(order)], [])


def test_exposures_set_by_hand_with_a_long_pause_are_one_bracket(sizes):
    slow = [*_taken((0, 2, 4), 0, pause=2), *_taken((6,), 30)]
    assert sizes(slow) == ([4], [])


def test_long_exposures_are_no_gap(sizes):
    assert sizes(_taken((0, 2, 4, 6, 8), 0, base=6)) == ([5], [])


@pytest.mark.parametrize("place", [0, 3])
@pytest.mark.parametrize("gap", [10, 300])
@pytest.mark.parametrize("stops", [-0.7, 0.1, 1.3])
def test_a_single_photograph_belongs_to_no_bracket(sizes, place, gap, stops):
    taken = _taken((0, -2, 2), 1000)
    taken.insert(place, *_taken((stops,), 1000 - gap if place == 0 else 1002 + gap))
    assert sizes(taken) == ([3], [f"{place:03}.jpg"])


@pytest.mark.parametrize("kind", [("JPEG", 8), ("TIFF",), ()])
def test_a_photograph_of_another_kind_belongs_to_no_bracket(sizes, kind):
    taken = [*_taken((0, 2), 1000), *_taken((3,), 1001, kind=kind), *_taken((4,), 1002)]
    assert sizes(taken) == ([3], ["002.jpg"])


def test_without_a_whole_bracket_all_are_one_and_reading_says_what_is_missing(sizes):
    assert sizes([*_taken((0, 2), 0), *_taken((4,), 900)]) == ([3], [])
    unknown = [dataclasses.replace(x, stops=None) for x in _taken((0, 2, 4), 0)]
    assert sizes(unknown) == ([3], [])
    assert sizes(_taken((0, 0, 2, 2, 4, 4), 0)) == ([6], [])


def _photograph(path, frame, time, taken="2024:01:02 03:04:05", decimals=None):
    block = photos.exif(time)
    block.get_ifd(0x8769)[0x9003] = taken
    if decimals:
        block.get_ifd(0x8769)[0x9291] = decimals
    photos.write(path, frame, block)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".heic"])
def test_a_header_has_size_time_and_exposure(tmp_path, suffix):
    _photograph(tmp_path / f"a{suffix}", FRAMES[0], 1 / 64, decimals="25")
    _photograph(tmp_path / f"b{suffix}", FRAMES[0], 1 / 16, "2024:01:02 03:05:05", "5")
    a, b = read_headers(tmp_path / f"{name}{suffix}" for name in "ab")
    assert (a.size, a.kind) == ((96, 64), b.kind)
    assert (b.began or 0) - (a.began or 0) == pytest.approx(60.25)
    assert (a.exposure.time, (b.stops or 0) - (a.stops or 0)) == (1 / 64, pytest.approx(2))


def test_a_file_without_a_readable_header_has_no_kind(tmp_path):
    for name in ("a.jpg", "b.png", "c.heic", "d.dng"):
        (tmp_path / name).write_bytes(b"nothing")
        assert read_header(tmp_path / name) == Header(path=tmp_path / name)


def _two_brackets(folder):
    folder.mkdir(parents=True)
    moments = ["2024:01:02 03:04:05"] * 3 + ["2024:01:02 03:11:05"] * 3 + ["2024:01:02 09:00:00"]
    frames, times = [*FRAMES, *FRAMES[:, ::-1], FRAMES[1]], [*photos.TIMES, *photos.TIMES, 1 / 50]
    for index, (frame, time, moment) in enumerate(zip(frames, times, moments, strict=True)):
        _photograph(folder / f"IMG_{index}.jpg", frame, time, moment)
    return folder


def test_each_bracket_of_a_folder_is_a_scene_and_the_rest_is_named(tmp_path, caplog):
    folder = _two_brackets(tmp_path / "trip")
    for root, prefix in ((folder, ""), (tmp_path, "trip/")):
        caplog.clear()
        scenes = list(PreparedScenes([root], PROTOCOLS["full"], prealign="off"))
        assert [scene.name for scene in scenes] == [f"{prefix}IMG_0", f"{prefix}IMG_3"]
        assert "left out, since they belong to no bracket: IMG_6.jpg" in caplog.text
        assert np.abs(scenes[0].ldr.astype(int) - scenes[1].ldr[:, ::-1]).mean() < 3
        assert not any(scene.warnings for scene in scenes)  # pyright: ignore


def test_exposures_of_each_photograph_make_a_folder_one_bracket(tmp_path):
    folder = _two_brackets(tmp_path / "trip")
    stops = (0, 2, 4, 1, 3, 5, 6)
    assert len(PreparedScenes([folder], PROTOCOLS["full"], stops)) == 1
    assert len(PreparedScenes([folder], PROTOCOLS["full"], (0, 2, 4))) == 2
    (folder / "exposure.txt").write_text("".join(f"{value}\n" for value in stops))
    assert len(PreparedScenes([folder], PROTOCOLS["full"])) == 1


def test_files_that_are_merged_together_but_look_like_two_brackets_are_a_warning(tmp_path):
    folder = _two_brackets(tmp_path / "trip")
    (warning,) = (line for line in read_photographs(folder).warnings if "By time" in line)
    assert "IMG_0.jpg, IMG_1.jpg, IMG_2.jpg; IMG_3.jpg," in warning
    assert "single ones: IMG_6.jpg" in warning


@pytest.mark.parametrize(
    ("times", "taken", "expected"),
    [
        ((None,) * 6, None, [3, 3]),
        ([2.0**stop / 4000 for stop in (0, 2, 4, 6, 8, 10)], None, [3, 3]),
        ([2.0**stop / 4000 for stop in (0, 2, 4, 5.4)], "2024:01:02 03:04:05", [3]),
        ((None,) * 5, None, [5]),
    ],
    ids=["nothing known", "no times", "a stray", "one scene"],
)
def test_where_headers_leave_it_open_brackets_are_told_apart_by_what_they_show(
    tmp_path, times, taken, expected
):
    frames = photos.sample((240, 160))
    other = frames if expected == [5] else frames[:, ::-1]  # features do not match upside down
    for index, (frame, time) in enumerate(zip([*frames, *other], times, strict=False)):
        block = photos.exif(time)
        block.get_ifd(0x8769)[0x9003] = taken or ""
        photos.write(tmp_path / f"{index}.jpg", frame, block)
    brackets, others = split(sorted(tmp_path.iterdir()))
    assert [len(bracket) for bracket in brackets] == expected
    assert len(others) == len(times) - sum(expected)


@pytest.mark.parametrize("readable", [True, False])
def test_raw_and_jpeg_of_one_name_count_once(tmp_path, readable):
    folder = photos.write_bracket(tmp_path / "a", FRAMES, suffix=".jpg")
    for index, (frame, time) in enumerate(zip(FRAMES, (1000, 250, 62), strict=True), start=1):
        exposure = Exposure(time=Fraction(1, time), f_number=5.0, iso=100)  # pyright: ignore
        photos.write_dng(folder / f"{index}.DNG", frame, exposure)
    if not readable:
        (folder / "2.DNG").write_bytes(b"nothing")
    used, left = ("DNG", "jpg") if readable else ("jpg", "DNG")
    for paths in ([folder], sorted(folder.iterdir())):
        (scene,) = PreparedScenes(paths, PROTOCOLS["full"], prealign="off")
        assert scene.files == (f"1.{used}", f"2.{used}", f"3.{used}")  # pyright: ignore
        assert f"other files hold the same: 1.{left}, 2.{left}, 3.{left}." in scene.notes[-1]
    six = sorted(folder.iterdir())
    given = [0.0 if path.stem == "1" else 2.0 if path.stem == "2" else 5.0 for path in six]
    assert read_photographs(folder, exposures=given).exposure_values.tolist() == [0, 2, 5]


@pytest.mark.parametrize(("lacking", "used"), [("", ".heic"), (".heic", ".tif")])
def test_of_one_photograph_the_best_readable_file_is_used(monkeypatch, lacking, used):
    def read(path):
        return Header(path=path, kind=() if path.suffix == lacking else ("a",))

    monkeypatch.setattr(headers, "read_header", read)
    names = ["1.heic", "1.jpg", "1.tif", "2.HEIC", "2.JPG", "2.tif", "3.jpg"]
    kept = [path.name.lower() for path in without_doubles([Path(name) for name in names])]
    assert kept == [f"1{used}", f"2{used}", "3.jpg"]


@pytest.mark.parametrize("script", [reconstruction_align2, reconstruction_fusion])
def test_list_shows_what_was_found_and_merges_nothing(tmp_path, capsys, script):
    _two_brackets(tmp_path / "photographs" / "trip")
    photos.write_bracket(tmp_path / "photographs" / "un|known", FRAMES, (None, None, None))
    config = ReconstructionConfig(
        scenes=(tmp_path / "photographs",), results=tmp_path / "results", list=True
    )
    assert script.main(config) == 0
    assert not (tmp_path / "results").exists()
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| trip/IMG_0 | IMG_0.jpg, IMG_1.jpg, IMG_2.jpg | 0 2 4.06 | 96x64 |",
        "| trip/IMG_3 | IMG_3.jpg, IMG_4.jpg, IMG_5.jpg | 0 2 4.06 | 96x64 |",
        r"| un\|known | 1.jpg, 2.jpg, 3.jpg | unknown | 96x64 |",
    ]
