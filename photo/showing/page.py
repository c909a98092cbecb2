"""report.html: a page about all scenes of a run, pictures included.

The page needs no network and no other file, and its content security policy forbids both. For each
scene it shows result and reference under a handle to drag, the result at a choice of exposures, the
inputs and aligned frames, links to the files and, if there is a ground truth, the error and the
scores; and a legend. Jinja escapes every text.
"""

import base64
import dataclasses
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import jinja2
import numpy as np

from photo.reading.folder import Photographs
from photo.showing.results import Written
from utils import files
from utils.evaluation.psnr_ssim import Metrics
from utils.files import printable
from utils.images.drawing import error_picture, shrink
from utils.inference.pipeline import Reconstruction
from utils.radiometry.bracket import HIGH, LOW, MID_FRAME, SOURCE_FRAME
from utils.radiometry.levels import to_8bit, to_display
from utils.radiometry.radiance import hdr_to_ldr
from utils.reporting.version import program_version
from utils.scenes.scene import Scene

_TEMPLATE = Path(__file__).with_name("report_page.html")
_LARGEST_SIDE, _SMALLEST_SIDE = 1600, 280  # pixels of a picture
_FULL_SIZE_SCENES = 3  # beyond, pictures shrink so that the page stays below 30 MB
_QUALITY = 85  # of JPEG
_PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless", "pillow", "OpenEXR")


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Image:
    """A picture of the page."""

    text: str
    """Caption."""
    width: int
    height: int
    data: str
    """A JPEG in base64."""
    exposure: str = ""
    """Exposure of a picture of the exposure slider, in words."""


class HtmlReport:
    """Collects scenes and writes the page."""

    def __init__(self, title: str, scenes: int) -> None:
        """Starts a page.

        Args:
            title: Its heading.
            scenes: Number of scenes to come, which determines the size of the pictures.
        """
        share = min(1.0, (_FULL_SIZE_SCENES / max(scenes, 1)) ** 0.5)
        self._side = max(_SMALLEST_SIDE, round(share * _LARGEST_SIDE))
        self._title = title
        self.scenes: list[dict[str, Any]] = []
        """Texts and pictures of each scene for the template; JSON can hold them."""

    def add(
        self,
        scene: Scene,
        reconstruction: Reconstruction,
        written: Written,
        metrics: Metrics | None,
    ) -> None:
        """Adds a scene.

        Args:
            scene: The scene as it was reconstructed.
            reconstruction: Its aligned frames and HDR image.
            written: The tone-mapped picture and the paths of the files.
            metrics: Its scores; None without a ground truth.
        """
        height, width = scene.ldr.shape[1:3]
        notes, warnings = (f"{width}x{height} pixels.",), ()
        if isinstance(scene, Photographs):
            notes, warnings = notes + scene.notes, scene.warnings
        numbers = {} if metrics is None else dataclasses.asdict(metrics)
        self.scenes.append(
            {
                "name": printable(scene.name),
                "before": self._image(to_8bit(scene.ldr[MID_FRAME]), "reference frame"),
                "after": self._image(written.shown, "result, tone-mapped"),
                "picture": _link(written.picture),
                "exposures": self._exposures(scene, reconstruction.hdr),
                "small": self._small_pictures(scene, reconstruction),
                "files": [(printable(name), _link(name)) for name in written.files],
                "numbers": {name: f"{value:.4f}" for name, value in numbers.items()},
                "notes": [printable(line) for line in notes],
                "warnings": [printable(line) for line in warnings],
            }
        )

    def write(
        self,
        path: Path,
        settings: Mapping[str, object],
        failures: Sequence[str],
        caution: str = "",
    ) -> None:
        """Writes the page.

        Args:
            path: The file; its folder is made.
            settings: Settings of the run, for a table; those that are None or empty are left out.
            failures: Messages about failed scenes.
            caution: Known weaknesses of the weights.

        Raises:
            OSError: It cannot be written.
        """
        environment = jinja2.Environment(
            autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
        page = template.render(
            title=printable(self._title),
            scenes=self.scenes,
            failures=[printable(failure) for failure in failures],
            caution=printable(caution),
            settings={
                printable(name): printable(str(value))
                for name, value in settings.items()
                if value is not None and value not in ((), "")
            },
            versions=versions(),
        )
        files.write_text(path, page)

    def _exposures(self, scene: Scene, hdr: np.ndarray) -> list[_Image]:
        """The result by whole stops, from darker than all frames to brighter."""
        hdr = shrink(hdr, self._side)
        stops = scene.exposure_values - scene.exposure_values[MID_FRAME]
        time = scene.exposure_times[MID_FRAME]
        pictures = []
        for stop in range(int(np.floor(stops[0])) - 1, int(np.ceil(stops[-1])) + 2):
            shown = to_display(hdr_to_ldr(hdr, np.float32(time * 2.0**stop)))
            words = _relative(stop)
            pictures.append(
                dataclasses.replace(self._image(shown, f"result, {words}"), exposure=words)
            )
        return pictures

    def _small_pictures(self, scene: Scene, reconstruction: Reconstruction) -> list[_Image]:
        names = scene.files if isinstance(scene, Photographs) else ("", "", "")
        captions = [
            f"{role}{f', {printable(name)}' if name else ''}"
            for role, name in zip(_roles(scene), names, strict=True)
        ]
        pictures = list(zip(captions, (to_8bit(frame) for frame in scene.ldr), strict=True))
        for side, frame in zip(SOURCE_FRAME, reconstruction.aligned, strict=True):
            pictures.append((f"{side}, aligned", to_display(shrink(frame, self._side))))
        if scene.hdr is not None:
            error = error_picture(reconstruction.hdr, scene.hdr)
            pictures.append(("error after mu-law: black 0, bright 0.1 and more", error))
        return [self._image(picture, caption) for caption, picture in pictures]

    def _image(self, image: np.ndarray, text: str) -> _Image:
        small = shrink(image, self._side)
        _, data = cv2.imencode(
            ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        )
        encoded = base64.b64encode(data.tobytes()).decode()
        return _Image(text=text, width=small.shape[1], height=small.shape[0], data=encoded)


def versions() -> dict[str, str]:
    """Versions of this program, of Python and of the packages that results depend on."""
    found = {"program": program_version(), "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _roles(scene: Scene) -> tuple[str, str, str]:
    """Low, reference and high, with their exposures."""
    low, _, high = scene.exposure_values - scene.exposure_values[MID_FRAME]
    return f"{LOW}, {_relative(low)}", "reference", f"{HIGH}, {_relative(high)}"


def _relative(stops: float) -> str:
    """Stops relative to the reference, in words."""
    size = f"{abs(stops):.3g}"
    if size == "0":
        return "as the reference"
    return f"{size} stop{'' if size == '1' else 's'} {'brighter' if stops > 0 else 'darker'}"


def _link(name: str) -> str:
    """Relative address of a file below the page's folder; its name may have any bytes."""
    return "./" + quote(name, errors="surrogateescape")
