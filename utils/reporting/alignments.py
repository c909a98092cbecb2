"""Compares aligned frames of the networks and of geometric methods, in tables and a sheet."""

import collections
from pathlib import Path

import numpy as np
from tqdm import tqdm

from configs import paths
from configs.settings import ReconstructionConfig
from utils.evaluation.baselines import ALIGNMENTS
from utils.evaluation.protocols import Protocol
from utils.evaluation.scores import score_alignment
from utils.evaluation.scoring import Numbers
from utils.images.frames import write_ldr
from utils.inference.pipeline import Networks
from utils.inference.reconstruction import merge
from utils.reporting import score_tables, tables
from utils.reporting.results import full_title
from utils.reporting.sheets import alignment_sheet
from utils.scenes.scene import Scene

NETWORKS, UNALIGNED, SHEET = "ESBN", "source as it is", "alignments.png"
_MOVED = "moved: where the frame as it is differs from the truth exposed like it."


class AlignmentScores:
    """Scores of aligned frames by method and scene, next to those of the frames as they are."""

    def __init__(
        self, config: ReconstructionConfig, protocol: Protocol, networks: Networks, results: Path
    ) -> None:
        """Begins without scores.

        Args:
            config: With `baselines` also geometric alignments, and what all of them merge to.
            protocol: Its name stands in the tables.
            networks: Their merging is used with `baselines`, if it is trained.
            results: Folder of the tables and sheets.
        """
        self._config, self._protocol = config, protocol
        self._networks, self._results = networks, results
        self.rows: list[tuple[str, str, Numbers]] = []
        """Scene, method and scores."""

    def add(self, scene: Scene, aligned: np.ndarray) -> None:
        """Scores a scene, if it has a ground truth.

        Args:
            scene: Its frames are those that the geometric alignments get.
            aligned: `(2, H, W, 3)` LDR in [0, 1] of the networks, low and high.
        """
        if scene.hdr is None:
            return
        names = ALIGNMENTS if self._config.baselines else [UNALIGNED]
        frames = {name: ALIGNMENTS[name](scene) for name in names} | {NETWORKS: aligned}
        merged = {}
        if self._config.baselines and self._networks.merging is not None:
            merged = {
                name: merge(self._networks, scene, pair, self._protocol)
                for name, pair in frames.items()
            }
            sheet = alignment_sheet(scene, frames, merged)
            write_ldr(paths.scene_dir(self._results, scene.name) / SHEET, sheet)
        for name, pair in frames.items():
            self.rows.append((scene.name, name, score_alignment(pair, scene, merged.get(name))))

    def write(self) -> None:
        """Writes `aligned`, by scene, and `alignments`, the means, and prints the means."""
        if not self.rows:
            return
        scores: dict[str, dict[str, Numbers]] = collections.defaultdict(dict)
        for scene, name, numbers in self.rows:
            scores[name][scene] = numbers
        title = full_title(self._protocol.title, self._config.prealign)
        titles = {
            name: self._protocol.title if self._config.baselines and name != NETWORKS else title
            for name in scores
        }
        by_title = {f"{name}: {titles[name]}": rows for name, rows in scores.items()}
        means = score_tables.method_table(
            {name: {titles[name]: rows} for name, rows in scores.items()}, [_MOVED]
        )
        tables.write(self._results / "aligned", score_tables.scene_table(by_title, [_MOVED]))
        tables.write(self._results / "alignments", means)
        tqdm.write(tables.to_markdown(means))
