"""Paths: two constants to edit, and the names by which one script finds another's output."""

from pathlib import Path

DATA_DIR = Path("data")
"""Folder of Kalantari's data set: `Training/001..074` and `Test/{EXTRA,PAPER}/...`."""

RUNS_DIR = Path("runs")
"""Folder of the training runs; each has records, weights, logs and results."""

WEIGHTS_DIR = Path(__file__).parent.parent / "weights"
"""Folder of the trained weights `esbn-24` and `esbn-64` that come with this code."""

TRAINING_SCENES = DATA_DIR / "Training"
TEST_SCENES = DATA_DIR / "Test"

ALIGNMENT = {"low": "align_low", "high": "align_high"}
FUSION = "fusion"
"""Names of the three training stages; each is a folder in the run."""

_REFUSED = {ord(character): "_" for character in '<>:"|?*\\'} | dict.fromkeys(range(32), "_")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{x}{n}" for x in ("com", "lpt") for n in range(10))}


def run_dir(preset: str) -> Path:
    """Folder of a preset's training run."""
    return RUNS_DIR / preset


def records_dir(run: Path) -> Path:
    """Folder of a run's TFRecord shards: make_tfrecord.py -> the trainers."""
    return run / "records"


def stage_dir(run: Path, stage: str) -> Path:
    """Folder of one stage's weights and logs: a trainer -> the next stages."""
    return run / stage


def aligned_file(results: Path, scene: str, side: str) -> Path:
    """A scene's aligned frame: reconstruction_align2.py -> make_tfrecord.py."""
    return scene_dir(results, scene) / f"aligned_{side}.png"


def scene_dir(results: Path, scene: str) -> Path:
    """Folder of a scene's results: on every system, Windows accepts its name."""
    return results.joinpath(*map(_portable, scene.split("/")))


def _portable(name: str) -> str:
    name = name.translate(_REFUSED)
    if name.partition(".")[0].rstrip().lower() in _DEVICES:
        name = f"_{name}"
    return f"{name[:-1]}_" if name.endswith((".", " ")) else name


def results_dir(run: Path | None) -> Path:
    """Folder of the reconstruction scripts' results, in the run if one is given."""
    return (run or Path()) / "results"


def evaluation_dir(folder: Path | None) -> Path:
    """Folder of evaluate.py's tables, in the folder of a run or of predictions if one is given."""
    return (folder or Path()) / "evaluation"


def export_dir(run: Path | None, weights: Path | None = None) -> Path:
    """SavedModel of export.py, named after the weights."""
    name = weights.name if weights else "esbn" if run else "esbn-24"
    return (run or Path("exports")) / name
