"""Bad checkpoints of the authors' TF 1 code."""

import dataclasses
import functools
import shutil
from pathlib import Path

from configs.settings import ExportConfig
from models import release_checkpoint
from tests import tiny
from tests.fuzz import tools
from tests.fuzz.damage import damage
from tests.fuzz.randomness import Random, pick
from tests.fuzz.weights import NETWORKS, export_case
from tests.fuzz.whole_runs import Judged


def case(place: Path, random: Random) -> Judged:
    """An authors' checkpoint with damaged values, or another one; TensorFlow reads the index."""
    for path in _released().iterdir():
        shutil.copy(path, place / path.name)
    bad = pick(random, NETWORKS)
    prefix = str(place / f"iter_{bad}")
    chance = random.random()
    if chance < 0.85:
        path = place / f"iter_{bad}.data-00000-of-00001"
        what, data = damage(path.read_bytes(), random)
        path.write_bytes(data)
    else:
        other = pick(random, ("low", "high", "merging", "", "nowhere", "low.index", ".."))
        prefix = str(place / f"iter_{other}")
        what = f"{bad} from {other or 'nothing'}"
    config = ExportConfig(run=place / "run", weights=tools.weights())
    config = dataclasses.replace(config, **{f"release_{bad}": prefix})
    return export_case(place, config, what, prefix)


@functools.cache
def _released() -> Path:
    folder = tools.weights().with_name("release")
    if not folder.exists():
        for name, network in tiny.random_networks().items():
            release_checkpoint.save(network, folder / f"iter_{name}")
    return folder
