"""Takes the bracket's own pixels where its frames agree, after the networks.

The networks synthesise what moved. What stood still is in the frames already, sharper and with less
noise:

1. where both are well exposed, a brighter frame must look like the reference, as on a tripod a
   darker one; where the reference clips, a darker frame must look like the synthesised low frame
   (frame_matching.py). What moved is left out with a margin;
2. the frames' mean, weighted by their noise and by what is left of the disagreement, replaces the
   networks' result: local means altogether, fine detail by the share of the difference that is not
   noise (a Wiener filter).

All weights are smooth, so that there are no seams.
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from utils.inference.cells import by_band, channel_mean, in_cells, in_colour, in_pixels
from utils.inference.frame_matching import Match, like_reference, like_synthesis
from utils.inference.measured_frame import Frame
from utils.inference.pipeline import Reconstruction
from utils.radiometry.bracket import MID_FRAME, SOURCE_FRAMES
from utils.radiometry.levels import levels_to_hdr
from utils.radiometry.radiance import GAMMA, MU
from utils.scenes.scene import OtherFrame, Scene

_FLOOR = np.float32(1 / MU)  # radiance; relative errors below it are invisible after the mu-law
_LARGEST = np.float32(1)  # relative error that is still corrected
_LARGEST_CLIPPED = np.float32(10)  # the same where the reference clips
_AREA = (5, 5)  # cells over which detail is compared with noise


def agreed(reconstruction: Reconstruction, scene: Scene) -> Reconstruction:
    """A reconstruction with the frames' own pixels where they agree; see `agree`."""
    reference, *frames = frames_of(scene)
    hdr = agree(reconstruction.hdr, reconstruction.aligned[0], reference, [*frames, *scene.others])
    return dataclasses.replace(reconstruction, hdr=hdr)


def frames_of(scene: Scene) -> list[OtherFrame]:
    """The reference, low and high."""
    return [
        OtherFrame(
            exposure_time=float(scene.exposure_times[i]),
            read=lambda i=i, gaps=gaps: (scene.ldr[i], gaps),
        )
        for i, gaps in zip((MID_FRAME, *SOURCE_FRAMES), (None, *scene.gaps), strict=True)
    ]


def agree(
    hdr: np.ndarray,
    synthesis: np.ndarray,
    reference: OtherFrame,
    others: Sequence[OtherFrame],
) -> np.ndarray:
    """Replaces merged radiance by that of the frames where they agree.

    Args:
        hdr: `(H, W, 3)` float32 merged radiance in [0, 1].
        synthesis: `(H, W, 3)` float32 LDR in [0, 1], the synthesised frame of exposure time 1.
        reference: The reference frame.
        others: The other frames; one at a time is read.

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1 / t] of the shortest exposure time t.
    """
    darkest = min([1.0, *(frame.exposure_time for frame in others)])
    mid = Frame(reference, darkest=False)
    mean = _Mean(mid)
    for other in others:
        frame = Frame(other, darkest=other.exposure_time <= darkest)
        match, still = like_reference(frame, mid)
        if frame.time <= mid.time:
            mean.add(frame, like_synthesis(frame, mid, synthesis, hdr, still))
            match = dataclasses.replace(match, weight=match.weight * still)
        if match.weight.any():
            mean.add(frame, match)
    return mean.replace(hdr, 1 / darkest)


class _Mean:
    """Weighted mean of the frames, which are added one by one."""

    def __init__(self, mid: Frame) -> None:
        """Begins with the reference."""
        self._mid = mid
        self._total = np.zeros(mid.ldr.shape, np.float32)
        self._weight, self._missing = np.zeros_like(mid.exposed), np.ones_like(mid.exposed)
        ones = np.ones_like(mid.shown)
        self.add(mid, Match(weight=ones, gain=in_colour(ones), variance=channel_mean(mid.noise)))

    def add(self, frame: Frame, match: Match) -> None:
        """Adds the pixels of a frame."""
        precision = 1 / (match.variance + np.float32(1e-7))

        def add(band: slice) -> None:
            weight = frame.exposed[band] * in_pixels(match.weight, band, frame.width)
            if frame is not self._mid:
                shown = self._mid.exposed[band]
                weight *= 1 - shown if match.clipped else shown
            self._missing[band] *= 1 - weight
            weight *= in_pixels(precision, band, frame.width)
            self._weight[band] += weight
            radiance = levels_to_hdr(frame.ldr[band], frame.time)
            radiance *= in_colour(weight)
            radiance *= in_pixels(match.gain, band, frame.width)
            self._total[band] += radiance

        by_band(frame.height, add)

    def replace(self, hdr: np.ndarray, largest: float) -> np.ndarray:
        """Merged radiance, corrected to the mean where there is one; in [0, `largest`].

        The mean is lost.
        """
        height, width = hdr.shape[:2]

        def maps(band: slice) -> tuple[np.ndarray, ...]:
            error, covered = self._total[band], 1 - self._missing[band]
            inverse = 1 / (hdr[band] + _FLOOR)
            weight = np.maximum(self._weight[band], 1e-9)
            error *= in_colour(1 / weight)
            error -= hdr[band]
            error *= inverse  # relative to the merged radiance, from here on
            largest = _LARGEST_CLIPPED + (_LARGEST - _LARGEST_CLIPPED) * self._mid.exposed[band]
            np.minimum(error, in_colour(largest), out=error)
            weighted = error * in_colour(covered)
            noise = np.square(covered) / weight
            return covered, weighted, weighted * error, noise, hdr[band], inverse

        covered, total, square, noise, radiance, inverse = in_cells(height, maps)
        coarse = cv2.GaussianBlur(total, (0, 0), 1)
        coarse /= in_colour(cv2.GaussianBlur(covered, (0, 0), 1) + 0.02)
        square += (coarse * in_colour(covered) - 2 * total) * coarse  # about the local mean
        # From variance of the reference's LDR to that of relative radiance.
        noise = in_colour(noise / channel_mean(self._mid.noise)) * self._mid.noise
        noise *= GAMMA**2 * (inverse / self._mid.time) ** (2 / GAMMA)
        noise *= (radiance / (radiance + _FLOOR)) ** (2 - 2 / GAMMA)
        square, noise = (cv2.blur(x, _AREA) for x in (square, noise))
        signal = np.maximum(square - noise, 0) / (square + 1e-9)
        result = np.empty_like(hdr)

        def correct(band: slice) -> None:
            error, mean = self._total[band], in_pixels(coarse, band, width)
            error -= mean
            error *= in_pixels(signal, band, width)
            error += mean
            error *= in_colour(1 - self._missing[band])
            error *= hdr[band] + _FLOOR
            error += hdr[band]
            np.clip(error, 0, largest, out=result[band])

        by_band(height, correct)
        return result
