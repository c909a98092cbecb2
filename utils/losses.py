"""The losses of the release, one function each."""

from typing import Any

import keras

from utils.hdr import from_network, mu_law, to_network

Tensor = Any


def alignment_loss(aligned: Tensor, target_ldr: Tensor) -> Tensor:
    """Mean squared error of values in [-1, 1] (release).

    Args:
        aligned: Output of an alignment network, `(B, H, W, 3)` in [-1, 1].
        target_ldr: Re-exposed truth, `(B, H, W, 3)` in [0, 1].
    """
    return keras.ops.mean(keras.ops.square(aligned - to_network(target_ldr)))


def merging_loss(merged: Tensor, target_hdr: Tensor) -> Tensor:
    """Mean absolute difference of mu-law values mapped to [-1, 1] (release).

    Args:
        merged: Output of the merging network, `(B, H, W, 3)` in [-1, 1].
        target_hdr: Truth, radiance `(B, H, W, 3)` in [0, 1].
    """
    difference = mu_law(from_network(merged)) - mu_law(target_hdr)
    return 2.0 * keras.ops.mean(keras.ops.abs(difference))
