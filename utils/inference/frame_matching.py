"""Tells where a frame of a bracket shows the same as the reference, and what its pixels are worth.

Frames are compared in cells of 4x4 pixels, after their brightness is matched: cameras differ by
some per cent from the exposures they state.
"""

import dataclasses

import cv2
import numpy as np

from utils.inference.cells import CELL, channel_mean, falling, in_cells, in_colour, in_pixels
from utils.inference.measured_frame import BLACK, CLIPPING, Frame
from utils.radiometry.bracket import wider_than_known
from utils.radiometry.levels import levels_to_hdr
from utils.radiometry.radiance import GAMMA, brightest_channel

_DARK = 0.04  # LDR; darker cells are not compared
_FEWEST = 50  # cells from which a median is taken
_AREA = (3, 3)  # cells over which disagreement is averaged
_UNLIKE_REFERENCE = ((0.004, 0.01), (1.0, 2.0))  # LDR, and standard deviations of noise
_JPEG = (0.01, 0.02)  # LDR; lower limit of these two for JPEGs from a tripod
_UNLIKE_SYNTHESIS = (0.035, 0.07)  # rms difference in LDR of the frame
_MOVED = (0.015, 0.04)  # rms difference in LDR of the darker frame
_SURELY_MOVED = 0.06  # the same
_MOVING = (0.05, 0.08)  # share of the cells that moved; less: camera on a tripod
_FEWEST_COMPARED = 0.05  # share of the cells; fewer tell nothing of the camera
_FAR = (11, 11)  # cells about what moved where nothing is taken to stand still
_OWN_ERROR = 0.3  # the frame's share of the squared disagreement beyond twice the noise
_COARSE = 4  # cells a side of a point of the field of brightness
_LARGEST_GAIN = 0.4  # of log radiance
_DOUBTFUL_GAIN = (0.03, 0.08)  # of log radiance, between two estimates
_BRIGHT = 0.45  # LDR; brighter cells tell the gain of what the reference clips
_MIDDLE, _TOP = (0.3, 0.5), 0.7  # LDR; compared with each other to detect a tone curve
_TONE_CURVE = (0.01, 0.03)  # of log radiance, between the two
_TOO_DARK = 0.75  # of the radiance that clips the reference; a darker pixel has moved


@dataclasses.dataclass(frozen=True, kw_only=True)
class Match:
    """Where and how a frame is used, by cell."""

    weight: np.ndarray
    """`(h, w)` in [0, 1]."""
    gain: np.ndarray
    """`(h, w, 3)`, of its radiance."""
    variance: np.ndarray
    """`(h, w)` of its error, in LDR of the reference."""
    clipped: bool = False
    """Only for pixels that the reference clips; else only for those that it shows."""


def like_reference(frame: Frame, mid: Frame) -> tuple[Match, np.ndarray]:
    """Compares a frame with the reference where both are well exposed.

    Returns:
        The match, and `(h, w)` in [0, 1]: the camera stands on a tripod, and nothing near moved.
    """
    both = mid.shown * frame.shown * frame.own
    comparable = both * (brightest_channel(np.minimum(mid.cells, frame.cells)) > _DARK)
    gain = np.exp(_smooth(_log_ratio(frame, mid), comparable))
    scale = (gain * np.float32(mid.time / frame.time)) ** np.float32(1 / GAMMA)

    def maps(band: slice) -> tuple[np.ndarray, ...]:
        difference = frame.pixels(band) * in_pixels(scale, band, mid.width)
        difference -= mid.pixels(band)
        difference *= in_colour(frame.exposed[band] * mid.exposed[band])
        return difference, channel_mean(np.square(difference))

    mean, square = in_cells(mid.height, maps)
    own_noise = channel_mean(frame.noise * scale**2)
    noise = channel_mean(mid.noise) + own_noise
    total, expected, known = (cv2.blur(x, _AREA) for x in (square, noise * both, both))
    beyond = np.maximum(total - expected, 0) / (known + 0.02)
    coarse = brightest_channel(np.square(mean)) / np.square(both + 0.05) - 4 * noise / CELL**2
    coarse = cv2.dilate(np.maximum(coarse, 0) * (both > 0.1), np.ones(_AREA))
    unlike = np.sqrt(np.maximum(beyond, coarse / 4))
    moved = unlike / np.maximum(channel_mean(scale), 1)
    moving = 1 - (comparable * falling(moved, _MOVED)).sum() / max(comparable.sum(), 1e-9)
    still = falling(moving, _MOVING) * (comparable.mean() > _FEWEST_COMPARED)
    moved = ((moved > _SURELY_MOVED) & (comparable > 0.5)).astype(np.float32)
    jpeg = still * mid.jpeg  # then both frames err, by compression
    ends = [
        np.maximum(level + share * np.sqrt(noise), jpeg * largest)
        for level, share, largest in zip(*_UNLIKE_REFERENCE, _JPEG, strict=True)
    ]
    match = Match(
        weight=_with_margin(falling(unlike, ends) * (1 - falling(known, (0.02, 0.2)))),
        gain=gain,
        variance=own_noise + np.float32(_OWN_ERROR * (1 - jpeg)) * np.maximum(beyond - noise, 0),
    )
    return match, np.float32(still) * (1 - cv2.dilate(moved, np.ones(_FAR)))


def like_synthesis(
    frame: Frame, mid: Frame, synthesis: np.ndarray, hdr: np.ndarray, still: np.ndarray
) -> Match:
    """Compares a darker frame with the synthesised one where the reference clips.

    With steps wider than the networks know, on a tripod, every pixel counts that is bright enough
    to clip the reference.

    Args:
        frame: The frame.
        mid: The reference.
        synthesis: `(H, W, 3)` LDR in [0, 1], the synthesised frame of exposure time 1.
        hdr: `(H, W, 3)` the networks' radiance, for its brightness.
        still: `(h, w)` of the frame, by `like_reference`.
    """
    exposure = np.float32(frame.time ** (1 / GAMMA))

    def maps(band: slice) -> tuple[np.ndarray, ...]:
        clipped = mid.exposed[band] == 0
        radiance = brightest_channel(levels_to_hdr(frame.ldr[band], frame.time))
        dark = (clipped & (radiance * mid.time < _TOO_DARK)).astype(np.float32)
        return np.minimum(synthesis[band] * exposure, 1), hdr[band], dark

    model, merged, dark = in_cells(mid.height, maps)
    level = brightest_channel(frame.cells)
    alike = (mid.shown < 0.5) & (frame.shown > 0.98) & (level < CLIPPING[0])
    alike &= brightest_channel(np.abs(model - frame.cells)) < _UNLIKE_SYNTHESIS[1]
    ratio = np.maximum(model, BLACK) / np.maximum(frame.cells, BLACK)
    bias = np.exp(_median(np.log(ratio)[alike], 0))

    own = np.minimum(frame.cells * np.float32(bias), min(exposure, 1))
    square = channel_mean(np.square(own - model))
    weight = falling(np.sqrt(cv2.blur(square, _AREA)), _UNLIKE_SYNTHESIS)
    if wider_than_known(np.log2(mid.time)):
        weight = np.maximum(weight, still)
    weight *= 1 - np.minimum(4 * cv2.dilate(dark, np.ones(_AREA)), 1)
    by_networks = _median((np.log(merged + 1e-6) - frame.log_radiance)[alike], 0)
    gain = np.exp(_gain(frame, mid, by_networks))
    scale = np.float32((gain * mid.time / frame.time) ** (1 / GAMMA))
    return Match(
        weight=_with_margin(weight),
        gain=np.full_like(frame.cells, gain),
        variance=channel_mean(frame.noise) * scale**2,
        clipped=True,
    )


def _log_ratio(frame: Frame, mid: Frame) -> np.ndarray:
    """`(h, w, 3)` logarithm of the ratio of radiances; dark channels have that of the brightest."""
    ratio = mid.log_radiance - frame.log_radiance
    brightest = np.take_along_axis(ratio, mid.cells.argmax(-1)[..., None], -1)
    return np.where(np.minimum(mid.cells, frame.cells) > _DARK, ratio, brightest)


def _gain(frame: Frame, mid: Frame, by_networks: float) -> float:
    """Gain of a darker frame's radiance where the reference clips, as a logarithm like all here.

    Measured in the frames' well-exposed cells; taken from the networks if it differs from theirs
    and also between levels, because the camera then has a tone curve.
    """
    level = brightest_channel(mid.cells)
    level[(mid.shown <= 0.98) | (brightest_channel(frame.cells) <= _DARK)] = 0
    measured = _log_ratio(frame, mid)
    gain = _median(measured[level > _BRIGHT], by_networks)
    middle = _median(measured[(level > _MIDDLE[0]) & (level <= _MIDDLE[1])], np.inf)
    uneven = abs(_median(measured[level > _TOP], 0) - middle)
    trust = max(falling(abs(gain - by_networks), _DOUBTFUL_GAIN), falling(uneven, _TONE_CURVE))
    return float(by_networks + trust * (gain - by_networks))


def _smooth(difference: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Smooth field through a difference of log radiances, `(h, w, 3)`, where it is credible."""
    centre = np.clip(_median(difference[weight > 0.5], 0), -_LARGEST_GAIN, _LARGEST_GAIN)
    difference = difference - np.float32(centre)
    weight = weight * np.exp(-np.square(channel_mean(difference) / 0.1))
    height, width = weight.shape
    size = (-(-width // _COARSE), -(-height // _COARSE))
    total, known = (
        cv2.GaussianBlur(cv2.resize(x, size, interpolation=cv2.INTER_AREA), (0, 0), 2)
        for x in (difference * in_colour(weight), weight)
    )
    return cv2.resize(total / in_colour(known + 0.02), (width, height)) + np.float32(centre)


def _median(values: np.ndarray, otherwise: float) -> float:
    return float(np.median(values)) if len(values) > _FEWEST else otherwise


def _with_margin(weight: np.ndarray) -> np.ndarray:
    """Weights that fall to 0 smoothly before the places that are left out."""
    weight = cv2.GaussianBlur(cv2.erode(weight.astype(np.float32), np.ones((3, 3))), (0, 0), 1)
    return np.clip(weight, 0, 1)
