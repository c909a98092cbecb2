"""Makes an HDR image of every scene, and measures it where there is a ground truth.

Reads scenes and the newest weights of the run (or the authors' checkpoints). Writes `<scene>.hdr`,
`<scene>.png` (tone-mapped) and `<scene>_sheet.png` (everything side by side) to the results folder,
and `metrics.csv` under the chosen protocol, which is also shown as a table.
"""

from tqdm import tqdm

from configs import paths, presets
from configs.settings import ReconstructionConfig
from models import esbn, release_checkpoint
from utils import command, report
from utils.evaluation import PreparedScenes
from utils.inference import Networks
from utils.patchwise import reconstruct
from utils.protocols import configured
from utils.runs import load_networks


def main(config: ReconstructionConfig) -> int:
    """Reconstructs every scene; returns 2 if one could not be read, else 0."""
    protocol = configured(config.protocol, config.depth)
    results = config.results or paths.results_dir(config.run)
    scenes = PreparedScenes(config.scenes, protocol)
    models = load_networks(config, esbn.networks, release_checkpoint.load)
    release_checkpoint.save_all(models, config.save_release)
    networks = Networks.from_models(models)
    rows = []
    for scene in scenes:
        reconstruction = reconstruct(networks, scene, protocol)
        metrics = None if scene.hdr is None else protocol.score(reconstruction.hdr, scene.hdr)
        report.write_reconstruction(results, scene, reconstruction, protocol, metrics)
        if metrics is not None:
            rows.append((scene.name, metrics))
    report.write_metrics(results / "metrics.csv", rows, protocol)
    tqdm.write(report.markdown_table(rows, protocol))
    return scenes.report_failures()


if __name__ == "__main__":
    command.run(main, presets.reconstruction, __doc__)
