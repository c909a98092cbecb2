"""Settings of every test: results that do not depend on the order of threads."""

import tensorflow as tf

tf.config.experimental.enable_op_determinism()
