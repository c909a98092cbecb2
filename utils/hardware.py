"""Which arithmetic the convolutions use: float32, or bfloat16 where the hardware has it."""

from pathlib import Path

import tensorflow as tf

from configs.settings import Precision

_CPU_INFO = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16", " bf16")
_BFLOAT16_COMPUTE_CAPABILITY = (8, 0)


def has_bfloat16() -> bool:
    """Whether every GPU, or without one the processor, multiplies bfloat16 natively."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return all(
            detail.get("compute_capability", (0, 0)) >= _BFLOAT16_COMPUTE_CAPABILITY
            for detail in details
        )
    if not _CPU_INFO.exists():
        return False
    text = _CPU_INFO.read_text()
    return any(flag in text for flag in _BFLOAT16_FLAGS)


def keras_policy(precision: Precision) -> str:
    """Keras' name of a precision: `float32` or `mixed_bfloat16`; weights are float32 in both."""
    if precision == "bfloat16" or (precision == "auto" and has_bfloat16()):
        return "mixed_bfloat16"
    return "float32"
