"""ESBN as one TensorFlow graph that needs no code of this project: frames in, radiance out.

    ldr              (1, 3, H, W, 3)   low, mid, high; float32 in [0, 1], any height and width
    exposure_time    (1, 3)            in any unit, ascending: only their ratios count
      -> radiance    (1, H, W, 3)      float32 in [0, 1], relative to the low exposure

It computes the same as utils/inference/pipeline.py under the protocol `full`, without taking out
camera motion and without agreement (utils/inference/agreement.py).
"""

from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf

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
"""The description in a SavedModel; an ONNX file has it as `doc_string`."""

_DESCRIPTION = """ESBN: HDR imaging of dynamic scenes.
ldr (1, 3, H, W, 3): low, mid, high; float32 in [0, 1], any height and width
exposure_time (1, 3): ascending, in any unit
radiance (1, H, W, 3): float32 in [0, 1], relative to the low exposure

If the camera moved, warp low and high to mid by a homography first: the networks are for motion in
the scene.
"""


class Esbn(tf.Module):
    """The three networks and the steps between them."""

    def __init__(self, networks: Mapping[str, keras.Model]) -> None:
        """Stores the networks `low`, `high` and `merging`.

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
        """Aligns and merges one bracket; shapes are in the module's docstring."""
        time = per_frame(exposure_time / exposure_time[:, :1])
        frames = network_input(ldr, time)
        padded = _pad(frames)
        shape = tf.shape(ldr)
        inputs = {MID_FRAME: frames[:, MID_FRAME]}
        for side, index in SOURCE_FRAME.items():
            aligned = self._networks[side]([padded[:, index], padded[:, MID_FRAME]], training=False)
            # Some runtimes round tanh to below -1, and the gamma of that would be NaN.
            aligned = tf.maximum(from_network(aligned[:, : shape[2], : shape[3]]), 0.0)
            inputs[index] = network_input(aligned, time[:, index])
        merged = self._networks[MERGING](
            [inputs[index] for index in sorted(inputs)], training=False
        )
        return {OUTPUT: from_network(merged)}


def save(networks: Mapping[str, keras.Model], folder: Path) -> None:
    """Writes a SavedModel, which appears when it is complete.

    Args:
        networks: `low`, `high` and `merging`.
        folder: Folder to write.

    Raises:
        FileExistsError: The folder exists.
        OSError: It cannot be written; nothing is left behind.
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
        files.write_text(partial / NOTE_FILE, _DESCRIPTION)


def save_onnx(folder: Path, path: Path) -> None:
    """Converts a SavedModel of `save` to ONNX; the file appears when it is complete.

    Args:
        folder: The SavedModel.
        path: File to write.

    Raises:
        FileExistsError: The file exists.
        ImportError: The converter is not installed (requirements/formats.txt).
    """
    import onnx  # noqa: PLC0415 -- optional
    import tf2onnx  # noqa: PLC0415 -- optional

    if path.exists():
        raise FileExistsError(f"The export must not exist. Received: {path}")
    loaded = tf.saved_model.load(str(folder))  # holds the weights that the function uses
    function = tf.function(loaded.__call__, input_signature=INPUTS)
    model, _ = tf2onnx.convert.from_function(function, input_signature=INPUTS, opset=ONNX_OPSET)
    model.doc_string = _DESCRIPTION
    with files.complete(path) as partial:
        onnx.save(model, str(partial))


def _pad(frames: tf.Tensor) -> tf.Tensor:
    """Mirrors `(B, N, H, W, C)` frames below and to the right up to multiples of 8."""
    for axis in (2, 3):
        size = tf.shape(frames)[axis]
        # tf.pad mirrors one length at most, which is too little for a single pixel.
        whole = (size + SIZE_MULTIPLE - 1) // SIZE_MULTIPLE * SIZE_MULTIPLE
        place = tf.range(whole) % (2 * size)
        frames = tf.gather(frames, tf.minimum(place, 2 * size - 1 - place), axis=axis)
    return frames
