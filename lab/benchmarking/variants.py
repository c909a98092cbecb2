"""Networks to time: plain in float32, fast in two precisions."""

from typing import Any

from models import esbn
from models.fast.compiled import compile_networks
from utils import hardware
from utils.inference.pipeline import Networks

PLAIN = "plain float32"
VARIANTS: dict[str, dict[str, Any]] = {
    PLAIN: {"arithmetic": "plain", "dtype": "float32"},
    "float32": {"arithmetic": "fast", "dtype": "float32"},
    "bfloat16": {"arithmetic": "fast", "dtype": "mixed_bfloat16"},
}


def build_networks(variant: str, width: int = 64) -> Networks:
    """The three networks of a variant, compiled and untrained.

    Args:
        variant: A name of `VARIANTS`.
        width: Channels of the first convolution; 64 in the paper.
    """
    hardware.keep_freed_memory()  # as open_networks
    models = esbn.networks(width=width, initializer="he", **VARIANTS[variant])
    compiled: dict[str, Any] = dict(compile_networks(models))
    return Networks(**compiled)
