"""Makes small networks out of trained ones, as initial weights for training.

Reads the newest weights of the run (or `--weights`) and training records; writes a folder of
weights for `--start-weights`, unless it exists. The most informative channels are kept, and the
layers that read them are fitted by least squares to replace the others
(lab/networks/narrowing.py). Train on at the same width, one network at a time (docs/train.md):

    python -m lab.narrow_weights --weights weights/esbn-64 --run runs/mine --width 24
    START="--preset small --run runs/mine --start-weights runs/mine/narrowed --frozen-statistics"
    python training_align_low.py $START
    python training_align_high.py $START
    python training_fusion.py $START --alignment frozen
"""

import tensorflow as tf
from tqdm import tqdm

from configs import paths
from lab import settings
from lab.networks import narrowing
from lab.settings import NarrowingConfig
from models.frames import HIGH, LOW, MERGING, MID_FRAME, SOURCE_FRAME
from utils import command
from utils.radiometry.levels import join_network_input
from utils.records import batches
from utils.runs import weights
from utils.runs.networks import load_networks, prealign_in_words
from utils.training import stages


def main(config: NarrowingConfig) -> None:
    """Writes the small networks, unless the folder exists."""
    folder = config.save_weights or config.run / "narrowed"
    if folder.exists():
        return
    wide = load_networks(config)
    slim = narrowing.build(wide, config.width)
    records = config.records or str(paths.records_dir(config.run))
    samples = batches.Samples(records, config.sampling)
    batch = next(iter(samples.batches(config.patches, first_step=0)))
    frames = join_network_input(batch.ldr, batch.hdr)
    reference = frames[:, MID_FRAME]
    merged_of = {}
    for side, index in tqdm(SOURCE_FRAME.items(), desc="narrowing", unit="side"):
        inputs = [frames[:, index], reference]
        narrowing.narrow(wide[side], slim[side], inputs)
        aligned = tf.constant(wide[side].predict(inputs, batch_size=1, verbose=0))
        time = batch.exposure_time[:, index, None, None, None]
        merged_of[side] = stages.aligned_frame(aligned, time)
    inputs = [merged_of[LOW], reference, merged_of[HIGH]]
    narrowing.narrow(wide[MERGING], slim[MERGING], inputs)
    weights.save(slim, folder, prealign_in_words(config))
    tqdm.write(f"{folder}: safetensors")


if __name__ == "__main__":
    command.run(main, settings.narrowing, __doc__)
