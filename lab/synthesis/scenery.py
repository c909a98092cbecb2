"""Makes one synthetic dynamic scene: a hand-held bracket of moving things.

One scene is made in four steps:

1. exposure steps, then a background that suits them: a view of a radiance map, scaled so that the
   middle frame is well exposed with a random share of it saturated (`_choose_background`);
2. objects cut from other maps, each with an outline and a path (`_random_object`);
3. for every frame the mean of sharp renderings over its exposure, as camera and objects move
   (`Stage.shot`): motion blur grows with exposure, moving things cover and reveal;
4. a sensor: shot and read noise, clipping, gamma, 8 bits (`sense`).

The truth is step 3 of the middle frame, noiseless, clipped to [0, 1]. All of it is a function of
the random generator that is handed in. This is generator 1 of lab/make_scenes.py;
lab/synthesis/sharp_scenes.py is generator 2.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from lab.synthesis.backgrounds import LoadMap, choose_background
from lab.synthesis.cameras import CLEAN, Defects, store
from lab.synthesis.motion import Track, homography, random_camera_track, random_object_track
from lab.synthesis.objects.foregrounds import (
    OVERSAMPLING,
    canvas_size,
    draw_sprite,
    paste,
    texture_of,
)
from lab.synthesis.objects.outlines import Outline, random_outline
from lab.synthesis.objects.strands import Matted
from lab.synthesis.views import View, random_view
from utils.radiometry import bracket
from utils.radiometry.radiance import hdr_to_ldr

STEPS = ((1, 2), (1, 3), (1.5, 3), (2, 4), (2, 5), (3, 5), (3, 6))
_STEP_SHARES = (0.08, 0.05, 0.07, 0.35, 0.05, 0.05, 0.35)  # mostly those of Kalantari's data
_OBJECT_SHARES = (0.3, 0.35, 0.2, 0.15)  # of one, two, three and four objects
_OBJECT_LOG_HEIGHTS = np.log([0.25, 0.9])  # of the frame's height
_OBJECT_LOG_MEDIANS = np.log([0.02, 0.7])  # radiance, of the middle frame's saturation
_LONGEST_BLUR = 16.0  # pixels
_BLUR_STEP = 1.4  # pixels between the sharp renderings that make up a blurred frame


@dataclasses.dataclass(frozen=True, kw_only=True)
class SyntheticScene:
    """Scene that `random_scene` makes; arrays as in `scene.Scene`."""

    ldr: np.ndarray
    exposure_values: np.ndarray
    hdr: np.ndarray
    sources: tuple[int, ...]
    """Indices of the maps that were used, the background's first."""
    homographies: np.ndarray
    """`(3, 3, 3)`: the background's pixels in each frame to those in the reference."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MovingObject:
    """Something in front of the background."""

    texture: np.ndarray
    outline: Outline | Matted
    height: float
    """In pixels of its canvas."""
    track: Track
    """Of `foregrounds.paste`'s pose."""
    roundness: float = 0.0
    """Of `foregrounds.draw_sprite`."""


def random_scene(
    load_map: LoadMap,
    map_count: int,
    rng: np.random.Generator,
    *,
    height: int,
    width: int,
    static: bool,
    exposure_steps: Sequence[float] = (),
    gamma_spread: float = 0.0,
) -> SyntheticScene:
    """Makes a scene.

    Args:
        load_map: Gives the maps, by index.
        map_count: How many maps there are.
        rng: Source of all randomness.
        height: Height of the frames in pixels.
        width: Width of the frames in pixels.
        static: Nothing moves, neither camera nor objects.
        exposure_steps: Steps to choose from, in stops, the same from low to mid as from mid to
            high; none: the mixture of `STEPS`.
        gamma_spread: Standard deviation of the logarithm of the cameras' gamma about that of 2.2.

    Returns:
        The scene: `(3, height, width, 3)` uint8 frames and truth in [0, 1].
    """
    size = (height, width)
    exposure_values = random_exposure_values(rng, exposure_steps)
    times = bracket.exposure_times(exposure_values)
    background, scale, source = choose_background(load_map, map_count, rng, size, times)
    sources, objects = [source], []
    count = 1 + rng.choice(len(_OBJECT_SHARES), p=_OBJECT_SHARES)
    heights = [height * np.exp(rng.uniform(*_OBJECT_LOG_HEIGHTS)) for _ in range(count)]
    for object_height in sorted(heights):  # the nearer, the larger
        sources.append(_other_index(source, map_count, rng))
        objects.append(
            _random_object(
                load_map(sources[-1]),
                rng,
                height=object_height,
                median=np.exp(rng.uniform(*_OBJECT_LOG_MEDIANS)) / times[1],
                track=random_object_track(rng, size, static),
            )
        )
    stage = Scenery(
        background=background,
        scale=scale,
        camera=random_camera_track(rng, width, static),
        objects=objects,
        size=size,
    )
    radiance = stage.bracket(times, rng.uniform(0.0, 0.3))
    times = other_gamma(times, gamma_spread, rng)
    return SyntheticScene(
        ldr=sense(radiance, times.astype(np.float32), rng),
        exposure_values=exposure_values,
        hdr=np.clip(radiance[1], 0, 1),
        sources=tuple(sources),
        homographies=np.stack([homography(stage.camera.at(frame, 0), size) for frame in range(3)]),
    )


def random_exposure_values(rng: np.random.Generator, steps: Sequence[float]) -> np.ndarray:
    """`(3,)` float32 stops, of one of the equal steps, or of the mixture of `STEPS` if none."""
    chosen = STEPS[rng.choice(len(STEPS), p=_STEP_SHARES)]
    if steps:
        step = rng.choice(steps)
        chosen = (step, 2 * step)
    return np.array([0.0, *chosen], np.float32)


def other_gamma(times: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    """Exposure times that a camera of another gamma seems to have had.

    A frame that a gamma of 2.2 is assumed for, taken with another one, is like one whose distance
    to the reference, in stops, is another. The truth is what the reference says.
    """
    if not spread:
        return times
    return times[1] * (times / times[1]) ** np.exp(rng.normal(0, spread))


def _random_object(
    log_map: np.ndarray,
    rng: np.random.Generator,
    *,
    height: float,
    median: float,
    track: Track,
) -> MovingObject:
    """Cuts an object of a height in pixels and a median radiance from a map."""
    canvas_height = height * OVERSAMPLING
    canvas = canvas_size(canvas_height)
    return MovingObject(
        texture=texture_of(random_view(log_map, canvas, canvas, rng), canvas, median, rng),
        outline=random_outline(rng),
        height=canvas_height,
        track=track,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenery:
    """Everything that is in front of the camera, and the camera's own motion."""

    background: View
    scale: float
    camera: Track
    objects: Sequence[MovingObject]
    size: tuple[int, int]

    def bracket(self, times: np.ndarray, shutter: float) -> np.ndarray:
        """Radiance `(3, H, W, 3)` of frames of these exposure times.

        Args:
            times: `(3,)` relative exposure times.
            shutter: The longest exposure, in intervals between frames.
        """
        return np.stack(
            [self.shot(frame, shutter * time / times[2]) for frame, time in enumerate(times)]
        )

    def shot(self, frame: int, duration: float) -> np.ndarray:
        """Mean radiance `(H, W, 3)` of a frame over an exposure of `duration` frame intervals."""
        tracks = [self.camera, *(thing.track for thing in self.objects)]
        fastest = max(np.hypot(*track.rate[:2]) for track in tracks)
        blur = min(fastest * duration, _LONGEST_BLUR)
        count = max(1, int(np.ceil(blur / _BLUR_STEP)))
        span = blur / fastest if fastest else 0.0
        time = frame - 1 if fastest else 0
        sprites = [
            draw_sprite(thing.texture, thing.outline, time, thing.height, thing.roundness)
            for thing in self.objects
        ]
        moments = span * ((np.arange(count) + 0.5) / count - 0.5)
        return np.mean([self._sharp(sprites, frame, moment) for moment in moments], axis=0)

    def _sharp(self, sprites: Sequence[np.ndarray], frame: int, moment: float) -> np.ndarray:
        view = homography(self.camera.at(frame, moment), self.size)
        image = self.background.render(*self.size, view) * np.float32(self.scale)
        for sprite, thing in zip(sprites, self.objects, strict=True):
            image = paste(image, sprite, thing.track.at(frame, moment))
        return image


def sense(
    radiance: np.ndarray,
    times: np.ndarray,
    rng: np.random.Generator,
    defects: Defects = CLEAN,
) -> np.ndarray:
    """Takes the photographs with one camera at one ISO.

    Args:
        radiance: `(3, H, W, 3)`, one a frame, 1 saturating at exposure time 1.
        times: `(3,)` relative exposure times.
        rng: Source of the noise, and of how much there is.
        defects: Of the camera.

    Returns:
        `(3, H, W, 3)` uint8 frames.
    """
    full_well = float(np.exp(rng.uniform(*np.log([2000, 30000]))))  # electrons
    read_noise = float(np.exp(rng.uniform(*np.log([2e-4, 2e-3]))))  # of saturation
    light = radiance * bracket.per_frame(times)
    deviation = np.sqrt(light / full_well + read_noise**2)
    noisy = light + deviation * rng.standard_normal(light.shape, np.float32)
    return store(hdr_to_ldr(noisy, 1.0), defects, rng)


def _other_index(index: int, count: int, rng: np.random.Generator) -> int:
    """A random index below `count`, not `index` if there is another."""
    return int((index + rng.integers(1, count)) % count) if count > 1 else index
