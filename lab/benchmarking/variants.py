"""Networks to time: as the paper's figures describe them, and folded in two precisions."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from models import esbn
from models.fast.compiled import compile_networks
from utils.inference.pipeline import Networks

PLAIN = "plain float32"
VARIANTS: dict[str, dict[str, Any]] = {
    PLAIN: {"folded": False, "dtype": "float32"},
    "float32": {"folded": True, "dtype": "float32"},
    "bfloat16": {"folded": True, "dtype": "mixed_bfloat16"},
}


def build_networks(variant: str, width: int = 64) -> Networks:
    """The three networks of a variant as reconstruction takes them, untrained.

    Args:
        variant: A name of `VARIANTS`.
        width: Channels of the first convolution; 64 in the paper.
    """
    models = esbn.networks(width=width, initializer="he", **VARIANTS[variant])
    networks: dict[str, Any] = (
        {name: _graph_function(model) for name, model in models.items()}
        if variant == PLAIN
        else dict(compile_networks(models))
    )
    return Networks(**networks)


def merging_of(networks: Networks) -> Callable[..., Any]:
    """The merging network.

    Raises:
        ValueError: There is none.
    """
    if networks.merging is None:
        raise ValueError("A benchmark needs all three networks. Received: merging=None")
    return networks.merging


def _graph_function(model: keras.Model) -> Callable[..., tf.Tensor]:
    return tf.function(lambda *frames: model(list(frames), training=False), reduce_retracing=True)
