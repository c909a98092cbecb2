"""Motion in a hand-held bracket: states that move from frame to frame, of camera and objects."""

import dataclasses

import numpy as np

_SPEEDS = ((0.0, 0.012), (0.012, 0.08), (0.08, 0.35))  # frame widths from one frame to the next
_SPEED_SHARES = (0.3, 0.4, 0.3)
_PACES = ((0.0, 0.004), (0.004, 0.1), (0.1, 0.3))  # of the whole picture's width; the last: leaps
_PACE_SHARES = (0.08, 0.74, 0.18)
_STANDING = 0.2  # share of objects that only the camera's motion moves


@dataclasses.dataclass(frozen=True, kw_only=True)
class Track:
    """A state that moves from frame to frame, the middle frame being time 0."""

    state: np.ndarray
    rate: np.ndarray
    """Change from one frame to the next; it goes on during an exposure."""
    jitter: np.ndarray
    """`(3, N)` what the frames deviate from a steady pace; the middle one does not."""

    def at(self, frame: int, time: float) -> np.ndarray:
        """State in a frame, `time` frames away from the middle of its exposure."""
        return self.state + self.jitter[frame] + self.rate * (frame - 1 + time)


def random_camera_track(rng: np.random.Generator, width: float, static: bool) -> Track:
    """Draws a camera's path as parameters of `homography`; strength differs much between hands."""
    strength = 0.0 if static else np.exp(rng.normal(0, 0.6))
    spread = strength * np.array([0.006 * width, 0.006 * width, 0.004, 0.003, 0.006, 0.006])
    jitter = rng.normal(0, 1, (3, 6)) * spread
    jitter[1] = 0
    return Track(state=np.zeros(6), rate=rng.normal(0, 0.5, 6) * spread, jitter=jitter)


def homography(parameters: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`(3, 3)` from pixels to pixels: shift in pixels, turn, logarithm of zoom, two tilts."""
    x, y, turn, log_zoom, tilt_x, tilt_y = parameters
    height, width = size
    centre = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    cos, sin = np.exp(log_zoom) * np.cos(turn), np.exp(log_zoom) * np.sin(turn)
    about_centre = np.array([[cos, -sin, x], [sin, cos, y], [tilt_x / width, tilt_y / width, 1]])
    return centre @ about_centre @ np.linalg.inv(centre)


def random_object_track(rng: np.random.Generator, size: tuple[int, int], static: bool) -> Track:
    """Draws an object's path as poses for `foregrounds.paste`; far leaps reveal what was hidden."""
    height, width = size
    slowest, fastest = _SPEEDS[rng.choice(len(_SPEEDS), p=_SPEED_SHARES)]
    speed = 0.0 if static else width * rng.uniform(slowest, fastest)
    heading = rng.normal(0, 0.4) + rng.choice([0, np.pi])
    turn, growth = np.zeros(2) if static else rng.normal(0, (0.08, 0.03))
    spread = 0.3 * np.abs([speed, speed, turn, growth])
    jitter = rng.normal(0, 1, (3, 4)) * spread
    jitter[1] = 0
    x, y = width * rng.uniform(0.05, 0.95), height * rng.normal(0.6, 0.15)
    return Track(
        state=np.array([x, y, rng.normal(0, 0.1), 0]),
        rate=np.array([speed * np.cos(heading), speed * np.sin(heading), turn, growth]),
        jitter=jitter,
    )


def random_own_track(
    rng: np.random.Generator,
    spot: np.ndarray,
    *,
    width: float,
    camera: Track,
    depth: float,
    static: bool,
) -> Track:
    """Track of an object that moves by itself and, as it is nearer, more with the camera.

    Args:
        rng: Source of randomness.
        spot: `(2,)` where it is in the reference, x and y in pixels.
        width: Width in pixels of the whole picture that the scene is a piece of.
        camera: The camera's track.
        depth: How many times the background's motion the camera's motion gives it.
        static: It does not move by itself.

    Returns:
        The track, of the pose that `foregrounds.paste` takes.
    """
    slowest, fastest = _PACES[rng.choice(len(_PACES), p=_PACE_SHARES)]
    share = rng.uniform(slowest, fastest) if slowest == 0 else _log_uniform(rng, slowest, fastest)
    speed = width * share * (rng.random() >= _STANDING) * (not static)
    heading = rng.normal(0, 0.35) + rng.choice([0, np.pi])
    turn, growth = rng.normal(0, (0.06, 0.03)) * min(speed, 1)
    spread = 0.3 * np.abs([speed, 0.3 * speed, turn, growth])
    jitter = rng.normal(0, 1, (3, 4)) * spread
    jitter[1] = 0
    rate = np.array([speed * np.cos(heading), speed * np.sin(heading), turn, growth])
    jitter[:, :2] -= depth * camera.jitter[:, :2]
    rate[:2] -= depth * camera.rate[:2]
    return Track(state=np.array([*spot, rng.normal(0, 0.06), 0.0]), rate=rate, jitter=jitter)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
