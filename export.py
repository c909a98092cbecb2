"""Writes the whole ESBN as one graph: three frames and their exposure times in, radiance out.

Reads weights: `weights/esbn-24`, or those of --weights or --run. Writes a SavedModel, which needs
TensorFlow but no code of this project, and with --onnx an ONNX file; or, with --save-weights, only
the weights (utils/runs/weights.py). Existing files are kept. The graph aligns and merges; for
hand-held brackets take camera motion out of low and high first, as
utils/camera_motion/prealignment.py does.
"""

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
        if not config.save_weights.exists():
            weights.save(load_networks(config), config.save_weights, prealign_in_words(config))
            tqdm.write(f"{config.save_weights}: safetensors")
        return
    folder = config.output or paths.export_dir(config.run, config.weights)
    onnx = folder.with_name(f"{folder.name}.onnx")
    if not folder.exists():
        export.save(load_networks(config), folder)
        tqdm.write(f"{folder}: SavedModel")
    if config.onnx and not onnx.exists():
        export.save_onnx(folder, onnx)
        tqdm.write(f"{onnx}: ONNX")


if __name__ == "__main__":
    command.run(main, presets.export, __doc__)
