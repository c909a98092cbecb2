"""ESBN as one TensorFlow graph that needs no code of this project: frames in, radiance out.

    ldr              (1, 3, H, W, 3)   low, mid, high; float32 in [0, 1], any height and width
    exposure_time    (1, 3)            in any unit, ascending: only their ratios count
      -> radiance    (1, H, W, 3)      float32 in [0, 1], relative to the low exposure

It computes what utils/inference/pipeline.py computes under the protocol `full`. Frames must be like
those that the networks were trained on: if the camera's motion was taken out of those, bring low
and high to the reference's view first, as utils/camera_motion/prealignment.py does. The export says
so: in `NOTE_FILE` of a SavedModel, in the metadata `prealign` of an ONNX file.
"""

from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf

from configs.settings import PrealignmentName
from utils import files
from utils.radiometry.bracket import HIGH, LOW, MERGING, MID_FRAME, SOURCE_FRAME, per_frame
from utils.radiometry.levels import SIZE_MULTIPLE, from_network, network_input

INPUTS = (
    tf.TensorSpec((1, 3, None, None, 3), tf.float32, name="ldr"),
    tf.TensorSpec((1, 3), tf.float32, name="exposure_time"),
)
OUTPUT = "radiance"
ONNX_OPSET = 18
NOTE_FILE = "assets.extra/README.txt"
"""In a SavedModel: what its user must know."""

_SIGNATURE = """ESBN: HDR imaging of dynamic scenes.
ldr (1, 3, H, W, 3): low, mid, high; float32 in [0, 1], any height and width
exposure_time (1, 3): ascending, in any unit
radiance (1, H, W, 3): float32 in [0, 1], relative to the low exposure"""
_MOTION_OUT = (
    "Before low and high are handed in, bring them to the view of mid by a homography: the networks"
    " were trained on frames whose camera motion was taken out"
)


class Esbn(tf.Module):
    """The three networks and all that stands between them."""

    def __init__(self, networks: Mapping[str, keras.Model]) -> None:
        """Takes the networks by name: `low`, `high` and `merging`.

        Raises:
            ValueError: One is missing.
        """
        super().__init__(name="esbn")
        missing = {LOW, HIGH, MERGING} - networks.keys()
        if missing:
            raise ValueError(f"Export needs all three networks. Received: no {sorted(missing)}")
        self._networks = dict(networks)

    @tf.function(input_signature=INPUTS, autograph=False)
    def __call__(self, ldr: tf.Tensor, exposure_time: tf.Tensor) -> dict[str, tf.Tensor]:
        """Aligns and merges one bracket; see the module."""
        time = per_frame(exposure_time / exposure_time[:, :1])
        frames = network_input(ldr, time)
        padded = _pad(frames)
        shape = tf.shape(ldr)
        inputs = {MID_FRAME: frames[:, MID_FRAME]}
        for side, index in SOURCE_FRAME.items():
            aligned = self._networks[side]([padded[:, index], padded[:, MID_FRAME]], training=False)
            # Some runtimes' tanh overshoots -1 by a rounding, of which the gamma makes a NaN.
            aligned = tf.maximum(from_network(aligned[:, : shape[2], : shape[3]]), 0.0)
            inputs[index] = network_input(aligned, time[:, index])
        # Merging works at full size only, so nothing is padded.
        merged = self._networks[MERGING](
            [inputs[index] for index in sorted(inputs)], training=False
        )
        return {OUTPUT: from_network(merged)}


def save(
    networks: Mapping[str, keras.Model], folder: Path, prealign: PrealignmentName = "off"
) -> None:
    """Writes the whole as a SavedModel, which appears when it is complete.

    Args:
        networks: `low`, `high` and `merging`.
        folder: Where to.
        prealign: How the camera's motion was taken out of what they were trained on.

    Raises:
        FileExistsError: There is something of this name already.
        OSError: It cannot be written; nothing is left of it.
        ValueError: A network is missing.
    """
    with files.complete_folder(folder) as partial:
        try:
            tf.saved_model.save(Esbn(networks), str(partial))
        except tf.errors.OpError as error:
            raise OSError(
                f"Cannot write the export; name another place or make room (--output)."
                f" Received: {folder}, {files.one_line(error)}"
            ) from error
        files.write_text(partial / NOTE_FILE, _describe(prealign))


def save_onnx(folder: Path, path: Path, prealign: PrealignmentName = "off") -> None:
    """Converts a SavedModel of `save` to ONNX; the file appears when it is complete.

    Args:
        folder: The SavedModel.
        path: Where to.
        prealign: As in `save`.

    Raises:
        FileExistsError: There is something of this name already.
        ImportError: The converter is not installed (requirements/formats.txt).
    """
    import onnx  # noqa: PLC0415 -- optional
    import tf2onnx  # noqa: PLC0415 -- optional

    if path.exists():
        raise FileExistsError(f"The export must not be there yet. Received: {path}")
    loaded = tf.saved_model.load(str(folder))  # has the weights, so it must outlive the function
    function = tf.function(loaded.__call__, input_signature=INPUTS)
    model, _ = tf2onnx.convert.from_function(function, input_signature=INPUTS, opset=ONNX_OPSET)
    model.doc_string = _describe(prealign)
    onnx.helper.set_model_props(model, {"prealign": prealign})
    with files.complete(path) as partial:
        onnx.save(model, str(partial))


def _describe(prealign: PrealignmentName) -> str:
    """What a user of the file must know, who has nothing of this project."""
    frames = {
        "off": "The frames may be the camera's: the networks were trained on such.",
        "auto": f"{_MOTION_OUT} where it helped (prealign=auto).",
        "on": f"{_MOTION_OUT} (prealign=on).",
    }
    return f"{_SIGNATURE}\n\n{frames[prealign]}\n"


def _pad(frames: tf.Tensor) -> tf.Tensor:
    """Mirrors `(B, N, H, W, C)` frames below and to the right up to multiples of 8."""
    for axis in (2, 3):
        size = tf.shape(frames)[axis]
        # Not tf.pad, whose mirror ends after one length: a picture may be of a single pixel.
        whole = (size + SIZE_MULTIPLE - 1) // SIZE_MULTIPLE * SIZE_MULTIPLE
        place = tf.range(whole) % (2 * size)
        frames = tf.gather(frames, tf.minimum(place, 2 * size - 1 - place), axis=axis)
    return frames
