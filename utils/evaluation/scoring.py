"""Scores of results, from networks or from files, under several protocols at once."""

import collections
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from configs.settings import Copies
from photo.reading.inputs import SCENE_FAILURES, failure
from utils.camera_motion.prealignment import prealigned
from utils.evaluation import perceptual
from utils.evaluation.perceptual import ColorVideoVdp, Display
from utils.evaluation.protocols import Protocol
from utils.images.drawing import error_map
from utils.images.radiance_maps import RADIANCE_SUFFIXES, read_radiance
from utils.inference.pipeline import Networks
from utils.inference.reconstruction import reconstruct
from utils.scenes.folders import find_scenes, read_scene, scene_name
from utils.scenes.scene import Scene, SceneError

Numbers = dict[str, float]
"""Names of metrics with their values."""

_PREFERRED_SUFFIXES = (".exr", ".hdr")
_LARGEST_ERROR_MAP = 300  # pixels a side

Predict = Callable[[Path, Scene, Scene, Protocol], np.ndarray]
"""Folder, scene as it is and as the protocol prepares it: to `(H, W, 3)` radiance."""


@dataclasses.dataclass(kw_only=True)
class Scores:
    """Numbers of every scene under every protocol."""

    by_protocol: dict[str, dict[str, Numbers]]
    """Protocol's title to scene's name to numbers."""
    error_maps: dict[str, dict[str, np.ndarray]]
    """Protocol's title to scene's name to `(h, w)`: mean absolute difference after the mu-law,
    shrunk."""
    failures: list[str]
    """What could not be scored, and why."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Meter:
    """Measures more than the protocol's own numbers."""

    display: Display
    vdp: ColorVideoVdp | None = None

    def measure(self, result: np.ndarray, truth: np.ndarray, protocol: Protocol) -> Numbers:
        """All numbers of one result."""
        numbers = dataclasses.asdict(protocol.score(result, truth))
        numbers |= dataclasses.asdict(perceptual.measure(result, truth, self.display))
        if self.vdp is not None:
            numbers["cvvdp"] = self.vdp.measure(result, truth)
        return numbers

    @property
    def notes(self) -> list[str]:
        """Notes that must stand beside the numbers."""
        notes = [f"PU21: {self.display.title}."]
        if self.vdp is not None:
            notes.append(f"ColorVideoVDP, in JOD: {self.vdp.title}.")
        return notes


def score(root: Path, protocols: Sequence[Protocol], predict: Predict, meter: Meter) -> Scores:
    """Scores every scene of a folder; one that fails does not stop the others.

    Protocols that prepare their input alike share one result.

    Args:
        root: Folder of scenes, or one scene.
        protocols: What to score under; all take the camera's motion out alike.
        predict: Gives the result of a scene.
        meter: Measures it.

    Raises:
        SceneError: There is no scene.
    """
    titles = [protocol.title for protocol in protocols]
    scores = Scores(
        by_protocol={title: {} for title in titles},
        error_maps={title: {} for title in titles},
        failures=[],
    )
    for folder in tqdm(find_scenes(root), unit="scene"):
        try:
            scene = prealigned(read_scene(folder, root), protocols[0].prealign)
        except SCENE_FAILURES as error:
            scores.failures.append(failure(scene_name(folder, root), error))
            continue
        results = {}
        for protocol in protocols:
            try:
                prepared = protocol.prepare(scene)
                truth = _truth(prepared)
                if protocol.inputs not in results:
                    results[protocol.inputs] = predict(folder, scene, prepared, protocol)
                result = results[protocol.inputs]
                with np.errstate(
                    all="ignore"
                ):  # values that are no radiance: the scores refuse them
                    numbers = meter.measure(result, truth, protocol)
                    errors = error_map(result, truth, _LARGEST_ERROR_MAP)
            except SCENE_FAILURES as error:
                scores.failures.append(failure(scene.name, error))
                continue
            scores.by_protocol[protocol.title][scene.name] = numbers
            scores.error_maps[protocol.title][scene.name] = errors
    return scores


def from_networks(networks: Networks, copies: Copies = 1) -> Predict:
    """Results that networks make, averaged over copies of the scene."""

    def predict(_folder: Path, _scene: Scene, prepared: Scene, protocol: Protocol) -> np.ndarray:
        return reconstruct(networks, prepared, protocol, copies).hdr

    return predict


def from_function(method: Callable[[Scene], np.ndarray]) -> Predict:
    """Results of a function of the scene, as of utils/evaluation/baselines.py."""
    return lambda _folder, _scene, prepared, _protocol: method(prepared)


def from_files(predictions: Path, root: Path) -> Predict:
    """Results that any method has written as .hdr or .exr.

    A scene `EXTRA/001` below the root is `EXTRA/001.hdr`, as reconstruction_fusion.py writes it,
    `EXTRA_001.hdr`, if no other scene could be meant, or the only radiance file in the folder
    `EXTRA/001`. Where there is an .exr beside the .hdr, it is taken: it is not rounded. A file has
    the scene's size or that of the protocol; one of the scene's size is cropped or resized as the
    protocol does with the truth.

    Args:
        predictions: Folder of the results.
        root: Folder of the scenes.

    Raises:
        ValueError: There is no such folder, or no scene.
    """
    if not predictions.is_dir():
        raise ValueError(f"There is no folder of predictions. Received: {predictions}")
    flat = collections.Counter(_flat(scene_name(folder, root)) for folder in find_scenes(root))

    def predict(folder: Path, scene: Scene, prepared: Scene, protocol: Protocol) -> np.ndarray:
        if protocol.leak:
            raise SceneError(
                f"Scene {scene.name}: files are scored without a leak. Received: {protocol.title}"
            )
        stems = [scene.name, *([_flat(scene.name)] if flat[_flat(scene.name)] == 1 else [])]
        path = _find(predictions, stems, folder.relative_to(root))
        result = read_radiance(path)
        if result.shape == _truth(prepared).shape:
            return result
        if result.shape == _truth(scene).shape:
            return _truth(protocol.prepare(dataclasses.replace(scene, hdr=result)))
        height, width = _truth(scene).shape[:2]
        raise SceneError(
            f"Scene {scene.name}: a prediction must have {width}x{height} pixels."
            f" Received: {path} of {result.shape[1]}x{result.shape[0]}"
        )

    return predict


def _flat(name: str) -> str:
    """A scene's name as many methods write it: all results in one folder."""
    return name.replace("/", "_")


def _find(predictions: Path, stems: Sequence[str], relative: Path) -> Path:
    for stem in stems:
        for suffix in _PREFERRED_SUFFIXES:
            path = predictions / f"{stem}{suffix}"  # not with_suffix: a name may hold a dot
            if path.is_file():
                return path
    inside = predictions / relative
    found = [
        path
        for path in inside.glob("*")
        if path.suffix.lower() in RADIANCE_SUFFIXES and path.name[0] != "."
    ]
    if not relative.parts or len(found) != 1:
        raise SceneError(
            f"Scene {stems[0]}: there must be one prediction {predictions / stems[0]}.exr or .hdr."
            f" Received: {len(found)} in {inside}"
        )
    return found[0]


def _truth(scene: Scene) -> np.ndarray:
    if scene.hdr is None:
        raise SceneError(f"Scene {scene.name}: there is no truth to score against. Received: None")
    return scene.hdr
