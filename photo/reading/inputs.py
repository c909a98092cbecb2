"""Goes through the scenes of a folder, or one bracket of files, as a protocol wants them."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import tensorflow as tf
from tqdm import tqdm

from configs.settings import PrealignmentName
from photo.reading.folder import Photographs, bracket_name, read_photographs
from photo.reading.search import Found, find
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import Protocol
from utils.files import one_line, printable
from utils.scenes.folders import read_scene, scene_name
from utils.scenes.scene import Scene, SceneError

_LOG = logging.getLogger(__name__)


SCENE_FAILURES = (
    *(ValueError, OSError, ArithmeticError, LookupError, RuntimeError, AttributeError),
    *(MemoryError, cv2.error, tf.errors.OpError),
)
"""Errors of ours and of libraries that end one scene and no other."""


def failure(name: str, error: Exception) -> str:
    """A line about a scene that failed, with its name and the reason."""
    # Errors of ours are of these two kinds and may quote a name with a line end.
    ours = isinstance(error, (ValueError, OSError))
    reason, name = printable(str(error) if ours else one_line(error)), printable(name)
    return reason if not name or name in reason else f"Scene {name}: {reason}"


class PreparedScenes:
    """The scenes of a folder as a protocol wants them, with a progress bar.

    Scenes of data sets and folders of photographs may lie side by side. A scene that cannot be
    read, does not fit the protocol or cannot be written (see `attempt`) does not stop the others:
    it is kept in `failures`.
    """

    def __init__(
        self,
        places: Sequence[Path],
        protocol: Protocol,
        exposures: Sequence[float] | None = None,
        prealign: PrealignmentName | None = None,
        reference: str | None = None,
        *,
        ending: str = "",
    ) -> None:
        """Finds the scenes.

        Args:
            places: A folder of scenes or one scene; or the photographs of one bracket.
            protocol: Prepares each scene, and says how the camera's motion is taken out of those of
                data sets.
            exposures: Stops of photographs; see `read_photographs`.
            prealign: How it is taken out of photographs; None: `auto`, unless the protocol says
                `on`.
            reference: Name of photographs' reference; see `read_photographs`.
            ending: What names of result files add to the scene's; a scene whose name is another's
                with it is left alone, for their results would be one file.

        Raises:
            SceneError: There is no scene.
        """
        self._protocol = protocol
        self._exposures = exposures
        self._prealign: PrealignmentName = prealign or (
            "on" if protocol.prealign == "on" else "auto"
        )
        self._reference = reference
        self._root, self._found = find(places)
        self._names = [self._name(found) for found in self._found]
        self._ending = ending
        self._failures: list[str] = []

    def __iter__(self) -> Iterator[Scene]:
        """Yields the scenes that can be read, by name."""
        self._failures.clear()
        for index, found in enumerate(tqdm(self._found, unit="scene")):
            try:
                self._require_place(index)
                scene = self._protocol.prepare(self._read(found))
            except SCENE_FAILURES as error:
                self._failures.append(failure(self._names[index], error))
            else:
                yield scene

    def __len__(self) -> int:
        """Number of scenes that were found, readable or not."""
        return len(self._found)

    def protocol_of(self, scene: Scene) -> Protocol:
        """The protocol as its title is to stand with a scene's results."""
        if isinstance(scene, Photographs):
            return dataclasses.replace(self._protocol, prealign=self._prealign)
        return self._protocol

    @contextlib.contextmanager
    def attempt(self, name: str = "") -> Iterator[None]:
        """Keeps an error of what is done with a scene in `failures`, under the scene's name."""
        try:
            yield
        except SCENE_FAILURES as error:
            self._failures.append(failure(name, error))

    @property
    def title(self) -> str:
        """Name of what was found, for people."""
        files = self._found[0].files
        return bracket_name(files) if files else self._root.resolve().name

    @property
    def failures(self) -> tuple[str, ...]:
        """Messages about the scenes that failed so far."""
        return tuple(self._failures)

    def _name(self, found: Found) -> str:
        return bracket_name(found.files) if found.files else scene_name(found.folder, self._root)

    def _require_place(self, index: int) -> None:
        """Refuses a scene whose results would be written over another's."""
        name = self._names[index]
        shorter = name.removesuffix(self._ending)
        if name in self._names[:index] or (shorter != name and shorter in self._names):
            raise SceneError(
                f"Scene {name}: its results would be written over those of scene {shorter}; rename"
                f" a folder. Received: {self._found[index].folder}"
            )

    def _read(self, found: Found) -> Scene:
        if found.kind == "scene":
            return prealigned(read_scene(found.folder, self._root), self._protocol.prealign)
        scene = read_photographs(
            found.folder,
            self._root,
            self._exposures,
            self._prealign,
            reference=self._reference,
            files=found.files,
        )
        for note in scene.notes:
            tqdm.write(printable(f"{scene.name}: {note}"))
        for warning in scene.warnings:
            _LOG.warning("%s: %s", scene.name, warning)
        return scene
