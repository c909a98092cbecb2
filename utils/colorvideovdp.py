"""ColorVideoVDP, the visual difference predictor of Mantiuk et al. 2024, by its own package.

The package `cvvdp` needs PyTorch, so it is no requirement of this project: `pip install cvvdp`.
"""

import importlib
from typing import Any

import numpy as np

from utils.pu21 import Display

_DISPLAY = "standard_hdr_linear"


class ColorVideoVdp:
    """Measures pairs of images in JOD: 10 is no visible difference, one less a noticeable one."""

    def __init__(self, display: Display) -> None:
        """Loads the metric.

        Args:
            display: Its peak scales radiance to cd/m2; its black level is not used, as the
                metric's display has its own.

        Raises:
            ValueError: The package is missing or does not load.
        """
        try:
            package: Any = importlib.import_module("pycvvdp")  # optional, and seconds to load
        except (ImportError, RuntimeError) as error:
            raise ValueError(
                f"ColorVideoVDP needs the packages cvvdp and torch. Received: {error}"
            ) from error
        self._metric = package.cvvdp(display_name=_DISPLAY)
        self._peak = display.peak

    @property
    def title(self) -> str:
        """Version, pixels per degree and display: stands with every number."""
        return self._metric.get_info_string().strip('"')

    def measure(self, result: np.ndarray, truth: np.ndarray) -> float:
        """JOD of a result.

        Args:
            result: `(H, W, 3)` radiance, clipped to [0, 1].
            truth: `(H, W, 3)` radiance in [0, 1].
        """
        shown = [self._peak * np.clip(image, 0, 1).astype(np.float32) for image in (result, truth)]
        jod, _ = self._metric.predict(*shown, dim_order="HWC")
        return float(jod)
