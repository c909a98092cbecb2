"""Averages weights of networks of one size, as a training's start and end.

Reads folders of weights (`--average`); writes their mean to the folder `--output`, unless it
exists. Between weights and what a further training made of them, the mean is often better than
either (Wortsman et al., Robust Fine-Tuning of Zero-Shot Models, CVPR 2022):

    python -m lab.networks.average_weights --average weights/esbn-24 OTHER --output MEAN
"""

import numpy as np
from tqdm import tqdm

from configs.settings import WeightsConfig
from lab import settings
from lab.settings import AverageConfig
from utils import command
from utils.runs import weights
from utils.runs.networks import load_networks, prealign_in_words


def main(config: AverageConfig) -> None:
    """Writes the mean, unless the folder exists."""
    if config.output.exists():
        return
    origins = [WeightsConfig(weights=folder, precision="float32") for folder in config.average]
    first, *others = map(load_networks, origins)
    for name, network in first.items():
        for variable, *rest in zip(
            network.variables, *(other[name].variables for other in others), strict=True
        ):
            values = [np.asarray(x) for x in (variable, *rest)]
            if len({value.shape for value in values}) > 1:
                raise ValueError(
                    "Weights to average must be of one size. Received:"
                    f" {', '.join(f'{x.shape}' for x in values)} of {name}/{variable.path}"
                )
            variable.assign(np.mean(values, axis=0))
    weights.save(first, config.output, prealign_in_words(origins[0]))
    tqdm.write(f"{config.output}: safetensors")


if __name__ == "__main__":
    command.run(main, settings.average, __doc__)
