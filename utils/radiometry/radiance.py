"""Converts between LDR values and radiance: gamma, exposure and the mu-law.

Three ranges occur in this project:

- LDR in [0, 1]: what a camera file holds, gamma-encoded (`uint8 / 255`, `uint16 / 65535`);
- radiance: linear light relative to the lowest exposure, so that exposure time 1 saturates at 1;
  ground truth is in [0, 1];
- network range [-1, 1]: inputs and outputs of the networks, `2 x - 1` of either of the above.

Every function takes NumPy arrays or TensorFlow tensors and returns the same kind. Exposure values
are in stops (log2), exposure times are relative: `t = 2 ** ev`.
"""

import importlib
from types import ModuleType
from typing import Any

import numpy as np

GAMMA = 2.2
"""Camera response assumed by the release: `radiance = ldr ** 2.2 / t`."""

MU = 5000.0
"""Compression of the mu-law used by the release's loss and by the field's PSNR-mu."""

Array = Any  # np.ndarray or tf.Tensor, the same kind in and out


def operations(x: Array) -> ModuleType:
    """The module of functions for `x`: NumPy for arrays and numbers, else `keras.ops`."""
    if isinstance(x, np.ndarray | np.generic | float | int):
        return np
    # Imported only for tensors, because it takes seconds.
    return importlib.import_module("keras").ops


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
    return operations(hdr).clip(hdr * exposure_time, 0.0, 1.0) ** (1.0 / GAMMA)


def mu_law(hdr: Array) -> Array:
    """Compresses radiance: `log(1 + 5000 h) / log(1 + 5000)` (release); [0, 1] to [0, 1]."""
    return operations(hdr).log1p(MU * hdr) / float(np.log1p(MU))


def inverse_mu_law(compressed: Array) -> Array:
    """Inverse of `mu_law`; [0, 1] to [0, 1]."""
    return operations(compressed).expm1(compressed * float(np.log1p(MU))) / MU


def brightest_channel(image: np.ndarray) -> np.ndarray:
    """`(H, W)` largest channel of `(H, W, 3)`; `image.max(axis=-1)` takes six times as long."""
    return np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])
