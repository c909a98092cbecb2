"""Packs scenes as TFRecord shards for training and holds some out for validation.

Run it before the training scripts. Reads the training scenes (--scenes) and writes the folder
`records` of the run. Run it again to resume; when all scenes are packed it does nothing. --check
DIR only reports which data set a folder holds and its faults. --aligned DIR packs the aligned
frames of reconstruction_align2.py, for training_fusion.py --alignment precomputed.
"""

import sys
from typing import get_args

from tqdm import tqdm

from configs import paths, presets
from configs.settings import RecordsConfig
from utils import command
from utils.records import build, patches, plan
from utils.scenes import checks


def main(config: RecordsConfig) -> int:
    """Builds the records and prints what they hold; returns 2 if a checked data set has faults."""
    if config.check is not None:
        return 0 if checks.print_findings(config.check) else command.EXIT_BAD_INPUT
    folder = config.records or str(paths.records_dir(config.run))
    planned = plan.plan(
        plan.find_sources(config.scenes, config.aligned),
        validation_scenes=config.validation_scenes,
        hold_out=config.hold_out,
        scenes_per_shard=config.scenes_per_shard,
    )
    index = build.build(
        folder,
        planned,
        root=config.scenes,
        workers=config.workers,
        prealign=config.prealign,
    )
    training = [entry for entry in index if entry.split == "training"]
    if len(training) < len(index) - len(training):
        tqdm.write(
            f"warning: only {len(training)} scenes are left for training; add scenes, or hold out"
            " fewer (--validation-scenes) and pack into another --records folder",
            file=sys.stderr,
        )
    size = sum(entry.length for entry in index)
    tqdm.write(
        f"{folder}: {len(training)} training and {len(index) - len(training)} validation scenes"
        f" in {len(planned)} shards, {size / 1e6:.1f} MB"
    )
    for preset in get_args(presets.Preset):
        sampling = presets.alignment(preset).sampling
        samples = len(patches.Grid([(entry.height, entry.width) for entry in training], sampling))
        tqdm.write(
            f"{samples:,} samples an epoch of {sampling.patch_size} pixels at steps of"
            f" {sampling.stride} ({preset})"
        )
    return 0


if __name__ == "__main__":
    command.run(main, presets.records, __doc__)
