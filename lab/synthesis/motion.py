"""Motion of camera and objects in a hand-held bracket."""

import dataclasses

import numpy as np

_PACES = ((0.0, 0.004), (0.004, 0.1), (0.1, 0.3))  # of the whole picture's width per frame
_PACE_SHARES = (0.08, 0.74, 0.18)
_STANDING = 0.2  # share of objects that do not move by themselves


@dataclasses.dataclass(frozen=True, kw_only=True)
class Track:
    """A state that changes from frame to frame; the middle frame is time 0."""

    state: np.ndarray
    rate: np.ndarray
    """Change from one frame to the next, continuing during an exposure."""
    jitter: np.ndarray
    """`(3, N)` deviation of each frame from a steady pace; 0 for the middle one."""

    def at(self, frame: int, time: float) -> np.ndarray:
        """State in a frame, `time` frame intervals from the middle of its exposure."""
        return self.state + self.jitter[frame] + self.rate * (frame - 1 + time)


def random_camera_track(rng: np.random.Generator, width: float, static: bool) -> Track:
    """A random camera path, as parameters of `homography`; its strength is log-normal."""
    strength = 0.0 if static else np.exp(rng.normal(0, 0.6))
    spread = strength * np.array([0.006 * width, 0.006 * width, 0.004, 0.003, 0.006, 0.006])
    jitter = rng.normal(0, 1, (3, 6)) * spread
    jitter[1] = 0
    return Track(state=np.zeros(6), rate=rng.normal(0, 0.5, 6) * spread, jitter=jitter)


def homography(parameters: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`(3, 3)` from pixels to pixels, of shift (x, y), turn, log zoom and two tilts."""
    x, y, turn, log_zoom, tilt_x, tilt_y = parameters
    height, width = size
    centre = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    cos, sin = np.exp(log_zoom) * np.cos(turn), np.exp(log_zoom) * np.sin(turn)
    about_centre = np.array([[cos, -sin, x], [sin, cos, y], [tilt_x / width, tilt_y / width, 1]])
    return centre @ about_centre @ np.linalg.inv(centre)


def random_object_track(
    rng: np.random.Generator,
    spot: np.ndarray,
    *,
    width: float,
    camera: Track,
    depth: float,
    static: bool,
) -> Track:
    """A random object path; nearer objects move more with the camera.

    Args:
        rng: Source of randomness.
        spot: `(2,)` place in the reference, x and y in pixels.
        width: Width in pixels of the whole picture, of which the scene is a piece.
        camera: The camera's track.
        depth: Motion with the camera, relative to the background's.
        static: The object does not move by itself.

    Returns:
        Poses for `foregrounds.paste`.
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
