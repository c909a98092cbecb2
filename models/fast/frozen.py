"""Networks for inference whose final kernels are computed once.

A frozen layer holds what depends on the weights alone (cheaper kernel, normalisation, casts) as
tensors, which a graph function captures. A later change of the network's weights has no effect.
"""

import keras
import tensorflow as tf

from models.fast.layers import FastConvolution
from models.layers import Tensor

_GROUP = 64
_LARGE_KERNEL = 2**18
"""A float32 kernel of more values than this, 1 MiB, is used in groups of 64 output channels: as a
whole it does not stay in a core's cache, which took up to 1.8 times as long."""

_SHARED = 2
"""Dense layers whose features are concatenated once: of six, two leave the fewest copies."""


def freeze(network: keras.Model) -> keras.Model:
    """The same network of frozen layers, which shares no variable with it."""

    def frozen(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, FastConvolution):
            return _Frozen(layer)
        return layer.__class__.from_config(layer.get_config())

    return keras.models.clone_model(network, clone_function=frozen)


def freeze_merging(network: keras.Model) -> keras.Model:
    """The same merging network of frozen layers, with fewer copies in its dense block."""
    network = freeze(network)
    growing = [x for x in network.layers if x.name.removeprefix("dense").isdecimal()]
    growing.sort(key=lambda layer: int(layer.name.removeprefix("dense")))
    y0, mid, dense = (network.get_layer(name) for name in ("blend", "mid1", "dense_out"))
    after = keras.Model([dense.output, y0.output, mid.output], network.outputs[0])
    block = _DenseBlock(growing, dense)(y0.output)
    return keras.Model(network.inputs, after([block, y0.output, mid.output]))


class _Frozen(keras.layers.Layer):
    """A convolution with its inference weights computed once, in the dtype it computes with."""

    def __init__(self, layer: FastConvolution) -> None:
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self._infer = layer.infer
        self._weights = _groups(*layer.inference_weights())

    def call(self, inputs: Tensor, first: Tensor | None = None) -> Tensor:
        """Computes the layer; channels of `first` come before those of `inputs`."""
        return self._infer(inputs, *self._weights, first=first)


def _groups(kernel: Tensor, bias: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Kernel and bias in groups of output channels that are computed one after the other."""
    filters = kernel.shape[-1]
    large = kernel.dtype == tf.float32 and kernel.shape.num_elements() > _LARGE_KERNEL
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    count = filters // _GROUP if large and filters % _GROUP == 0 and not on_gpu else 1
    return list(zip(tf.split(kernel, count, axis=-1), tf.split(bias, count), strict=True))


class _DenseBlock(keras.layers.Layer):
    """y0 to dense of models/merging.py, with half of the copies that concatenating takes.

    The features of the first layers, which all later ones read, are concatenated once; a later
    layer adds its convolution of them to that of the other features.
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
