"""Photographs of all formats: whole, cut short, odd or missing."""

import functools
import sys

import imagecodecs
import numpy as np
import pytest
import rawpy
import tifffile
from PIL import Image

from photo.reading.camera_files import read_photo
from photo.reading.exif import Exposure
from photo.reading.folder import read_photographs
from photo.reading.search import photograph_paths
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
    with pytest.raises(PictureError, match=rf"{sys.executable} -m pip install -r .*{name}"):
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


def test_a_bracket_of_raw_has_the_references_balance_and_its_camera(tmp_path):
    flat = np.full((64, 64, 3), 30000, np.uint16)
    for index, neutral in enumerate([(2, 3, 3), (3, 3, 3), (3, 3, 2)]):
        exposure = Exposure(time=photos.TIMES[index], f_number=5.0, iso=100)
        lighter = (flat * 2.0 ** ((2 * index - 2) / 2.2)).clip(0, 65535).astype(np.uint16)
        photos.write_dng(tmp_path / f"{index}.dng", lighter, exposure, neutral)
    grey = read_photo(tmp_path / "1.dng").frame[32, 32]
    scene = read_photographs(tmp_path)
    np.testing.assert_array_equal(scene.ldr[1, 32, 32], grey)
    for frame, light in zip(scene.ldr, (0.25, 1.0, 4.0), strict=True):
        expected = np.minimum((grey / 65535) ** 2.2 * light, 1) ** (1 / 2.2)
        np.testing.assert_allclose(frame[32, 32] / 65535, expected, atol=0.005)
    own = read_photo(tmp_path / "0.dng").frame[32, 32] / 65535
    assert abs(own[0] / own[1] - scene.ldr[0, 32, 32, 0] / scene.ldr[0, 32, 32, 1]) > 0.05
    block = Image.Exif()
    block.load(scene.exif)
    assert block[0x0110] == "Camera"


def test_files_that_libraries_lack_are_one_sentence_without_bytes(tmp_path):
    photos.write(tmp_path / "a.jpg", FRAME)
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    data[data.index(b"\xff\xc0") + 4] = 12
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(PictureError, match=r"must have 8 bits.*a\.jpg of 12 bits$"):
        read_photo(tmp_path / "a.jpg")
    photos.write_dng(tmp_path / "a.dng", FRAME, EXPOSURE)
    data = bytearray((tmp_path / "a.dng").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.dng") as file:
        place = file.pages.first.tags["Compression"].valueoffset
    data[place : place + 2] = (52546).to_bytes(2, "little")
    (tmp_path / "a.dng").write_bytes(data)
    with pytest.raises(PictureError, match=r"TIFF of 16 bits.*a\.dng, compressed by JPEG XL$"):
        read_photo(tmp_path / "a.dng")


@pytest.mark.parametrize("name", ["a.webp", "a.jfif", "a.JFIF", "a.HIF"])
def test_suffixes_of_the_same_formats_are_photographs(tmp_path, name):
    kind = {".webp": "webp", ".hif": "heic"}.get(name[1:].lower(), "jpg")
    photos.write(tmp_path / f"b.{kind}", FRAME, photos.exif(0.01))
    (tmp_path / f"b.{kind}").rename(tmp_path / name)
    assert photograph_paths(tmp_path) == [tmp_path / name]
    assert read_photo(tmp_path / name).exposure.time == pytest.approx(0.01)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_transparent_pixels_are_gaps(tmp_path, suffix, dtype):
    path = tmp_path / f"a{suffix}"
    largest = np.iinfo(dtype).max
    rgba = np.full((32, 40, 4), largest, dtype)
    for alpha in (largest, 0):
        rgba[:4, :, 3] = alpha
        if suffix == ".tif":
            tifffile.imwrite(path, rgba, photometric="rgb", extrasamples=["unassalpha"])
        elif dtype == np.uint16:
            path.write_bytes(imagecodecs.png_encode(rgba))
        else:
            Image.fromarray(rgba).save(path)
        gaps = read_photo(path).gaps
        assert (gaps is None) == (alpha > 0)
        if gaps is not None:
            assert gaps[:4].all()
            assert not gaps[4:].any()


@pytest.mark.parametrize("reason", ["Data error", b"Data error"])
def test_a_reason_of_libraw_is_shown(tmp_path, monkeypatch, reason):
    def fails(_):
        raise rawpy.LibRawError(reason)

    monkeypatch.setattr(rawpy, "imread", fails)
    (tmp_path / "a.nef").write_bytes(b"II*\0")
    with pytest.raises(PictureError, match=r"LibRaw cannot develop.*a\.nef, Data error$"):
        read_photo(tmp_path / "a.nef")
