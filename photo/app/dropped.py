"""Photographs that were dropped on the page: their brackets, stops and merging.

Messages are HTML, made by `photo.app.plain_words`.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from photo.app.downloads import Downloads
from photo.app.plain_words import message
from photo.app.uploads import Seen, decoded, linked, typed_stops
from photo.reading.brackets.headers import without_doubles
from photo.reading.brackets.splitting import listed, split
from photo.reading.exif import exposure_values
from photo.reading.folder import read_photographs
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import PROTOCOLS
from utils.files import printable
from utils.inference.agreement import agreed
from utils.inference.pipeline import Networks
from utils.inference.reconstruction import reconstruct
from utils.radiometry.bracket import MID_FRAME
from utils.scenes.layouts import FRAME_COUNT
from utils.scenes.scene import SCENE_FAILURES, failure

Table = list[list[str]]
"""Rows of name and stops, one for each photograph."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Merged:
    """A bracket's result and what is said about it."""

    downloads: Downloads | None
    """None if merging failed."""
    said: list[str]
    notes: tuple[str, ...] = ()
    """Technical notes, not HTML."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dropped:
    """Readable photographs in brackets."""

    folder: Path
    """Holds links to the photographs."""
    brackets: list[list[Path]]
    said: list[str]
    """Messages about photographs that are left out."""
    seen: dict[Path, Seen]

    @classmethod
    def read(cls, uploads: Sequence[str], folder: Path, known: dict[str, Seen]) -> Self:
        """Links the uploads into a folder, decodes them and finds their brackets.

        Args:
            uploads: Files, each in a folder of its own.
            folder: An empty folder.
            known: Uploads that were decoded before; new ones are added.
        """
        try:
            upload = {folder / Path(x).name: x for x in uploads}
            paths = linked(uploads, folder)
            for path, one in decoded([x for x in paths if upload[x] not in known]).items():
                error = one.error.replace(f"{folder}/", "")
                known[upload[path]] = dataclasses.replace(one, error=error)
            seen = {path: known[upload[path]] for path in paths}
        except (ValueError, OSError) as error:
            said = [message("error", printable(str(error)))]
            return cls(folder=folder, brackets=[], said=said, seen={})
        said = [message("error", f"Left out: {x.error}") for x in seen.values() if x.error]
        paths = without_doubles([path for path, one in seen.items() if not one.error])
        brackets, others = split(paths) if paths else ([], [])
        if others:
            said.append(message("warning", f"Left out, of no bracket: {listed(others)}."))
        if len(brackets) > 1:
            found = "; ".join(map(listed, brackets))
            said.append(message("note", f"{len(brackets)} brackets: {found}."))
        return cls(folder=folder, brackets=brackets, said=said, seen=seen)

    def table(self) -> tuple[Table, list[int | None], list[str]]:
        """Stops by EXIF; places by brightness and messages where EXIF names too few."""
        rows, places, said = [], [], []
        for bracket in self.brackets:
            stops = exposure_values([self.seen[path].exposure for path in bracket])
            darkest = min((value for value in stops if value is not None), default=0.0)
            texts = ["" if value is None else f"{value - darkest:.2f}" for value in stops]
            rows += [[printable(path.name), x] for path, x in zip(bracket, texts, strict=True)]
            unknown = len(bracket) >= FRAME_COUNT > len({*texts} - {""})
            order = sorted(bracket, key=lambda path: self.seen[path].brightness)
            places += [order.index(path) if unknown else None for path in bracket]
            if unknown:
                text = (
                    f"EXIF names fewer than three exposures for {listed(bracket)}. Choose how far"
                    " the photographs are apart, or type the stops."
                )
                said.append(message("warning", text))
        return rows, places, said

    def merge(
        self,
        bracket: Sequence[Path],
        results: Path,
        networks: Networks,
        *,
        stops: Sequence[Sequence[str]],
        reference: str,
    ) -> Merged:
        """Merges one of the brackets.

        Args:
            bracket: Its photographs.
            results: Folder for the files.
            networks: The networks.
            stops: Rows of the table of stops; empty: those of EXIF.
            reference: Printable name of a photograph, which counts for its bracket; for others the
                reference is chosen.
        """
        names = [printable(path.name) for path in bracket]
        name = "" if len(self.brackets) == 1 else bracket[0].stem
        typed = {str(row[0]): str(row[-1]) for row in stops if row}
        try:
            scene = read_photographs(
                self.folder,
                exposures=typed_stops([typed.get(x, "") for x in names], names) if stops else None,
                reference=bracket[names.index(reference)].name if reference in names else None,
                files=bracket,
                name=bracket[0].stem,
            )
            scene = prealigned(scene, "auto")
            result = agreed(reconstruct(networks, scene, PROTOCOLS["full"]), scene)
            downloads = Downloads.write(results, scene.name, scene, result.hdr)
        except SCENE_FAILURES as error:
            text = failure(name, error).replace(f"{self.folder}/", "")
            return Merged(downloads=None, said=[message("error", text)])
        moment = f"The picture shows the moment of {scene.files[MID_FRAME]}."
        begin = f"{name}: " if name else ""
        said = [message("note", begin + moment)]
        said += [message("warning", begin + line) for line in scene.warnings]
        return Merged(downloads=downloads, said=said, notes=scene.notes)
