"""Every operation of a training step has a deterministic GPU kernel, by TensorFlow's register."""

from typing import Any

import pytest
import tensorflow as tf
from tensorflow.python.framework import kernels  # no public name

from configs.settings import FusionConfig, NetworkConfig
from models import esbn
from utils.records.patches import Batch, batch_shapes
from utils.training import optimisation, optimisers, stages

# Of these, by TensorFlow's documentation of enable_op_determinism and its kernels, the GPU's raise
# an error where determinism is asked for; of FusedBatchNormGradV3 only if it is not training.
UNDETERMINED = {
    *("AdjustContrastv2", "Bincount", "CropAndResizeGradBoxes", "CropAndResizeGradImage"),
    *("DepthwiseConv2dNativeBackpropFilter", "Dilation2DBackpropFilter", "MatrixInverse"),
    *("ResizeBicubicGrad", "ResizeNearestNeighborGrad", "SparseTensorDenseMatMul"),
    *("UnsortedSegmentMean", "UnsortedSegmentProd", "UnsortedSegmentSum"),
}
NETWORK = NetworkConfig(width=4, residual_blocks=1, dense_layers=2)


def nodes_of_a_step(tmp_path, policy: str, *, frozen: bool) -> list[Any]:
    networks = esbn.networks(width=4, residual_blocks=1, dense_layers=2, dtype=policy)
    config = FusionConfig(run=tmp_path, network=NETWORK, frozen_statistics=frozen)
    whole = esbn.esbn(networks, stages.aligned_frame)
    stage = stages.fusion_stage(networks, whole, config)
    batch = Batch(*map(tf.ones, batch_shapes(2, 32)))
    step: Any = optimisation.compile_step(stage, optimisers.adam(1e-3, stage), 1.0)
    graph = step.get_concrete_function(batch).graph.as_graph_def()
    inner = [node for function in graph.library.function for node in function.node_def]
    return [*graph.node, *inner]


def runs_on_gpu(node: Any) -> bool:
    types = {name: attr.type for name, attr in node.attr.items() if attr.type}
    return any(
        kernel.device_type in {"GPU", "DEFAULT"}
        and all(
            rule.name not in types or types[rule.name] in rule.allowed_values.list.type
            for rule in kernel.constraint
        )
        for kernel in kernels.get_registered_kernels_for_op(node.op).kernel
    )


@pytest.mark.skipif(
    all(k.device_type != "GPU" for k in kernels.get_registered_kernels_for_op("Conv2D").kernel),
    reason="this TensorFlow was built without GPU kernels",
)
@pytest.mark.parametrize(("policy", "frozen"), [("float32", False), ("mixed_bfloat16", True)])
def test_every_operation_of_a_step_has_a_deterministic_gpu_kernel(tmp_path, policy, frozen):
    nodes = nodes_of_a_step(tmp_path, policy, frozen=frozen)
    names = {node.op for node in nodes}
    assert {"Conv2DBackpropFilter", "ResourceApplyAdam"} <= names
    assert {node.op for node in nodes if not runs_on_gpu(node)} == set()
    assert not names & UNDETERMINED
    gradients = [node for node in nodes if node.op == "FusedBatchNormGradV3"]
    assert bool(gradients) != frozen
    assert all(node.attr["is_training"].b for node in gradients)
