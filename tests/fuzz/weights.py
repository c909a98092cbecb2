"""Bad folders of weights."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

import export
from configs.settings import ExportConfig
from tests.fuzz import tools
from tests.fuzz.cases import Random, pick
from tests.fuzz.doors import enter
from tests.fuzz.spoiling import change_json, spoil
from tests.fuzz.whole_runs import Judged
from utils import files
from utils.runs.weights import SUMS_NAME

_NETWORKS = ("low", "high", "merging")
_ODD_VALUES = (np.nan, np.inf, -np.inf, 0.0, -1.0, 65_504.0, -65_504.0, 6e-8)


def case(place: Path, random: Random) -> Judged:
    """A folder of weights with something bad, through export.py; often with right checksums."""
    folder, out = place / "weights", place / "out"
    shutil.copytree(tools.weights(), folder)
    what, change = pick(random, _CHANGES)
    change(folder / f"{pick(random, _NETWORKS)}.safetensors", random)
    if what != "checksums" and random.random() < 0.75:
        _sum_up(folder)
        what += ", right checksums"
    config = ExportConfig(run=place / "run", weights=folder, save_weights=out)
    ran = enter(export.main, config, folder)
    fault = ""
    if ran.code == 0 and not _is_sound(out):
        fault = "wrote weights that are incomplete or not finite"
    elif ran.code and out.exists():
        fault = "refused, but wrote weights"
    return Judged(what=what, ran=ran, names=str(folder), fault=fault)


def _is_sound(out: Path) -> bool:
    found = [out / f"{name}.safetensors" for name in _NETWORKS]
    return all(
        path.is_file() and all(np.isfinite(x).all() for x in load_file(path).values())
        for path in found
    )


def _values(path: Path, random: Random) -> None:
    tensors = load_file(path)
    name = pick(random, sorted(tensors))
    values = tensors[name] = tensors[name].copy()
    where = random.integers(values.size, size=pick(random, (1, values.size)))
    values.reshape(-1)[where] = pick(random, _ODD_VALUES)
    save_file(tensors, path)


def _header(path: Path, random: Random) -> None:
    """Changes what the header claims and leaves the numbers."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    content: Any = header
    for _ in range(int(random.integers(1, 4))):
        content = change_json(content, random)
    if random.random() < 0.1:
        many = (f"residual{number}_1/kernel" for number in range(1, 3000))
        content = header | dict.fromkeys(many, header[max(header)])
    text = json.dumps(content).encode()
    claimed = len(text) if random.random() < 0.9 else pick(random, (0, 2**31, 2**63))
    path.write_bytes(struct.pack("<Q", claimed) + text + data[8 + length :])


_CHANGES: tuple[tuple[str, Callable[[Path, Random], object]], ...] = (
    ("bytes", spoil),
    ("values", _values),
    ("header", _header),
    ("checksums", lambda path, random: spoil(path.with_name(SUMS_NAME), random)),
)


def _sum_up(folder: Path) -> None:
    """Writes right checksums of all readable files."""
    lines = [
        f"{files.sha256(path)}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.name != SUMS_NAME and path.is_file() and path.stat().st_mode & 0o400
    ]
    (folder / SUMS_NAME).write_text("".join(lines))
