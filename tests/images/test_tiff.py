"""TIFF files: exact samples, or refused by name."""

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from tests.fuzz.claims import set_tags
from tests.images.test_pictures import by_opencv
from utils.images.decode import PictureError
from utils.images.pictures import decode

PATH = Path("a.tif")
RGB, RGBA = (
    np.random.default_rng(channels).integers(0, 65536, (70, 90, channels), np.uint16)
    for channels in (3, 4)
)
KINDS = {
    "plain": {},
    "strips": {"rowsperstrip": 16},
    "tiles": {"tile": (32, 48)},
    "differences": {"predictor": True},
    "planes in strips": {"planarconfig": "separate", "rowsperstrip": 16},
    "planes in tiles": {"planarconfig": "separate", "tile": (16, 16)},
    "big-endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
}
COMPRESSIONS = (None, "lzw", "zlib", "packbits", "lzma", "zstd", "jpeg2000")


def _write(samples, **kind):
    stream = io.BytesIO()
    if kind.get("planarconfig") == "separate":
        samples = np.moveaxis(samples, -1, 0)
    if kind.get("compression") == "jpeg2000":
        kind["compressionargs"] = {"level": 0, "reversible": True}
    tifffile.imwrite(stream, samples, metadata=None, **{"photometric": "rgb", **kind})
    return stream.getvalue()


def _as(dtype, samples):
    return samples if dtype == np.uint16 else (samples >> 8).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("compression", "kind"),
    [*((name, "plain") for name in COMPRESSIONS), *(("lzw", kind) for kind in KINDS)],
)
def test_a_whole_file_is_exact_and_one_cut_short_is_refused(dtype, compression, kind):
    samples = _as(dtype, RGB)
    data = _write(samples, compression=compression, **KINDS[kind])
    frame = decode(PATH, data)
    assert frame.dtype == dtype
    assert frame.flags.c_contiguous
    np.testing.assert_array_equal(frame, samples)
    for share in (0.2, 0.5, 0.9, 0.99):
        with pytest.raises(PictureError, match=r"a\.tif"):
            decode(PATH, data[: int(share * len(data))])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_plain_files_are_what_opencv_reads(dtype, orientation):
    samples = _as(dtype, RGB)
    tags = [(274, "H", 1, orientation, True)]
    for data in (
        _write(samples, extratags=tags),
        _write(samples[..., 1], extratags=tags, photometric="minisblack"),
        _write(samples[:1, :1], extratags=tags),
    ):
        np.testing.assert_array_equal(decode(PATH, data), by_opencv(data))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_is_dropped_and_colours_multiplied_by_it_are_refused(dtype):
    samples = _as(dtype, RGBA)
    for kind in ("unassalpha", "unspecified"):
        frame = decode(PATH, _write(samples, extrasamples=[kind]))
        np.testing.assert_array_equal(frame, samples[..., :3])
    with pytest.raises(PictureError, match="premultiplied alpha"):
        decode(PATH, _write(samples, extrasamples=["assocalpha"]))
    samples[..., 3] = np.iinfo(dtype).max  # opaque: multiplied by one
    frame = decode(PATH, _write(samples, extrasamples=["assocalpha"]))
    np.testing.assert_array_equal(frame, samples[..., :3])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.bool_])
def test_grey_spans_the_range_from_black_or_from_white(dtype):
    grey = RGB[..., 0] > 30000 if dtype == np.bool_ else _as(dtype, RGB[..., 0])
    levels = grey * np.uint8(255) if dtype == np.bool_ else grey
    expected = np.repeat(levels[..., None], 3, axis=-1)
    np.testing.assert_array_equal(decode(PATH, _write(grey, photometric="minisblack")), expected)
    inverse = (65535 if dtype == np.uint16 else 255) - expected
    np.testing.assert_array_equal(decode(PATH, _write(grey, photometric="miniswhite")), inverse)


@pytest.mark.parametrize("scale", [1, 257])  # old programs wrote colours of 8 bits
def test_a_palette_is_looked_up(scale):
    colours = np.random.default_rng(0).integers(0, 256, (3, 256)).astype(np.uint16)
    index = _as(np.uint8, RGB[..., 0])
    data = _write(index, photometric="palette", colormap=colours * np.uint16(scale))
    np.testing.assert_array_equal(decode(PATH, data), colours.T[index])


def test_of_many_pages_the_first_is_read():
    np.testing.assert_array_equal(decode(PATH, _write(np.stack([RGB, RGB[::-1]]))), RGB)


@pytest.mark.parametrize("place", ["second page", "SubIFD"])
def test_the_largest_page_is_read_turned_and_no_thumbnail_or_mask(place):
    stream = io.BytesIO()
    mask = np.zeros((300, 300), np.bool_)
    turned = [(274, "H", 1, 3, True)]
    with tifffile.TiffWriter(stream) as file:
        subs = 2 if place == "SubIFD" else 0
        file.write(RGB[::9, ::9], subfiletype=1, extratags=turned, subifds=subs, metadata=None)
        file.write(mask, photometric="minisblack", subfiletype=4, metadata=None)
        file.write(RGB, subfiletype=0, metadata=None)
    data = stream.getvalue()
    np.testing.assert_array_equal(decode(PATH, data), RGB[::-1, ::-1])


@pytest.mark.parametrize("photometric", ["rgb", "ycbcr"])
def test_jpeg_inside_is_what_opencv_reads(photometric):
    smooth = cv2.GaussianBlur(_as(np.uint8, RGB), (0, 0), 4)
    data = _write(smooth, photometric=photometric, compression="jpeg", rowsperstrip=16)
    np.testing.assert_array_equal(decode(PATH, data), by_opencv(data))


ODD = {
    "CMYK samples": (RGBA, "separated"),
    "CIELAB samples": (RGB, "cielab"),
    "YCbCr samples": (RGB, "ycbcr"),
    "raw mosaic samples": (RGB[..., 0], "cfa"),
    "RGB samples of 32 bits": (RGB.astype(np.uint32), "rgb"),
    "8-bit signed": ((RGB >> 9).astype(np.int8), "rgb"),
    "16-bit signed": ((RGB >> 9).astype(np.int16), "rgb"),
    "16-bit floating": ((RGB >> 9).astype(np.float16), "rgb"),
    "32-bit floating": (RGB.astype(np.float32), "rgb"),
    "64-bit floating": (RGB.astype(np.float64), "rgb"),
}


@pytest.mark.parametrize("name", ODD)
def test_other_samples_are_refused_by_name(name):
    samples, photometric = ODD[name]
    with pytest.raises(PictureError, match=rf"(?s)Received: a\.tif of {name}"):
        decode(PATH, _write(samples, photometric=photometric))


def _set(data, tag, kind, position, value):
    """Changes a number of a tag."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        place = file.pages.first.tags[tag].valueoffset
    changed = bytearray(data)
    struct.pack_into(kind, changed, place + position * struct.calcsize(kind), value)
    return bytes(changed)


@pytest.mark.parametrize("compression", ["lzw", "zlib", "jpeg", "jpeg2000"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_strip_cut_short_is_refused(compression, share):
    data = _write(_as(np.uint8, RGB), compression=compression, rowsperstrip=16)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        count = file.pages.first.databytecounts[1]
    with pytest.raises(PictureError, match=r"a\.tif"):
        decode(PATH, _set(data, "StripByteCounts", "<H", 1, int(share * count)))


def _with_jpeg_of(side, data):
    """Changes the size that a JPEG inside claims for itself."""
    start = data.index(b"\xff\xc0")  # start of frame: length, depth, height, width
    return data[: start + 5] + struct.pack(">HH", side, side) + data[start + 9 :]


def test_a_jpeg_inside_is_not_larger_than_its_place_and_has_enough_bytes():
    data = _write(_as(np.uint8, RGB), compression="jpeg")
    with pytest.raises(PictureError, match=r"may have 90x70 pixels.*claims 65500x65500"):
        decode(PATH, _with_jpeg_of(65500, data))
    for tag in ("ImageWidth", "ImageLength", "RowsPerStrip"):
        data = _set(data, tag, "<I", 0, 13000)
    with pytest.raises(PictureError, match="picture of 13000x13000 pixels must have more bytes"):
        decode(PATH, _with_jpeg_of(13000, data))


def test_an_unknown_unit_of_resolution_is_no_matter():
    data = _write(RGB, resolution=(72, 72), resolutionunit=2)
    np.testing.assert_array_equal(decode(PATH, _set(data, "ResolutionUnit", "<H", 0, 9)), RGB)


def test_tiles_much_larger_than_the_picture_are_refused_before_they_are_decoded(monkeypatch):
    small = RGB[:64, :80]
    for tile in ((16, 16), (1024, 1024)):
        data = _write(small, tile=tile, compression="zlib")
        np.testing.assert_array_equal(decode(PATH, data), small)
    data = _write(small, tile=(16, 16), compression="zlib")
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda *_, **__: pytest.fail("decoded"))
    for tag, size in ((323, "16x3700000"), (322, "3700000x16")):  # TileLength, TileWidth
        with pytest.raises(PictureError, match=rf"Tiles .*a\.tif of 80x64 .* tiles of {size}"):
            decode(PATH, set_tags(data, {tag: 3_700_000}))


def test_a_jpeg_inside_of_many_scans_is_refused():
    data = _write(_as(np.uint8, RGB), compression="jpeg")  # in one strip
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        (start,), (length,) = file.pages.first.dataoffsets, file.pages.first.databytecounts
    part = data[start : start + length]
    part = part[:-2] + part[part.rindex(b"\xff\xda") : -2] * 200 + part[-2:]
    moved = set_tags(data, {273: len(data), 279: len(part)})  # StripOffsets, StripByteCounts
    with pytest.raises(PictureError, match=r"200 scans; .*Received: a\.tif"):
        decode(PATH, moved + part)
