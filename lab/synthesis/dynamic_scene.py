"""Dynamic scenes of generator 2: sharp pictures, fine edges, depth, and cameras with defects.

The four steps are those of lab/synthesis/dynamic_scene.py, made otherwise:

1. backgrounds are mostly large panoramas and photographs, seen at their own sharpness;
2. objects have fine edges (lab/synthesis/objects/fine_outlines.py) and textures as sharp as the
   background; the nearer move more with the camera; many stand before what the middle frame clips;
3. motion is that of a piece of a larger picture, up to 1500 pixels wide as in Kalantari's data;
4. a share of the cameras has defects (lab/synthesis/cameras.py).
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from lab.synthesis import dynamic_scene
from lab.synthesis.backgrounds import LoadMap, fault
from lab.synthesis.cameras import random_defects, reference_radiance
from lab.synthesis.dynamic_scene import MovingObject, Scenery, SyntheticScene
from lab.synthesis.maps import Kind
from lab.synthesis.motion import homography, random_camera_track, random_own_track
from lab.synthesis.objects.fine_outlines import random_matted
from lab.synthesis.objects.foregrounds import OVERSAMPLING, canvas_size, texture_of
from lab.synthesis.views import View, sharp_view
from utils.radiometry import bracket
from utils.radiometry.radiance import brightest_channel, hdr_to_ldr

"""Of a source of pictures: a large radiance map, a large photograph, a small one of either."""

_BACKGROUND_SHARES = {"sharp": 0.52, "photograph": 0.22, "small": 0.26}
_TEXTURE_SHARES = {"sharp": 0.35, "photograph": 0.45, "small": 0.2}
_WHOLE_WIDTH = 1500  # pixels of a picture of Kalantari's data
_TRIES = 36
_LOW_FRAMES_LIGHTS = 0.45  # of its saturation, so that the middle frame lacks what is much brighter
_LOG_SATURATED = np.log([0.06, 0.45])  # share of the middle frame's pixels
_OBJECT_SHARES = (0.22, 0.3, 0.24, 0.14, 0.1)  # of one to five objects
_LOG_HEIGHTS = np.log([0.2, 0.9])  # of the frame's height, in a picture as wide as the frame
_LOG_MEDIANS = np.log([0.02, 0.7])  # radiance, of the middle frame's saturation
_BEFORE_LIGHTS = 0.4  # share of objects that stand before what the middle frame clips
_TEXTURE_ZOOM = (0.6, 1.3)  # pixels of the frame for each of a texture's source


@dataclasses.dataclass(frozen=True, kw_only=True)
class Background:
    """A view, and how bright it is."""

    view: View
    scale: float
    """Radiance of the scene for each of the map's."""
    source: int
    lights: np.ndarray
    """`(N, 2)` pixels, x and y, some of those that the middle frame clips."""


def random_scene(
    load_map: LoadMap,
    kinds: Sequence[Kind],
    rng: np.random.Generator,
    *,
    height: int,
    width: int,
    static: bool,
    exposure_steps: Sequence[float] = (),
    gamma_spread: float = 0.0,
    camera_defects: float = 0.0,
) -> SyntheticScene:
    """Makes a scene.

    Args:
        load_map: Gives the maps, by index.
        kinds: What each of them is.
        rng: Source of all randomness.
        height: Height of the frames in pixels.
        width: Width of the frames in pixels.
        static: Nothing moves, neither camera nor objects.
        exposure_steps: As for `dynamic_scene.random_scene`.
        gamma_spread: As for `dynamic_scene.random_scene`.
        camera_defects: Share of cameras that are not clean, in [0, 1].

    Returns:
        The scene: `(3, height, width, 3)` uint8 frames and truth in [0, 1].
    """
    size = (height, width)
    exposure_values = dynamic_scene.random_exposure_values(rng, exposure_steps)
    times = bracket.exposure_times(exposure_values)
    background = _choose_background(load_map, kinds, rng, size, times)
    whole = width * max(_WHOLE_WIDTH / width, 1) ** rng.uniform()
    camera = random_camera_track(rng, whole, static)
    sources, objects = [background.source], []
    count = 1 + rng.choice(len(_OBJECT_SHARES), p=_OBJECT_SHARES)
    nearness = np.sqrt(whole / width)
    heights = [height * nearness * np.exp(rng.uniform(*_LOG_HEIGHTS)) for _ in range(count)]
    for object_height in sorted(heights):  # the nearer, the larger
        sources.append(_pick(kinds, _TEXTURE_SHARES, rng))
        spot = rng.uniform((0.05, 0.3), (0.95, 0.9)) * (width, height)
        if len(background.lights) and rng.random() < _BEFORE_LIGHTS:
            spot = rng.choice(background.lights) + rng.normal(0, 0.1 * object_height, 2)
        depth = 1 + rng.uniform(0, 1.5) * min(object_height / height, 1)
        objects.append(
            _random_object(
                load_map(sources[-1]),
                rng,
                height=object_height,
                median=np.exp(rng.uniform(*_LOG_MEDIANS)) / times[1],
                track=random_own_track(
                    rng, spot, width=whole, camera=camera, depth=depth, static=static
                ),
            )
        )
    stage = Scenery(
        background=background.view,
        scale=background.scale,
        camera=camera,
        objects=objects,
        size=size,
    )
    radiance = stage.bracket(times, rng.uniform(0.0, 0.3))
    defects = random_defects(rng, camera_defects)
    truth = reference_radiance(radiance[1], times[1], defects.curve)
    taken = dynamic_scene.other_gamma(times, gamma_spread, rng) * 2.0 ** np.array(
        defects.exposure_errors
    )
    return SyntheticScene(
        ldr=dynamic_scene.sense(radiance, taken.astype(np.float32), rng, defects),
        exposure_values=exposure_values,
        hdr=np.clip(truth, 0, 1),
        sources=tuple(sources),
        homographies=np.stack([homography(camera.at(frame, 0), size) for frame in range(3)]),
    )


def _pick(kinds: Sequence[Kind], shares: dict[str, float], rng: np.random.Generator) -> int:
    """A random source: first its kind, of those there are, then one of that kind."""
    there = [kind for kind in shares if kind in kinds]
    weights = np.array([shares[kind] for kind in there])
    kind = there[rng.choice(len(there), p=weights / weights.sum())]
    return int(rng.choice([i for i, other in enumerate(kinds) if other == kind]))


def _choose_background(
    load_map: LoadMap,
    kinds: Sequence[Kind],
    rng: np.random.Generator,
    size: tuple[int, int],
    times: np.ndarray,
) -> Background:
    """The first of some views that is well exposed and sharp, or the best of them."""
    reduction = max(1.0, max(size) / 256)
    small = [round(side / reduction) for side in size]
    candidates = []
    source = _pick(kinds, _BACKGROUND_SHARES, rng)
    for attempt in range(_TRIES):
        if attempt % 4 == 3:  # not at once: a picture that seldom suits has its share too
            source = _pick(kinds, _BACKGROUND_SHARES, rng)
        view = sharp_view(load_map(source), *size, rng)
        preview = view.render(small[0], small[1], np.diag([reduction, reduction, 1]))
        saturated = np.exp(rng.uniform(*_LOG_SATURATED))
        brightest = brightest_channel(preview)
        scale = float(1 / (np.quantile(brightest, 1 - saturated) * times[1]))
        flaw = fault(preview * scale, times) + _dullness(preview * scale, times, view)
        clipped = np.argwhere(brightest * scale * times[1] >= 1)[:, ::-1] * reduction
        candidates.append((flaw, view, scale, source, clipped))
        if flaw == 0:
            break
    _, view, scale, source, lights = min(candidates, key=lambda candidate: candidate[0])
    return Background(view=view, scale=scale, source=source, lights=lights)


def _dullness(radiance: np.ndarray, times: np.ndarray, view: View) -> float:
    """How little a background has to teach; 0 is good enough.

    The low frame shows nothing where the middle one clips, what it shows there is hardly brighter,
    there is little texture, or the view is a blurred one of a small map.
    """
    low = hdr_to_ldr(radiance, 1.0)
    mid = hdr_to_ldr(radiance, times[1])
    flat = np.abs(low - cv2.GaussianBlur(low, (0, 0), 2)).max(-1) < 0.004
    texture = np.abs(mid - cv2.GaussianBlur(mid, (0, 0), 2)).mean()
    faults = (
        2 * (np.mean(flat & (mid.max(-1) >= 1)) - 0.15),
        60 * (0.016 - texture),
        3 * (_LOW_FRAMES_LIGHTS - np.quantile(brightest_channel(radiance), 0.97)),
        0.5 * (view.zoom - 1.8),
    )
    return float(sum(max(value, 0.0) for value in faults))


def _random_object(
    log_map: np.ndarray,
    rng: np.random.Generator,
    *,
    height: float,
    median: float,
    track: dynamic_scene.Track,
) -> MovingObject:
    """Cuts an object of a height in pixels and a median radiance from a map."""
    canvas = canvas_size(height * OVERSAMPLING)
    zoom = OVERSAMPLING * np.exp(rng.uniform(*np.log(_TEXTURE_ZOOM)))
    view = sharp_view(log_map, canvas, canvas, rng, zoom=zoom)
    return MovingObject(
        texture=texture_of(view, canvas, median, rng),
        outline=random_matted(rng),
        height=height * OVERSAMPLING,
        track=track,
        roundness=rng.uniform(0, 0.7),
    )
