"""Result files: what they hold, whatever their name, and that all of it arrives."""

import functools
import io

import imagecodecs
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests import disk
from tests.photos import exif
from utils.images.radiance_maps import read_radiance, write_exr
from utils.photographs.exif import kept
from utils.reporting.pictures import write_picture, write_ultra_hdr

HDR = np.random.default_rng(0).random((40, 56, 3)).astype(np.float32) ** 3
KEPT = kept(exif(0.01))


def test_exr_holds_half_floats_with_zip_and_the_camera(tmp_path):
    write_exr(tmp_path / "a.exr", HDR, KEPT)
    np.testing.assert_array_equal(read_radiance(tmp_path / "a.exr"), HDR.astype(np.float16))
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        header = file.header()
        assert header["compression"] == OpenEXR.ZIP_COMPRESSION
        assert header["cameraModel"] == "Model 1"
        assert header["copyright"] == "Someone"


def test_black_is_written_and_read_as_black(tmp_path):
    write_exr(tmp_path / "a.exr", np.zeros_like(HDR))
    assert not read_radiance(tmp_path / "a.exr").any()


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, 1e6])
def test_impossible_radiance_is_not_written(tmp_path, value):
    hdr = HDR.copy()
    hdr[3, 4, 1] = value
    with pytest.raises(ValueError, match=r"must be in \[0, 65504\].*a\.exr"):
        write_exr(tmp_path / "a.exr", hdr)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_pictures_carry_the_camera_over(tmp_path, suffix):
    picture = np.rint(255 * HDR).astype(np.uint8)
    write_picture(tmp_path / f"a{suffix}", picture, KEPT)
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert image.getexif()[0x0110] == "Model 1"
        difference = np.asarray(image).astype(int) - picture
    assert np.abs(difference).mean() < (0.01 if suffix == ".png" else 3)
    write_picture(tmp_path / f"b{suffix}", picture)
    with Image.open(tmp_path / f"b{suffix}") as image:
        assert not image.getexif()


@pytest.mark.parametrize("shape", [(64, 96), (63, 95), (16, 17)])
def test_ultra_hdr_is_a_jpeg_that_holds_radiance_above_white(tmp_path, shape):
    ramp = np.geomspace(0.01, 1, shape[1], dtype=np.float32)
    hdr = np.broadcast_to(ramp[None, :, None], (*shape, 3))
    write_ultra_hdr(tmp_path / "a.jpg", hdr)
    data = (tmp_path / "a.jpg").read_bytes()
    decoded = imagecodecs.ultrahdr_decode(data)[..., :3].astype(np.float32)
    log_average = np.exp(np.log(ramp).mean())
    expected = np.broadcast_to((0.18 / log_average * ramp)[None, :, None], decoded.shape)
    assert expected.max() > 1.5
    np.testing.assert_allclose(np.median(decoded / expected), 1.0, rtol=0.05)
    assert decoded.max() > 1.5
    with Image.open(io.BytesIO(data)) as image:  # an old program sees an ordinary picture
        assert image.size == shape[::-1]
        assert 60 < np.asarray(image.convert("RGB")).mean() < 200


PICTURE = np.rint(255 * HDR).astype(np.uint8)
WRITERS = {
    "a.jpg": functools.partial(write_picture, image=PICTURE),
    "a.png": functools.partial(write_picture, image=PICTURE),
    "ultra.jpg": functools.partial(write_ultra_hdr, hdr=HDR),
}


@pytest.mark.parametrize("name", WRITERS)
def test_full_disks_and_odd_paths(tmp_path, name):
    disk.check_writer(WRITERS[name], tmp_path, name)
