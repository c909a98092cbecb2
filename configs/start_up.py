"""Keeps what TensorFlow prints while it loads off the screen, and a Ctrl-C to one line.

Without a GPU TensorFlow says so on standard error: four lines while it is imported, before it
reads its own log level, and an error `failed call to cuInit` when it first looks for devices. Users
take that for a crash. Where there is an NVIDIA device, all of it is left on.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, TracebackType

INTERRUPTED = "stopped by Ctrl-C; what is there is complete, the same command makes the rest"
EXIT_INTERRUPTED = 130
"""What a shell reports of a program that Ctrl-C ended."""

_DRIVERS = (Path("/proc/driver/nvidia"), Path("/dev/nvidiactl"), Path("/dev/dxg"))
_STANDARD_ERROR = 2


def has_nvidia_device() -> bool:
    """True if a driver shows an NVIDIA device, of Linux or of Windows' subsystem for it."""
    return any(path.exists() for path in _DRIVERS)


def prepare() -> None:
    """Sets all of this up; to be called before TensorFlow is imported."""
    quiet = not has_nvidia_device()
    # 2: errors alone; 3: not even these. What fails still raises an exception.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3" if quiet else "2")
    # Without it the first process takes all of a GPU's memory, and a second one fails.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    if quiet and "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _QuietImport())
    sys.excepthook = _report


class _QuietImport(importlib.abc.MetaPathFinder):
    """Imports TensorFlow with standard error set aside; steps back once it has begun."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Gives the usual specification of TensorFlow, whose loader is quiet."""
        del path, target
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module
            spec.loader.exec_module = lambda module: _quietly(execute, module)
        return spec


def _quietly(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Runs a module's code with standard error in a file, which is shown if the code fails."""
    sys.stderr.flush()
    kept = os.dup(_STANDARD_ERROR)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), _STANDARD_ERROR)
        failed = True
        try:
            execute(module)
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STANDARD_ERROR)
            os.close(kept)
            if failed:
                aside.seek(0)
                os.write(_STANDARD_ERROR, aside.read())


def _report(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Reports an exception as ever, but for a Ctrl-C while modules are still being imported."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write(f"\n{INTERRUPTED}\n")
    else:
        sys.__excepthook__(kind, error, traceback)
