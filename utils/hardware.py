"""Reads the machine: GPUs, bfloat16, processor, free and peak memory, versions."""

import functools
import logging
import os
import platform
import resource
import sys
from importlib import metadata
from pathlib import Path

import tensorflow as tf

from configs import start_up
from configs.settings import Precision

_CPU_INFO = Path("/proc/cpuinfo")
_MEMORY_INFO = Path("/proc/meminfo")
_STATUS = Path("/proc/self/status")
_PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless")
_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16", " bf16")
_BFLOAT16_COMPUTE_CAPABILITY = (8, 0)

_LOG = logging.getLogger(__name__)


@functools.cache  # said once
def warn_of_unused_gpu() -> None:
    """Warns if there is an NVIDIA device that TensorFlow does not use."""
    if start_up.has_nvidia_device() and not tf.config.list_physical_devices("GPU"):
        _LOG.warning(
            "there is an NVIDIA device, but TensorFlow sees no GPU and computes on the processor:"
            " pip install -r requirements-gpu.txt, and see whether CUDA_VISIBLE_DEVICES hides it."
        )


def has_bfloat16() -> bool:
    """True if every GPU, or without one the processor, multiplies bfloat16 natively."""
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


def describe() -> dict[str, str | int | float | bool]:
    """Processor, cores, memory in GiB, bfloat16 arithmetic, GPUs, versions.

    `load` is the mean number of busy processes of the last minute, before anything is measured: if
    it is not far below the number of cores, seconds and shares of peak mean little.
    """
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return {
        "processor": _processor(),
        "cores": _cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load": round(os.getloadavg()[0], 1),
        "bfloat16": has_bfloat16(),
        "gpus": ", ".join(gpus) or "none",
        "python": platform.python_version(),
        **versions,
    }


def _cores() -> int:
    """Cores this process may use; macOS only says how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def free_memory() -> int | None:
    """Bytes that can be had without swapping; None where the system does not say."""
    if not _MEMORY_INFO.exists():
        return None
    fields = dict(line.split(":", 1) for line in _MEMORY_INFO.read_text().splitlines())
    return 1024 * int(fields["MemAvailable"].split()[0])


def peak_memory() -> int:
    """Most memory this process took, in bytes.

    `ru_maxrss` will not do on Linux: a new process starts with the peak of the one that made it.
    Elsewhere it is what there is.
    """
    if _STATUS.exists():
        fields = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return 1024 * int(fields["VmHWM"].split()[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)
