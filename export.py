"""Writes the whole ESBN as one graph: three frames and their exposure times in, radiance out.

Reads weights: `weights/esbn-24`, or those of --weights or --run. Writes a SavedModel, which needs
TensorFlow but no code of this project, and with --onnx an ONNX file; or, with --save-weights, only
the weights (utils/runs/weights.py). What exists is kept, and named. The graph aligns and merges;
for hand-held brackets take camera motion out of low and high first, as
utils/camera_motion/prealignment.py does.
"""

from pathlib import Path

from tqdm import tqdm

from configs import paths, presets
from configs.settings import ExportConfig
from utils import command
from utils.inference import export
from utils.runs import weights
from utils.runs.networks import load_networks, prealign_in_words


def main(config: ExportConfig) -> None:
    """Writes the exports that do not exist yet."""
    if config.save_weights is not None:
        if not _exists(config.save_weights):
            weights.save(load_networks(config), config.save_weights, prealign_in_words(config))
            tqdm.write(f"{config.save_weights}: safetensors")
        return
    released = config.release_low or config.release_high or config.release_merging
    named = config.weights or (Path("release") if released else None)
    folder = config.output or paths.export_dir(config.run, named)
    onnx = folder.with_name(f"{folder.name}.onnx")
    if not _exists(folder):
        export.save(load_networks(config), folder)
        tqdm.write(f"{folder}: SavedModel")
    if config.onnx and not _exists(onnx):
        export.save_onnx(folder, onnx)
        tqdm.write(f"{onnx}: ONNX")


def _exists(path: Path) -> bool:
    """True, with a message, if the export exists."""
    found = path.exists()
    if found:
        tqdm.write(f"{path}: exists, nothing written; remove it or name another place")
    return found


if __name__ == "__main__":
    command.run(main, presets.export, __doc__)
