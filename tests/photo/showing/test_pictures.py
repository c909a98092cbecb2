"""Result files: their pixels and metadata."""

import io
import re
import struct

import imagecodecs
import numpy as np
import OpenEXR
import pytest
from PIL import Image, ImageCms

from photo.reading.exif import kept
from photo.showing.exif_pictures import exr_attributes, write_picture
from photo.showing.tone import expose, tone_map
from photo.showing.ultra_hdr import fits_ultra_hdr, write_ultra_hdr
from tests.photos import exif
from utils.images.frames import read_ldr
from utils.images.pictures import exif_of
from utils.images.radiance_maps import read_radiance, write_exr

HDR = np.random.default_rng(0).random((40, 56, 3)).astype(np.float32) ** 3
PICTURE = np.rint(255 * HDR).astype(np.uint8)
KEPT = kept(exif(0.01))


def test_exr_holds_half_floats_with_zip_and_the_camera(tmp_path):
    write_exr(tmp_path / "a.exr", HDR, **exr_attributes(KEPT))
    np.testing.assert_array_equal(read_radiance(tmp_path / "a.exr"), HDR.astype(np.float16))
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        header = file.header()
        assert header["compression"] == OpenEXR.ZIP_COMPRESSION
        assert header["cameraModel"] == "Model 1"
        assert header["copyright"] == "Someone"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_pictures_carry_the_camera_over(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    picture = PICTURE * np.uint16(257) if suffix == ".tif" else PICTURE
    write_picture(path, picture, KEPT)
    exif = exif_of(path.read_bytes())
    assert (exif[0x0110], exif[0x8298]) == ("Model 1", "Someone")
    difference = read_ldr(path).astype(int) - picture
    assert np.abs(difference).mean() <= (3 if suffix == ".jpg" else 0)
    write_picture(path, picture)
    assert 0x0110 not in exif_of(path.read_bytes())


def test_what_is_written_says_that_it_is_srgb_and_is_the_same_again(tmp_path):
    written = []
    for _ in range(2):
        write_picture(tmp_path / "a.png", PICTURE)
        write_picture(tmp_path / "a.jpg", PICTURE)
        write_ultra_hdr(tmp_path / "b.jpg", PICTURE, HDR, KEPT)
        write_picture(tmp_path / "a.tif", PICTURE * np.uint16(257))
        names = ("a.png", "a.jpg", "b.jpg", "a.tif")
        written.append([(tmp_path / name).read_bytes() for name in names])
    assert written[0] == written[1]
    for data in written[0]:
        with Image.open(io.BytesIO(data)) as image:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert ImageCms.getProfileDescription(profile).startswith("sRGB")
    write_exr(tmp_path / "a.exr", HDR)
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        red, white = file.header()["chromaticities"][:2], file.header()["chromaticities"][6:]
    assert red == pytest.approx((0.64, 0.33))
    assert white == pytest.approx((0.3127, 0.3290))


def _ramp(shape):
    """Grey radiance from left to right, a hundredfold."""
    ramp = np.geomspace(0.01, 1, shape[1], dtype=np.float32)
    return np.broadcast_to(ramp[None, :, None], (*shape, 3))


@pytest.mark.parametrize("shape", [(64, 96), (63, 95), (8, 17)])
@pytest.mark.parametrize("tone", ["fusion", "reinhard"])
def test_ultra_hdr_gives_back_radiance_above_white(tmp_path, shape, tone):
    hdr = _ramp(shape)
    write_ultra_hdr(tmp_path / "a.jpg", tone_map(hdr, tone), hdr)
    data = (tmp_path / "a.jpg").read_bytes()
    decoded = imagecodecs.ultrahdr_decode(data)[..., :3].astype(np.float32)  # by libultrahdr
    expected = expose(hdr)
    assert expected.max() > 1.5
    np.testing.assert_allclose(np.median(decoded / expected), 1.0, rtol=0.02)
    assert decoded.max() == pytest.approx(expected.max(), rel=0.05)


def test_ultra_hdr_is_the_picture_for_old_programs_and_points_to_its_gain_map(tmp_path):
    hdr = _ramp((64, 96))
    picture = tone_map(hdr, "fusion")
    write_ultra_hdr(tmp_path / "a.jpg", picture, hdr, KEPT)
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.getexif()[0x0110] == "Model 1"
        assert np.abs(np.asarray(image).astype(int) - picture).max() <= 3
    data = (tmp_path / "a.jpg").read_bytes()
    length = int(re.findall(rb'Item:Length="(\d+)"', data)[0])
    assert data[len(data) - length - 2 : len(data) - length + 2] == b"\xff\xd9\xff\xd8"
    with Image.open(io.BytesIO(data[-length:])) as image:
        assert image.size == (96, 64)
        assert image.mode == "L"
    header = data.index(b"MPF\0") + 4
    size, offset = struct.unpack(">II", data[header + 50 + 16 + 4 : header + 50 + 16 + 12])
    assert (size, header + offset) == (length, len(data) - length)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_ultra_hdr_of_a_flat_picture_is_flat(tmp_path, value):
    hdr = np.full((16, 16, 3), value, np.float32)
    write_ultra_hdr(tmp_path / "a.jpg", tone_map(hdr, "fusion"), hdr)
    decoded = imagecodecs.ultrahdr_decode((tmp_path / "a.jpg").read_bytes())[..., :3]
    np.testing.assert_allclose(decoded.astype(np.float32), 0.18 * value, atol=2e-3)


@pytest.mark.parametrize(
    ("size", "fits"),
    [((8, 8), True), ((7, 9), False), ((8, 8192), True), ((8193, 8), False)],
)
def test_sizes_of_ultra_hdr_are_those_that_libultrahdr_reads(tmp_path, size, fits):
    hdr = np.full((*size, 3), 0.5, np.float32)
    assert fits_ultra_hdr(hdr) == fits
    write_ultra_hdr(tmp_path / "a.jpg", tone_map(hdr, "reinhard"), hdr)
    data = (tmp_path / "a.jpg").read_bytes()
    if max(size) > 8192:
        with pytest.raises(RuntimeError, match="8192"):
            imagecodecs.ultrahdr_decode(data)
    else:
        assert imagecodecs.ultrahdr_decode(data).shape[:2] == size
