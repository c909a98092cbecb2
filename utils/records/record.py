"""Packs one scene as a serialised `tf.train.Example`, and unpacks it.

A record holds the whole scene; training samples are cut from it (utils/records/patches.py), so
nothing is stored twice.
"""

import dataclasses
import os
import re
import struct
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from utils.files import one_line
from utils.radiometry import rgbe
from utils.radiometry.levels import to_8bit
from utils.scenes.folders import TRUTH_FILE
from utils.scenes.scene import Scene, SceneError

SCHEMA = 2

_MOST_STOPS = 120  # 2**128 overflows float32

_FORMAT = {
    "schema": tf.io.FixedLenFeature([], tf.int64),  # version of this format
    "name": tf.io.FixedLenFeature([], tf.string),  # the scene's name, as bytes of a path
    "height": tf.io.FixedLenFeature([], tf.int64),
    "width": tf.io.FixedLenFeature([], tf.int64),
    "exposure_values": tf.io.FixedLenFeature([3], tf.float32),  # stops, ascending from 0
    "ldr": tf.io.FixedLenFeature([3], tf.string),  # 8-bit frames, darkest first, as RGB PNGs
    # The truth: red, green, blue and exponent of RGBE as the four channels of a PNG.
    "hdr": tf.io.FixedLenFeature([], tf.string),
    "source_bytes": tf.io.FixedLenFeature([], tf.int64),  # to notice that a scene has changed
    # Whether the low and the high frame are aligned ones.
    "aligned": tf.io.FixedLenFeature([], tf.int64, default_value=0),
}

# Nearly the fastest of OpenCV's PNG settings, and within 3 % of the smallest files.
_PNG = [
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
    cv2.IMWRITE_PNG_FILTER,
    cv2.IMWRITE_PNG_FILTER_AVG,
]


class RecordsError(ValueError):
    """Records are missing, damaged or unsuitable; the message names file and value."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """A decoded scene, as training caches it."""

    name: str
    ldr: np.ndarray
    """`(3, H, W, 3)` uint8 RGB frames, darkest first."""
    exposure_values: np.ndarray
    """`(3,)` float32 stops, ascending from 0."""
    hdr_code: np.ndarray
    """`(H, W, 3)` uint16: the truth in the codes of utils/radiometry/rgbe.py."""

    @property
    def nbytes(self) -> int:
        """Bytes of the images."""
        return self.ldr.nbytes + self.hdr_code.nbytes

    def scene(self) -> Scene:
        """The scene with its truth as radiance."""
        return Scene(
            name=self.name,
            ldr=self.ldr,
            exposure_values=self.exposure_values,
            hdr=rgbe.values(self.hdr_code),
        )


def decoded_bytes(height: int, width: int) -> int:
    """`Record.nbytes` of a scene of this size: 15 bytes a pixel."""
    return height * width * 3 * (3 + 2)


def pack(scene: Scene, source_bytes: int = 0, *, aligned: bool = False) -> bytes:
    """Packs a scene; 16-bit frames become 8-bit, as the release reads them.

    Args:
        scene: A scene with truth.
        source_bytes: Size of the scene's files.
        aligned: Whether the low and the high frame are aligned ones.

    Returns:
        The serialised record; the same bytes for the same scene.

    Raises:
        SceneError: The scene has no truth, or one that RGBE cannot hold exactly.
    """
    if scene.hdr is None:
        raise SceneError(f"Scene {scene.name}: training needs the truth. Received: no {TRUTH_FILE}")
    try:
        truth = rgbe.encode(scene.hdr)
    except ValueError as error:
        raise SceneError(f"Scene {scene.name}: {error}") from error
    frames = [_to_png(to_8bit(frame), cv2.COLOR_RGB2BGR) for frame in scene.ldr]
    height, width = truth.shape[:2]
    stops = tf.train.FloatList(value=scene.exposure_values)
    features = {
        "schema": _integer(SCHEMA),
        "name": _bytes(os.fsencode(scene.name)),
        "height": _integer(height),
        "width": _integer(width),
        "exposure_values": tf.train.Feature(float_list=stops),
        "ldr": _bytes(*frames),
        "hdr": _bytes(_to_png(truth, cv2.COLOR_RGBA2BGRA)),
        "source_bytes": _integer(source_bytes),
    }
    if aligned:
        features["aligned"] = _integer(1)
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def unpack(data: bytes, source: str) -> Record:
    """Undoes `pack`; arguments and errors as for `parse`."""
    features = parse(data, source)
    shape = features["height"], features["width"]
    frames = [_from_png(png, cv2.COLOR_BGR2RGB, (*shape, 3), source) for png in features["ldr"]]
    truth = _from_png(features["hdr"], cv2.COLOR_BGRA2RGBA, (*shape, 4), source)
    return Record(
        name=features["name"],
        ldr=np.stack(frames),
        exposure_values=features["exposure_values"],
        hdr_code=rgbe.codes(truth),
    )


def unwrap_records_error(error: Exception) -> Exception:
    """The `RecordsError` quoted in a TensorFlow error, or the error itself.

    TensorFlow passes on errors of Python functions in the input pipeline as text.
    """
    quoted = re.search(rf"\b{RecordsError.__name__}: (.*)", str(error))
    return RecordsError(quoted[1]) if quoted else error


def require_version(schema: object, source: object) -> None:
    """Raises `RecordsError` if a record or an index was written by another version."""
    if schema != SCHEMA:
        raise RecordsError(
            f"{source} must be of version {SCHEMA}; delete the folder and run make_tfrecord.py"
            f" again. Received: version {schema}"
        )


def parse(data: bytes, source: str) -> dict[str, Any]:
    """The features of a record by name; the images stay encoded.

    Args:
        data: A serialised record.
        source: Where it was read, for messages.

    Raises:
        RecordsError: The bytes are not a record of this version.
    """
    try:
        tensors = tf.io.parse_single_example(data, _FORMAT)
    except (tf.errors.OpError, UnicodeDecodeError) as error:  # the message may not be UTF-8
        raise RecordsError(f"{source} is not a record. Received: {one_line(error)}") from error
    features = {key: value.numpy() for key, value in tensors.items()}
    require_version(features["schema"], source)
    features |= {key: int(features[key]) for key in ("height", "width", "source_bytes", "aligned")}
    features["name"] = os.fsdecode(features["name"])
    if not (np.abs(features["exposure_values"]) <= _MOST_STOPS).all():
        raise RecordsError(
            f"{source} must have exposures of at most {_MOST_STOPS} stops."
            f" Received: {features['exposure_values'].tolist()}"
        )
    return features


def _to_png(image: np.ndarray, to_opencv: int) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(image, to_opencv), _PNG)[1].tobytes()


def _from_png(png: bytes, from_opencv: int, shape: tuple[int, int, int], source: str) -> np.ndarray:
    size = struct.unpack(">II", png[16:24].ljust(8, b"\0"))
    image = None
    if size == (shape[1], shape[0]):  # a false size could take gigabytes to decode
        image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.dtype != np.uint8 or image.shape != shape:
        received = f"not a PNG, or one of {size[0]}x{size[1]} pixels"
        raise RecordsError(f"{source}: an image must be {shape} uint8. Received: {received}")
    return cv2.cvtColor(image, from_opencv)


def _integer(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def _bytes(*values: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
