"""Defines the stages of training: networks, losses and pictures."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from configs.settings import FusionConfig, TrainingConfig
from utils.radiometry.bracket import ALIGNED_FRAME, HIGH, LOW, MERGING, MID_FRAME, SOURCE_FRAME
from utils.radiometry.levels import from_network, join_network_input, network_input, to_network
from utils.radiometry.radiance import ldr_to_hdr, mu_law
from utils.records.patches import Batch

Losses = dict[str, tf.Tensor]
Tensor = Any  # tf.Tensor or keras.KerasTensor


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of training: its networks and losses."""

    networks: dict[str, keras.Model]
    """All networks by name, as in a checkpoint."""
    trained: tuple[str, ...]
    """Names of the networks whose weights change; the others are frozen."""
    losses: Callable[[Batch], Losses]
    """Losses of a training batch by name; the one named `loss` is minimised."""
    outputs: Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]
    """Frames `(B, 3, H, W, 6)` and exposure times `(B, 3)` to the output of each network by its
    name, `(B, H, W, 3)` in [-1, 1], in inference mode."""

    @property
    def variables(self) -> list[Any]:
        """The weights that training changes."""
        return [v for name in self.trained for v in self.networks[name].trainable_variables]


def aligned_frame(aligned: tf.Tensor, exposure_time: tf.Tensor) -> tf.Tensor:
    """Input of the merging network from an alignment network's output, `(B, H, W, 6)`."""
    return network_input(from_network(aligned), exposure_time)


def alignment_stage(networks: dict[str, keras.Model], side: str, config: TrainingConfig) -> Stage:
    """Trains one alignment network by itself (release).

    Args:
        networks: Networks by name, of which `side` is trained.
        side: `low` or `high`.
        config: Settings of the stage.
    """
    network = networks[side]
    _set_statistics(network, frozen=config.frozen_statistics)

    def align(frames: tf.Tensor, *, training: bool) -> tf.Tensor:
        return network([frames[:, SOURCE_FRAME[side]], frames[:, MID_FRAME]], training=training)

    def losses(batch: Batch) -> Losses:
        aligned = align(join_network_input(batch.ldr, batch.hdr), training=True)
        return {"loss": _side_loss(config, side, aligned, batch)}

    def outputs(frames: tf.Tensor, exposure_time: tf.Tensor) -> dict[str, tf.Tensor]:
        del exposure_time
        return {side: align(frames, training=False)}

    return Stage(networks={side: network}, trained=(side,), losses=losses, outputs=outputs)


def fusion_stage(
    networks: dict[str, keras.Model], whole: keras.Model, config: FusionConfig
) -> Stage:
    """Trains all three networks end to end, or the merging network alone.

    The losses are `low` and `high` of the alignments and `merging` of the merged radiance. `loss`
    is their weighted sum, or `merging` when that is trained alone.

    Args:
        networks: `low`, `high` and `merging`.
        whole: The three joined, see `models.esbn.esbn`; for records of aligned frames with
            `models.alignment.unaligned` as both alignments.
        config: Settings of the stage.
    """
    merging_alone = config.alignment in {"frozen", "precomputed", "none"}
    fixed = tuple(SOURCE_FRAME) if merging_alone else config.fixed
    for side in SOURCE_FRAME:
        networks[side].trainable = side not in fixed
    for network in networks.values():
        _set_statistics(network, frozen=config.frozen_statistics)

    def losses(batch: Batch) -> Losses:
        frames = join_network_input(batch.ldr, batch.hdr)
        low, high, merged = whole([frames, batch.exposure_time], training=True)
        parts = {
            LOW: _side_loss(config, LOW, low, batch),
            HIGH: _side_loss(config, HIGH, high, batch),
            MERGING: merging_loss(merged, batch.target_hdr),
        }
        total = config.merging_weight * parts[MERGING]
        if not merging_alone:
            total += config.low_weight * parts[LOW] + config.high_weight * parts[HIGH]
        return {"loss": total} | parts

    def outputs(frames: tf.Tensor, exposure_time: tf.Tensor) -> dict[str, tf.Tensor]:
        low, high, merged = whole([frames, exposure_time], training=False)
        return {LOW: low, HIGH: high, MERGING: merged}

    return Stage(
        networks=networks,
        trained=tuple(name for name in networks if name not in fixed),
        losses=losses,
        outputs=outputs,
    )


def _set_statistics(network: keras.Model, *, frozen: bool) -> None:
    """Sets the statistics that normalisations use in training, see `models.layers.Convolution`."""
    for layer in network.layers:
        if hasattr(layer, "frozen_statistics"):
            layer.frozen_statistics = frozen


def _side_loss(config: TrainingConfig, side: str, aligned: Tensor, batch: Batch) -> Tensor:
    """Loss of an aligned frame by `config.alignment_loss`."""
    target_ldr = batch.target_ldr[:, ALIGNED_FRAME[side]]
    if config.alignment_loss == "square":
        return alignment_loss(aligned, target_ldr)
    return exposed_loss(aligned, target_ldr, batch.exposure_time[:, SOURCE_FRAME[side]])


def alignment_loss(aligned: Tensor, target_ldr: Tensor) -> Tensor:
    """Mean squared error of values in [-1, 1] (release).

    Args:
        aligned: Output of an alignment network, `(B, H, W, 3)` in [-1, 1].
        target_ldr: Re-exposed truth, `(B, H, W, 3)` in [0, 1].
    """
    return keras.ops.mean(keras.ops.square(aligned - to_network(target_ldr)))


def exposed_loss(aligned: Tensor, target_ldr: Tensor, exposure_time: Tensor) -> Tensor:
    """`merging_loss` of an aligned frame's radiance.

    Squared LDR error underweights shadows, which is what the high frame is for.

    Args:
        aligned: Output of an alignment network, `(B, H, W, 3)` in [-1, 1].
        target_ldr: Re-exposed truth, `(B, H, W, 3)` in [0, 1].
        exposure_time: Relative exposure times of the frames, `(B,)`.
    """
    time = keras.ops.reshape(exposure_time, (-1, 1, 1, 1))
    radiance = ldr_to_hdr(from_network(aligned), time)
    return merging_loss(to_network(radiance), ldr_to_hdr(target_ldr, time))


def merging_loss(merged: Tensor, target_hdr: Tensor) -> Tensor:
    """Mean absolute difference of mu-law values mapped to [-1, 1] (release).

    Args:
        merged: Output of the merging network, `(B, H, W, 3)` in [-1, 1].
        target_hdr: Truth, radiance `(B, H, W, 3)` in [0, 1].
    """
    difference = mu_law(from_network(merged)) - mu_law(target_hdr)
    return 2.0 * keras.ops.mean(keras.ops.abs(difference))
