"""report.html: one page that holds everything about a run's scenes, pictures included.

The page needs no network and no other file; its own policy forbids both. For each scene it shows
the inputs, the aligned frames, the result through an exposure slider and against the reference
through a before/after slider, and, where there is a truth, the error and the numbers.
"""

import base64
import dataclasses
import html
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np

from utils import files
from utils.images.drawing import error_picture, shrink
from utils.inference.pipeline import Reconstruction
from utils.metrics.psnr_ssim import Metrics
from utils.photographs.folder import Photographs
from utils.radiometry.bracket import HIGH, LOW, MID_FRAME, SOURCE_FRAME
from utils.radiometry.levels import to_8bit, to_display
from utils.radiometry.radiance import hdr_to_ldr
from utils.scenes.scene import Scene

_TEMPLATE = Path(__file__).with_name("report_page.html")
_LARGEST_SIDE, _SMALLEST_SIDE = 1000, 280  # pixels of a large picture
_FULL_SIZE_SCENES = 12  # with more of them, pictures shrink so that the page stays below 30 MB
_QUALITY = 85  # of JPEG
_PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless", "pillow", "OpenEXR")


class HtmlReport:
    """Collects scenes and writes the page."""

    def __init__(self, title: str, scenes: int) -> None:
        """Starts a page.

        Args:
            title: Its heading.
            scenes: How many scenes will come, which decides the size of the pictures.
        """
        share = min(1.0, (_FULL_SIZE_SCENES / max(scenes, 1)) ** 0.5)
        self._side = max(_SMALLEST_SIDE, round(share * _LARGEST_SIDE))
        self._title = title
        self._sections: list[str] = []
        self._links: list[str] = []

    def add(
        self,
        scene: Scene,
        reconstruction: Reconstruction,
        shown: np.ndarray,
        metrics: Metrics | None,
    ) -> None:
        """Adds a scene.

        Args:
            scene: The scene as it was reconstructed.
            reconstruction: What the networks made of it.
            shown: `(H, W, 3)` uint8, the result tone-mapped.
            metrics: Its numbers; None without a truth.
        """
        anchor = f"scene-{len(self._sections) + 1}"
        name = html.escape(scene.name)
        self._links.append(f'<a href="#{anchor}">{name}</a>')
        parts = [
            f'<section id="{anchor}"><h2>{name}</h2>',
            _remarks(scene),
            '<div class="pair">',
            self._comparison(scene, shown),
            self._exposures(scene, reconstruction.hdr),
            "</div>",
            self._small_pictures(scene, reconstruction),
            "" if metrics is None else _numbers(metrics),
            "</section>",
        ]
        self._sections.append("\n".join(part for part in parts if part))

    def write(self, path: Path, settings: Mapping[str, object], failures: Sequence[str]) -> None:
        """Writes the page, which appears when it is complete.

        Args:
            path: The file; its folder is made.
            settings: What the run was made with, for a table.
            failures: Messages about scenes that are not on the page.

        Raises:
            OSError: It cannot be written.
        """
        body = [f"<p>{' · '.join(self._links) or 'No scene was reconstructed.'}</p>"]
        if failures:
            body += ["<h2>Not reconstructed</h2>", _list(failures, "failed")]
        body += [*self._sections, "<h2>Settings</h2>", _table(settings)]
        body += ["<h2>Versions</h2>", _table(versions())]
        page = _TEMPLATE.read_text(encoding="utf-8")
        page = page.replace("@title@", html.escape(self._title))
        page = page.replace("@body@", "\n".join(body))
        files.write_text(path, page)

    def _comparison(self, scene: Scene, shown: np.ndarray) -> str:
        before = self._image(to_8bit(scene.ldr[MID_FRAME]), "reference frame", 'class="before"')
        after = self._image(shown, "result, tone-mapped", 'class="after"')
        return (
            f'<figure><div class="stack">{before}{after}</div>'
            '<label>reference <input type="range" data-kind="compare" min="0" max="100" value="50"'
            ' aria-label="share of the reference frame"> result</label></figure>'
        )

    def _exposures(self, scene: Scene, hdr: np.ndarray) -> str:
        """The result as each exposure from one stop below the darkest frame to the brightest."""
        hdr = shrink(hdr, self._side)
        stops = range(-1, int(np.ceil(scene.exposure_values[-1])) + 2)
        images = [
            self._image(
                to_display(hdr_to_ldr(hdr, np.float32(2.0**stop))),
                f"result at {stop:+d} stops",
                f'data-stops="{stop:+d}"',
            )
            for stop in stops
        ]
        middle = 1 + round(float(scene.exposure_values[MID_FRAME]))
        return (
            f'<figure><div class="stack exposures">{"".join(images)}</div>'
            f'<label>exposure <input type="range" data-kind="exposure" min="0"'
            f' max="{len(images) - 1}" value="{middle}" aria-label="exposure in stops">'
            "<output></output></label></figure>"
        )

    def _small_pictures(self, scene: Scene, reconstruction: Reconstruction) -> str:
        names = scene.files if isinstance(scene, Photographs) else ("", "", "")
        captions = [
            f"{role}, {stops:g} stops{f', {name}' if name else ''}"
            for role, stops, name in zip(
                (LOW, "reference", HIGH), scene.exposure_values, names, strict=True
            )
        ]
        pictures = list(zip(captions, (to_8bit(frame) for frame in scene.ldr), strict=True))
        for side, frame in zip(SOURCE_FRAME, reconstruction.aligned, strict=True):
            pictures.append((f"{side}, aligned", to_display(shrink(frame, self._side))))
        if scene.hdr is not None:
            error = error_picture(reconstruction.hdr, scene.hdr)
            pictures.append(("error after mu-law: black 0, bright 0.1 and more", error))
        cells = [
            f"<figure>{self._image(picture, caption, '', 0.45)}"
            f"<figcaption>{html.escape(caption)}</figcaption></figure>"
            for caption, picture in pictures
        ]
        return f'<div class="grid">{"".join(cells)}</div>'

    def _image(self, image: np.ndarray, text: str, attributes: str, scale: float = 1.0) -> str:
        small = shrink(image, max(64, round(scale * self._side)))
        _, data = cv2.imencode(
            ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        )
        encoded = base64.b64encode(data.tobytes()).decode()
        return (
            f'<img {attributes} alt="{html.escape(text)}" width="{small.shape[1]}"'
            f' height="{small.shape[0]}" src="data:image/jpeg;base64,{encoded}">'
        )


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _remarks(scene: Scene) -> str:
    height, width = scene.ldr.shape[1:3]
    lines = _list([f"{width}x{height} pixels."], "note")
    if isinstance(scene, Photographs):
        lines += _list(scene.notes, "note") + _list(scene.warnings, "warning")
    return lines


def _numbers(metrics: Metrics) -> str:
    return _table({name: f"{value:.4f}" for name, value in dataclasses.asdict(metrics).items()})


def _list(lines: Iterable[str], kind: str) -> str:
    items = "".join(f'<li class="{kind}">{html.escape(line)}</li>' for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _table(values: Mapping[str, object]) -> str:
    rows = (
        f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in values.items()
    )
    return f"<table>{''.join(rows)}</table>"
