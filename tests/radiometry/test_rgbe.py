"""RGBE: bit for bit what OpenCV reads from an .hdr file, and back."""

import cv2
import numpy as np
import pytest

from utils.radiometry import rgbe


def _bytes():
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (4096, 4, 4), dtype=np.uint8)
    pixels[..., 3] = np.arange(4096)[:, None] // 16  # every exponent
    return pixels


def test_values_are_those_opencv_reads():
    pixels = _bytes()
    header = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4096 +X 4\n"
    file = np.frombuffer(header + pixels.tobytes(), np.uint8)  # too narrow to be compressed
    expected = cv2.imdecode(file, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
    assert expected is not None
    received = cv2.cvtColor(rgbe.values(rgbe.codes(pixels)), cv2.COLOR_RGB2BGR)
    np.testing.assert_array_equal(received.view(np.uint32), expected.view(np.uint32))


def test_every_value_survives_encoding():
    values = rgbe.values(rgbe.codes(_bytes()))
    encoded = rgbe.encode(values)
    assert encoded.shape == (4096, 4, 4)
    assert encoded.dtype == np.uint8
    np.testing.assert_array_equal(rgbe.values(rgbe.codes(encoded)), values)


def test_known_bytes():
    pixels = rgbe.encode(np.array([[[1.0, 0.5, 0.25], [0, 0, 0]]], np.float32))
    np.testing.assert_array_equal(pixels, [[[128, 64, 32, 129], [0, 0, 0, 0]]])


@pytest.mark.parametrize("pixel", [(1, 1 / 3, 0), (1, -0.5, 0), (np.nan, 0, 0), (0, 0, np.inf)])
def test_values_an_hdr_file_cannot_hold_are_refused(pixel):
    with pytest.raises(ValueError, match=r"an \.hdr file can hold. Received: \["):
        rgbe.encode(np.array([[pixel]], np.float32))
