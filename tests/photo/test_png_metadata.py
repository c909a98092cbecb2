"""PNG files with unusable metadata: their pixels and their other metadata are read."""

import zlib

import cv2
import numpy as np
import pytest
from PIL import ExifTags

from photo.reading.camera_files import read_photo
from photo.reading.exif import Exposure
from tests import photos
from utils.images.decode import PictureError
from utils.radiometry.levels import to_8bit

FRAME = photos.sample((64, 48))[1]
MIB = 2**20


def _chunk(kind, content):
    checksum = zlib.crc32(kind + content)
    return len(content).to_bytes(4, "big") + kind + content + checksum.to_bytes(4, "big")


UNUSABLE = {
    "large profile": _chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(2 * MIB))),
    "empty profile": _chunk(b"iCCP", b""),
    "large raw exif": _chunk(
        b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 10\n" + b"00" * MIB)
    ),
    "large text": _chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b"0" * 2 * MIB)),
    "short gamma": _chunk(b"gAMA", b"\0"),
    "many texts": _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"0" * (MIB - 1))) * 70,
}


def _png(path, frame, *, behind_header=b"", behind_pixels=b""):
    data = cv2.imencode(".png", frame[..., ::-1])[1].tobytes()
    path.write_bytes(data[:33] + behind_header + data[33:-12] + behind_pixels + data[-12:])


@pytest.mark.parametrize("where", ["behind_header", "behind_pixels"])
@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_metadata_counts_as_none(tmp_path, kind, where, caplog):
    for frame in (to_8bit(FRAME), FRAME):
        _png(tmp_path / "a.png", frame, **{where: UNUSABLE[kind]})
        np.testing.assert_array_equal(read_photo(tmp_path / "a.png").frame, frame)
    name = UNUSABLE[kind][4:8].decode()
    message = f"a.png: metadata that is broken or too large is ignored. Received: {name}"
    assert caplog.messages == [message] * 2


def test_other_metadata_is_kept(tmp_path, caplog):
    exif = _chunk(b"eXIf", photos.exif(1 / 250, orientation=6).tobytes().removeprefix(b"Exif\0\0"))
    _png(tmp_path / "a.png", FRAME, behind_header=UNUSABLE["large profile"] + exif)
    photo = read_photo(tmp_path / "a.png")
    assert photo.exposure == Exposure(time=1 / 250, f_number=5.0, iso=100)
    np.testing.assert_array_equal(photo.frame, np.rot90(FRAME, -1))
    assert len(caplog.messages) == 1


def test_usable_metadata_is_not_spoken_of_and_damage_is_still_refused(tmp_path, caplog):
    text = _chunk(b"tEXt", b"a\0b")
    _png(tmp_path / "a.png", FRAME, behind_header=text)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.png").frame, FRAME)
    _png(tmp_path / "a.png", FRAME, behind_header=text[:-1] + b"x")
    with pytest.raises(PictureError, match=r"Not a readable image\. Received: .*a\.png"):
        read_photo(tmp_path / "a.png")
    assert not caplog.messages


@pytest.mark.parametrize("kind", ["text", "numbers"])
def test_large_exif_is_left_out_of_results_which_can_be_written(tmp_path, kind, caplog):
    block = photos.exif(1 / 250)
    if kind == "text":
        block[ExifTags.Base.Artist] = "A" * 70_000
    else:
        block.get_ifd(0x8769)[ExifTags.Base.FocalLength] = (50.0,) * 9000
    photos.write(tmp_path / "a.png", FRAME, block)
    kept = read_photo(tmp_path / "a.png").exif
    assert b"Model 1" in kept
    assert len(kept) < 1000
    name = {"text": "Artist", "numbers": "FocalLength"}[kind]
    assert f"Results do without EXIF tag {name}. Received: " in caplog.text
