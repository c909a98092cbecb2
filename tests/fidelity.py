"""Prints how far this code is from the authors': `python -m tests.fidelity`.

The table of docs/fidelity.md. The same comparisons, with their tolerances, are tests.
"""

import itertools
import sys
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from models.release_checkpoint import release_variables
from tests import release_recipe as recipe
from tests.models.test_release_networks import LOSS, NETS, released, trained
from tests.records.test_patches import GOLDEN, release_features
from utils.radiometry.levels import from_network
from utils.records.record import pack, unpack
from utils.scenes import folders


def _network_rows(net: str) -> Iterator[tuple[str, str, float]]:
    golden = recipe.golden(net)
    network, inputs = released(net), recipe.inputs(net, 0)
    yield "inference, largest difference", "2e-5", _largest(network(inputs), golden["infer"])
    with tf.GradientTape() as tape:
        output = network(inputs, training=True)
        loss = LOSS[net](output, from_network(recipe.target(net, 0)))
    forward = golden["train_mode_forward"]
    yield "batch statistics, largest difference", "2e-4", _largest(output, forward)
    yield "first loss, relative", "2e-4", _relative(np.asarray(loss), golden["loss_0"])
    names = recipe.trainable(net)
    values = [release_variables(network)[name].value for name in names]
    zero = tf.UnconnectedGradients.ZERO
    gradients: list = tape.gradient(loss, values, unconnected_gradients=zero)
    norms = np.array([np.linalg.norm(np.asarray(gradient)) for gradient in gradients])
    used = norms > 0
    theirs = golden["grad_norms_0"]
    yield "gradient norms, largest relative", "1e-3", _relative(norms[used], theirs[used])
    if not used.all():
        yield "gradients that are zero here, largest there", "~0", float(theirs[~used].max())
    after, start, losses = trained(net)
    yield "losses of five Adam steps, relative", "2e-4", _relative(losses, golden["losses"])
    difference = np.abs(after(inputs) - golden["infer_after_steps"])
    yield "inference after them, mean difference", "5e-3", float(np.mean(difference))
    moved = dict(zip(recipe.variables(net), golden["moved_norms"], strict=True))
    statistics = {
        name: np.linalg.norm(variable.numpy() - start[name])
        for name, variable in release_variables(after).items()
        if "moving" in name
    }
    if statistics:
        ours = list(statistics.values())
        theirs = [moved[name] for name in statistics]
        yield "how far moving statistics moved, relative", "1e-2", _relative(ours, theirs)


def _record_rows() -> Iterator[tuple[str, str, float]]:
    record = unpack(pack(folders.read_scene(GOLDEN / "scene" / "001")), "golden")
    with np.load(GOLDEN / "golden_records.npz") as file:
        golden = dict(file)
    largest = {"LDR": 0.0, "HDR": 0.0}
    for row, column, flip in itertools.product(range(2), repeat=3):
        features = release_features(record, row=row, column=column, flip=flip)
        for key, value in features.items():
            expected = golden[f"h{row}w{column}f{flip}/{key}/block"].astype(np.float64)
            kind = key.split("_")[1]
            largest[kind] = max(largest[kind], _largest(value[100:132, 60:92], expected))
    yield "LDR of patches, largest difference in levels", "1", largest["LDR"]
    yield "radiance of patches, largest difference", "1e-5", largest["HDR"]


def _largest(ours: object, theirs: np.ndarray) -> float:
    return float(np.max(np.abs(np.asarray(ours) - theirs)))


def _relative(ours: object, theirs: object) -> float:
    theirs = np.asarray(theirs)
    return float(np.max(np.abs(np.asarray(ours) - theirs) / np.abs(theirs)))


def main() -> None:
    """Prints the table."""
    lines = ["| what | of | tolerance | measured |", "|---|---|---|---|"]
    names = {recipe.ALIGN: "alignment", recipe.FUSION: "merging"}
    for net in NETS:
        for what, tolerance, value in _network_rows(net):
            lines.append(f"| {what} | {names[net]} | {tolerance} | {value:.1e} |")
    for what, tolerance, value in _record_rows():
        lines.append(f"| {what} | records | {tolerance} | {value:.1e} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
