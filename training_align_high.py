"""Trains the high alignment network: the high frame with the structure of the reference.

Needs the records of make_tfrecord.py, and no other training script. Writes checkpoints, log and
previews to the folder `align_high` of the run. Run it again to resume; when it is finished it does
nothing.
"""

from configs import paths, presets
from configs.settings import TrainingConfig
from models import release_checkpoint
from utils import command
from utils.runs import settings
from utils.runs.networks import build_networks
from utils.training import loop, stages

SIDE = "high"


def main(config: TrainingConfig) -> None:
    """Trains the alignment network of this side."""

    def build() -> stages.Stage:
        networks = build_networks(config)
        if config.release_checkpoint:
            release_checkpoint.load(networks[SIDE], config.release_checkpoint)
        return stages.alignment_stage(networks, SIDE, config)

    stage = loop.train(config, paths.ALIGNMENT[SIDE], build)
    release_checkpoint.save_all(stage.networks, config.save_release)


if __name__ == "__main__":
    command.run(main, presets.alignment, __doc__, settings.like(paths.ALIGNMENT[SIDE]))
