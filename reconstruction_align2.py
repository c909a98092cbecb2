"""Aligns the low and the high frame of every scene to its reference frame.

Only needed to view or measure the alignment, and for make_tfrecord.py --aligned:
reconstruction_fusion.py aligns by itself. Reads scenes and weights: `weights/esbn-24`, or those of
--weights or --run. Writes `<scene>/aligned_low.png` and `aligned_high.png` to the results folder
and, for scenes with a ground truth, the scores of both and of the frames as they are: `aligned`,
scene by scene, and `alignments`, the means (.csv, .md, .tex). With --baselines also those of
AlignMTB, a homography and optical flow, and of what each merges to; `<scene>/alignments.png` shows
them side by side. Camera motion is then taken out for the networks alone.
"""

from tqdm import tqdm

from configs import paths, presets
from configs.settings import ReconstructionConfig
from photo.reading.inputs import PreparedScenes
from utils import command
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import configured
from utils.inference.pipeline import open_networks
from utils.inference.reconstruction import align
from utils.reporting import parts
from utils.reporting.alignments import AlignmentScores
from utils.reporting.results import full_title, write_aligned
from utils.runs.networks import weights_in_words


def main(config: ReconstructionConfig) -> int:
    """Aligns every scene; returns 2 if one failed, else 0."""
    protocol = configured(config.protocol, config.sixteen_bits)
    results = config.results or paths.results_dir(config.run)
    prealign = "off" if config.baselines else config.prealign
    scenes = PreparedScenes(
        config.scenes,
        protocol,
        config.exposures,
        prealign,
        config.reference,
        part=config.part,
    )
    if config.list:
        tqdm.write(scenes.table())
        return 0
    networks = open_networks(config, config.save_release, merging=False)
    scores = AlignmentScores(config, protocol, networks, results)
    title = full_title(protocol.title, config.prealign)
    settings = f"{title}; {weights_in_words(config)}; baselines {config.baselines}"
    joined, written = [], []
    with parts.lock(results, config.shard) as while_locked:
        if config.report:
            done = parts.read(results, "aligned", settings, scenes.names)
            joined, written, scores.rows = done["failures"], done["written"], done["rows"]
        for scene in while_locked(() if config.report else scenes):
            with scenes.attempt(scene.name):
                steady = prealigned(scene, config.prealign) if config.baselines else scene
                aligned = align(networks, steady, protocol)
                write_aligned(results, scene.name, aligned)
                written.append(scene.name)
                with scenes.attempt(f"{scene.name} has no score"):
                    scores.add(scene, aligned)
        with scenes.attempt():
            if config.shard:
                done = {"rows": scores.rows, "written": written, "failures": scenes.failures}
                parts.write(results, config.shard, "aligned", settings, done)
            else:
                scores.write()
    code = command.report_failures((*joined, *scenes.failures))
    tqdm.write(f"Wrote the aligned frames of {command.count(len(written), 'scene')} to {results}")
    return code


if __name__ == "__main__":
    command.run(main, presets.reconstruction, __doc__)
