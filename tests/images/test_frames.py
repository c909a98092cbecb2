"""Image files: round trips, channel order, rounding, refusals, full disks."""

import functools
import re
import struct

import cv2
import numpy as np
import OpenEXR
import pytest

from tests import disk
from utils.images import frames, radiance_maps
from utils.radiometry import rgbe

RGBE = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n" + bytes(4)


def _noise(dtype, shape=(13, 21, 3), seed=0):
    maximum = np.iinfo(dtype).max
    return np.random.default_rng(seed).integers(0, maximum, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_frame_round_trip(tmp_path, dtype, suffix):
    frame = _noise(dtype)
    path = tmp_path / f"a{suffix}"
    frames.write_ldr(path, frame)
    assert frames.read_ldr(path).dtype == dtype
    np.testing.assert_array_equal(frames.read_ldr(path), frame)
    by_opencv = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert by_opencv is not None
    np.testing.assert_array_equal(by_opencv, frame[..., ::-1])  # OpenCV's order is BGR


@pytest.mark.parametrize("width", [4, 8, 57])  # below 8 pixels the format does not compress
def test_radiance_round_trip_is_what_round_to_rgbe_says(tmp_path, width):
    hdr = np.random.default_rng(0).random((32, width, 3), np.float32) ** 4
    hdr[0], hdr[1], hdr[2, :, 0] = 0, 0.9999, 0.9999
    radiance_maps.write_radiance(tmp_path / "a.hdr", hdr)
    read = radiance_maps.read_radiance(tmp_path / "a.hdr")
    by_opencv = cv2.imread(str(tmp_path / "a.hdr"), cv2.IMREAD_UNCHANGED)
    assert by_opencv is not None
    np.testing.assert_array_equal(read, by_opencv[..., ::-1])
    np.testing.assert_array_equal(read, rgbe.round_to_rgbe(hdr))
    np.testing.assert_array_equal(read, rgbe.round_to_rgbe(read))
    assert read.max() == 1
    assert np.all(np.abs(read - hdr) <= hdr.max(-1, keepdims=True) / 256)
    error = ((read - hdr) / np.maximum(hdr.max(-1, keepdims=True), 1e-9))[3:]
    assert abs(error.mean()) < 2e-4  # OpenCV alone: -2.5e-3


def test_a_picture_of_another_kind_is_no_radiance_map(tmp_path):
    frames.write_ldr(tmp_path / "a.png", _noise(np.uint8))
    (tmp_path / "a.png").rename(tmp_path / "HDRImg.hdr")
    with pytest.raises(ValueError, match=r"must begin with #\?RADIANCE.*HDRImg\.hdr.*PNG"):
        radiance_maps.read_radiance(tmp_path / "HDRImg.hdr")
    (tmp_path / "b.hdr").write_bytes(RGBE.replace(b"rgbe", b"luve"))
    with pytest.raises(ValueError, match=r"format 32-bit_rle_rgbe.*b\.hdr"):
        radiance_maps.read_radiance(tmp_path / "b.hdr")
    (tmp_path / "c.hdr").write_bytes(RGBE.replace(b"+X", b"-X"))
    with pytest.raises(ValueError, match=r"-Y height \+X width.*c\.hdr"):
        radiance_maps.read_radiance(tmp_path / "c.hdr")


@pytest.mark.parametrize("width", [5, 40])  # without and with compression
def test_hdr_headers_are_read_and_exposure_is_divided_out(tmp_path, width):
    path, hdr = tmp_path / "a.hdr", np.random.default_rng(0).random((7, width, 3), np.float32)
    radiance_maps.write_radiance(path, hdr)
    data, plain = path.read_bytes(), radiance_maps.read_radiance(path)
    header, _, pixels = data.partition(b"+X")
    size = b"\n-Y 7 "
    assert header.endswith(size)
    lines = b"#?RADIANCE\n# by hand\nSOFTWARE=pvalue -h\n"
    for other, expected in {
        lines + size: plain,
        lines + b"EXPOSURE=2.0\nEXPOSURE= 0.25\n" + size: plain * 2,
        (lines + size).replace(b"-Y", b"+Y"): plain[::-1],
    }.items():
        path.write_bytes(other + b"+X" + pixels)
        np.testing.assert_array_equal(radiance_maps.read_radiance(path), expected)
    path.write_bytes(
        (header + b"+X %d\n" % width).replace(b"\n", b"\r\n") + pixels.split(b"\n", 1)[1]
    )
    np.testing.assert_array_equal(radiance_maps.read_radiance(path), plain)
    path.write_bytes(lines + b"EXPOSURE=0\n" + size + b"+X" + pixels)
    with pytest.raises(ValueError, match=r"EXPOSURE must be positive.*a\.hdr of 0"):
        radiance_maps.read_radiance(path)


def test_xyz_and_old_runs_are_read_and_a_missing_pixel_is_refused(tmp_path):
    path = tmp_path / "a.hdr"
    white = np.array([0.9505, 1.0, 1.089], np.float32)  # XYZ of D65
    radiance_maps.write_radiance(path, np.broadcast_to(white, (3, 9, 3)))
    path.write_bytes(path.read_bytes().replace(b"rgbe", b"xyze"))
    np.testing.assert_allclose(radiance_maps.read_radiance(path), 1, atol=0.02)
    one, other = bytes([128, 64, 32, 129]), bytes([64, 128, 32, 129])
    runs = one + bytes([1, 1, 1, 2]) + other + bytes([1, 1, 1, 30, 1, 1, 1, 1])
    path.write_bytes(RGBE[:-4].replace(b"1 +X 1", b"10 +X 29") + runs)
    read = radiance_maps.read_radiance(path).reshape(-1, 3)
    np.testing.assert_array_equal(read[:3], [[1, 0.5, 0.25]] * 3)
    np.testing.assert_array_equal(read[3:], [[0.5, 1, 0.25]] * 287)
    path.write_bytes(RGBE[:-4].replace(b"1 +X 1", b"10 +X 30") + runs)
    with pytest.raises(ValueError, match=r"a\.hdr, Pixels are missing"):
        radiance_maps.read_radiance(path)


def _write_parts(path, *channels):
    """A file of a part for each dictionary of channels; their names are P0, P1, .."""
    parts = [OpenEXR.Part({}, dict(names), f"P{i}") for i, names in enumerate(channels)]
    with OpenEXR.File(parts) as file:
        file.write(str(path))


def _planes(names):
    random = np.random.default_rng(0)
    return {name: random.random((8, 6)).astype(np.float16) for name in names}


@pytest.mark.parametrize("names", ["RGB", "rgb", ["V.Combined.R", "V.Combined.G", "V.Combined.B"]])
def test_exr_channels_are_found_by_name_and_alpha_is_dropped(tmp_path, names):
    planes = _planes(names)
    _write_parts(tmp_path / "a.exr", {**planes, "A": np.ones((8, 6), np.float32)})
    read = radiance_maps.read_radiance(tmp_path / "a.exr")
    np.testing.assert_array_equal(read, np.stack([planes[name] for name in names], axis=-1))


@pytest.mark.parametrize("names", [["Y"], ["a.R", "b.G", "c.B"]])
def test_exr_must_have_one_layer_of_three_colours(tmp_path, names):
    _write_parts(tmp_path / "a.exr", _planes(names))
    with pytest.raises(ValueError, match=r"must be RGB.*a\.exr of " + re.escape(str(names))):
        radiance_maps.read_radiance(tmp_path / "a.exr")


@pytest.fixture
def no_whole_exr(monkeypatch):
    """Lets nothing but headers be read by the function that reads all channels of all parts."""
    whole = OpenEXR.File

    def header(*arguments, header_only=False, **options):
        assert header_only
        return whole(*arguments, header_only=True, **options)

    monkeypatch.setattr(radiance_maps.OpenEXR, "File", header)


def test_of_an_exr_only_the_channels_of_the_picture_are_read(tmp_path, request, capfd):
    path = tmp_path / "a.exr"
    planes = _planes([*"RGB", *(f"c{i}" for i in range(297))])
    _write_parts(path, planes, _planes(["Z"]))
    data = path.read_bytes()
    path.write_bytes(data[:-20])  # the second part is cut short
    request.getfixturevalue("no_whole_exr")
    expected = np.stack([planes[c] for c in "RGB"], axis=-1)
    np.testing.assert_array_equal(radiance_maps.read_radiance(path), expected)
    assert capfd.readouterr() == ("", "")


def test_exr_tiles_much_larger_than_the_picture_are_refused(tmp_path, monkeypatch):
    path, tile = tmp_path / "a.exr", OpenEXR.TileDescription()
    tile.xSize = tile.ySize = 16
    with OpenEXR.File({"type": OpenEXR.tiledimage, "tiles": tile}, _planes("RGB")) as file:
        file.write(str(path))
    assert radiance_maps.read_radiance(path).shape == (8, 6, 3)
    before, mark, after = path.read_bytes().partition(b"tiles\0tiledesc\0\x09\0\0\0")
    monkeypatch.setattr(OpenEXR, "InputFile", lambda _: pytest.fail("decoded"))
    for side, message in ((2**12, "Tiles must not"), (2**24, "300 megapixels")):
        path.write_bytes(before + mark + struct.pack("<II", side, side) + after[8:])
        with pytest.raises(ValueError, match=rf"{message}.*Received: .*a\.exr.*{side}x"):
            radiance_maps.read_radiance(path)


def test_a_later_part_is_read_among_few_channels(tmp_path):
    path, planes = tmp_path / "a.exr", _planes("RGB")
    _write_parts(path, _planes(["Z"]), planes)
    expected = np.stack([planes[c] for c in "RGB"], axis=-1)
    np.testing.assert_array_equal(radiance_maps.read_radiance(path), expected)
    _write_parts(path, _planes(f"c{i}" for i in range(62)), planes)
    with pytest.raises(ValueError, match=r"may have 64 channels\. Received: .*a\.exr of 65"):
        radiance_maps.read_radiance(path)


@pytest.mark.parametrize("name", ["a.hdr", "a.exr"])
def test_radiance_cut_short_is_refused_by_name(tmp_path, name):
    hdr = np.random.default_rng(0).random((64, 80, 3), np.float32)
    path = tmp_path / name
    write = radiance_maps.write_exr if name == "a.exr" else radiance_maps.write_radiance
    write(path, hdr)
    data = path.read_bytes()
    for share in (0.01, 0.1, 0.5, 0.9, 0.999):
        path.write_bytes(data[: int(share * len(data))])
        with pytest.raises(ValueError, match=name):
            radiance_maps.read_radiance(path)


@pytest.mark.parametrize("name", ["a.tif", "a.hdr", "a.exr"])
def test_missing_and_broken_files_are_named(tmp_path, name):
    read = frames.read_ldr if name == "a.tif" else radiance_maps.read_radiance
    with pytest.raises(FileNotFoundError, match=name):
        read(tmp_path / name)
    (tmp_path / name).write_text("no image")
    with pytest.raises(ValueError, match=rf"Not a readable image.*{name}"):
        read(tmp_path / name)


def test_float_frames_and_other_suffixes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="uint8 or uint16"):
        frames.write_ldr(tmp_path / "b.png", np.ones((4, 4, 3), np.float32))
    with pytest.raises(ValueError, match=r"\.png, \.tif or \.jpg"):
        frames.write_ldr(tmp_path / "b.bmp", np.ones((4, 4, 3), np.uint8))


@pytest.mark.parametrize(
    ("write", "values", "message"),
    [
        (radiance_maps.write_radiance, [-1.0, np.nan, np.inf], "finite and at least 0"),
        (radiance_maps.write_exr, [-1.0, np.nan, np.inf, 1e6], r"must be in \[0, 65504\]"),
    ],
)
def test_impossible_radiance_is_not_written(tmp_path, write, values, message):
    for value in values:
        hdr = np.ones((4, 4, 3), np.float32)
        hdr[1, 2, 0] = value
        with pytest.raises(ValueError, match=message):
            write(tmp_path / "a.hdr", hdr)
    assert not list(tmp_path.iterdir())


WRITERS = {
    "a.png": functools.partial(frames.write_ldr, image=_noise(np.uint16)),
    "a.tif": functools.partial(frames.write_ldr, image=_noise(np.uint16)),
    "a.jpg": functools.partial(frames.write_ldr, image=_noise(np.uint8)),
    "a.hdr": functools.partial(radiance_maps.write_radiance, image=_noise(np.uint8) / 255),
    "a.exr": functools.partial(radiance_maps.write_exr, hdr=_noise(np.uint8) / 255),
}


@pytest.mark.parametrize("name", WRITERS)
def test_full_disks_and_odd_paths(tmp_path, name):
    disk.check_writer(WRITERS[name], tmp_path, name)


def test_what_opencv_cannot_encode_is_named(tmp_path):
    with pytest.raises(OSError, match=r"Cannot write the image.*a\.jpg"):
        frames.write_ldr(tmp_path / "a.jpg", np.zeros((1, 70_000, 3), np.uint8))
    assert not list(tmp_path.iterdir())
