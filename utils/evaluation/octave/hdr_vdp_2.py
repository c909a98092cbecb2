"""HDR-VDP-2 of a result, by a copy of the authors' code.

Mantiuk, Kim, Rempel, Heidrich, "HDR-VDP-2: A calibrated visual metric for visibility and quality
predictions in all luminance conditions", SIGGRAPH 2011, DOI 10.1145/1964921.1964935. Q depends on
the viewing settings, so they stand in the column's title.
"""

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import weakref
from pathlib import Path

import numpy as np

from configs.settings import EvaluationConfig
from utils import files
from utils.evaluation.octave.process import Octave

HDR_VDP_2 = "HDR-VDP-2"
"""First word of the column's title."""

_LOG = logging.getLogger(__name__)
_FILTERS = ("corrDn", "upConv", "pointOp")  # of matlabPyrTools
_PARTS = ("convolve", "wrap", "edges")


class HdrVdp2:
    """Quality Q: 100 without a difference, lower for a worse result."""

    def __init__(self, folder: Path, config: EvaluationConfig) -> None:
        """Starts Octave.

        Args:
            folder: The authors' `hdrvdp-2.2.x`.
            config: Viewing settings and time limit.

        Raises:
            ValueError: The folder has no `hdrvdp.m`, or Octave is missing or does not start.
        """
        if not (folder / "hdrvdp.m").is_file():
            raise ValueError(
                "hdr_vdp_2 must be the folder hdrvdp-2.2.x of the authors' package."
                f" Received: no hdrvdp.m in {folder}"
            )
        place = tempfile.mkdtemp(prefix="esbn-")
        weakref.finalize(self, shutil.rmtree, place, ignore_errors=True)
        self._pair, self._seconds = Path(place) / "pair.raw", config.vdp_seconds
        linear = config.vdp_encoding == "rgb-bt.709"
        self._scale = config.vdp_peak if linear else 1.0
        density, compiled = f"{config.vdp_pixels_per_degree:g}", _compiled(folder)
        arguments = (folder.resolve(), compiled or "", self._pair, config.vdp_encoding, density)
        self._octave = Octave([*map(str, arguments), config.vdp_display])
        peak = f" x {self._scale:g} cd/m2" if linear else ""
        self.title = (
            f"{HDR_VDP_2} ({config.vdp_encoding}{peak}, {density} pixels a degree,"
            f" {config.vdp_display})"
        )
        """Title of the column, with the viewing settings."""
        filters = "compiled" if compiled else "Octave code, not compiled"
        self.note = f"{HDR_VDP_2}: Q of version {self._octave.version}; filters: {filters}."
        """Version and filters, for the notes of a table."""

    def measure(self, result: np.ndarray, truth: np.ndarray) -> float:
        """Q of a result.

        Args:
            result: `(H, W, 3)` radiance, clipped to [0, 1].
            truth: `(H, W, 3)` radiance in [0, 1].

        Raises:
            RuntimeError: Octave reports an error or takes too long.
        """
        with self._pair.open("wb") as file:
            for image in (result, truth):
                shown = self._scale * np.clip(image, 0, 1).astype(np.float64)
                file.write(shown.tobytes(order="F"))
        try:
            return float(self._octave.ask("{} {}".format(*truth.shape), self._seconds))
        except RuntimeError as error:
            raise RuntimeError(f"{HDR_VDP_2} failed. Received: {error}") from error


def _compiled(folder: Path) -> Path | None:
    """Folder of the filters of matlabPyrTools, compiled once; None if that cannot be done here."""
    sources = sorted(folder.glob("matlabPyrTools*/MEX/*.[ch]"))
    compiler = shutil.which("mkoctfile")
    if not sources or compiler is None:
        return None
    version = subprocess.check_output([compiler, "--version"], stderr=subprocess.STDOUT)
    digest = hashlib.sha256(version + b"".join(path.read_bytes() for path in sources))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    target = cache / "esbn" / f"matlabPyrTools-{digest.hexdigest()[:16]}"
    if target.is_dir():
        return target
    by_name = {path.stem: str(path.resolve()) for path in sources if path.suffix == ".c"}
    parts = [by_name[name] for name in _PARTS if name in by_name]
    try:
        with files.complete_folder(target) as partial:
            (partial / "matrix.h").touch()  # MATLAB's; mex.h has its content in Octave
            for name in _FILTERS:
                subprocess.run(
                    [compiler, "--mex", "-I.", "-o", f"{name}.mex", by_name[name], *parts],
                    cwd=partial,
                    env=os.environ | {"CFLAGS": "-O2 -fPIC -std=gnu89 -w"},  # the code's age
                    capture_output=True,
                    check=True,
                )
    except (OSError, KeyError, subprocess.CalledProcessError) as error:
        _LOG.warning("Filters of %s are not compiled, but run as Octave code: %s", folder, error)
        return None
    return target
