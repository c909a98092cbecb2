"""Makes an HDR image of every scene, and scores it where there is a ground truth.

Reads scenes of data sets or folders of photographs, and weights: `weights/esbn-24`, or those of
--weights or --run. Writes a folder for each scene with `radiance.hdr`, `radiance.exr`,
`picture.png` (tone-mapped), `ultrahdr.jpg` (for bright screens) and `sheet.png` (frames and results
side by side) to the results folder; beside these folders `report.html`, all scenes on one page, and
`metrics.csv`, the scores of scenes with a ground truth. As jobs of an array: --shard 1/N to N/N in
one results folder, then --report.
"""

import dataclasses

from tqdm import tqdm

from configs import paths, presets
from configs.settings import ReconstructionConfig
from photo.reading.inputs import PreparedScenes
from photo.showing.brightness import SharedBrightness
from photo.showing.page import HtmlReport
from photo.showing.results import write_reconstruction
from utils import command
from utils.evaluation.protocols import configured
from utils.evaluation.psnr_ssim import Metrics
from utils.inference.agreement import agreed
from utils.inference.pipeline import open_networks
from utils.inference.reconstruction import reconstruct
from utils.reporting import parts
from utils.reporting.results import full_title, markdown_table, write_metrics
from utils.runs.networks import weights_caution, weights_in_words

_USAGE = f"""Merge your photographs: python reconstruction_fusion.py --scenes a.jpg b.jpg c.jpg
or a folder of them:     python reconstruction_fusion.py --scenes FOLDER --results RESULTS
Without --scenes, the scenes in {paths.TEST_SCENES} are merged; there are none. --help lists all."""


def main(config: ReconstructionConfig) -> int:
    """Reconstructs every scene; returns 2 if one failed, else 0."""
    protocol = configured(config.protocol, config.sixteen_bits)
    title = full_title(protocol.title, config.prealign, agreement=config.agreement)
    results = config.results or paths.results_dir(config.run)
    if config.scenes == (paths.TEST_SCENES,) and not paths.TEST_SCENES.exists():
        tqdm.write(_USAGE)
        return command.EXIT_BAD_INPUT
    scenes = PreparedScenes(
        config.scenes,
        protocol,
        config.exposures,
        config.prealign,
        config.reference,
        first=config.exposure_of,
        part=config.part,
    )
    if config.list:
        tqdm.write(scenes.table())
        return 0
    networks = open_networks(config, config.save_release)
    brightness = SharedBrightness(config.exposure_of)
    weights = weights_in_words(config)
    made_with = f"{title}; {weights}; copies {config.self_ensemble}"
    rows, joined = [], []
    page = HtmlReport(f"HDR images of {scenes.title}", len(scenes))
    with parts.lock(results, config.shard) as while_locked:
        if config.report:
            done = parts.read(results, "merged", made_with, scenes.names)
            rows = [(name, Metrics(**numbers)) for name, numbers in done["rows"]]
            page.scenes, joined = done["scenes"], done["failures"]
        for scene in while_locked(() if config.report else scenes):
            with scenes.attempt(scene.name):
                reconstruction = reconstruct(networks, scene, protocol, config.self_ensemble)
                if config.agreement:
                    reconstruction = agreed(reconstruction, scene)
                metrics = None
                with scenes.attempt(f"{scene.name} has no score"):  # its result is written
                    if scene.hdr is not None:
                        metrics = protocol.score(reconstruction.hdr, scene.hdr)
                reconstruction = brightness.scaled(scene, reconstruction)
                result = write_reconstruction(
                    results,
                    scene,
                    reconstruction,
                    title,
                    metrics,
                    tone=config.tone,
                    picture=config.picture,
                    like=brightness.like,
                )
                page.add(scene, reconstruction, result, metrics)
                if metrics is not None:
                    rows.append((scene.name, metrics))
        if config.shard:
            done = {"rows": rows, "scenes": page.scenes, "failures": scenes.failures}
            parts.write(results, config.shard, "merged", made_with, done)
        with scenes.attempt():
            if rows and not config.shard:
                write_metrics(results / "metrics.csv", rows, title)
                tqdm.write(markdown_table(rows, title))
            settings = dataclasses.asdict(config) | {
                "scenes": " ".join(map(str, config.scenes)),
                "protocol": title,
                "weights": weights,
                "report": "",
            }
            if not config.shard:
                failures, caution = (*joined, *scenes.failures), weights_caution(config)
                page.write(results / "report.html", settings, failures, caution)
    code = command.report_failures((*joined, *scenes.failures))
    page_hint = f"; open {results / 'report.html'}" if page.scenes and not config.shard else ""
    tqdm.write(f"Wrote {command.count(len(page.scenes), 'scene')} to {results}{page_hint}")
    return code


if __name__ == "__main__":
    command.run(main, presets.reconstruction, __doc__)
