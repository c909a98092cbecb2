"""Makes one synthetic dynamic scene: a hand-held bracket with moving objects and ground truth.

A scene is made in four steps:

1. exposure steps, then a background that suits them: a view of a radiance map or photograph,
   scaled so that the middle frame is well exposed (`backgrounds.choose_background`);
2. objects with fine edges, cut from other maps; nearer ones move more with the camera, and many
   stand in front of what the middle frame clips (`_random_object`);
3. each frame is the mean of sharp renderings over its exposure, as camera and objects move
   (`scenery.Scenery`). Motion is that of a piece of a picture up to 1500 pixels wide, as in
   Kalantari's data;
4. a sensor and a camera, some with defects: shot and read noise, clipping, gamma, 8 bits
   (`cameras.sense`).

The truth is step 3 of the middle frame, noiseless, clipped to [0, 1]. A scene depends on the maps
and the random generator only.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from lab.settings import CameraKind
from lab.synthesis import cameras
from lab.synthesis.backgrounds import Background, LoadMap, choose_background, pick
from lab.synthesis.maps import Kind
from lab.synthesis.motion import Track, homography, random_camera_track, random_object_track
from lab.synthesis.objects.fine_outlines import random_matted
from lab.synthesis.objects.foregrounds import OVERSAMPLING, canvas_size, texture_of
from lab.synthesis.scenery import MovingObject, Scenery
from lab.synthesis.views import random_view
from utils.radiometry import bracket

_TEXTURE_SHARES: dict[Kind, float] = {"sharp": 0.35, "photograph": 0.45, "small": 0.2}
_WHOLE_WIDTH = 1500  # pixels of a picture of Kalantari's data
_OBJECT_SHARES = (0.22, 0.3, 0.24, 0.14, 0.1)  # of one to five objects
_LOG_HEIGHTS = np.log([0.2, 0.9])  # of the frame's height, in a picture as wide as the frame
_LOG_MEDIANS = np.log([0.02, 0.7])  # radiance, of the middle frame's saturation
_BEFORE_LIGHTS = 0.4  # share of objects in front of what the middle frame clips
_TEXTURE_ZOOM = (0.6, 1.3)  # frame pixels per map pixel


@dataclasses.dataclass(frozen=True, kw_only=True)
class SyntheticScene:
    """Scene made by `random_scene`; arrays as in `scene.Scene`."""

    ldr: np.ndarray
    exposure_values: np.ndarray
    hdr: np.ndarray
    sources: tuple[int, ...]
    """Indices of the maps that were used, the background's first."""
    homographies: np.ndarray
    """`(3, 3, 3)`: pixels of the background in each frame to those in the reference."""


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
    kind: CameraKind = "all",
) -> SyntheticScene:
    """Makes a scene.

    Args:
        load_map: Loads the maps, by index.
        kinds: Kind of each map.
        rng: Source of all randomness.
        height: Height of the frames in pixels.
        width: Width of the frames in pixels.
        static: Nothing moves, neither camera nor objects.
        exposure_steps: Steps to choose from, in stops, the same from low to mid as from mid to
            high; empty: a mixture of 1 to 4 stops.
        gamma_spread: Standard deviation of the logarithm of the cameras' gamma around 2.2.
        camera_defects: Share of cameras with defects, in [0, 1].
        kind: Of the cameras: a key of `cameras.CAMERAS`.

    Returns:
        The scene: `(3, height, width, 3)` uint8 frames and truth in [0, 1].
    """
    size = (height, width)
    chosen = cameras.CAMERAS[kind]
    exposure_values = random_exposure_values(rng, exposure_steps, chosen)
    times = bracket.exposure_times(exposure_values)
    background = choose_background(load_map, kinds, rng, size, times)
    whole = width * max(_WHOLE_WIDTH / width, 1) ** rng.uniform()
    camera = random_camera_track(rng, whole, static)
    sources, objects = [background.source], []
    count = 1 + rng.choice(len(_OBJECT_SHARES), p=_OBJECT_SHARES)
    nearness = np.sqrt(whole / width)
    heights = [height * nearness * np.exp(rng.uniform(*_LOG_HEIGHTS)) for _ in range(count)]
    for object_height in sorted(heights):  # the nearer, the larger
        sources.append(pick(kinds, _TEXTURE_SHARES, rng))
        spot = _random_spot(background, rng, size, object_height)
        depth = 1 + rng.uniform(0, 1.5) * min(object_height / height, 1)
        median = np.exp(rng.uniform(*_LOG_MEDIANS)) / times[1]
        track = random_object_track(
            rng, spot, width=whole, camera=camera, depth=depth, static=static
        )
        objects.append(
            _random_object(
                load_map(sources[-1]), rng, height=object_height, median=median, track=track
            )
        )
    scenery = Scenery(
        background=background.view,
        scale=background.scale,
        camera=camera,
        objects=objects,
        size=size,
    )
    radiance = scenery.bracket(times, rng.uniform(0.0, 0.3))
    defects = cameras.random_defects(rng, camera_defects)
    truth = cameras.reference_radiance(radiance[1], times[1], defects.curve)
    errors = cameras.exposure_errors(chosen, defects, rng)
    taken = cameras.other_gamma(times, gamma_spread, rng) * 2.0**errors
    return SyntheticScene(
        ldr=cameras.sense(radiance, taken.astype(np.float32), rng, chosen, defects),
        exposure_values=exposure_values,
        hdr=np.clip(truth, 0, 1),
        sources=tuple(sources),
        homographies=np.stack([homography(camera.at(frame, 0), size) for frame in range(3)]),
    )


def random_exposure_values(
    rng: np.random.Generator, steps: Sequence[float], mixture: cameras.Cameras
) -> np.ndarray:
    """`(3,)` float32 stops, of one of the equal steps; empty: of the cameras' mixture."""
    chosen = list(mixture.steps)[rng.choice(len(mixture.steps), p=list(mixture.steps.values()))]
    if steps:
        step = rng.choice(steps)
        chosen = (step, 2 * step)
    return np.array([0.0, *chosen], np.float32)


def _random_spot(
    background: Background, rng: np.random.Generator, size: tuple[int, int], object_height: float
) -> np.ndarray:
    """`(2,)` pixels, x and y: anywhere, or in front of a light."""
    height, width = size
    spot = rng.uniform((0.05, 0.3), (0.95, 0.9)) * (width, height)
    if len(background.lights) and rng.random() < _BEFORE_LIGHTS:
        spot = rng.choice(background.lights) + rng.normal(0, 0.1 * object_height, 2)
    return spot


def _random_object(
    log_map: np.ndarray,
    rng: np.random.Generator,
    *,
    height: float,
    median: float,
    track: Track,
) -> MovingObject:
    """Cuts an object of a height in pixels and a median radiance from a map."""
    canvas = canvas_size(height * OVERSAMPLING)
    zoom = OVERSAMPLING * np.exp(rng.uniform(*np.log(_TEXTURE_ZOOM)))
    view = random_view(log_map, canvas, canvas, rng, zoom=zoom)
    return MovingObject(
        texture=texture_of(view, canvas, median, rng),
        outline=random_matted(rng),
        height=height * OVERSAMPLING,
        track=track,
        roundness=rng.uniform(0, 0.7),
    )
