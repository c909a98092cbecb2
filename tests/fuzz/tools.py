"""What all cases of a process share: tiny networks, healthy scenes, a scratch folder."""

import ctypes
import functools
import os
import struct
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf

import evaluate
import reconstruction_align2
import reconstruction_fusion
from configs.settings import ReconstructionConfig
from tests import layouts, photos, tiny
from utils.inference import pipeline
from utils.runs import weights as weights_files

_OVERRIDE, _READ_SEARCH = 1, 2  # Linux capabilities with which root ignores permissions
_CAPABILITIES = 0x20080522  # version 3


def shared(name: str, make: Callable[[Path], object]) -> Path:
    """A folder in the scratch folder that many cases copy; made by the first of them."""
    folder = Path(os.environ["TMPDIR"]).parent / name
    if not folder.exists():
        make(folder)
    return folder


def weights() -> Path:
    """A folder of weights of tiny networks."""
    return shared("weights", lambda folder: weights_files.save(tiny.random_networks(), folder))


@functools.cache
def photographs() -> np.ndarray:
    """`(3, 24, 40, 3)` uint16 frames, 2 stops apart."""
    return photos.sample((40, 24))


def healthy_scene(folder: Path, seed: int) -> None:
    """Writes a scene of a data set."""
    layouts.write(folder.parent, "Kalantari", folder.name, seed=seed)


def healthy_photographs(folder: Path) -> Path:
    """Writes a folder of photographs `1.jpg`, `2.jpg`, `3.jpg`; returns it."""
    return photos.write_bracket(folder, photographs())


def write_stops(folder: Path) -> None:
    """Writes the exposure file of a scene."""
    (folder / "exposure.txt").write_text("0\n2\n4\n")


def prepare(scratch: Path) -> None:
    """Prepares this process: permissions hold, temporary files are in the scratch folder."""
    (scratch / "tmp").mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(scratch / "tmp")
    tempfile.tempdir = None
    tf.config.experimental.enable_op_determinism()
    warnings.simplefilter("ignore")  # of libraries that write the bad inputs
    _share_networks()
    _obey_permissions()


def _share_networks() -> None:
    """Opens the tiny networks once for all runs that name their folder."""
    open_networks = pipeline.open_networks
    shared = open_networks(ReconstructionConfig(run=Path("run"), weights=weights()))

    def opened(config, *rest, **options):
        return shared if config.weights == weights() else open_networks(config, *rest, **options)

    for script in (reconstruction_fusion, reconstruction_align2, evaluate):
        mock.patch.object(script, "open_networks", opened).start()


def _obey_permissions() -> None:
    """Makes permissions hold for root too."""
    if not photos.is_root():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITIES, 0))
    held = (ctypes.c_uint32 * 6)()
    libc.capget(header, held)
    held[0] &= ~(1 << _OVERRIDE | 1 << _READ_SEARCH)
    libc.capset(header, held)


def clear(folder: Path) -> None:
    """Removes a folder of any depth and permissions."""
    if folder.exists():
        subprocess.run(
            ["chmod", "-R", "u+rwx", str(folder)], stderr=subprocess.DEVNULL, check=False
        )
        subprocess.run(["rm", "-rf", str(folder)], check=True)
