"""A frame of a bracket: what it exposes well, its noise, and whether it was a JPEG."""

import functools

import cv2
import numpy as np

from utils.inference.cells import falling, in_cells
from utils.radiometry.levels import ldr_to_float, to_display
from utils.radiometry.radiance import GAMMA, brightest_channel
from utils.scenes.scene import OtherFrame

CLIPPING = (0.93, 0.98)
"""LDR between which the weight of a pixel falls from 1 to 0."""

BLACK = 2e-3
"""LDR; darker cells count as this in logarithms."""

_LEVELS = 16  # of the table of noise
_FLAT = 0.05  # quantile of roughness that is noise without texture
_ROUNDING = 1 / 255**2 / 12  # variance of rounding to 8 bits
_FEWEST = 50  # cells from which a quantile is taken
_BLOCK = 8  # pixels a side of a JPEG's blocks
_BLOCKS_SEEN = (3.0, 6.0)  # excess of the steps between blocks, in standard errors
_STEP = 4.0  # levels of 8 bits; larger steps are edges of things
_LINES = 640  # rows or columns, at most about twice as many, in which blocks are looked for


class Frame:
    """A frame, its well-exposed pixels, and means over cells of 4x4."""

    def __init__(self, frame: OtherFrame, *, darkest: bool) -> None:
        """Reads a frame.

        Args:
            frame: The frame.
            darkest: No frame is darker: what is clipped counts, because nothing tells more.
        """
        (self.ldr, gaps), self.time = frame.read(), frame.exposure_time
        self.height, self.width = self.ldr.shape[:2]
        self.exposed = np.ones((self.height, self.width), np.float32)
        """`(H, W)` weight of pixels: 1 well exposed, 0 clipped."""

        def maps(band: slice) -> tuple[np.ndarray, ...]:
            pixels = self.pixels(band)
            if not darkest:
                self.exposed[band] = falling(brightest_channel(pixels), CLIPPING)
            return pixels, self.exposed[band], self._roughness(band)

        self.cells, self.shown, rough = in_cells(self.height, maps)
        self.own = np.ones_like(self.shown)
        """`(h, w)`: 0 in and beside gaps, which are copies of the reference where it is exposed."""
        if gaps is not None:
            (copied,) = in_cells(self.height, lambda band: (gaps[band].astype(np.float32),))
            self.own = cv2.erode((copied == 0).astype(np.float32), np.ones((3, 3)))
        self.noise = _noise(self.cells, self.shown, rough)
        """`(h, w, 3)` variance of LDR."""

    def pixels(self, band: slice) -> np.ndarray:
        """`(H, W, 3)` LDR in [0, 1] of a band."""
        return ldr_to_float(self.ldr[band])

    def _roughness(self, band: slice) -> np.ndarray:
        """`(H, W)` squares whose mean is the variance of the noise, where there is no texture."""
        kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6  # keeps variance
        first = max(band.start - 1, 0)
        green = ldr_to_float(self.ldr[first : band.stop + 1, :, 1])
        filtered = cv2.filter2D(green, -1, kernel)[band.start - first :]
        return np.square(filtered[: band.stop - band.start])

    @functools.cached_property
    def jpeg(self) -> float:
        """Confidence in [0, 1] that the frame was a JPEG: larger steps between blocks of 8x8."""
        if min(self.height, self.width) < 4 * _BLOCK:
            return 0.0
        rows = self.ldr[:: max(1, self.height // _LINES), :, 1]
        columns = self.ldr[:, :: max(1, self.width // _LINES), 1]
        score = 0.0
        for lines in (rows, columns.T):
            steps = np.minimum(np.abs(np.diff(255 * ldr_to_float(lines))), _STEP)
            excess = (steps[:, 1:-1] - (steps[:, :-2] + steps[:, 2:]) / 2).mean(0)
            border = np.arange(2, len(excess) + 2) % _BLOCK == 0
            inside = excess[~border]
            error = inside.std() / np.sqrt(border.sum()) + 1e-9
            score += (excess[border].mean() - inside.mean()) / error
        return float(1 - falling(score, _BLOCKS_SEEN))

    @property
    def log_radiance(self) -> np.ndarray:
        """`(h, w, 3)` natural logarithm."""
        return GAMMA * np.log(np.maximum(self.cells, BLACK)) - np.float32(np.log(self.time))


def _noise(cells: np.ndarray, shown: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """`(h, w, 3)` variance of LDR by level, from the flattest areas of each level."""
    level, shown, rough = (cv2.blur(x, (2, 2))[::2, ::2] for x in (cells[..., 1], shown, rough))
    place = np.where(shown > 0.9, (level * _LEVELS).astype(int), -1)
    groups = [(i + 0.5, rough[place == i]) for i in range(_LEVELS)]
    table = [(i / _LEVELS, np.quantile(x, _FLAT)) for i, x in groups if 2 * x.size >= _FEWEST]
    levels, variances = np.transpose(table or [(0.5, 16 * _ROUNDING)])
    by_level = np.maximum(np.interp(np.linspace(0, 1, 256), levels, variances), _ROUNDING)
    return cv2.LUT(to_display(cells), by_level.astype(np.float32)[None])
