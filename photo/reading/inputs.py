"""Reads the scenes of a folder, or one bracket of files, and prepares them for a protocol."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from configs import paths
from configs.settings import PrealignmentName
from photo.reading.brackets.headers import Header, read_headers, without_doubles
from photo.reading.brackets.splitting import listed, split, stops_of
from photo.reading.folder import bracket_name, read_photographs
from photo.reading.search import Found, find, photograph_paths
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import Protocol
from utils.files import printable
from utils.reporting.tables import Table, to_markdown
from utils.scenes.folders import read_scene, scene_name
from utils.scenes.layouts import EXPOSURE_FILE, find_file, find_files
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
        *,
        first: str | None = None,
        part: slice = slice(None),
    ) -> None:
        """Finds the scenes.

        Args:
            places: A folder of scenes or one scene; or the photographs of one bracket.
            protocol: Prepares each scene.
            exposures: Stops of photographs; see `read_photographs`.
            prealign: Whether the camera's motion is taken out; see `prealigned`.
            reference: Name of photographs' reference; see `read_photographs`.
            first: Name of the scene that comes first; None: they come by name.
            part: Places of the scenes to read, of all by name.

        Raises:
            SceneError: There is no scene, or not the one that comes first.
        """
        self._protocol = protocol
        self._exposures = exposures
        self._prealign: PrealignmentName = prealign
        self._reference = reference
        self._part = part
        self._root, found = find(places)
        self._found = [bracket for each in found for bracket in self._brackets(each)]
        if first is not None:
            names = [self._name(found) for found in self._found]
            if first not in names:
                raise SceneError(
                    f"--exposure-of must name one of the scenes {', '.join(names)}."
                    f" Received: {first!r}"
                )
            self._found.insert(0, self._found.pop(names.index(first)))
        self.names = [self._name(found) for found in self._found]
        """Names of all scenes, in order."""
        self._failures: list[str] = []

    def __iter__(self) -> Iterator[Scene]:
        """Yields the scenes that can be read, by name."""
        self._failures.clear()
        places = [paths.scene_dir(self._root, name) for name in self.names]
        for index, found in tqdm(list(enumerate(self._found))[self._part], unit="scene"):
            try:
                if places.index(places[index]) < index:
                    raise SceneError(
                        f"Scene {self.names[index]}: another has the same name; rename one, since"
                        f" results would be overwritten. Received: {self._found[index].folder}"
                    )
                scene = self._protocol.prepare(self._read(found))
            except SCENE_FAILURES as error:
                self._failures.append(failure(self.names[index], error))
            else:
                yield scene

    def __len__(self) -> int:
        """Number of all scenes, readable or not."""
        return len(self._found)

    def table(self) -> str:
        """A Markdown table of the scenes, by the headers of their files."""
        heading = ["bracket", "files", "stops", "size"]
        rows = [self._row(*each) for each in zip(self.names, self._found, strict=True)]
        return to_markdown(Table(heading=heading, rows=rows, notes=[], labels=4)).rstrip()

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
        found = self._found[0]
        named = found.files and not found.name
        return bracket_name(found.files) if named else self._root.resolve().name

    @property
    def failures(self) -> tuple[str, ...]:
        """Messages about failed scenes."""
        return tuple(self._failures)

    def _name(self, found: Found) -> str:
        if found.files and not found.name:
            return bracket_name(found.files)
        return found.name or scene_name(found.folder, self._root)

    def _row(self, name: str, found: Found) -> list[str]:
        paths = list(found.files) or photograph_paths(found.folder)
        if found.kind == "scene":
            paths = find_files(found.folder).frames
        headers = read_headers(without_doubles(paths))
        return [
            printable(name),
            printable(listed([header.path for header in headers])),
            self._stops(found, headers),
            ", ".join(sorted({f"{header.size[0]}x{header.size[1]}" for header in headers})),
        ]

    def _stops(self, found: Found, headers: Sequence[Header]) -> str:
        if found.kind == "scene" and (file := find_files(found.folder).exposures):
            return file.name
        stops = self._exposures or stops_of(headers)
        if not self._exposures and not found.files and find_file(found.folder, EXPOSURE_FILE):
            return EXPOSURE_FILE
        return " ".join(f"{value - min(stops):.3g}" for value in stops) or "unknown"

    def _brackets(self, found: Found) -> list[Found]:
        """The brackets of a folder of photographs; others as they are.

        A folder with exposures, in a file or given for each photograph, is one bracket.
        """
        if found.kind != "photographs" or found.files or find_file(found.folder, EXPOSURE_FILE):
            return [found]
        paths = photograph_paths(found.folder)
        if len(self._exposures or ()) == len(paths):
            return [found]
        brackets, others = split(without_doubles(paths))
        if len(brackets) == 1 and not others:
            return [found]
        folder = found.folder.relative_to(self._root)
        if others:
            _LOG.warning(
                "%s: left out, since they belong to no bracket: %s",
                scene_name(found.folder, self._root),
                listed(others),
            )
        names = [(folder / bracket[0].stem).as_posix() for bracket in brackets]
        if len(brackets) == 1:
            names = [scene_name(found.folder, self._root)]
        return [
            dataclasses.replace(found, files=tuple(bracket), name=name)
            for bracket, name in zip(brackets, names, strict=True)
        ]

    def _read(self, found: Found) -> Scene:
        if found.kind == "scene":
            return prealigned(read_scene(found.folder, self._root), self._prealign)
        scene = read_photographs(
            found.folder,
            self._root,
            self._exposures,
            reference=self._reference,
            files=found.files,
            name=found.name,
        )
        scene = prealigned(scene, self._prealign)
        for note in scene.notes:
            tqdm.write(printable(f"{scene.name}: {note}"))
        for warning in scene.warnings:
            _LOG.warning("%s: %s", scene.name, warning)
        return scene
