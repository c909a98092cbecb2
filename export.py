"""Writes the whole ESBN as one graph: three frames and their exposure times in, radiance out.

Reads the newest weights of the run (or the authors' checkpoints). Writes a SavedModel, which needs
TensorFlow and nothing of this project, and with `--onnx` an ONNX file; or, with `--save-weights`,
the weights alone (utils/runs/weights.py). Run it when the last stage is trained; what is there
already is not replaced.
"""

import keras
from tqdm import tqdm

from configs import paths, presets
from configs.settings import ExportConfig
from models import esbn, release_checkpoint
from utils import command
from utils.inference import export
from utils.runs import networks, weights


def main(config: ExportConfig) -> None:
    """Writes the exports that are not there yet."""
    if config.save_weights is not None:
        if not config.save_weights.exists():
            weights.save(_load(config), config.save_weights)
            tqdm.write(f"{config.save_weights}: safetensors")
        return
    folder = config.output or paths.export_dir(config.run)
    onnx = folder.with_name(f"{folder.name}.onnx")
    if not folder.exists():
        export.save(_load(config), folder)
        tqdm.write(f"{folder}: SavedModel")
    if config.onnx and not onnx.exists():
        export.save_onnx(folder, onnx)
        tqdm.write(f"{onnx}: ONNX")


def _load(config: ExportConfig) -> dict[str, keras.Model]:
    return networks.load_networks(config, esbn.networks, release_checkpoint.load)


if __name__ == "__main__":
    command.run(main, presets.export, __doc__)
