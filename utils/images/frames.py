"""Reads and writes frames of 8 or 16 bits, .png, .tif or .jpg, always RGB.

They are encoded in memory and written at once, so that an existing file is complete.
"""

from pathlib import Path

import cv2
import numpy as np

from utils import files
from utils.images.pictures import decode

LDR_SUFFIXES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg"})


def read_ldr(path: Path) -> np.ndarray:
    """Reads a frame.

    Args:
        path: A .png, .tif or .jpg file; grey becomes RGB, an alpha channel is dropped, EXIF
            orientation is applied.

    Returns:
        `(H, W, 3)` RGB, uint8 or uint16 as the file has it.

    Raises:
        FileNotFoundError: There is no such file.
        PictureError: The file is not an image, is cut short, or has samples of another type.
    """
    return decode(path, read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        FileNotFoundError: There is no such file, or it is a folder or a pipe.
        OSError: The file cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"No such file. Received: {path}")
    return path.read_bytes()


def write_ldr(path: Path, image: np.ndarray) -> None:
    """Writes a frame, losslessly unless the suffix is .jpg.

    Args:
        path: A .png, .tif or .jpg file.
        image: `(H, W, 3)` RGB, uint8 or uint16.

    Raises:
        ValueError: The suffix, the type or the shape is another.
        OSError: The file cannot be written; an existing one stays.
    """
    if path.suffix.lower() not in LDR_SUFFIXES:
        raise ValueError(f"A frame must be a .png, .tif or .jpg file. Received: {path}")
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"A frame must be uint8 or uint16. Received: {image.dtype} for {path}")
    _encode(path, image)


def _encode(path: Path, image: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(f"An image must be (H, W, 3). Received: {image.shape} for {path}")
    # By OpenCV, for 8 and 16 bits alike: Pillow writes no colour PNG of 16 bits.
    # In memory: OpenCV ends the process on a path that is not UTF-8, and ignores a full disk.
    kind = path.suffix.lower()
    try:
        done, data = cv2.imencode(kind, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        # OpenCV makes .hdr in a temporary file, which may be cut short as well.
        if kind == ".hdr":
            done = len(data) > 0 and cv2.imdecode(data, cv2.IMREAD_UNCHANGED) is not None
    except cv2.error as error:
        reason = files.one_line(error)
        raise OSError(f"Cannot write the image. Received: {path}, {reason}") from error
    if not done:
        raise OSError(f"Cannot write the image; is the disk full? Received: {path}")
    files.write_bytes(path, data.tobytes())
