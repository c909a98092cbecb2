"""Perceptual metrics for one display: PU21 and ColorVideoVDP.

Mantiuk and Azimi, "PU21: A novel perceptually uniform encoding for adapting existing quality
metrics for HDR", Picture Coding Symposium 2021, DOI 10.1109/PCS50896.2021.9477471. Constants: the
variant "banding_glare" that the authors recommend, from their repository gfxdisp/pu21. PSNR and
SSIM are computed on encoded luminance: black is 0, 100 cd/m2 is 256.
"""

import dataclasses
import importlib
from typing import Any

import numpy as np

from utils.evaluation.psnr_ssim import psnr, ssim

_P = (0.353487901, 0.3734658629, 8.277049286e-05, 0.9062562627, 0.09150303166, 0.9099517204)
_SCALE = 596.3148142
_RANGE = (0.005, 10_000.0)  # cd/m2
_PEAK = 256.0  # of PSNR and SSIM in the authors' code, for every display
_LUMINANCE = np.array([0.212656, 0.715158, 0.072186])  # of BT.709 primaries, as in the authors'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Display:
    """Display that shows the picture; scores for different displays are not comparable."""

    peak: float
    """Luminance of radiance 1 in cd/m2."""
    black: float
    """Luminance of radiance 0 in cd/m2."""

    @property
    def title(self) -> str:
        """Label for the notes of a table."""
        return f"display of {self.peak:g} cd/m2, black {self.black:g} cd/m2"

    def show(self, hdr: np.ndarray) -> np.ndarray:
        """Luminance in cd/m2 of radiance, clipped to [0, 1]: `black + (peak - black) hdr`."""
        return self.black + (self.peak - self.black) * np.clip(hdr, 0.0, 1.0).astype(np.float64)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pu21Metrics:
    """Scores of one scene on PU21-encoded values."""

    pu21_psnr: float
    """Over the three channels, peak 256."""
    pu21_ssim: float
    """Of luminance, range 256, an 11x11 Gaussian window of sigma 1.5."""


def encode(luminance: np.ndarray) -> np.ndarray:
    """`V = p7 (((p1 + p2 Y^p4) / (1 + p3 Y^p4))^p5 - p6)`.

    Args:
        luminance: cd/m2, any shape, clipped to [0.005, 10,000].

    Returns:
        Same shape, from 0 to 595.4.
    """
    p1, p2, p3, p4, p5, p6 = _P
    power = np.clip(luminance, *_RANGE) ** p4
    return _SCALE * (((p1 + p2 * power) / (1 + p3 * power)) ** p5 - p6)


def measure(result: np.ndarray, truth: np.ndarray, display: Display) -> Pu21Metrics:
    """PU21 scores of a result on a display.

    Args:
        result: `(H, W, 3)` radiance.
        truth: `(H, W, 3)` radiance in [0, 1].
        display: The display.
    """
    shown, shown_truth = display.show(result), display.show(truth)
    luminances = [encode(image @ _LUMINANCE)[..., None] for image in (shown, shown_truth)]
    return Pu21Metrics(
        pu21_psnr=psnr(encode(shown), encode(shown_truth), peak=_PEAK),
        pu21_ssim=ssim(*luminances, data_range=_PEAK, gaussian=True),
    )


_DISPLAY = "standard_hdr_linear"


class ColorVideoVdp:
    """Differences of images in JOD: 10 if invisible, 1 less for a noticeable difference."""

    def __init__(self, display: Display) -> None:
        """Loads the metric.

        Args:
            display: Its peak scales radiance to cd/m2; the black level is the metric's own.

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
        """Version, pixels per degree and display, for the notes of a table."""
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
