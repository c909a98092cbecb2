"""TIFF of every kind: right to the last sample, or refused by name."""

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

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


def _pairs():
    for compression in COMPRESSIONS:
        for kind in KINDS:
            # Differences need a codec of bytes; tifffile writes big-endian JPEG 2000 wrongly.
            if kind == "differences" and compression in {None, "packbits", "jpeg2000"}:
                continue
            if kind == "big-endian" and compression == "jpeg2000":
                continue
            yield compression, kind


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("compression", "kind"), _pairs())
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


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    sixteen=st.booleans(),
    grey=st.booleans(),
    orientation=st.integers(1, 8),
    seed=st.integers(0, 99),
)
def test_plain_files_are_what_opencv_reads(shape, sixteen, grey, orientation, seed):
    dtype = np.uint16 if sixteen else np.uint8
    size = shape if grey else (*shape, 3)
    samples = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, size, dtype)
    data = _write(
        samples,
        photometric="minisblack" if grey else "rgb",
        extratags=[(274, "H", 1, orientation, True)],
    )
    by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    assert by_opencv is not None
    np.testing.assert_array_equal(decode(PATH, data), by_opencv[..., ::-1])


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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_zero_is_turned_round(dtype):
    grey = _as(dtype, RGB[..., 0])
    expected = np.repeat(grey[..., None], 3, axis=-1)
    np.testing.assert_array_equal(decode(PATH, _write(grey, photometric="minisblack")), expected)
    inverse = np.iinfo(dtype).max - expected
    np.testing.assert_array_equal(decode(PATH, _write(grey, photometric="miniswhite")), inverse)


def test_two_levels_span_the_range():
    levels = RGB[..., 0] > 30000
    expected = np.repeat(levels[..., None], 3, axis=-1) * np.uint8(255)
    np.testing.assert_array_equal(decode(PATH, _write(levels, photometric="minisblack")), expected)
    inverse = 255 - expected
    np.testing.assert_array_equal(decode(PATH, _write(levels, photometric="miniswhite")), inverse)


@pytest.mark.parametrize("scale", [1, 257])  # old programs wrote colours of 8 bits
def test_a_palette_is_looked_up(scale):
    colours = np.random.default_rng(0).integers(0, 256, (3, 256)).astype(np.uint16)
    index = _as(np.uint8, RGB[..., 0])
    data = _write(index, photometric="palette", colormap=colours * np.uint16(scale))
    np.testing.assert_array_equal(decode(PATH, data), colours.T[index])


def test_of_many_pages_the_first_is_read():
    pages = np.stack([RGB, RGB[::-1]])
    np.testing.assert_array_equal(decode(PATH, _write(pages)), RGB)


def test_jpeg_inside_is_what_opencv_reads():
    smooth = cv2.GaussianBlur(_as(np.uint8, RGB), (0, 0), 4)
    for photometric in ("rgb", "ycbcr"):
        data = _write(smooth, photometric=photometric, compression="jpeg", rowsperstrip=16)
        by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert by_opencv is not None
        np.testing.assert_array_equal(decode(PATH, data), by_opencv[..., ::-1])


ODD = {
    "CMYK": (RGBA, {"photometric": "separated"}, "CMYK samples"),
    "CIELAB": (RGB, {"photometric": "cielab"}, "CIELAB samples"),
    "YCbCr": (RGB, {"photometric": "ycbcr"}, "YCbCr samples"),
    "mosaic": (RGB[..., 0], {"photometric": "cfa"}, "raw mosaic samples"),
    "uint32": (RGB.astype(np.uint32), {}, "RGB samples of 32 bits"),
    **{
        name: ((RGB >> 9).astype(name), {}, text)
        for name, text in {
            "int8": "8-bit signed",
            "int16": "16-bit signed",
            "float16": "16-bit floating",
            "float32": "32-bit floating",
            "float64": "64-bit floating",
        }.items()
    },
}


@pytest.mark.parametrize("name", ODD)
def test_other_samples_are_refused_by_name(name):
    samples, kind, message = ODD[name]
    with pytest.raises(PictureError, match=rf"(?s)Received: a\.tif of {message}"):
        decode(PATH, _write(samples, **kind))


def _set(data, tag, kind, position, value):
    """Changes a number of a tag that lies outside the tag."""
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


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (2**32 - 1, 1), (0, 5)])
def test_a_declared_size_is_checked_before_decoding(width, height):
    data = _set(_set(_write(RGB), "ImageWidth", "<I", 0, width), "ImageLength", "<I", 0, height)
    with pytest.raises(PictureError, match=rf"a\.tif.*{width}x{height}"):
        decode(PATH, data)


def test_what_is_coded_inside_may_not_be_larger_than_its_place():
    data = _write(_as(np.uint8, RGB), compression="jpeg")
    start = data.index(b"\xff\xc0")  # start of frame: length, depth, height, width
    claim = data[: start + 5] + struct.pack(">HH", 65500, 65500) + data[start + 9 :]
    with pytest.raises(PictureError, match=r"may have 90x70 pixels.*claims 65500x65500"):
        decode(PATH, claim)


def test_an_unknown_unit_of_resolution_is_no_matter():
    data = _write(RGB, resolution=(72, 72), resolutionunit=2)
    np.testing.assert_array_equal(decode(PATH, _set(data, "ResolutionUnit", "<H", 0, 9)), RGB)
