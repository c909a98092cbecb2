"""Speed of writing records and of reading training samples."""

import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from configs.settings import SamplingConfig
from lab.benchmarking.timing import Row
from utils.radiometry.levels import to_16bit
from utils.radiometry.radiance import hdr_to_ldr
from utils.records import build, plan
from utils.records.batches import Samples
from utils.scenes import folders

_SIZE = (1000, 1500)
_VALUES = np.array([0, 2, 4], np.float32)
_BATCH = 8
_KALANTARI_SCENES = 74


def measure(*, count: int, samples: int, workers: int = 2) -> list[Row]:
    """Measures on synthetic scenes of 1500x1000 in a temporary folder.

    Args:
        count: Scenes.
        samples: Training samples of 256x256 per figure.
        workers: Number of processes.
    """
    with tempfile.TemporaryDirectory() as folder:
        root, records = Path(folder, "scenes"), Path(folder, "records")
        for index in range(count):
            _write_scene(root / f"{index:03}", index)
        planned = plan.plan(plan.find_sources(root), validation_scenes=0, scenes_per_shard=2)
        start = time.perf_counter()
        build.build(str(records), planned, root=root, workers=workers, prealign="off")
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in records.iterdir()) / count
        return [
            {"figure": "scenes written, 1/s", "value": count / seconds},
            {"figure": f"{_KALANTARI_SCENES} scenes, GB", "value": size * _KALANTARI_SCENES / 1e9},
            *_sampling(records, samples, faithful=True),
            *_sampling(records, samples, faithful=False),
        ]


def _sampling(records: Path, samples: int, *, faithful: bool) -> list[Row]:
    batches = iter(Samples(str(records), SamplingConfig(resample=faithful)).batches(_BATCH, 0))
    for _ in range(4):  # fills cache and buffers
        next(batches)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(samples // _BATCH):
        next(batches)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    name = "with the release's resampling" if faithful else "plain"
    return [
        {"figure": f"samples, {name}, 1/s", "value": samples / wall},
        {"figure": f"samples, {name}, 1/s and core", "value": samples / cpu},
    ]


def _write_scene(folder: Path, seed: int) -> None:
    """Writes a scene of smooth radiance with edges and grain, in 16 bits."""
    generator = np.random.default_rng(seed)
    height, width = _SIZE
    radiance = np.zeros((height, width, 3), np.float32)
    for cells in (4, 32, 256):
        coarse = generator.random((cells, cells, 3), np.float32)
        radiance += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) / cells**0.5
    radiance = np.clip(radiance / radiance.max(), 0, 1) ** 3
    times = 2.0**_VALUES
    ldr = np.stack([hdr_to_ldr(radiance, time) for time in times])
    ldr += generator.normal(0, 0.002, ldr.shape).astype(np.float32)
    ldr = to_16bit(np.clip(ldr, 0, 1))
    folders.write_scene(folder, ldr=ldr, exposure_values=_VALUES, hdr=radiance)
