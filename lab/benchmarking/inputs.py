"""Makes input to time: noise of the right shapes."""

import numpy as np
import tensorflow as tf

from utils.evaluation.protocols import PROTOCOLS
from utils.inference.agreement import agreed
from utils.inference.pipeline import Networks, Reconstruction, reconstruct_picture
from utils.records.patches import Batch, batch_shapes
from utils.scenes.scene import Scene


def random_scene(height: int, width: int) -> Scene:
    """A scene of noise in 16 bits, without truth."""
    generator = np.random.default_rng(0)
    ldr = generator.integers(0, 2**16, (3, height, width, 3), dtype=np.uint16)
    values = np.array([0, 2, 4], np.float32)
    return Scene(name="noise", ldr=ldr, exposure_values=values, hdr=None)


def reconstruct_agreed(networks: Networks, scene: Scene) -> Reconstruction:
    """The default reconstruction but for camera motion."""
    return agreed(reconstruct_picture(networks, scene, PROTOCOLS["full"]), scene)


def random_batch(size: int, patch_size: int) -> Batch:
    """A training batch of square patches."""
    batch = Batch(*map(tf.random.uniform, batch_shapes(size, patch_size)))
    return batch._replace(exposure_time=tf.tile(tf.constant([[1.0, 4.0, 16.0]]), (size, 1)))
