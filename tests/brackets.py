"""Small synthetic scenes, and networks whose results can be computed by hand."""

from typing import Any

import numpy as np

from utils.inference.pipeline import Networks
from utils.radiometry import rgbe
from utils.radiometry.radiance import hdr_to_ldr
from utils.scenes.scene import Scene


def bracket(height=24, width=40, *, truth=True, dtype: type = np.uint16) -> Any:
    """A scene with frames of one radiance, shifted sideways in low and high.

    Typed as Any because each test knows whether there is a truth.
    """
    radiance = np.random.default_rng(0).random((height, width, 3)).astype(np.float32) ** 3
    values = np.array([0, 2, 4], np.float32)
    frames = [
        hdr_to_ldr(np.roll(radiance, shift, axis=1), 2.0**value)
        for shift, value in zip((-1, 0, 2), values, strict=True)
    ]
    ldr = np.rint(np.stack(frames) * np.iinfo(dtype).max).astype(dtype)
    return Scene(name="bracket", ldr=ldr, exposure_values=values, hdr=radiance if truth else None)


def noise(seed: int, height: int = 16, width: int = 24, stops=(0, 2, 4)) -> Any:
    """A scene of 8-bit noise named by its seed, whose truth a record can hold."""
    random = np.random.default_rng(seed)
    return Scene(
        name=f"{seed:03d}",
        ldr=random.integers(0, 256, (3, height, width, 3), dtype=np.uint8),
        exposure_values=np.array(stops, np.float32),
        hdr=rgbe.round_to_rgbe(random.random((height, width, 3), np.float32)),
    )


def source_networks():
    """Alignments that return the source's LDR, a merging that returns the reference's radiance."""
    return Networks(
        low=lambda source, _: source[..., :3],
        high=lambda source, _: source[..., :3],
        merging=lambda _low, mid, _high: mid[..., 3:],
    )


def reference_networks():
    """Alignments that return the reference's LDR, a merging that returns high's radiance."""
    return Networks(
        low=lambda _, reference: reference[..., :3],
        high=lambda _, reference: reference[..., :3],
        merging=lambda _low, _mid, high: high[..., 3:],
    )
