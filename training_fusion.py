"""Trains the merging network: end to end with both alignments, or alone on frozen ones.

Alone, it trains faster if the alignments are computed once: reconstruction_align2.py on the
training scenes, make_tfrecord.py --aligned, then this with --alignment precomputed.

Reads the records of make_tfrecord.py and the weights of training_align_high.py and
training_align_low.py from the run's folder, and writes weights of all three networks, log and
previews to its stage's folder there. Run it again to resume; when it is finished it does nothing.
"""

from configs import paths, presets
from configs.settings import FusionConfig
from models import alignment, esbn, release_checkpoint
from models.frames import MERGING
from utils import command
from utils.records import selection, shards
from utils.runs import settings
from utils.runs.networks import build_networks, restore
from utils.training import loop, stages


def main(config: FusionConfig) -> None:
    """Trains the last stage."""
    alignments = {side: paths.stage_dir(config.run, name) for side, name in paths.ALIGNMENT.items()}
    if config.alignment in {"from_scratch", "none"}:
        alignments = {}
    records = config.records or str(paths.records_dir(config.run))
    mode = selection.prealignment(records, shards.read_index(records, check_shards=False))
    for side, folder in list(alignments.items()):
        if settings.is_trained(folder):
            settings.require_prealignment(folder, mode)
        elif config.start_weights is not None:
            del alignments[side]

    def build() -> stages.Stage:
        networks = build_networks(config)
        for side, folder in alignments.items():
            restore({side: networks[side]}, folder)
        if config.release_checkpoint:
            release_checkpoint.load(networks[MERGING], config.release_checkpoint)
        joined = networks
        if config.takes_aligned_records:  # a copy of each frame is all that alignment still does
            joined = networks | {side: alignment.unaligned(side) for side in paths.ALIGNMENT}
        whole = esbn.esbn(joined, stages.aligned_frame)
        return stages.fusion_stage(networks, whole, config)

    stage = loop.train(config, paths.FUSION, build)
    release_checkpoint.save_all(stage.networks, config.save_release)


if __name__ == "__main__":
    command.run(main, presets.fusion, __doc__)
