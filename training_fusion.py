"""Trains the merging network: end to end with both alignments, or alone on frozen ones.

End to end, the default, is the paper's last stage, which the released code has commented out;
`--alignment frozen` is what the released code does.

Needs the records of make_tfrecord.py and the checkpoints of training_align_high.py and
training_align_low.py in the run. Writes checkpoints of all three networks, log and previews to the
folder `fusion` of the run. Run it again to resume; when it is finished it does nothing.

The merging network alone trains faster on precomputed alignments: reconstruction_align2.py on the
training scenes, make_tfrecord.py --aligned, then this script with --alignment precomputed.
"""

from configs import paths, presets
from configs.settings import FusionConfig
from models import alignment, esbn, release_checkpoint
from models.frames import MERGING
from utils import command
from utils.runs import settings
from utils.runs.networks import build_networks, restore
from utils.training import loop, stages


def main(config: FusionConfig) -> None:
    """Trains the last stage."""
    alignments = {side: paths.stage_dir(config.run, name) for side, name in paths.ALIGNMENT.items()}
    if config.alignment in {"from_scratch", "none"}:
        alignments = {}
    if config.start_weights is not None:
        alignments = {side: x for side, x in alignments.items() if settings.is_trained(x)}

    def build() -> stages.Stage:
        networks = build_networks(config)
        for side, folder in alignments.items():
            restore({side: networks[side]}, folder)
        if config.release_checkpoint:
            release_checkpoint.load(networks[MERGING], config.release_checkpoint)
        joined = networks
        if config.takes_aligned_records:  # replaces alignment by the identity
            joined = networks | {side: alignment.unaligned(side) for side in paths.ALIGNMENT}
        whole = esbn.esbn(joined, stages.aligned_frame)
        return stages.fusion_stage(networks, whole, config)

    stage = loop.train(config, paths.FUSION, build)
    release_checkpoint.save_all(stage.networks, config.save_release)


if __name__ == "__main__":
    command.run(main, presets.fusion, __doc__, settings.like(paths.FUSION))
