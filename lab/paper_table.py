"""Makes the paper's table of a trained run: every test scene, EXTRA and PAPER, published scores.

Needs the last stage of `--run` trained to its last step, and data/Test. Takes the flags of
evaluate.py, which it runs with the preset `kalantari`; `--hdr-vdp-2 DIR` fills that column. Writes
to the folder `evaluation` of the run, or of `--predictions`: `paper` as .md, .csv and .tex, with
`provenance.json` (commit, weights, protocol, machine), beside evaluate.py's other tables. Prints
`paper.md`.
"""

import subprocess
import sys
from pathlib import Path

from tqdm import tqdm

from configs import paths
from configs.settings import EvaluationConfig
from lab import settings
from utils import command
from utils.runs import checkpoints
from utils.runs.settings import CHECKPOINTS_NAME, read_settings

ROOT = Path(__file__).parents[1]


def main(config: EvaluationConfig) -> int:
    """Makes the table; returns the exit code of evaluate.py."""
    if config.run and not (config.weights or config.predictions):
        stage = paths.stage_dir(config.run, paths.FUSION)
        asked, done = read_settings(stage)["steps"], checkpoints.last_step(stage / CHECKPOINTS_NAME)
        if done != asked:
            raise ValueError(
                f"The table needs a finished run; `python training_fusion.py --like {config.run}`"
                f" resumes it. Received: {stage} at step {done} of {asked}"
            )
    script = [sys.executable, str(ROOT / "evaluate.py"), "--preset=kalantari", *sys.argv[1:]]
    code = subprocess.run(script, check=False, stdout=sys.stderr).returncode
    table = (config.results or paths.evaluation_dir(config.predictions or config.run)) / "paper.md"
    if code == 0:
        tqdm.write(table.read_text(encoding="utf-8"))
    return code


if __name__ == "__main__":
    command.run(main, settings.paper_table, __doc__)
