"""Reads the scenes of a folder, or one bracket of files, and prepares them for a protocol."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from configs.settings import PrealignmentName
from photo.reading.folder import bracket_name, read_photographs
from photo.reading.search import Found, find
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import Protocol
from utils.files import printable
from utils.scenes.folders import read_scene, scene_name
from utils.scenes.scene import SCENE_FAILURES, Scene, SceneError, failure

_LOG = logging.getLogger(__name__)


class PreparedScenes:
    """The prepared scenes of a folder, with a progress bar.

    Scenes of data sets and folders of photographs may lie side by side. A scene that cannot be
    read, does not fit the protocol or cannot be written (see `attempt`) does not stop the others;
    its error is kept in `failures`.
    """

    def __init__(
        self,
        places: Sequence[Path],
        protocol: Protocol,
        exposures: Sequence[float] | None = None,
        prealign: PrealignmentName = "auto",
        reference: str | None = None,
    ) -> None:
        """Finds the scenes.

        Args:
            places: A folder of scenes or one scene; or the photographs of one bracket.
            protocol: Prepares each scene.
            exposures: Stops of photographs; see `read_photographs`.
            prealign: Whether the camera's motion is taken out; see `prealigned`.
            reference: Name of photographs' reference; see `read_photographs`.

        Raises:
            SceneError: There is no scene.
        """
        self._protocol = protocol
        self._exposures = exposures
        self._prealign: PrealignmentName = prealign
        self._reference = reference
        self._root, self._found = find(places)
        self._names = [self._name(found) for found in self._found]
        self._failures: list[str] = []

    def __iter__(self) -> Iterator[Scene]:
        """Yields the scenes that can be read, by name."""
        self._failures.clear()
        for index, found in enumerate(tqdm(self._found, unit="scene")):
            try:
                if self._names[index] in self._names[:index]:
                    raise SceneError(
                        f"Scene {self._names[index]}: another has the same name; rename one, since"
                        f" results would be overwritten. Received: {self._found[index].folder}"
                    )
                scene = self._protocol.prepare(self._read(found))
            except SCENE_FAILURES as error:
                self._failures.append(failure(self._names[index], error))
            else:
                yield scene

    def __len__(self) -> int:
        """Number of scenes, readable or not."""
        return len(self._found)

    @contextlib.contextmanager
    def attempt(self, name: str = "") -> Iterator[None]:
        """Keeps an error in `failures`, with the name of the scene."""
        try:
            yield
        except SCENE_FAILURES as error:
            self._failures.append(failure(name, error))

    @property
    def title(self) -> str:
        """Name of the folder or bracket."""
        files = self._found[0].files
        return bracket_name(files) if files else self._root.resolve().name

    @property
    def failures(self) -> tuple[str, ...]:
        """Messages about failed scenes."""
        return tuple(self._failures)

    def _name(self, found: Found) -> str:
        return bracket_name(found.files) if found.files else scene_name(found.folder, self._root)

    def _read(self, found: Found) -> Scene:
        if found.kind == "scene":
            return prealigned(read_scene(found.folder, self._root), self._prealign)
        scene = read_photographs(
            found.folder,
            self._root,
            self._exposures,
            reference=self._reference,
            files=found.files,
        )
        scene = prealigned(scene, self._prealign)
        for note in scene.notes:
            tqdm.write(printable(f"{scene.name}: {note}"))
        for warning in scene.warnings:
            _LOG.warning("%s: %s", scene.name, warning)
        return scene
