"""What both reconstruction scripts do: go through the scenes of a folder under one protocol."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from utils.command import EXIT_BAD_INPUT
from utils.protocols import Protocol
from utils.scenes import Scene, find_scenes, read_scene


class PreparedScenes:
    """The scenes of a folder as a protocol wants them, with a progress bar.

    A scene that cannot be read or does not fit the protocol does not stop the others: it is kept
    for `report_failures`.
    """

    def __init__(self, root: Path, protocol: Protocol) -> None:
        """Finds the scenes.

        Args:
            root: Folder of scenes, or one scene.
            protocol: Prepares each scene.

        Raises:
            SceneError: There is no scene.
        """
        self._root = root
        self._protocol = protocol
        self._folders = find_scenes(root)
        self._failures: list[str] = []

    def __iter__(self) -> Iterator[Scene]:
        """Yields the scenes that can be read, by name."""
        self._failures.clear()
        for folder in tqdm(self._folders, unit="scene"):
            try:
                scene = self._protocol.prepare(read_scene(folder, self._root))
            except (ValueError, OSError) as error:
                self._failures.append(str(error))
            else:
                yield scene

    def report_failures(self) -> int:
        """Names the scenes that failed on standard error; returns the script's exit code."""
        for failure in self._failures:
            tqdm.write(f"error: {failure}", file=sys.stderr)
        return EXIT_BAD_INPUT if self._failures else 0
