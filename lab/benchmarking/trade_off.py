"""Quality against time of weights and self-ensembles on scenes with ground truth."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from tqdm import tqdm

from configs.settings import Copies, PrealignmentName, ReconstructionConfig
from lab.benchmarking import timing
from lab.benchmarking.timing import Row
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import PROTOCOLS
from utils.inference.agreement import agreed
from utils.inference.pipeline import Networks, open_networks
from utils.inference.reconstruction import reconstruct
from utils.scenes.folders import find_scenes, read_scene
from utils.scenes.scene import Scene, SceneError

FULL = PROTOCOLS["full"]
SECONDS, PSNR_MU, PSNR_L = "s a scene", "PSNR-mu", "PSNR-l"


def measure(scenes: Path, weights: Sequence[Path], turns: int) -> list[Row]:
    """Scores each folder of weights with 1, 2, 4 and 8 copies, and times them in turn.

    Args:
        scenes: A folder of scenes with ground truth; all are scored, the first one is timed, from
            frames to radiance.
        weights: Folders of weights.
        turns: Turns of the timing; the median counts.

    Returns:
        A row for each folder and number of copies: dB of the protocol `full`, means over the
        scenes, and seconds.

    Raises:
        SceneError: There is no scene, or one without ground truth.
    """
    rows: list[Row] = []
    runs: dict[str, Callable[[], object]] = {}
    for folder in weights:
        config = ReconstructionConfig(weights=folder)
        networks = open_networks(config)
        prepared = list(_prepared(scenes, config.prealign))
        for copies in get_args(Copies):
            run = functools.partial(_run, networks, copies)
            scores = [
                FULL.score(run(scene), truth)
                for scene, truth in tqdm(prepared, desc=f"{folder}, {copies}", unit="scene")
            ]
            row: Row = {"weights": str(folder), "copies": copies}
            row[PSNR_MU] = float(np.mean([score.psnr_mu for score in scores]))
            row[PSNR_L] = float(np.mean([score.psnr_l for score in scores]))
            runs[str(len(rows))] = functools.partial(run, prepared[0][0])
            rows.append(row)
    seconds = timing.alternate(runs, turns)
    return [row | {SECONDS: seconds[str(number)]} for number, row in enumerate(rows)]


def _prepared(scenes: Path, mode: PrealignmentName) -> Iterator[tuple[Scene, np.ndarray]]:
    for folder in find_scenes(scenes):
        scene = prealigned(read_scene(folder, scenes), mode)
        if scene.hdr is None:
            raise SceneError(f"Quality needs the truth. Received: none in {folder}")
        yield scene, scene.hdr


def _run(networks: Networks, copies: Copies, scene: Scene) -> np.ndarray:
    return agreed(reconstruct(networks, scene, FULL, copies), scene).hdr
