"""Paths: the data that is read and the runs that are written. Two constants to edit.

Every name by which one script hands something to the next stands here once, so that the writer
and the reader cannot disagree.
"""

from pathlib import Path

DATA_DIR = Path("data")
"""Kalantari's data set: `Training/001..074` and `Test/{EXTRA,PAPER}/...` lie directly in it."""

RUNS_DIR = Path("runs")
"""Records, weights, logs and results; one folder for each run."""

WEIGHTS_DIR = Path(__file__).parent.parent / "weights"
"""The trained weights that come with this code; docs/weights.md says how they were made."""

SMALL_WEIGHTS_DIR = WEIGHTS_DIR / "small"
"""Those of the preset `small`'s networks; docs/small_weights.md says how they were made."""

TRAINING_SCENES = DATA_DIR / "Training"
TEST_SCENES = DATA_DIR / "Test"

ALIGNMENT = {"low": "align_low", "high": "align_high"}
FUSION = "fusion"
"""Names of the three training stages: each is a folder below the run's folder."""


def run_dir(preset: str) -> Path:
    """Folder of the run that a preset makes."""
    return RUNS_DIR / preset


SHIPPED_WEIGHTS = {run_dir("quick"): WEIGHTS_DIR, run_dir("small"): SMALL_WEIGHTS_DIR}
"""What reconstruction takes for a run in which nothing is trained."""


def records_dir(run: Path) -> Path:
    """Folder of a run's TFRecord shards: make_tfrecord.py -> the trainers."""
    return run / "records"


def stage_dir(run: Path, stage: str) -> Path:
    """Folder of one stage's weights and logs: a trainer -> the next stages."""
    return run / stage


def aligned_file(results: Path, scene: str, side: str) -> Path:
    """A scene's aligned frame: reconstruction_align2.py -> make_tfrecord.py."""
    return results / scene / f"aligned_{side}.png"


def results_dir(run: Path) -> Path:
    """Folder that the reconstruction scripts write to."""
    return run / "results"


def evaluation_dir(folder: Path) -> Path:
    """Folder that evaluate.py writes to, in that of a run or of predictions."""
    return folder / "evaluation"


def export_dir(run: Path) -> Path:
    """SavedModel that export.py writes."""
    return run / "esbn"


def narrowed_dir(run: Path) -> Path:
    """Folder of weights: lab/narrow_weights.py -> training_fusion.py --start-weights."""
    return run / "narrowed"
