"""Start-up of a script: TensorFlow's environment variables, and a Ctrl-C in one line.

Without a GPU TensorFlow prints warnings and errors about CUDA that look like a crash. They are
hidden unless there is an NVIDIA device.
"""

import os
import sys
from pathlib import Path
from types import TracebackType

INTERRUPTED = "stopped by Ctrl-C; finished files are complete, run the same command to go on"
EXIT_INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended, as in shells."""

_SCRIPTS = Path(__file__).parents[1]
_kept: list[int] = []  # descriptor of standard error while it is hidden
_DRIVERS = (Path("/proc/driver/nvidia"), Path("/dev/nvidiactl"), Path("/dev/dxg"))


def has_nvidia_device() -> bool:
    """Whether there is an NVIDIA device, on Linux or in Windows' subsystem for it."""
    return any(path.exists() for path in _DRIVERS)


def prepare() -> None:
    """Sets the environment; call it before TensorFlow is imported."""
    # 2: errors only; 3: nothing. Failures raise exceptions anyway.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if has_nvidia_device() else "3")
    # Otherwise the first process takes all memory of a GPU, and a second one fails.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    sys.excepthook = _report
    script = Path(sys.argv[0])
    if not has_nvidia_device() and script.is_file() and script.resolve().parent == _SCRIPTS:
        _hide_native_messages()


def _hide_native_messages() -> None:
    """Hides what C++ libraries print while a script imports them; Python's errors stay visible."""
    _kept.append(os.dup(2))
    sys.stderr = os.fdopen(_kept[0], "w", buffering=1, errors="backslashreplace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def show_native_messages() -> None:
    """Shows again what C++ libraries print; to be called after the imports."""
    for descriptor in _kept:
        os.dup2(descriptor, 2)


def _report(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Reports an exception; a Ctrl-C while modules are imported is one line."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write(f"\n{INTERRUPTED}\n")
    else:
        sys.__excepthook__(kind, error, traceback)
