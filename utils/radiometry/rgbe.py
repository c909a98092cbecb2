"""RGBE, the pixels of .hdr files: three 8-bit mantissas with one exponent.

A pixel (r, g, b, e) stands for `(r, g, b) * 2 ** (e - 136)`, or zero if e is 0, as OpenCV reads it.
A channel has one of 65,536 values, numbered by its 16-bit code `256 e + mantissa`, so a function of
one channel is a table of 65,536 entries, exact and faster than arithmetic.
"""

import cv2
import numpy as np

from utils.radiometry.radiance import brightest_channel

_BIAS = 136  # the format's exponent bias of 128, and 8 bits of mantissa


def _values() -> np.ndarray:
    exponent, mantissa = np.divmod(np.arange(2**16), 256)
    values = np.ldexp(mantissa.astype(np.float32), exponent - _BIAS)
    return np.where(exponent == 0, np.float32(0), values)


VALUES = _values()
"""`(65536,)` float32: radiance of each code."""


def encode(hdr: np.ndarray) -> np.ndarray:
    """Radiance read from an .hdr file to its bytes.

    Args:
        hdr: `(H, W, 3)` float32 radiance.

    Returns:
        `(H, W, 4)` uint8: red, green, blue, exponent; `values(codes(encode(hdr)))` is `hdr`.

    Raises:
        ValueError: An .hdr file cannot hold these values.
    """
    red, green, blue = cv2.split(hdr)
    largest = cv2.max(cv2.max(red, green), blue)
    exponent = np.clip(np.frexp(largest)[1] + (_BIAS - 8), 1, 255)
    exponent[largest == 0] = 0
    mantissas = [np.ldexp(channel, _BIAS - exponent) for channel in (red, green, blue)]
    with np.errstate(invalid="ignore"):
        channels = [mantissa.astype(np.uint8) for mantissa in mantissas]
    for channel, mantissa in zip(channels, mantissas, strict=True):
        lost = channel != mantissa
        if lost.any():
            raise ValueError(
                "Radiance must have values that an .hdr file can hold."
                f" Received: {hdr[lost][0].tolist()}"
            )
    return cv2.merge([*channels, exponent.astype(np.uint8)])


def codes(rgbe: np.ndarray) -> np.ndarray:
    """`(H, W, 4)` uint8 bytes to the `(H, W, 3)` uint16 codes of the channels."""
    return (rgbe[..., 3:].astype(np.uint16) << 8) | rgbe[..., :3]


def values(code: np.ndarray) -> np.ndarray:
    """`(H, W, 3)` uint16 codes to float32 radiance, bit for bit as OpenCV reads it."""
    return cv2.LUT(code, VALUES)


def expand_runs(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """Pixels without compression, or with Radiance's old runs, to `(H, W, 4)` uint8 bytes.

    A pixel (1, 1, 1, n) repeats the one before n times, a second in a row 256 n times, and so on.

    Raises:
        ValueError: There are fewer pixels than the `size`, height and width.
    """
    count = size[0] * size[1]
    pixels = np.frombuffer(data, np.uint8, len(data) // 4 * 4).reshape(-1, 4)
    index = np.arange(len(pixels))
    is_run = (pixels[:, :3] == 1).all(axis=-1)
    before = np.maximum.accumulate(np.where(is_run, 0, index))
    times = pixels[:, 3].astype(np.int64) << 8 * np.clip(index - before - 1, 0, 4)
    end = np.cumsum(np.where(is_run, np.minimum(times, count), 1))
    if not len(end) or end[-1] < count:
        raise ValueError(f"Pixels are missing. Received: {len(pixels)} of {count}")
    places = before[np.searchsorted(end, np.arange(count), side="right")]
    return pixels[places].reshape(*size, 4)


def round_to_rgbe(image: np.ndarray) -> np.ndarray:
    """The nearest values that an .hdr file can hold.

    OpenCV's encoder truncates, which would darken pictures by a quarter of a percent.

    Args:
        image: `(H, W, 3)` radiance, finite, at least 0.

    Returns:
        float32, same shape; within 1/512 of each pixel's largest channel.
    """
    image = image.astype(np.float32)
    largest = brightest_channel(image)[..., None]
    # Twice: a largest channel that rounds up to a power of two takes the next exponent.
    _, exponent = np.frexp(_round_mantissa(largest, np.frexp(largest)[1]))
    return _round_mantissa(image, exponent)


def _round_mantissa(x: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    return np.ldexp(np.rint(np.ldexp(x, 8 - exponent)), exponent - 8)
