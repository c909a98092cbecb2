"""What a measurement ran on: processor, memory and versions."""

import os
import platform
from importlib import metadata
from pathlib import Path

import tensorflow as tf

from utils.precision import has_bfloat16

_CPU_INFO = Path("/proc/cpuinfo")
_PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless")


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
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load": round(os.getloadavg()[0], 1),
        "bfloat16": has_bfloat16(),
        "gpus": ", ".join(gpus) or "none",
        "python": platform.python_version(),
        **versions,
    }


def _processor() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
