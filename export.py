"""Writes the whole ESBN as one graph: three frames and their exposure times in, radiance out.

Reads the newest weights of the run (or the authors' checkpoints). Writes a SavedModel, which needs
TensorFlow and nothing of this project, and with `--onnx` an ONNX file; or, with `--save-weights`,
the weights alone (utils/runs/weights.py). Run it when the last stage is trained; what is there
already is not replaced. The graph aligns and merges, no more: if the networks were trained on
frames whose camera motion was taken out (make_tfrecord.py --prealign), bring low and high to the
reference's view before, as utils/camera_motion/prealignment.py does. The SavedModel's
`assets.extra/README.txt` and the ONNX file's metadata say so.
"""

from tqdm import tqdm

from configs import paths, presets
from configs.settings import ExportConfig
from utils import command
from utils.inference import export
from utils.runs import weights
from utils.runs.networks import load_networks, trained_prealignment


def main(config: ExportConfig) -> None:
    """Writes the exports that are not there yet."""
    if config.save_weights is not None:
        if not config.save_weights.exists():
            weights.save(load_networks(config), config.save_weights, trained_prealignment(config))
            tqdm.write(f"{config.save_weights}: safetensors")
        return
    folder = config.output or paths.export_dir(config.run, config.weights)
    onnx = folder.with_name(f"{folder.name}.onnx")
    if not folder.exists():
        export.save(load_networks(config), folder, trained_prealignment(config))
        tqdm.write(f"{folder}: SavedModel")
    if config.onnx and not onnx.exists():
        export.save_onnx(folder, onnx, trained_prealignment(config))
        tqdm.write(f"{onnx}: ONNX")


if __name__ == "__main__":
    command.run(main, presets.export, __doc__)
