"""Colour profiles and white levels: what a pixel value means."""

import struct

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image, ImageCms

from photo.reading.camera_files import read_photo
from photo.reading.exif import Exposure
from photo.reading.folder import read_photographs
from photo.reading.pixels.colour import SRGB, to_working_space
from tests import photos
from utils.images.decode import PictureError
from utils.radiometry.levels import to_8bit

FRAME = photos.sample((64, 48))[1]
P3 = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
PROPHOTO = (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001)
BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)


def _profile(primaries, gamma):
    x, y = (primaries[::2], primaries[1::2])
    triples = [value for pair in zip(x, y, strict=True) for value in (*pair, 1.0)]
    return imagecodecs.cms_profile(
        "rgb", whitepoint=[0.3127, 0.3290, 1.0], primaries=triples, gamma=gamma
    )


def _to_xyz(primaries):
    """Matrix from linear RGB to XYZ with white at D65."""
    x, y = np.array(primaries[::2]), np.array(primaries[1::2])
    columns = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    white = np.array([0.3127, 0.3290, 0.3583]) / 0.3290
    return columns * np.linalg.solve(columns, white)


def _encoded(frame, primaries, gamma):
    """The frame, of sRGB's primaries and gamma 2.2, in another space."""
    matrix = np.linalg.solve(_to_xyz(primaries), _to_xyz(BT709))
    light = ((frame / 65535) ** 2.2) @ matrix.T
    return np.rint(65535 * np.clip(light, 0, 1) ** (1 / gamma)).astype(np.uint16)


def _png(path, frame, *chunks):
    """Writes a PNG of 16 bits with chunks behind its header."""
    data = bytes(imagecodecs.png_encode(frame))
    middle = b"".join(
        struct.pack(">I", len(text))
        + kind
        + text
        + struct.pack(">I", imagecodecs.zlib_crc32(kind + text))
        for kind, text in chunks
    )
    path.write_bytes(data[:33] + middle + data[33:])


@pytest.mark.parametrize(
    ("primaries", "gamma"), [(BT709, 1.0), (PROPHOTO, 1.8), (P3, 2.2), (P3, 1.0)]
)
def test_a_tiff_of_another_space_is_the_same_picture_of_16_bits(tmp_path, primaries, gamma):
    path = tmp_path / "a.tif"
    other = _encoded(FRAME, primaries, gamma)
    tifffile.imwrite(path, other, photometric="rgb", iccprofile=_profile(primaries, gamma))
    read = read_photo(path).frame
    assert read.dtype == np.uint16
    bright = FRAME > 6000  # darker, linear 16 bits have too few levels
    np.testing.assert_allclose(read[bright], FRAME[bright].astype(int), atol=130)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "hif"])
def test_display_p3_is_read_in_every_format(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    orange = Image.new("RGB", (64, 64), (200, 100, 50))
    save = pillow_heif.from_pillow(orange).save if kind == "hif" else orange.save
    save(path, quality=95, icc_profile=_profile(P3, 2.2))
    np.testing.assert_allclose(read_photo(path).frame[5, 5], (215, 92, 28), atol=4)
    save(path, quality=95)
    np.testing.assert_allclose(read_photo(path).frame[5, 5], (200, 100, 50), atol=3)


@pytest.mark.parametrize(
    "profile",
    [
        SRGB,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        _profile(BT709, 2.2),
        imagecodecs.cms_profile("gray", gamma=2.2),
    ],
)
def test_frames_of_srgb_are_untouched(profile):
    for frame in (FRAME, to_8bit(FRAME)):
        assert to_working_space(frame, profile) is frame


def test_grey_of_gamma_1_8_is_encoded_anew():
    frame = np.repeat(FRAME[..., :1], 3, axis=-1)
    read = to_working_space(frame, imagecodecs.cms_profile("gray", gamma=1.8))
    np.testing.assert_allclose(read, 65535 * (frame / 65535) ** (1.8 / 2.2), atol=130)


def test_colours_named_without_a_profile_are_converted(tmp_path):
    path = tmp_path / "a.png"
    chunks = {
        (b"gAMA", struct.pack(">I", 100000)): (BT709, 1.0),
        (b"cICP", bytes([1, 8, 0, 1])): (BT709, 1.0),
        (b"gAMA", struct.pack(">I", 45455)): (BT709, 2.2),
    }
    for chunk, space in chunks.items():
        _png(path, _encoded(FRAME, *space), chunk)
        bright = FRAME > 6000
        read = read_photo(path).frame
        np.testing.assert_allclose(read[bright], FRAME[bright].astype(int), atol=130)
    _png(path, FRAME, (b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100000)))
    np.testing.assert_array_equal(read_photo(path).frame, FRAME)


def test_adobe_rgb_of_a_camera_is_named_by_its_exif(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    Image.new("RGB", (64, 64), (200, 100, 50)).save(tmp_path / "a.jpg", exif=exif, quality=95)
    np.testing.assert_allclose(read_photo(tmp_path / "a.jpg").frame[5, 5], (226, 99, 43), atol=4)


@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG")])
def test_pictures_for_hdr_screens_are_refused_by_name(tmp_path, curve, name):
    _png(tmp_path / "a.png", FRAME, (b"cICP", bytes([9, curve, 0, 1])))
    profile = bytearray(SRGB) + b"cicp\0\0\0\0" + bytes([9, curve, 0, 1])
    Image.fromarray(to_8bit(FRAME)).save(tmp_path / "a.jpg", icc_profile=bytes(profile))
    for file in ("a.png", "a.jpg"):
        with pytest.raises(PictureError, match=rf"export it as SDR.*{file}, encoded by {name}"):
            read_photo(tmp_path / file)


def test_a_damaged_profile_is_named_and_ignored(tmp_path):
    Image.fromarray(to_8bit(FRAME)).save(tmp_path / "a.png", icc_profile=b"damaged" * 30)
    photo = read_photo(tmp_path / "a.png")
    np.testing.assert_array_equal(photo.frame, to_8bit(FRAME))
    assert photo.notes == ("a.png: its colour profile is damaged or not of RGB; sRGB is assumed.",)


def _bracket(folder, frames):
    folder.mkdir()
    for index, frame in enumerate(frames):
        exposure = Exposure(time=photos.TIMES[index], f_number=5.0, iso=100)
        photos.write_tiff(folder / f"{index}.tif", frame, exposure)
    return folder


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_few_bits_in_16_are_scaled_by_the_white_of_the_whole_bracket(tmp_path, bits):
    full = photos.sample((64, 48))
    full[0] = np.minimum(full[0], 40000)  # the darkest does not show where white is
    low = (full >> (16 - bits)).astype(np.uint16)
    scene = read_photographs(_bracket(tmp_path / "low", low))
    expected = np.rint(low / (2**bits - 1) * 65535)
    np.testing.assert_array_equal(scene.ldr[0], expected[0])
    np.testing.assert_array_equal(scene.ldr, expected)
    assert any(f"use {bits} of 16 bits: {2**bits - 1} is taken" in text for text in scene.warnings)


def test_dark_frames_of_16_bits_are_as_they_are(tmp_path):
    dark = (photos.sample((64, 48)) * 0.06).astype(np.uint16)
    dark[1, 0, 0, 0] = 4095  # one pixel at a round number is not white
    scene = read_photographs(_bracket(tmp_path / "dark", dark))
    np.testing.assert_array_equal(scene.ldr.max((1, 2, 3)), dark.max((1, 2, 3)))


def test_white_may_be_named(tmp_path):
    dim = np.minimum(FRAME >> 4, 3000)
    _png(tmp_path / "a.png", dim, (b"sBIT", bytes([12, 12, 12])))
    assert read_photo(tmp_path / "a.png").white == (4095, 4095)
    tags = [(0x0155, "H", 3, (1023,) * 3, True)]
    tifffile.imwrite(tmp_path / "a.tif", dim >> 2, photometric="rgb", extratags=tags)
    assert read_photo(tmp_path / "a.tif").white == (1023, 1023)
    tifffile.imwrite(tmp_path / "b.tif", dim, photometric="rgb")
    assert read_photo(tmp_path / "b.tif").white == (dim.max(), 65535)
