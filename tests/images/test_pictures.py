"""The door of JPEG, PNG and others: exact, limited, and one error if a library fails."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from utils.images import frames, radiance_maps
from utils.images.decode import LIMIT_VARIABLE, PictureError, check_size, reading
from utils.images.pictures import decode
from utils.radiometry.levels import to_8bit

PATH = Path("a.png")
FRAME = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)


def _saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _by_opencv(data):
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    assert image is not None
    return image[..., ::-1]


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    channels=st.sampled_from([1, 3, 4]),
    sixteen=st.booleans(),
    seed=st.integers(0, 99),
)
def test_png_is_what_opencv_reads(shape, channels, sixteen, seed):
    dtype = np.uint16 if sixteen else np.uint8
    samples = np.random.default_rng(seed).integers(0, 2**16, (*shape, channels)).astype(dtype)
    data = cv2.imencode(".png", samples)[1].tobytes()
    frame = decode(PATH, data)
    assert frame.dtype == dtype
    np.testing.assert_array_equal(frame, _by_opencv(data))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_is_what_opencv_reads(progressive, subsampling, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    smooth = Image.fromarray(cv2.GaussianBlur(FRAME, (0, 0), 3))
    options = {"progressive": progressive, "subsampling": subsampling, "exif": exif}
    data = _saved(smooth, "jpeg", quality=80, **options)
    np.testing.assert_array_equal(decode(PATH, data), _by_opencv(data))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_other_kinds_of_png_are_expanded(mode):
    image = Image.fromarray(FRAME).convert(mode)
    options = {"transparency": b"\x80" * 256} if mode == "P" else {}
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(decode(PATH, _saved(image, "png", **options)), expected)


def test_webp_is_read_whatever_its_name():
    data = _saved(Image.fromarray(FRAME), "webp", lossless=True)
    np.testing.assert_array_equal(decode(PATH, data), FRAME)


def test_ink_and_other_formats_are_refused_by_name():
    with pytest.raises(PictureError, match=r"RGB or grey.*a\.png of CMYK"):
        decode(PATH, _saved(Image.new("CMYK", (32, 32)), "jpeg"))
    with pytest.raises(PictureError, match=r"a\.png of \d+ bytes that begin with b'GIF8"):
        decode(PATH, _saved(Image.fromarray(FRAME), "gif"))


FILES = {
    "a.jpg": _saved(Image.fromarray(FRAME), "jpeg"),
    "a.png": _saved(Image.fromarray(FRAME), "png"),
    "b.png": cv2.imencode(".png", FRAME.astype(np.uint16) * 257)[1].tobytes(),
    "a.webp": _saved(Image.fromarray(FRAME), "webp"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_is_refused(name, capfd):
    data = FILES[name]
    for share in (0.01, 0.2, 0.5, 0.9, 0.98):
        with pytest.raises(PictureError, match=name):
            decode(Path(name), data[: int(share * len(data))])
    assert capfd.readouterr() == ("", "")


def _png_of(width, height, depth=8):
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + FILES["a.png"][33:]
    )


def _jpeg_of(width, height):
    data = FILES["a.jpg"]
    start = data.index(b"\xff\xc0")
    return data[: start + 5] + struct.pack(">HH", height, width) + data[start + 9 :]


def _hdr_of(width, height):
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n"
    return head + f"-Y {height} +X {width}\n".encode() + bytes(100)


def _exr_of(path, width, height):
    radiance_maps.write_exr(path, np.ones((16, 16, 3), np.float32))
    data = path.read_bytes()
    mark = b"dataWindow\0box2i\0\x10\0\0\0"
    start = data.index(mark) + len(mark)
    return data[:start] + struct.pack("<iiii", 0, 0, width - 1, height - 1) + data[start + 16 :]


def _claim(path, width, height):
    """A file of the name's kind that claims a size which it does not have."""
    if path.suffix == ".exr":
        return _exr_of(path, width, height)
    if path.suffix == ".png":
        return _png_of(width, height, depth=16 if path.name == "b.png" else 8)
    return (_jpeg_of if path.suffix == ".jpg" else _hdr_of)(width, height)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "b.png", "a.hdr", "a.exr"])
def test_a_declared_size_above_the_limit_is_refused_in_every_format(tmp_path, name, monkeypatch):
    width, height = (65000, 65000) if name == "a.jpg" else (100000, 50000)
    path = tmp_path / name
    path.write_bytes(_claim(path, width, height))
    read = radiance_maps.read_radiance if path.suffix in {".hdr", ".exr"} else frames.read_ldr
    with pytest.raises(PictureError, match=rf"300 megapixels.*{name}.*claims {width}x{height}"):
        read(path)
    monkeypatch.setenv(LIMIT_VARIABLE, "0.01")
    path.write_bytes(_claim(path, 200, 100))
    with pytest.raises(PictureError, match=rf"0\.01 megapixels.*{name}.*claims 200x100"):
        read(path)


def test_the_limit_is_a_number_that_can_be_set(monkeypatch):
    monkeypatch.setenv(LIMIT_VARIABLE, "400")
    check_size(PATH, 20000, 20000)
    for text in ("many", "0", "-1", "nan"):
        monkeypatch.setenv(LIMIT_VARIABLE, text)
        with pytest.raises(ValueError, match=f"{LIMIT_VARIABLE} must be a positive number.*{text}"):
            check_size(PATH, 1, 1)


def _jpeg_in_tiff(width, height):
    stream = io.BytesIO()
    tifffile.imwrite(stream, FRAME, photometric="rgb", rowsperstrip=len(FRAME))
    data, jpeg = bytearray(stream.getvalue()), _jpeg_of(width, height)
    values = {256: width, 257: height, 278: height, 259: 7, 273: len(data), 279: len(jpeg)}
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        for code, value in values.items():
            tag = file.pages.first.tags[code]
            struct.pack_into("<H" if tag.dtype == 3 else "<I", data, tag.valueoffset, value)
    return bytes(data) + jpeg


@pytest.mark.parametrize(
    "claim",
    [_jpeg_of, _png_of, lambda *size: _png_of(*size, depth=16), _jpeg_in_tiff],
    ids=["JPEG", "PNG", "PNG16", "JPEG in TIFF"],
)
def test_a_large_picture_in_a_few_bytes_is_not_decoded(monkeypatch, claim):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(imagecodecs, "png_decode", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda *_, **__: pytest.fail("decoded"))
    message = r"picture of 13000x13000 pixels must have more bytes.*a\.png of \d+ bytes"
    with pytest.raises(PictureError, match=message):
        decode(PATH, claim(13000, 13000))


@pytest.mark.parametrize("value", [0, 128])
def test_the_flattest_pictures_are_read(value):
    flat = np.full((1000, 1200, 3), value, np.uint8)
    grey, image = Image.fromarray(flat[..., 0]), Image.fromarray(flat)
    black = Image.new("1", grey.size, value > 0)
    files = [
        _saved(grey, "jpeg", quality=1, optimize=True),
        _saved(grey, "jpeg", quality=1, progressive=True),
        _saved(image, "jpeg", quality=1, progressive=True, subsampling=2),
        _saved(image, "webp", quality=1),
        _saved(image, "png", optimize=True),
        _saved(grey, "png", optimize=True),
        _saved(grey.quantize(2), "png", optimize=True),
        imagecodecs.png_encode(flat.astype(np.uint16) * 257, level=9),
    ]
    for data in files:
        frame = decode(PATH, data)
        assert frame.shape == flat.shape
        np.testing.assert_allclose(to_8bit(frame), flat, atol=2)
    assert decode(PATH, _saved(black, "png", optimize=True)).max() == 255 * (value > 0)


@pytest.mark.parametrize("kind", [cv2.error, KeyError, MemoryError, SyntaxError, OSError])
def test_any_error_of_a_library_is_one_line_that_names_the_file(kind):
    message = r"^Not a readable image\. Received: a\.png, .*bad"
    with pytest.raises(PictureError, match=message), reading(PATH):
        raise kind("bad")
    assert issubclass(PictureError, ValueError)
