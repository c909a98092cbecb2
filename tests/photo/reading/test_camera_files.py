"""Photographs of all formats: whole, cut short, odd or missing."""

import functools
import sys

import numpy as np
import pytest

from photo.reading.camera_files import read_photo
from photo.reading.exif import Exposure
from tests import photos
from utils.images.decode import PictureError

FRAME = photos.sample((64, 48))[1]
EXPOSURE = Exposure(time=1 / 250, f_number=5.0, iso=100)
WRITERS = {
    ".jpg": photos.write,
    ".heic": photos.write,
    ".tif": functools.partial(photos.write_tiff, exposure=EXPOSURE),
    ".dng": functools.partial(photos.write_dng, exposure=EXPOSURE),
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_whole_files_are_read_and_those_cut_short_are_refused(tmp_path, suffix, capfd):
    path = tmp_path / f"cut{suffix}"
    WRITERS[suffix](path, FRAME)
    assert read_photo(path).frame.shape == FRAME.shape
    whole = path.read_bytes()
    for share in (0.0, 0.001, 0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(PictureError, match=path.name):
            read_photo(path)
    if suffix != ".dng":  # LibRaw writes a line
        assert capfd.readouterr() == ("", "")


ODD = {
    "empty.jpg": (b"", "which is empty"),
    "text.png": (b"no picture", "10 bytes that begin with b'no pictu'"),
    "fake.dng": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "Not a readable image"),
    "fake.heic": (b"\0\0\0\x18ftypheic" + b"\0" * 50, "Not a readable image"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_named_with_what_they_are(tmp_path, name):
    data, message = ODD[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(PictureError, match=message) as error:
        read_photo(tmp_path / name)
    assert name in str(error.value)


def test_missing_and_tiny_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.jpg"):
        read_photo(tmp_path / "absent.jpg")
    photos.write(tmp_path / "tiny.png", FRAME[:15, :16])
    with pytest.raises(PictureError, match=r"16x16 pixels or more.*tiny\.png of 16x15"):
        read_photo(tmp_path / "tiny.png")


@pytest.mark.parametrize(("name", "package"), [("a.heic", "pillow_heif"), ("a.dng", "rawpy")])
def test_a_missing_package_is_named_with_how_to_install_it(tmp_path, monkeypatch, name, package):
    (tmp_path / name).write_bytes(b"a photograph")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PictureError, match=r"pip install -r requirements/formats\.txt.*" + name):
        read_photo(tmp_path / name)


def test_raw_is_linear_for_any_brightest_pixel(tmp_path):
    """Half the light gives half the linearised value, in both pictures on one scale."""
    values = []
    for name, light in (("a", 0.4), ("b", 0.2)):
        flat = np.full((64, 64, 3), round(65535 * light ** (1 / 2.2)), np.uint16)
        photos.write_dng(tmp_path / f"{name}.dng", flat, EXPOSURE)
        photo = read_photo(tmp_path / f"{name}.dng")
        assert photo.exposure.time == pytest.approx(1 / 250)
        values.append(((photo.frame[16:-16, 16:-16, 1] / 65535) ** 2.2).mean())
    assert values[0] / values[1] == pytest.approx(2.0, rel=0.01)
