"""Describes the machine: GPUs, bfloat16, processor, free and peak memory, versions."""

import contextlib
import ctypes
import functools
import logging
import os
import platform
from importlib import metadata
from pathlib import Path

import psutil
import tensorflow as tf

from configs import start_up
from configs.settings import Precision

_CPU_INFO = Path("/proc/cpuinfo")
_STATUS = Path("/proc/self/status")
_PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless")
_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16", " bf16")
_BFLOAT16_COMPUTE_CAPABILITY = (8, 0)
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h

_LOG = logging.getLogger(__name__)


@functools.cache  # warn only once
def warn_of_unused_gpu() -> None:
    """Warns about an NVIDIA device that TensorFlow does not use."""
    if start_up.has_nvidia_device() and not tf.config.list_physical_devices("GPU"):
        _LOG.warning(
            "TensorFlow does not use the NVIDIA device of this machine; install"
            " requirements/gpu.txt and check CUDA_VISIBLE_DEVICES."
        )


def has_bfloat16() -> bool:
    """Whether every GPU, or without GPUs the processor, multiplies bfloat16 natively."""
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
    """Keras policy of a precision: `float32` or `mixed_bfloat16`; weights are always float32."""
    if precision == "bfloat16" or (precision == "auto" and has_bfloat16()):
        return "mixed_bfloat16"
    return "float32"


def describe() -> dict[str, str | int | float | bool]:
    """Processor, cores, memory in GiB, bfloat16 arithmetic, GPUs, versions.

    `load` is the mean number of busy processes in the last minute; near the number of cores or
    above, timings mean little.
    """
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return {
        "processor": _processor(),
        "cores": _cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load": round(psutil.getloadavg()[0], 1),
        "bfloat16": has_bfloat16(),
        "gpus": ", ".join(gpus) or "none",
        "python": platform.python_version(),
        **versions,
    }


def _cores() -> int:
    """Cores this process may use; on macOS, all."""
    if hasattr(psutil.Process, "cpu_affinity"):
        return len(psutil.Process().cpu_affinity())
    return os.cpu_count() or 1


def _processor() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def free_memory() -> int:
    """Memory in bytes that is available without swapping."""
    return psutil.virtual_memory().available


def peak_memory() -> int:
    """Largest memory use of this process in bytes; on macOS, the current use.

    psutil has the peak on Windows only, and `ru_maxrss` on Linux includes the parent's.
    """
    if _STATUS.exists():
        fields = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return 1024 * int(fields["VmHWM"].split()[0])
    info = psutil.Process().memory_info()
    return getattr(info, "peak_wset", info.rss)


def keep_freed_memory() -> None:
    """Lets glibc keep freed memory instead of returning it to the system (mallopt(3)).

    Every step or scene allocates its arrays anew, and the system clears each page first, which
    takes a tenth of the time of the small networks. Does nothing with other C libraries.
    """
    _call_glibc("mallopt", _M_MMAP_MAX, 0)
    _call_glibc("mallopt", _M_TRIM_THRESHOLD, -1)  # never


def return_freed_memory() -> None:
    """Returns what `keep_freed_memory` keeps to the system (malloc_trim(3))."""
    _call_glibc("malloc_trim", 0)


def _call_glibc(name: str, *arguments: int) -> None:
    """Calls a function of the C library, if it has one of this name."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        getattr(ctypes.CDLL(None), name)(*arguments)
