"""Trained networks compiled for inference, whole or in parts that work on tiles of a picture.

Weights become constants of the graph, so that everything that depends on them alone (kernels of the
cheaper convolutions, normalisation, casts, the order in memory that oneDNN likes) is computed once
and not at every call. A later change of the network's weights has no effect.

An output pixel of alignment depends on inputs up to about 185 pixels away, nearly all of it by the
trunk. So alignment comes in three parts, of which only the trunk sees far:

    encode   source, reference (1, H, W, 6)                 -> x3 (1, H/8, W/8, 256)
    trunk    x3                                             -> res (1, H/8, W/8, 256)
    decode   source, reference, and x3, res of their place  -> aligned (1, H, W, 3)

`decode` computes the encoders' features again: 7 % of all multiply-adds, but at full size those
features take six times the memory of x3 and res together.

Zero padding at the border of a picture is part of the networks. A tile with a halo has the border
of the picture where it touches it, and where it does not, its zeros do not get past the halo.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from models.frames import MERGING
from models.layers import Convolution

ALIGNMENT_HALO = 16
"""Pixels around a tile that `encode` and `decode` need.

`encode`: three strided 5x5 convolutions; row i of x3 sees the input's rows 8i-7 .. 8i+21, so 7
before and 13 after its own eight. `decode`: the output convolution sees 2 rows of y0 on each side;
5x5 after nearest x2 sees 2 rows of the small picture for 2 of the large one; so 2 rows of y1, y2,
and res and x3: 16 pixels. The x2 it needs, 2 rows more on each side, see 11 pixels before and 13
after. Tiles start at multiples of 8.
"""

_GROUP = 64
_LARGE_KERNEL = 2**18
"""A float32 kernel of more values than this, 1 MiB, is used in groups of 64 channels out: as a
whole it does not stay in a core's cache, which took up to 1.8 times as long."""

_SHARED = 2
"""Dense layers whose features are put together once: of six, two leave the fewest copies."""

Tensor = Any  # np.ndarray or tf.Tensor
Compiled = Callable[..., Tensor]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompiledAlignment:
    """An alignment network for inference; called like a function it takes the whole picture."""

    whole: Compiled
    """Source and reference `(1, H, W, 6)` to aligned `(1, H, W, 3)`, float32 in [-1, 1]."""
    encode: Compiled
    """Source and reference to x3."""
    trunk: Compiled
    """x3 to res."""
    decode: Compiled
    """Source, reference, x3 and res to aligned."""
    trunk_halo: int
    """Pixels of x3 around a tile that `trunk` needs: one for each of its convolutions."""
    bytes_per_pixel: int
    """Memory for features at a time, about, for each pixel of a tile; for each of x3 in `trunk`
    about four times that."""
    halo: int = ALIGNMENT_HALO
    """Pixels around a tile that `encode` and `decode` need."""

    def __call__(self, source: Tensor, reference: Tensor) -> Tensor:
        """Aligns a whole picture."""
        return self.whole(source, reference)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompiledMerging:
    """A merging network for inference."""

    whole: Compiled
    """Low, mid and high `(1, H, W, 6)` to merged `(1, H, W, 3)`, float32 in [-1, 1]."""
    halo: int
    """Pixels around a tile that it needs: one for each 3x3 convolution in a row."""
    bytes_per_pixel: int
    """Memory for features at a time, about, for each pixel of a tile."""

    def __call__(self, low: Tensor, mid: Tensor, high: Tensor) -> Tensor:
        """Merges a picture or a tile."""
        return self.whole(low, mid, high)


def compile_networks(
    networks: Mapping[str, keras.Model],
) -> dict[str, CompiledAlignment | CompiledMerging | Compiled]:
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
    """Compiles an alignment network and its three parts; each is traced at its first call.

    Args:
        network: What `models.alignment.alignment` built, with its final weights.
    """
    network = _freeze(network)
    frames = network.inputs
    aligned = network.outputs[0]
    x3 = network.get_layer("blend").output
    blocks = sum(layer.name.endswith("_sum") for layer in network.layers)
    res = network.get_layer(f"residual{blocks - 1}_sum").output
    size = tf.as_dtype(x3.dtype).size
    return CompiledAlignment(
        whole=_compile(network),
        encode=_compile(keras.Model(frames, x3)),
        trunk=_compile(keras.Model([x3], res)),
        decode=_compile(keras.Model([*frames, x3, res], aligned)),
        trunk_halo=2 * blocks,
        # Measured: about as much as five times y0, whose last step holds its concat, both x1 before
        # and after ReLU, y1 and y0. For the trunk: x3, res, and two within a block.
        bytes_per_pixel=5 * (x3.shape[-1] // 4) * size,
    )


def compile_merging(network: keras.Model) -> CompiledMerging:
    """Compiles a merging network; it is traced at its first call.

    Args:
        network: What `models.merging.merging` built, with its final weights.
    """
    network = _freeze(network)
    growing = [x for x in network.layers if x.name.removeprefix("dense").isdecimal()]
    growing.sort(key=lambda layer: int(layer.name.removeprefix("dense")))
    concat = network.get_layer("dense_out_concat").output
    y0, mid, dense = (network.get_layer(name) for name in ("blend", "mid1", "dense_out"))
    after = keras.Model([dense.output, y0.output, mid.output], network.outputs[0])
    block = _DenseBlock(growing, dense)(y0.output)
    merged = after([block, y0.output, mid.output])
    return CompiledMerging(
        whole=_compile(keras.Model(network.inputs, merged)),
        halo=len(growing) + 3,  # the frames' own, the blend and the output
        # Measured: the last concat, what it is made of, and the first features of mid.
        bytes_per_pixel=3 * concat.shape[-1] * tf.as_dtype(concat.dtype).size,
    )


def _compile(network: keras.Model) -> Compiled:
    """A graph function of a network's inputs, one by one, of batch 1 and any size."""

    def call(*inputs: Tensor) -> Tensor:
        return network(list(inputs), training=False)

    signature = [tf.TensorSpec((1, *x.shape[1:]), x.dtype) for x in network.inputs]
    return tf.function(call, input_signature=signature, autograph=False)


class _Frozen(keras.layers.Layer):
    """A convolution with its inference weights computed once, in the dtype it computes with."""

    def __init__(self, layer: Convolution) -> None:
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self._infer = layer.infer
        self._weights = _groups(*layer.inference_weights())

    def call(self, inputs: Tensor, first: Tensor | None = None) -> Tensor:
        """Computes the layer; channels of `first` come before those of `inputs`."""
        return self._infer(inputs, *self._weights, first=first)


def _groups(kernel: Tensor, bias: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Kernel and bias in groups of channels out that are computed one after the other."""
    filters = kernel.shape[-1]
    large = kernel.dtype == tf.float32 and kernel.shape.num_elements() > _LARGE_KERNEL
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    count = filters // _GROUP if large and filters % _GROUP == 0 and not on_gpu else 1
    return list(zip(tf.split(kernel, count, axis=-1), tf.split(bias, count), strict=True))


class _DenseBlock(keras.layers.Layer):
    """y0 to dense of models/merging.py, with half of the copies that concatenating takes.

    What the first layers make, and all later ones read, is put together once; a later layer adds
    its convolution of it to that of the rest.
    """

    def __init__(self, growing: list[_Frozen], out: _Frozen) -> None:
        super().__init__(name="dense_block", dtype=out.dtype_policy)
        self._early, self._late = growing[:_SHARED], [*growing[_SHARED:], out]

    def call(self, y0: Tensor) -> Tensor:
        """Computes the block."""
        parts = [y0]
        for layer in self._early:
            parts.append(layer(tf.concat(parts, axis=-1)))
        shared, parts = tf.concat(parts, axis=-1), []
        for layer in self._late:
            rest = [tf.concat(parts, axis=-1), shared] if parts else [shared]
            parts.append(layer(*rest))
        return parts[-1]


def _freeze(network: keras.Model) -> keras.Model:
    """The same network of frozen layers, which it does not share."""

    def frozen(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, Convolution):
            return _Frozen(layer)
        return layer.__class__.from_config(layer.get_config())

    return keras.models.clone_model(network, clone_function=frozen)
