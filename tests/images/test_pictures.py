"""JPEG, PNG and WebP: exact pixels, size limits, and one error if a library fails."""

import io
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageFile

from tests.fuzz.claims import claim
from utils.images import frames, radiance_maps
from utils.images.decode import LIMIT_VARIABLE, MOST_SCANS, PictureError, check_size, reading
from utils.images.pictures import decode
from utils.radiometry.levels import to_8bit

PATH = Path("a.png")
FRAME = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)


def _saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def by_opencv(data):
    """The RGB frame that OpenCV decodes."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    assert image is not None
    return image[..., ::-1]


@pytest.mark.parametrize("shape", [(40, 56), (1, 7), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_is_what_opencv_reads(dtype, channels, shape):
    samples = np.random.default_rng(0).integers(0, 2**16, (*shape, channels)).astype(dtype)
    data = cv2.imencode(".png", samples)[1].tobytes()
    frame = decode(PATH, data)
    assert frame.dtype == dtype
    np.testing.assert_array_equal(frame, by_opencv(data))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_is_what_opencv_reads(progressive, subsampling, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    smooth = Image.fromarray(cv2.GaussianBlur(FRAME, (0, 0), 3))
    options = {"progressive": progressive, "subsampling": subsampling, "exif": exif}
    data = _saved(smooth, "jpeg", quality=80, **options)
    np.testing.assert_array_equal(decode(PATH, data), by_opencv(data))


def _with_scans(count, between=b""):
    """A progressive JPEG whose last scan is repeated without pixels."""
    data = _saved(Image.fromarray(FRAME), "jpeg", progressive=True)
    count -= data.count(b"\xff\xda")
    last = data[data.rindex(b"\xff\xda") :]
    empty = last[: 2 + int.from_bytes(last[2:4], "big")] + b"\0"
    return data[:-2] + (between + empty) * count + data[-2:]


def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded(monkeypatch):
    usual = b"\xff\xda" * 300
    exif = b"Exif\0\0" + usual  # a camera's notes may hold any bytes
    for data in (
        _with_scans(MOST_SCANS),
        _saved(Image.fromarray(FRAME), "jpeg", exif=exif),
        _saved(Image.fromarray(FRAME), "jpeg") + usual,  # a film behind the picture
    ):
        assert decode(PATH, data).shape == FRAME.shape
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    for between in (b"", b"\xff", b"\xff\x01", b"\xff\xd0", b"noise"):
        with pytest.raises(PictureError, match=r"200 scans; .*Received: a\.png"):
            decode(PATH, _with_scans(MOST_SCANS + 1, between))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "RGB"])
def test_other_kinds_of_png_are_expanded_and_webp_is_read_whatever_its_name(mode):
    image = Image.fromarray(FRAME).convert(mode)
    kind, options = ("webp", {"lossless": True}) if mode == "RGB" else ("png", {})
    if mode == "P":
        options = {"transparency": b"\x80" * 256}
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(decode(PATH, _saved(image, kind, **options)), expected)


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


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.hdr", "a.exr"])
def test_a_declared_size_above_the_limit_is_refused_in_every_format(tmp_path, name, monkeypatch):
    path = tmp_path / name
    write, read = {
        ".hdr": (radiance_maps.write_radiance, radiance_maps.read_radiance),
        ".exr": (radiance_maps.write_exr, radiance_maps.read_radiance),
    }.get(path.suffix, (frames.write_ldr, frames.read_ldr))
    values = np.ones((24, 40, 3), np.float32)
    write(path, values if path.suffix in {".hdr", ".exr"} else values.astype(np.uint8))
    data = path.read_bytes()
    path.write_bytes(claim(data, 65000, 64000))
    with pytest.raises(PictureError, match=rf"300 megapixels.*{name}.*claims 65000x64000"):
        read(path)
    monkeypatch.setenv(LIMIT_VARIABLE, "0.01")
    path.write_bytes(claim(data, 200, 100))
    with pytest.raises(PictureError, match=rf"0\.01 megapixels.*{name}.*claims 200x100"):
        read(path)


def test_the_limit_is_a_number_that_can_be_set(monkeypatch):
    monkeypatch.setenv(LIMIT_VARIABLE, "400")
    check_size(PATH, 20000, 20000)
    for size in ((2**32 - 1, 1), (0, 5)):
        with pytest.raises(PictureError, match="{}x{}".format(*size)):
            check_size(PATH, *size)
    for text in ("many", "0", "-1", "nan"):
        monkeypatch.setenv(LIMIT_VARIABLE, text)
        with pytest.raises(ValueError, match=f"{LIMIT_VARIABLE} must be a positive number.*{text}"):
            check_size(PATH, 1, 1)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "b.png"])
def test_a_large_picture_in_a_few_bytes_is_not_decoded(monkeypatch, name):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(imagecodecs, "png_decode", lambda *_: pytest.fail("decoded"))
    message = rf"picture of 13000x13000 pixels must have more bytes.*{name} of \d+ bytes"
    with pytest.raises(PictureError, match=message):
        decode(Path(name), claim(FILES[name], 13000, 13000))


@pytest.mark.parametrize("value", [0, 128])
def test_the_flattest_pictures_are_read(value):
    flat = np.full((1000, 1200, 3), value, np.uint8)
    image = Image.fromarray(flat)
    grey = image.convert("L")
    for data in (
        _saved(grey, "jpeg", quality=1, optimize=True),
        _saved(grey, "jpeg", quality=1, progressive=True),
        _saved(image, "jpeg", quality=1, progressive=True, subsampling=2),
        _saved(image, "webp", quality=1),
        _saved(image, "png", optimize=True),
        _saved(grey, "png", optimize=True),
        _saved(grey.quantize(2), "png", optimize=True),
        bytes(imagecodecs.png_encode(flat.astype(np.uint16) * 257, level=9)),
    ):
        np.testing.assert_allclose(to_8bit(decode(PATH, data)), flat, atol=2)
    black_or_white = _saved(Image.new("1", grey.size, value > 0), "png", optimize=True)
    assert decode(PATH, black_or_white).max() == 255 * (value > 0)


@pytest.mark.parametrize("kind", [cv2.error, KeyError, MemoryError, SyntaxError, OSError])
def test_any_error_of_a_library_is_one_line_that_names_the_file(kind):
    message = r"^Not a readable image\. Received: a\.png, .*bad"
    with pytest.raises(PictureError, match=message), reading(PATH):
        raise kind("bad")
    assert issubclass(PictureError, ValueError)
