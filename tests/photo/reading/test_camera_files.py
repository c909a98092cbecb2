"""Readers of photographs against files that are broken, odd or none."""

import builtins
import io

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from photo.reading.camera_files import PHOTO_SUFFIXES, read_photo
from photo.reading.exif import Exposure
from tests import photos
from utils.images.decode import PictureError
from utils.radiometry.levels import to_8bit

FRAME = photos.sample((64, 48))[1]
EXPOSURE = Exposure(time=1 / 250, f_number=5.0, iso=100)


def _bytes(kind):
    """A good file of each kind."""
    stream = io.BytesIO()
    if kind == "tiff16":
        tifffile.imwrite(stream, FRAME, photometric="rgb", metadata=None)
    elif kind == "png16":
        stream.write(cv2.imencode(".png", FRAME[..., ::-1])[1].tobytes())
    elif kind == "heic":
        pillow_heif.from_pillow(Image.fromarray(to_8bit(FRAME))).save(stream, quality=90)
    else:
        Image.fromarray(to_8bit(FRAME)).save(stream, kind)
    return stream.getvalue()


GOOD = {
    "jpeg": (".jpg", _bytes("jpeg")),
    "png": (".png", _bytes("png")),
    "tiff": (".tif", _bytes("tiff")),
    "png16": (".png", _bytes("png16")),
    "tiff16": (".tif", _bytes("tiff16")),
    "heic": (".heic", _bytes("heic")),
}


def _read(path):
    """Reads a file that may be bad: a whole frame, or one line that names it."""
    message = ""
    frame = np.zeros((0, 0, 3), np.uint8)
    try:
        frame = read_photo(path).frame
    except (PictureError, OSError) as error:
        message = str(error)
    if message:
        assert path.name in message
        assert "\n" not in message
        return None
    assert frame.dtype in (np.uint8, np.uint16)
    assert frame.ndim == 3
    return frame


@pytest.mark.parametrize("kind", GOOD)
def test_good_files_are_read(tmp_path, kind):
    suffix, data = GOOD[kind]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    frame = _read(path)
    assert frame is not None
    assert frame.dtype == (np.uint16 if kind.endswith("16") else np.uint8)
    error = np.abs(to_8bit(frame).astype(int) - to_8bit(FRAME)).mean()
    assert error < (15 if kind in {"jpeg", "heic"} else 0.01)  # of small detail, coarsely coded


@pytest.mark.parametrize("kind", GOOD)
def test_files_cut_short_are_refused_and_never_half_a_picture(tmp_path, kind, capfd):
    suffix, data = GOOD[kind]
    for share in (0.0, 0.001, 0.3, 0.6, 0.9):
        path = tmp_path / f"cut{suffix}"
        path.write_bytes(data[: int(share * len(data))])
        assert _read(path) is None
    assert capfd.readouterr() == ("", "")  # nor do the libraries write to the terminal


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(sorted(GOOD)),
    place=st.floats(0, 1, exclude_max=True),
    junk=st.binary(min_size=1, max_size=12),
    suffix=st.sampled_from(sorted(PHOTO_SUFFIXES)),
)
@example(kind="jpeg", place=0.0, junk=b"\0", suffix=".dng")
def test_damaged_files_with_any_suffix_give_a_frame_or_one_line(
    tmp_path_factory, kind, place, junk, suffix
):
    _, data = GOOD[kind]
    start = int(place * len(data))
    path = tmp_path_factory.mktemp("fuzz") / f"damaged{suffix}"
    path.write_bytes(data[:start] + junk + data[start + len(junk) :])
    _read(path)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=200), suffix=st.sampled_from(sorted(PHOTO_SUFFIXES)))
def test_bytes_that_are_no_picture_are_refused(tmp_path_factory, data, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"noise{suffix}"
    path.write_bytes(data)
    assert _read(path) is None


def _saved(image, kind):
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


ODD = {
    "empty.jpg": (b"", "which is empty"),
    "text.png": (b"no picture", "10 bytes that begin with b'no pictu'"),
    "pixel.png": (_saved(Image.new("RGB", (1, 1)), "png"), "16x16 pixels or more.*of 1x1"),
    "fake.dng": (GOOD["jpeg"][1][:100], "Not a readable image"),
    "fake.heic": (b"\0\0\0\x18ftypheic" + b"\0" * 50, "Not a readable image"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_named_with_what_they_are(tmp_path, name):
    data, message = ODD[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(PictureError, match=message) as error:
        read_photo(tmp_path / name)
    assert name in str(error.value)


@pytest.mark.parametrize(("name", "package"), [("a.heic", "pillow_heif"), ("a.dng", "rawpy")])
def test_a_missing_package_is_named_with_how_to_install_it(tmp_path, monkeypatch, name, package):
    real = builtins.__import__

    def without(module, *rest):
        if module == package:
            raise ImportError(module)
        return real(module, *rest)

    (tmp_path / name).write_bytes(GOOD["heic"][1])
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PictureError, match=r"pip install -r requirements/formats\.txt.*" + name):
        read_photo(tmp_path / name)


def test_raw_is_linear_whatever_the_brightest_pixel(tmp_path):
    """Half the light gives half the linearised value, in both pictures on one scale."""
    values = []
    for name, light in (("a", 0.4), ("b", 0.2)):
        flat = np.full((64, 64, 3), round(65535 * light ** (1 / 2.2)), np.uint16)
        photos.write_dng(tmp_path / f"{name}.dng", flat, EXPOSURE)
        photo = read_photo(tmp_path / f"{name}.dng")
        assert photo.exposure.time == pytest.approx(1 / 250)
        values.append(((photo.frame[16:-16, 16:-16, 1] / 65535) ** 2.2).mean())
    assert values[0] / values[1] == pytest.approx(2.0, rel=0.01)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.jpg"):
        read_photo(tmp_path / "absent.jpg")
