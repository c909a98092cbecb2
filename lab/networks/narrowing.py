"""Derives the weights of a narrow network from those of a trained wide one.

Each convolution keeps the channels from which all of its channels are predicted best. The
convolutions that read it replace the others by linear functions of the kept ones:

    keep      greedily, the channel that explains most of the remaining second moments
    channels  ~ kept R + c                         least squares over the pixels of some pictures
    kernel    of the next convolution: R kernel    c is added to its bias

Both terms of a sum keep the same channels. Layers are computed in order, and R is fitted to the
narrow network's own features, so that each layer corrects the errors of those before it.

Source: the least squares are those of channel pruning (He, Zhang, Sun, ICCV 2017); the choice is
greedy column selection instead of their LASSO.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from models import esbn
from models.frames import LOW, MERGING
from models.layers import Convolution

_MOST_ROWS = 60_000  # pixels to fit to: some hundred for each of at most 448 channels
_AT_ONCE = 4  # pictures, to spare memory
_RIDGE = 1e-6  # of each channel's variance: no large factors for two nearly equal channels

Tensor = Any
Groups = dict[str, str]
Rows = dict[str, np.ndarray]


def build(wide: dict[str, keras.Model], width: int) -> dict[str, keras.Model]:
    """The three networks at another width, as deep as those given, with weights to be replaced.

    Args:
        wide: `low`, `high` and `merging`.
        width: Channels of the first convolutions.
    """
    names = {name: [layer.name for layer in network.layers] for name, network in wide.items()}
    return esbn.networks(
        width=width,
        residual_blocks=sum(name.endswith("_sum") for name in names[LOW]),
        dense_layers=sum(name.startswith("dense") for name in names[MERGING] if "_" not in name),
        initializer="he",
    )


def narrow(wide: keras.Model, slim: keras.Model, inputs: Sequence[Tensor]) -> None:
    """Sets the weights of a network to approximate a wider one of the same graph.

    Args:
        wide: Trained network of `models.alignment` or `models.merging`.
        slim: The same at a smaller width; its weights are replaced.
        inputs: Training inputs of the networks, `(B, H, W, 6)` each; more pixels fit better.

    Raises:
        ValueError: The networks are not of the same graph, or `slim` is not narrower.
    """
    layers = {layer.name: layer for layer in _convolutions(slim)}
    names = [layer.name for layer in _convolutions(wide)]
    if set(names) != set(layers):
        raise ValueError(
            f"wide and slim must be of one graph. Received: {sorted(set(names) ^ set(layers))} in"
            " one of them only"
        )
    parts, groups = _trace(wide)
    inner = [name for name in names if parts[name]]
    wanted = _rows(wide, inner, inputs)
    kept = _choose(wide, slim, parts, groups, wanted)
    for name in names:
        weights = {v.name: np.asarray(v, np.float64) for v in wide.get_layer(name).variables}
        kernel = weights.pop("kernel")
        if parts[name]:
            factors, constant = _regress(_rows(slim, [name], inputs)[name], wanted[name])
            weights["bias"] += np.einsum("c,hwcf->f", constant, kernel)
            kernel = np.einsum("kc,hwcf->hwkf", factors, kernel)
        weights["kernel"] = kernel
        out = kept.get(groups[name], slice(None))
        for variable in layers[name].variables:
            variable.assign(weights[variable.name][..., out])


def _convolutions(network: keras.Model) -> list[Convolution]:
    """The convolutions of a network, in the order in which they are computed."""
    return [layer for layer in network.layers if isinstance(layer, Convolution)]


def _trace(network: keras.Model) -> tuple[dict[str, list[str]], Groups]:
    """Finds the convolutions that each convolution reads, and those that are added to each other.

    Returns:
        For each convolution, those whose channels it reads, in order, none if it reads a frame; and
        the name of its group: convolutions whose outputs are added share one.
    """
    makers = {id(layer.output): layer for layer in network.layers}
    groups: Groups = {layer.name: layer.name for layer in _convolutions(network)}

    def read(tensors: Tensor | list[Tensor]) -> list[str]:
        found = []
        for tensor in tensors if isinstance(tensors, list) else [tensors]:
            layer = makers[id(tensor)]
            if isinstance(layer, Convolution):
                found.append(layer.name)
            elif isinstance(layer, keras.layers.Add):
                terms = [name for term in layer.input for name in read(term)]
                merged = {groups[name] for name in terms}
                groups.update({n: groups[terms[0]] for n, g in groups.items() if g in merged})
                found.append(terms[0])
            elif not isinstance(layer, keras.layers.InputLayer):
                found += read(layer.input)
        return found

    return {layer.name: read(layer.input) for layer in _convolutions(network)}, groups


def _choose(
    wide: keras.Model,
    slim: keras.Model,
    parts: dict[str, list[str]],
    groups: Groups,
    wanted: Rows,
) -> dict[str, np.ndarray]:
    """Channels to keep of each group of convolutions that is read."""
    moments: dict[str, np.ndarray] = {}
    for name, read in wanted.items():
        rows = read.astype(np.float64)
        # Channels are weighted by the kernel that reads them.
        kernel = np.asarray(wide.get_layer(name).kernel, np.float64)
        rows = (rows - rows.mean(axis=0)) * np.sqrt((kernel**2).sum(axis=(0, 1, 3)))
        start = 0
        for source in parts[name]:
            end = start + wide.get_layer(source).filters
            part = rows[:, start:end]
            moment = part.T @ part
            # Every reading convolution has the same weight.
            moment /= max(np.trace(moment), np.finfo(float).tiny)
            moments[groups[source]] = moments.get(groups[source], 0.0) + moment
            start = end
    return {
        group: _greedy(moment, slim.get_layer(group).filters) for group, moment in moments.items()
    }


def _greedy(moment: np.ndarray, count: int) -> np.ndarray:
    """The `count` channels that predict the others best, from second moments `(n, n)`."""
    if count > len(moment):
        raise ValueError(f"slim must be narrower. Received: {count} channels for {len(moment)}")
    rest = moment.copy()
    floor = max(1e-12 * np.trace(moment), np.finfo(float).tiny)  # below it is rounding
    left = np.arange(len(moment))
    kept: list[int] = []
    for _ in range(count):
        variance = np.maximum(np.diag(rest)[left], floor)
        best = left[int(np.argmax((rest[:, left] ** 2).sum(axis=0) / variance))]
        column = rest[:, best]
        rest = rest - np.outer(column, column) / max(column[best], floor)
        kept.append(int(best))
        left = left[left != best]
    return np.sort(kept)


def _regress(given: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors `(k, n)` and constant `(n,)` of `wanted (p, n)` as a function of `given (p, k)`."""
    given, wanted = given.astype(np.float64), wanted.astype(np.float64)
    mean_given, mean_wanted = given.mean(axis=0), wanted.mean(axis=0)
    given, wanted = given - mean_given, wanted - mean_wanted
    moment = given.T @ given
    ridge = np.diag(_RIDGE * np.diag(moment) + np.finfo(float).tiny)
    factors = np.linalg.solve(moment + ridge, given.T @ wanted)
    return factors, mean_wanted - mean_given @ factors


def _rows(network: keras.Model, names: Sequence[str], inputs: Sequence[Tensor]) -> Rows:
    """Inputs of convolutions, by name: a row for each of about `_MOST_ROWS` pixels at most."""
    layers = [network.get_layer(name) for name in names]
    reads = keras.Model(network.inputs, {layer.name: layer.input for layer in layers})
    rows: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for start in range(0, len(inputs[0]), _AT_ONCE):
        found = reads([x[start : start + _AT_ONCE] for x in inputs], training=False)
        for layer in layers:
            read = np.asarray(found[layer.name])
            pixels = read.reshape(-1, layer.kernel.shape[2])  # also those in blocks
            step = -(-len(pixels) * len(inputs[0]) // (len(read) * _MOST_ROWS))
            rows[layer.name].append(pixels[::step])
    return {name: np.concatenate(parts) for name, parts in rows.items()}
