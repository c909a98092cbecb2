"""Scores the results of a method under several protocols."""

import collections
import dataclasses
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from tqdm import tqdm

from configs import paths
from configs.settings import PrealignmentName
from utils.camera_motion.prealignment import prealigned
from utils.evaluation import perceptual
from utils.evaluation.octave.hdr_vdp_2 import HdrVdp2
from utils.evaluation.perceptual import ColorVideoVdp, Display
from utils.evaluation.protocols import Protocol
from utils.images.drawing import error_map
from utils.images.radiance_maps import RADIANCE_SUFFIXES, read_radiance
from utils.radiometry.radiance import MU
from utils.scenes.folders import find_scenes, read_scene, scene_name
from utils.scenes.scene import SCENE_FAILURES, Scene, SceneError, failure

Numbers = dict[str, float]
"""Metric's name to its value."""

_SUFFIXES = (".exr", ".hdr")  # .exr first: its values are not rounded
_RESULT = "radiance"  # file name in a scene's results folder
_LARGEST_ERROR_MAP = 300  # pixels a side
_SCALE_STOPS = 0.3  # by which a prediction is off, and by less than which half of its pixels vary
_DARKEST = 1e-4  # of the truth's largest value; below it noise and rounding count

_LOG = logging.getLogger(__name__)

Row = tuple[str, Numbers, np.ndarray]
"""Scene's name, scores and error map."""
Predict = Callable[[Scene, Scene, Protocol], np.ndarray]
"""Scene as read, scene as the protocol prepares it, and the protocol: to `(H, W, 3)` radiance."""


@dataclasses.dataclass(kw_only=True)
class Scores:
    """Scores of every scene under every protocol."""

    by_protocol: dict[str, dict[str, Numbers]]
    """Protocol's title to scene's name to scores."""
    error_maps: dict[str, dict[str, np.ndarray]]
    """Protocol's title to scene's name to shrunk `(h, w)` mean absolute difference after the
    mu-law."""
    failures: list[str]
    """Messages about results that could not be scored."""

    @classmethod
    def of(cls, rows: Mapping[str, Iterable[Row]]) -> Self:
        """Scores from the rows of each protocol, by its title."""
        return cls(
            by_protocol={t: {scene: x for scene, x, _ in found} for t, found in rows.items()},
            error_maps={
                t: {scene: np.asarray(errors, np.float32) for scene, _, errors in found}
                for t, found in rows.items()
            },
            failures=[],
        )

    def rows(self, title: str) -> list[Row]:
        """The scores of one protocol, scene by scene."""
        maps = self.error_maps[title]
        return [(scene, x, maps[scene]) for scene, x in self.by_protocol[title].items()]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Meter:
    """Computes a protocol's scores and perceptual metrics."""

    display: Display
    vdp: ColorVideoVdp | None = None
    hdr_vdp_2: HdrVdp2 | None = None

    def measure(self, result: np.ndarray, truth: np.ndarray, protocol: Protocol) -> Numbers:
        """All scores of one result, by name."""
        numbers = dataclasses.asdict(protocol.score(result, truth))
        numbers |= dataclasses.asdict(perceptual.measure(result, truth, self.display))
        if self.vdp is not None:
            numbers["cvvdp"] = self.vdp.measure(result, truth)
        if self.hdr_vdp_2 is not None:
            numbers[self.hdr_vdp_2.title] = self.hdr_vdp_2.measure(result, truth)
        return numbers

    @property
    def notes(self) -> list[str]:
        """Notes for a table of the scores."""
        notes = [f"PU21: {self.display.title}."]
        if self.vdp is not None:
            notes.append(f"ColorVideoVDP, in JOD: {self.vdp.title}.")
        if self.hdr_vdp_2 is not None:
            notes.append(self.hdr_vdp_2.note)
        return notes


def score(
    root: Path,
    protocols: Sequence[Protocol],
    predict: Predict,
    meter: Meter,
    prealign: PrealignmentName = "off",
    *,
    part: slice = slice(None),
) -> Scores:
    """Scores every scene of a folder; a failed scene does not stop the others.

    Protocols with equal `inputs` share one result.

    Args:
        root: Folder of scenes, or one scene.
        protocols: Protocols to score under.
        predict: Computes or reads the result of a scene.
        meter: Measures the result.
        prealign: Whether the camera's motion is taken out of the frames.
        part: Places of the scenes to score, of all by name.

    Raises:
        SceneError: There is no scene.
    """
    scores = Scores.of({protocol.title: () for protocol in protocols})
    for folder in tqdm(find_scenes(root)[part], unit="scene"):
        try:
            scene = prealigned(read_scene(folder, root), prealign)
        except SCENE_FAILURES as error:
            scores.failures.append(failure(scene_name(folder, root), error))
            continue
        results = {}
        for protocol in protocols:
            try:
                prepared = protocol.prepare(scene)
                truth = _truth(prepared)
                if protocol.inputs not in results:
                    results[protocol.inputs] = predict(scene, prepared, protocol)
                result = results[protocol.inputs]
                with np.errstate(all="ignore"):  # the scores raise for invalid values
                    numbers = meter.measure(result, truth, protocol)
                    errors = error_map(result, truth, _LARGEST_ERROR_MAP)
            except SCENE_FAILURES as error:
                scores.failures.append(failure(scene.name, error))
                continue
            scores.by_protocol[protocol.title][scene.name] = numbers
            scores.error_maps[protocol.title][scene.name] = errors
    return scores


def from_function(method: Callable[[Scene], np.ndarray]) -> Predict:
    """Results of a function of the scene, such as those of utils/evaluation/baselines.py."""
    return lambda _scene, prepared, _protocol: method(prepared)


def from_files(predictions: Path, root: Path) -> Predict:
    """Results of any method, read from .hdr or .exr files.

    The result of scene `EXTRA/001` is the first of these files: `EXTRA/001.exr`,
    `EXTRA/001/radiance.exr`, `EXTRA_001.exr` unless that name fits two scenes, each of them also
    as .hdr; else the only radiance file in the folder `EXTRA/001`. A result of the scene's size is
    cropped or resized like the truth; otherwise it must have the protocol's size.

    Args:
        predictions: Folder of the results.
        root: Folder of the scenes.

    Raises:
        ValueError: There is no such folder, or no scene.
    """
    if not predictions.is_dir():
        raise ValueError(f"There is no folder of predictions. Received: {predictions}")
    flat = collections.Counter(_flat(scene_name(folder, root)) for folder in find_scenes(root))

    def predict(scene: Scene, prepared: Scene, protocol: Protocol) -> np.ndarray:
        if protocol.leak:
            raise SceneError(
                f"Scene {scene.name}: predictions are scored without a leak."
                f" Received: {protocol.title}"
            )
        path = _find(predictions, scene.name, flat=flat[_flat(scene.name)] == 1)
        result = read_radiance(path)
        if result.min() <= -1 / MU:  # the mu-law has no value
            raise SceneError(f"A prediction must be at least 0. Received: {path}, {result.min():g}")
        truth, (height, width) = _truth(prepared), _truth(scene).shape[:2]
        if result.shape not in (truth.shape, _truth(scene).shape):
            raise SceneError(
                f"Scene {scene.name}: a prediction must have {width}x{height} pixels."
                f" Received: {path} of {result.shape[1]}x{result.shape[0]}"
            )
        if result.shape != truth.shape:
            result = _truth(protocol.prepare(dataclasses.replace(scene, hdr=result)))
        _warn_of_scale(path, result, truth)
        return result

    return predict


def _warn_of_scale(path: Path, result: np.ndarray, truth: np.ndarray) -> None:
    """Warns of a prediction that is the truth times a constant, as normalised results are."""
    seen = np.minimum(result, truth).min(axis=-1) > _DARKEST * truth.max()
    stops = np.log2(result[seen].mean(axis=-1) / truth[seen].mean(axis=-1))
    lower, middle, upper = np.percentile(stops, (25, 50, 75)) if stops.size else (0, 0, 0)
    if abs(middle) > _SCALE_STOPS and upper - lower < _SCALE_STOPS:
        _LOG.warning(
            "%s is %s than the truth by a constant %.1f stops, which costs most of the score; write"
            " radiance on the truth's scale.",
            path,
            "darker" if middle < 0 else "brighter",
            abs(middle),
        )


def _flat(name: str) -> str:
    """The scene's name for methods that write all results to one folder."""
    return name.replace("/", "_")


def _find(predictions: Path, name: str, *, flat: bool) -> Path:
    own = paths.scene_dir(predictions, name)
    inside = predictions / name if (predictions / name).is_dir() else own
    stems = [predictions / name, inside / _RESULT, *([predictions / _flat(name)] if flat else [])]
    files = [Path(f"{stem}{suffix}") for stem in stems for suffix in _SUFFIXES]
    others = [
        path
        for path in inside.glob("*")
        if path.suffix.lower() in RADIANCE_SUFFIXES and path.name[0] != "."
    ]
    found = [path for path in files if path.is_file()][:1] or others
    if len(found) != 1:
        raise SceneError(
            f"Scene {name}: there must be one prediction, {inside}.exr or .hdr or in the folder"
            f" {inside}. Received: {len(found)} in it"
        )
    return found[0]


def _truth(scene: Scene) -> np.ndarray:
    if scene.hdr is None:
        raise SceneError(f"Scene {scene.name}: there is no truth to score against. Received: None")
    return scene.hdr
