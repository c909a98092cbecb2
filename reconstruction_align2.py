"""Aligns the low and the high frame of every scene to its reference frame.

Only needed to view or measure the alignment, and for make_tfrecord.py --aligned:
reconstruction_fusion.py aligns by itself. Reads scenes and weights: `weights/esbn-24`, or those of
--weights or --run. Writes `<scene>/aligned_low.png` and `aligned_high.png` to the results folder
and, for scenes with a ground truth, the PSNR of both to `aligned.csv`.
"""

from tqdm import tqdm

from configs import paths, presets
from configs.settings import ReconstructionConfig
from photo.reading.inputs import PreparedScenes
from utils import command, files
from utils.evaluation.protocols import configured
from utils.evaluation.psnr_ssim import AlignmentMetrics
from utils.evaluation.scores import score_alignment
from utils.inference.pipeline import open_networks
from utils.inference.reconstruction import align
from utils.reporting.results import full_title, markdown_table, write_aligned, write_metrics


def main(config: ReconstructionConfig) -> int:
    """Aligns every scene; returns 2 if one failed, else 0."""
    protocol = configured(config.protocol, config.sixteen_bits)
    results = config.results or paths.results_dir(config.run)
    scenes = PreparedScenes(
        config.scenes, protocol, config.exposures, config.prealign, config.reference
    )
    if config.list:
        tqdm.write(scenes.table())
        return 0
    networks = open_networks(config, config.save_release)
    rows, written = [], 0
    with files.lock(results) as while_locked:
        for scene in while_locked(scenes):
            with scenes.attempt(scene.name):
                aligned = align(networks, scene, protocol)
                write_aligned(results, scene.name, aligned)
                written += 1
                if scene.hdr is not None:
                    rows.append((scene.name, score_alignment(aligned, scene)))
        with scenes.attempt():
            if rows:
                title = full_title(protocol.title, config.prealign)
                write_metrics(results / "aligned.csv", rows, title, AlignmentMetrics)
                tqdm.write(markdown_table(rows, title, AlignmentMetrics))
    code = command.report_failures(scenes.failures)
    tqdm.write(f"Wrote the aligned frames of {command.count(written, 'scene')} to {results}")
    return code


if __name__ == "__main__":
    command.run(main, presets.reconstruction, __doc__)
