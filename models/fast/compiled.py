"""Trained networks compiled for inference, whole or in parts for the tiles of a large picture.

Fast networks are frozen first (models/fast/frozen.py): what depends on the weights alone is
computed once and captured by the graph. Plain networks are compiled as they are, layer by layer.

An output pixel of alignment depends on inputs up to about 185 pixels away, mostly because of the
trunk. So alignment comes in three parts, of which only the trunk sees far:

    encode   source, reference (1, H, W, 6)                     -> x3 (1, H/8, W/8, 256)
    trunk    x3                                                 -> res (1, H/8, W/8, 256)
    decode   source, reference, and x3, res of the same tile    -> aligned (1, H, W, 3)

`decode` computes the encoders' features again: 7 % of all multiply-adds, but at full size those
features take six times the memory of x3 and res together.

Zero padding at the border of a picture is part of the networks. A tile with a halo has the border
of the picture where it touches it; elsewhere the zeros at its own border do not reach past the
halo.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

from models.fast.frozen import freeze, freeze_merging
from models.fast.layers import FastConvolution
from models.frames import MERGING
from models.layers import Tensor

ALIGNMENT_HALO = 16
"""Pixels around a tile that `encode` and `decode` need.

`encode`: three strided 5x5 convolutions; row i of x3 sees the input's rows 8i-7 .. 8i+21, so 7
before and 13 after its own eight. `decode`: the output convolution sees 2 rows of y0 on each side;
5x5 after nearest x2 sees 2 rows of the small picture for 2 of the large one; so 2 rows of y1, y2,
and res and x3: 16 pixels. The x2 it needs, 2 rows more on each side, see 11 pixels before and 13
after. Tiles start at multiples of 8.
"""

_FAST_FEATURES, _PLAIN_FEATURES = 5, 10
"""Memory at a time in an alignment network, in sizes of y0. Measured for fast layers: the last step
holds its concat, both x1 before and after ReLU, y1 and y0; in the trunk, x3, res and two tensors
within a block are less. Plain layers hold that concat at full size besides."""

Compiled = Callable[..., Tensor]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompiledNetwork:
    """A network for inference; called like a function it takes a whole picture or a tile."""

    whole: Compiled
    """Frames, each `(1, H, W, 6)`, to a picture `(1, H, W, 3)`, float32 in [-1, 1]."""
    halo: int
    """Pixels around a tile that it needs; of an alignment network, `encode` and `decode`."""
    bytes_per_pixel: int
    """Memory for features at a time, about, for each pixel of a tile."""

    def __call__(self, *frames: Tensor) -> Tensor:
        """Computes the network; frames are in the order of its inputs."""
        return self.whole(*frames)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompiledAlignment(CompiledNetwork):
    """An alignment network for inference, whole and in three parts.

    A pixel of x3 in `trunk` takes about four times `bytes_per_pixel`.
    """

    encode: Compiled
    """Source and reference to x3."""
    trunk: Compiled
    """x3 to res."""
    decode: Compiled
    """Source, reference, x3 and res to aligned."""
    trunk_halo: int
    """Pixels of x3 around a tile that `trunk` needs: one for each of its convolutions."""


def compile_networks(
    networks: Mapping[str, keras.Model],
) -> dict[str, CompiledNetwork | Compiled]:
    """Compiles networks by name: `low`, `high` and, if it is there, `merging`."""
    compiled = {}
    for name, network in networks.items():
        if name == MERGING:
            compiled[name] = compile_merging(network)
        elif network.weights:
            compiled[name] = compile_alignment(network)
        else:  # models.alignment.unaligned
            compiled[name] = _compile(network)
    return compiled


def compile_alignment(network: keras.Model) -> CompiledAlignment:
    """Compiles an alignment network with its final weights, and its three parts.

    Each is traced at its first call.
    """
    fast = _is_fast(network)
    if fast:
        network = freeze(network)
    frames, (aligned,) = network.inputs, network.outputs
    x3 = network.get_layer("blend").output
    blocks = sum(layer.name.endswith("_sum") for layer in network.layers)
    res = network.get_layer(f"residual{blocks - 1}_sum").output
    features = _FAST_FEATURES if fast else _PLAIN_FEATURES
    return CompiledAlignment(
        whole=_compile(network),
        encode=_compile(keras.Model(frames, x3)),
        trunk=_compile(keras.Model([x3], res)),
        decode=_compile(keras.Model([*frames, x3, res], aligned)),
        halo=ALIGNMENT_HALO,
        trunk_halo=2 * blocks,
        bytes_per_pixel=features * (x3.shape[-1] // 4) * tf.as_dtype(x3.dtype).size,
    )


def compile_merging(network: keras.Model) -> CompiledNetwork:
    """Compiles a merging network with its final weights; it is traced at its first call."""
    concat = network.get_layer("dense_out_concat").output
    growing = sum(x.name.removeprefix("dense").isdecimal() for x in network.layers)
    return CompiledNetwork(
        whole=_compile(freeze_merging(network) if _is_fast(network) else network),
        halo=growing + 3,  # 3x3 convolutions in a row: the frames' own, blend, growing, output
        # Measured: the last concat, its parts, and the first features of mid.
        bytes_per_pixel=3 * concat.shape[-1] * tf.as_dtype(concat.dtype).size,
    )


def _is_fast(network: keras.Model) -> bool:
    return any(isinstance(layer, FastConvolution) for layer in network.layers)


def _compile(network: keras.Model) -> Compiled:
    """A graph function of a network's inputs, one by one, of batch 1 and any size."""
    signature = [tf.TensorSpec((1, *x.shape[1:]), x.dtype) for x in network.inputs]
    # A partial, not a closure: TensorFlow counts the traces of all closures of one function
    # together, and would warn of retracing.
    function = functools.partial(_infer, network)
    return tf.function(function, input_signature=signature, autograph=False)


def _infer(network: keras.Model, *inputs: Tensor) -> Tensor:
    return network(list(inputs), training=False)
