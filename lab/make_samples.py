"""Makes the scenes in samples/: whole things that move through sharp views of panoramas.

Reads panoramas of 4096x2048 and photographs; writes scenes in the layout of Kalantari's data set,
but with JPEG frames, as cameras store them, and without truth where the name begins with `limit`.
The things are cut out of CC0 photographs by GrabCut in a rectangle drawn by hand. Nothing is
random but the sensor's noise.
"""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from lab import settings
from lab.settings import SamplesConfig
from lab.synthesis import cameras
from lab.synthesis.motion import homography
from lab.synthesis.views import View, prepare_map
from utils import command, files
from utils.images import frames, radiance_maps
from utils.scenes.folders import SOURCE_FILE
from utils.scenes.layouts import EXPOSURE_FILE, TRUTH_FILE
from utils.scenes.scene import Scene

SIZE = (640, 960)
"""Height and width of a sample in pixels."""

_MOMENTS = 5  # renderings of an exposure
_SHUTTER = 0.15  # the longest exposure, in intervals between frames
_LIMIT = "limit"  # begins the names of scenes without truth
_CLEAN = cameras.CAMERAS["clean"]
_CAMERA = (6.0, -3.0, 0.4)  # motion from frame to frame: pixels x and y, degrees


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sample:
    """One scene."""

    panorama: str
    """Part of its file name."""
    column: int
    """Column of the panorama in the middle of the picture."""
    pitch: float
    """Degrees downwards."""
    field: float
    """Horizontal field of view in degrees."""
    white: float
    """Quantile of the view's brightness that saturates the middle frame."""
    step: float
    """Stops between two frames."""
    photograph: str
    """Part of the file name."""
    rectangle: tuple[int, int, int, int]
    """Left, top, width and height of what is cut out, in pixels of the photograph."""
    places: tuple[tuple[float, float, float], ...]
    """Pixels x and y of the cut's centre and degrees of turn, in low, middle and high."""
    scale: float
    """Pixels of the sample per pixel of the photograph."""
    brightness: float
    """Median radiance of the thing, of the middle frame's saturation."""


SAMPLES = {
    "dog_in_garden": Sample(
        panorama="symmetrical_garden_02",
        column=2050,
        pitch=-4,
        field=62,
        white=0.8,
        step=2,
        photograph="gb82_dog",
        rectangle=(130, 60, 446, 516),
        places=((850, 418, 2), (822, 424, 0), (790, 432, -3)),
        scale=0.92,
        brightness=0.28,
    ),
    "budgie_on_lantern": Sample(
        panorama="chinese_garden",
        column=2420,
        pitch=2,
        field=60,
        white=0.93,
        step=3,
        photograph="budgie_budgie-branch",
        rectangle=(330, 160, 760, 1000),
        places=((430, 330, 10), (480, 300, 0), (530, 330, -8)),
        scale=0.2,
        brightness=0.2,
    ),
    "guitar_in_depot": Sample(
        panorama="old_bus_depot",
        column=2150,
        pitch=-2,
        field=75,
        white=0.88,
        step=3,
        photograph="gb82_guitar",
        rectangle=(120, 0, 320, 576),
        places=((235, 320, 3), (270, 318, 0), (315, 318, -3)),
        scale=1.2,
        brightness=0.12,
    ),
    "limit_dog_at_sunrise": Sample(
        panorama="spruit_sunrise",
        column=2300,
        pitch=-6,
        field=70,
        white=0.78,
        step=3,
        photograph="gb82_dog",
        rectangle=(130, 60, 446, 516),
        places=((775, 398, 2), (860, 402, 0), (940, 405, -2)),
        scale=0.95,
        brightness=0.25,
    ),
}


def cut_out(photograph: np.ndarray, sample: Sample) -> np.ndarray:
    """Cuts the thing out of a photograph.

    Args:
        photograph: `(H, W, 3)` uint8.
        sample: Its rectangle, scale and brightness.

    Returns:
        `(h, w, 4)` float32 at the sample's scale: radiance times coverage, and coverage in [0, 1].
    """
    left, top, width, height = sample.rectangle
    margin = 8
    picture = np.pad(photograph, [(margin, margin), (margin, margin), (0, 0)], mode="edge")
    mask = np.full(picture.shape[:2], cv2.GC_BGD, np.uint8)
    inside = np.s_[top + margin : top + margin + height, left + margin : left + margin + width]
    mask[inside] = cv2.GC_PR_FGD
    cv2.setRNGSeed(0)
    ground, thing = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(picture, mask, (0, 0, 1, 1), ground, thing, 8, cv2.GC_INIT_WITH_MASK)
    covered = _largest_part(np.isin(mask[inside], (cv2.GC_FGD, cv2.GC_PR_FGD)))
    coverage = cv2.GaussianBlur(_eroded(covered, 3), (0, 0), 1.2)
    linear = (np.float32(picture[inside]) / 255) ** 2.2
    # Edge pixels take the colour from inside, not from the old ground.
    core = _eroded(covered, 7)[..., None]
    near = cv2.GaussianBlur(linear * core, (0, 0), 4) / (
        cv2.GaussianBlur(core, (0, 0), 4)[..., None] + 1e-4
    )
    linear = np.where(core > 0, linear, near)
    linear *= sample.brightness / np.median(linear.max(-1)[covered > 0])
    sprite = np.dstack([linear * coverage[..., None], coverage])
    size = (round(width * sample.scale), round(height * sample.scale))
    return cv2.resize(sprite, size, interpolation=cv2.INTER_AREA)


def _eroded(covered: np.ndarray, side: int) -> np.ndarray:
    return cv2.erode(covered, np.ones((side, side))).astype(np.float32)


def _largest_part(covered: np.ndarray) -> np.ndarray:
    """`(h, w)` uint8 mask of the largest connected part, without holes smaller than 200 pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(covered.astype(np.uint8), connectivity=4)
    largest = (labels == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA])).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - largest, connectivity=4)
    holes = [i for i in range(1, len(stats)) if stats[i, cv2.CC_STAT_AREA] < 200]
    return np.where(np.isin(labels, holes), 1, largest).astype(np.uint8)


def view_of(sample: Sample, panorama: np.ndarray) -> View:
    """The view of a sample; `panorama` is `(h, w, 3)` radiance."""
    height, width = SIZE
    focal = width / 2 / np.tan(np.radians(sample.field) / 2)
    pinhole = np.array(
        [[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, focal]], np.float64
    )
    turn, _ = cv2.Rodrigues(np.array([np.radians(-sample.pitch), 0, 0]))
    return View(
        log_map=prepare_map(panorama),
        to_map=turn @ pinhole / focal,
        kind="panorama",
        first_column=sample.column - panorama.shape[1] // 2,
    )


def render(sample: Sample, panorama: np.ndarray, photograph: np.ndarray) -> Scene:
    """The scene of a sample."""
    times = np.exp2(sample.step * np.arange(3, dtype=np.float32))
    view, thing = view_of(sample, panorama), cut_out(photograph, sample)
    scale = 1 / (times[1] * np.quantile(view.render(*SIZE).max(-1), sample.white))
    thing[..., :3] /= times[1]
    radiance = np.stack(
        [
            np.mean(
                [
                    _moment(sample, view, thing, scale, frame - 1 + moment * time / times[2])
                    for moment in _SHUTTER * ((np.arange(_MOMENTS) + 0.5) / _MOMENTS - 0.5)
                ],
                axis=0,
            )
            for frame, time in enumerate(times)
        ]
    )
    ldr = cameras.sense(radiance, times, np.random.default_rng(1), _CLEAN)
    return Scene(name="", ldr=ldr, exposure_values=np.log2(times), hdr=np.clip(radiance[1], 0, 1))


def _moment(sample: Sample, view: View, thing: np.ndarray, scale: float, time: float) -> np.ndarray:
    """Radiance `(H, W, 3)` at a time in frames from the middle one."""
    x, y, turn = np.multiply(_CAMERA, time)
    motion = homography(np.array([x, y, np.radians(turn), 0, 0, 0]), SIZE)
    ground = view.render(*SIZE, motion) * np.float32(scale)
    x, y, turn = (
        np.interp(time, (-1, 0, 1), values) for values in zip(*sample.places, strict=True)
    )
    height, width = thing.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, 1.0)
    matrix[:, 2] += (x - (width - 1) / 2, y - (height - 1) / 2)
    pasted = cv2.warpAffine(thing, matrix, SIZE[::-1], flags=cv2.INTER_LINEAR)
    return ground * (1 - pasted[..., 3:]) + pasted[..., :3]


def _one(folder: Path, part: str) -> Path:
    found = sorted(path for path in folder.iterdir() if part in path.name)
    if len(found) != 1:
        raise ValueError(f"One file of {folder} must have {part} in its name. Received: {found}")
    return found[0]


def main(config: SamplesConfig) -> int:
    """Makes the samples that are missing."""
    for name, sample in tqdm(SAMPLES.items(), unit="scene"):
        if (config.scenes / name).exists():
            continue
        panorama, photograph = (
            _one(folder, part)
            for folder, part in (
                (config.radiance, sample.panorama),
                (config.photographs, sample.photograph),
            )
        )
        scene = render(sample, radiance_maps.read_radiance(panorama), frames.read_ldr(photograph))
        with files.complete_folder(config.scenes / name) as partial:
            for index, frame in enumerate(scene.ldr):
                frames.write_ldr(partial / f"{index + 1}.jpg", frame)
            if not name.startswith(_LIMIT):
                radiance_maps.write_radiance(partial / TRUTH_FILE, np.asarray(scene.hdr))
            stops = "".join(f"{value:.6f}\n" for value in scene.exposure_values)
            files.write_text(partial / EXPOSURE_FILE, stops)
            files.write_text(partial / SOURCE_FILE, f"{panorama.name}\n{photograph.name}\n")
    return 0


if __name__ == "__main__":
    command.run(main, settings.samples, __doc__)
