"""Weights, inputs and outputs of the authors' code, run once under TF 1.15.5.

Weights and inputs follow a recipe on NumPy's legacy generator, which gives the same numbers on
every version, so only the outputs are stored in tests/golden.
"""

import json
import zlib
from pathlib import Path

import keras
import numpy as np

from models.release_checkpoint import release_variables

GOLDEN = Path(__file__).parent / "golden"
ALIGN, FUSION = "align", "fusion"
_KEYS = {
    ALIGN: ("source", "reference"),
    FUSION: ("low", "mid", "high"),
}


def _generator(key: str) -> np.random.RandomState:
    return np.random.RandomState(zlib.crc32(("public-" + key).encode()) & 0xFFFFFFFF)


def weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The recipe's value of a release variable, e.g. `Align_Decoder_low_batn3/gamma`."""
    generator, leaf = _generator(name), name.rsplit("/", 1)[1]
    if leaf.endswith("weights"):
        value = generator.standard_normal(shape) * np.sqrt(1.2 / np.prod(shape[:3]))
    elif leaf == "moving_variance":
        value = 0.5 + generator.random_sample(shape)
    elif leaf == "gamma":
        value = 0.8 + 0.4 * generator.random_sample(shape)
    else:
        value = 0.1 * generator.standard_normal(shape)
    return value.astype(np.float32)


def image(key: str) -> np.ndarray:
    """A random batch of images, (2, 64, 96, 3) in [-1, 1]."""
    return (2 * _generator(key).random_sample((2, 64, 96, 3)) - 1).astype(np.float32)


def inputs(net: str, step: int) -> list[np.ndarray]:
    """A network's inputs at a step, each (2, 64, 96, 6) in [-1, 1]."""
    return [
        np.concatenate([image(f"{net}/{kind}_{key}/{step}") for kind in ("ldr", "hdr")], axis=-1)
        for key in _KEYS[net]
    ]


def target(net: str, step: int) -> np.ndarray:
    """What the output is compared with at a step, (2, 64, 96, 3) in [-1, 1]."""
    return image(f"{net}/gt/{step}")


def golden(net: str) -> dict[str, np.ndarray]:
    """The authors' outputs."""
    with np.load(GOLDEN / f"golden_{net}.npz") as file:
        return dict(file)


def variables(net: str) -> dict[str, list[int]]:
    """The release's variables and their shapes, in creation order."""
    return json.loads((GOLDEN / f"{net}_variables.json").read_text())


def trainable(net: str) -> list[str]:
    """Names of the trainable variables, the order of `grad_norms_0`."""
    return json.loads((GOLDEN / f"{net}_trainable.json").read_text())


def set_weights(network: keras.Model) -> keras.Model:
    """Gives a network the recipe's weights."""
    for name, variable in release_variables(network).items():
        variable.assign(weight(name, tuple(variable.shape)))
    return network
