"""Shapes and values that the weights of networks must have, told without building a network.

Files are checked by them first: a few bytes may claim networks that take minutes and gigabytes.
"""

import numpy as np

from models.alignment import INPUT_CHANNELS
from models.frames import FRAMES, HIGH, LOW, MERGING

Shapes = dict[str, tuple[int, ...]]
"""`<layer>/<variable>` to shape."""

STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")
"""Variables of a layer that normalises, besides its kernel and bias."""


def weight_shapes(*, width: int, residual_blocks: int, dense_layers: int) -> dict[str, Shapes]:
    """Shapes of the weights of each network, by name, as `esbn.networks` builds them."""
    alignment = _alignment(width, residual_blocks)
    return {LOW: alignment, HIGH: alignment, MERGING: _merging(width, dense_layers)}


def fault(variable: str, values: np.ndarray) -> str | None:
    """Says what is wrong with values that would make black or wrong pictures without a word.

    Args:
        variable: The variable's name without its layer's, `kernel` or `moving_variance`.
        values: Its values, floating-point.

    Returns:
        The end of a message, from `must be` on; None if nothing is wrong.
    """
    bad = values[~np.isfinite(values)]
    if bad.size:
        return f"must be finite; take other weights. Received: {bad.size} values such as {bad[0]}"
    if variable == "moving_variance" and values.size and values.min() <= 0:
        return f"must be positive; take other weights. Received: {values.min()}"
    return None


def _alignment(width: int, residual_blocks: int) -> Shapes:
    shapes: Shapes = {}
    for encoder in ("source", "reference"):
        shapes |= _convolution(f"{encoder}1", 5, INPUT_CHANNELS, width)
        shapes |= _convolution(f"{encoder}2", 5, width, 2 * width, normalised=True)
    shapes |= _convolution("blend", 5, 4 * width, 4 * width, normalised=True)
    for block in range(residual_blocks):
        for index in (1, 2):
            name = f"residual{block}_{index}"
            shapes |= _convolution(name, 3, 4 * width, 4 * width, normalised=True)
    for name, channels, filters in (("decoder2", 8, 2), ("decoder1", 6, 1), ("decoder0", 3, 1)):
        shapes |= _convolution(name, 5, channels * width, filters * width, normalised=True)
    return shapes | _convolution("output", 5, width, 3)


def _merging(width: int, dense_layers: int) -> Shapes:
    shapes: Shapes = {}
    for frame in FRAMES:
        shapes |= _convolution(f"{frame}1", 3, INPUT_CHANNELS, width)
    shapes |= _convolution("blend", 3, 3 * width, width)
    growth = width // 2
    for index in range(dense_layers):
        shapes |= _convolution(f"dense{index + 1}", 3, width + index * growth, growth)
    shapes |= _convolution("dense_out", 1, width + dense_layers * growth, width)
    return shapes | _convolution("output", 3, width, 3)


def _convolution(
    name: str, size: int, channels: int, filters: int, *, normalised: bool = False
) -> Shapes:
    shapes: Shapes = {f"{name}/kernel": (size, size, channels, filters), f"{name}/bias": (filters,)}
    if normalised:
        shapes |= {f"{name}/{variable}": (filters,) for variable in STATISTICS}
    return shapes
