"""Image files: frames of 8 or 16 bits (.png, .tif, .jpg) and radiance (.hdr, .exr), always RGB.

Files are written beside their place and renamed, so that a file that exists is complete.
"""

from pathlib import Path

import cv2
import numpy as np
import OpenEXR

LDR_SUFFIXES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg"})
RADIANCE_SUFFIXES = frozenset({".hdr", ".exr"})

# Not IMREAD_COLOR_RGB: OpenCV 5.0 ignores it for 16-bit TIFF.
_READ_ALL_BITS = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR


def read_ldr(path: Path) -> np.ndarray:
    """Reads a frame.

    Args:
        path: A .png, .tif or .jpg file; grey becomes RGB, an alpha channel is dropped, EXIF
            orientation is applied.

    Returns:
        `(H, W, 3)` RGB, uint8 or uint16 as the file has it.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no image, or has samples of another type.
    """
    image = _decode(path)
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"A frame must have 8 or 16 bits. Received: {path} of {image.dtype}")
    return image


def read_radiance(path: Path) -> np.ndarray:
    """Reads a radiance map.

    Args:
        path: A .hdr or .exr file.

    Returns:
        `(H, W, 3)` float32 RGB, linear light in the file's own scale, values as they stand.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no radiance map, or not RGB.
    """
    suffix = path.suffix.lower()
    if suffix not in RADIANCE_SUFFIXES:
        raise ValueError(f"A radiance map must be a .hdr or .exr file. Received: {path}")
    return _decode_exr(path) if suffix == ".exr" else _decode(path)


def write_ldr(path: Path, image: np.ndarray) -> None:
    """Writes a frame, losslessly unless the suffix is .jpg.

    Args:
        path: A .png, .tif or .jpg file.
        image: `(H, W, 3)` RGB, uint8 or uint16.

    Raises:
        ValueError: The suffix, the type or the shape is another.
    """
    if path.suffix.lower() not in LDR_SUFFIXES:
        raise ValueError(f"A frame must be a .png, .tif or .jpg file. Received: {path}")
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"A frame must be uint8 or uint16. Received: {image.dtype} for {path}")
    _encode(path, image)


def write_radiance(path: Path, image: np.ndarray) -> None:
    """Writes radiance as RGBE: three 8-bit mantissas with one exponent for each pixel.

    Args:
        path: A .hdr file.
        image: `(H, W, 3)` RGB, at least 0.

    Raises:
        ValueError: The suffix or the shape is another, or a value is negative or not finite.
    """
    if path.suffix.lower() != ".hdr":
        raise ValueError(f"Radiance is written to .hdr files. Received: {path}")
    if not (np.isfinite(image).all() and (image >= 0).all()):
        raise ValueError(f"Radiance must be finite and at least 0. Received: {path}")
    _encode(path, round_to_rgbe(image))


def brightest_channel(image: np.ndarray) -> np.ndarray:
    """`(H, W)` largest channel of `(H, W, 3)`; `image.max(axis=-1)` takes six times as long."""
    return np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])


def round_to_rgbe(image: np.ndarray) -> np.ndarray:
    """The nearest values that an .hdr file can hold: what `read_radiance` will give.

    The encoder truncates, which would darken everything by a quarter of a percent.

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


def _decode(path: Path) -> np.ndarray:
    if not path.is_file():
        raise FileNotFoundError(f"No such file. Received: {path}")
    image = cv2.imread(str(path), _READ_ALL_BITS)
    if image is None:
        raise ValueError(f"Not a readable image. Received: {path}")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _decode_exr(path: Path) -> np.ndarray:
    if not path.is_file():
        raise FileNotFoundError(f"No such file. Received: {path}")
    try:
        with OpenEXR.File(str(path)) as file:
            channels = {name: channel.pixels for name, channel in file.channels().items()}
    except RuntimeError as error:
        raise ValueError(f"Not a readable image. Received: {path}") from error
    pixels = channels.get("RGB", channels.get("RGBA"))
    if pixels is None:
        raise ValueError(f"An .exr file must be RGB. Received: {path} of {sorted(channels)}")
    return np.ascontiguousarray(pixels[..., :3], dtype=np.float32)


def _encode(path: Path, image: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(f"An image must be (H, W, 3). Received: {image.shape} for {path}")
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        if not cv2.imwrite(str(partial), cv2.cvtColor(image, cv2.COLOR_RGB2BGR)):
            raise OSError(f"Cannot write the image. Received: {path}")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
