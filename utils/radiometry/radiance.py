"""Radiometry: the only place that converts between ranges.

Three ranges occur in this project:

- LDR in [0, 1]: what a camera file holds, gamma-encoded (`uint8 / 255`, `uint16 / 65535`);
- radiance: linear light relative to the lowest exposure, so that exposure time 1 saturates at 1;
  ground truth is in [0, 1];
- network range [-1, 1]: what the networks take and give, `2 x - 1` of either of the above.

Every function takes NumPy arrays or TensorFlow tensors and returns the same kind. Exposure values
are in stops (log2), exposure times are relative: `t = 2 ** ev`.
"""

import sys
from types import ModuleType
from typing import Any

import numpy as np

GAMMA = 2.2
"""Camera response assumed by the release: `radiance = ldr ** 2.2 / t`."""

MU = 5000.0
"""Compression of the mu-law used by the release's loss and by the field's PSNR-mu."""

Array = Any  # np.ndarray or tf.Tensor, the same kind in and out


def _operations(x: Array) -> ModuleType:
    if isinstance(x, np.ndarray | np.generic | float | int):
        return np
    # Whoever has a tensor has imported Keras; for arrays alone its seconds of start-up are saved.
    return sys.modules["keras"].ops


def exposure_times(exposure_values: Array) -> Array:
    """Relative exposure times `2 ** ev` of exposure values in stops, any shape."""
    return 2.0**exposure_values


def per_frame(values: Array) -> Array:
    """Reshapes `(..., 3)` values, one a frame, to broadcast against `(..., 3, H, W, 3)` frames."""
    return values[..., None, None, None]


def ldr_to_hdr(ldr: Array, exposure_time: Array) -> Array:
    """Linearises: `ldr ** 2.2 / t` (release).

    Args:
        ldr: LDR values in [0, 1], any shape.
        exposure_time: Relative exposure time, broadcast against `ldr`.

    Returns:
        Radiance in [0, 1 / t], same shape as `ldr`.
    """
    return ldr**GAMMA / exposure_time


def hdr_to_ldr(hdr: Array, exposure_time: Array) -> Array:
    """Exposes: `clip(hdr * t, 0, 1) ** (1 / 2.2)` (release); undoes `ldr_to_hdr` below clipping.

    Args:
        hdr: Radiance, any shape.
        exposure_time: Relative exposure time, broadcast against `hdr`.

    Returns:
        LDR values in [0, 1], same shape as `hdr`, not quantised.
    """
    return _operations(hdr).clip(hdr * exposure_time, 0.0, 1.0) ** (1.0 / GAMMA)


def mu_law(hdr: Array) -> Array:
    """Compresses radiance: `log(1 + 5000 h) / log(1 + 5000)` (release); [0, 1] to [0, 1]."""
    return _operations(hdr).log1p(MU * hdr) / float(np.log1p(MU))


def inverse_mu_law(compressed: Array) -> Array:
    """Inverse of `mu_law`; [0, 1] to [0, 1]."""
    return _operations(compressed).expm1(compressed * float(np.log1p(MU))) / MU


def to_network(x: Array) -> Array:
    """[0, 1] to the networks' [-1, 1], for LDR and radiance alike."""
    return x * 2.0 - 1.0


def from_network(x: Array) -> Array:
    """The networks' [-1, 1] to [0, 1], for LDR and radiance alike."""
    return (x + 1.0) / 2.0


def join_network_input(ldr: Array, hdr: Array) -> Array:
    """Six-channel network input of a frame whose linearised values are at hand.

    Args:
        ldr: `(..., 3)` LDR values in [0, 1].
        hdr: `(..., 3)` the same frame linearised, radiance.

    Returns:
        `(..., 6)`, LDR then radiance, in the network range.
    """
    return to_network(_operations(ldr).concatenate([ldr, hdr], axis=-1))


def network_input(ldr: Array, exposure_time: Array) -> Array:
    """Six-channel network input of a frame.

    Args:
        ldr: `(..., 3)` LDR values in [0, 1].
        exposure_time: Relative exposure time, broadcast against `ldr`.

    Returns:
        `(..., 6)`, LDR then radiance, in the network range.
    """
    return join_network_input(ldr, ldr_to_hdr(ldr, exposure_time))
