"""Bad folders of weights."""

import dataclasses
import json
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

import export
import reconstruction_fusion
from configs.settings import ExportConfig, ReconstructionConfig
from tests.fuzz import tools
from tests.fuzz.damage import damage
from tests.fuzz.doors import enter
from tests.fuzz.randomness import Random, pick
from tests.fuzz.scene_doors import FUSION
from tests.fuzz.spoiling import spoil
from tests.fuzz.whole_runs import Judged
from utils import files
from utils.runs.weights import SUMS_NAME

NETWORKS = ("low", "high", "merging")
_ODD_VALUES = (np.nan, np.inf, -np.inf, 0.0, -1.0, 65_504.0, -65_504.0, 6e-8)
_ODD_NUMBERS = (0, 1, -1, 2, 3, 512, 4096, 2**31, 2**40, 2**63, 1e300, 0.5, "4", None, [], {}, True)
_DTYPES = ("F16", "F64", "I8", "BOOL", "BF16", "F8_E4M3", "X", "", 5, None)
_METADATA: tuple[Any, ...] = (
    {"prealign": "x"}, {"prealign": 5}, {"prealign": "on"}, [], "x", {"a": "b" * 10**6},
)  # fmt: skip
_SUMS = (
    "", "\n", "x", "../low.safetensors", "/etc/passwd", "low.safetensors\0", "low", ".safetensors",
    "a/b.safetensors", "nowhere.safetensors", "SHA256SUMS",
)  # fmt: skip


def case(place: Path, random: Random) -> Judged:
    """A folder of weights with something bad, whose checksums are right as often as not."""
    folder = place / "weights"
    shutil.copytree(tools.weights(), folder)
    name = pick(random, NETWORKS)
    path = folder / f"{name}.safetensors"
    what, change = pick(random, _CHANGES)
    change(path, random)
    if random.random() < 0.75:
        _sum_up(folder)
        what += ", right checksums"
    if random.random() < 0.15:
        return _reconstruct(place, folder, what)
    return export_case(place, ExportConfig(run=place / "run", weights=folder), what, str(folder))


def export_case(place: Path, config: ExportConfig, what: str, names: str) -> Judged:
    """Runs export.py, which opens weights and writes them anew."""
    out = place / "out"
    config = dataclasses.replace(config, save_weights=out)
    ran = enter(export.main, config, *([config.weights] if config.weights else []))
    fault = ""
    if ran.code == 0 and not _is_sound(out):
        fault = "wrote weights that are not whole or not finite"
    elif ran.code and out.exists():
        fault = "refused, but wrote weights"
    return Judged(what=f"{what}, export.py", ran=ran, names=names, fault=fault)


def _reconstruct(place: Path, folder: Path, what: str) -> Judged:
    tools.healthy_scene(place / "scenes" / "a", 1)
    config = ReconstructionConfig(
        run=place / "run",
        scenes=(place / "scenes",),
        results=place / "out" / "results",
        weights=folder,
    )
    ran = enter(reconstruction_fusion.main, config, folder, place / "scenes")
    fault = ""
    if ran.code == 0 and not FUSION.whole(place / "out", "a"):
        fault = "accepted, but the results are not whole"
    elif ran.code and FUSION.left_of(place / "out", "a"):
        fault = "refused, but left results"
    return Judged(what=f"{what}, reconstruction_fusion.py", ran=ran, fault=fault)


def _is_sound(out: Path) -> bool:
    found = [out / f"{name}.safetensors" for name in NETWORKS]
    return all(
        path.is_file() and all(np.isfinite(x).all() for x in load_file(path).values())
        for path in found
    )


def _bytes(path: Path, random: Random) -> None:
    spoil(path, random)


def _values(path: Path, random: Random) -> None:
    tensors = load_file(path)
    name = pick(random, sorted(tensors))
    values = tensors[name] = tensors[name].copy()
    where = random.integers(values.size, size=1 if random.random() < 0.5 else values.size)
    values.reshape(-1)[where] = pick(random, _ODD_VALUES)
    save_file(tensors, path)


def _other_tensors(path: Path, random: Random) -> None:
    tensors = load_file(path)
    name = pick(random, sorted(tensors))
    value = tensors.pop(name)
    chance = int(random.integers(6))
    if chance == 0:
        tensors[f"{name}x"] = value
    elif chance == 1:
        tensors[name] = value.reshape(-1)
    elif chance == 2:
        tensors[name] = np.array(1.0, np.float16)
    elif chance == 3:
        tensors[name] = value.astype(pick(random, ("f8", "i4", "u1", "?")))
    elif chance == 4:
        tensors[name] = np.zeros((0, *value.shape[1:]), np.float16)
    save_file(tensors, path)


def _header(path: Path, random: Random) -> None:
    """Changes what the header claims, and leaves the numbers."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    names = [name for name in header if name != "__metadata__"]
    name = pick(random, names)
    entry = header[name]
    chance = int(random.integers(8))
    if chance == 0:
        entry["shape"] = [_ODD_NUMBERS[i] for i in random.integers(len(_ODD_NUMBERS), size=4)]
    elif chance == 1:
        entry["dtype"] = pick(random, _DTYPES)
    elif chance == 2:
        entry["data_offsets"] = [_ODD_NUMBERS[i] for i in random.integers(17, size=2)]
    elif chance == 3:
        for number in range(pick(random, (10, 3000))):
            header[f"residual{number + 1}_1/kernel"] = entry
    elif chance == 4:
        kernel = header.get("source1/kernel", entry)
        kernel["shape"] = [*kernel["shape"][:-1], pick(random, (512, 4096, 2**40))]
    elif chance == 5:
        header["__metadata__"] = pick(random, _METADATA)
    elif chance == 6:
        del entry[pick(random, ("dtype", "shape", "data_offsets"))]
    else:
        header = {name: header[name] for name in names[: random.integers(3)]}
    text = json.dumps(header).encode()
    claimed = len(text) if random.random() < 0.9 else pick(random, (0, 2**31, 2**63))
    path.write_bytes(struct.pack("<Q", claimed) + text + data[8 + length :])


def _sums(path: Path, random: Random) -> None:
    sums = path.with_name(SUMS_NAME)
    if random.random() < 0.5:
        _, data = damage(sums.read_bytes(), random)
        sums.write_bytes(data)
    else:
        line = f"{'0' * 64}  {pick(random, _SUMS)}\n"
        sums.write_text(line if random.random() < 0.5 else sums.read_text() + line)


_CHANGES: tuple[tuple[str, Any], ...] = (
    ("bytes", _bytes),
    ("values", _values),
    ("values", _values),
    ("tensors", _other_tensors),
    ("header", _header),
    ("header", _header),
    ("checksums", _sums),
)


def _sum_up(folder: Path) -> None:
    """Makes the checksums right, of what is a file."""
    lines = [
        f"{files.sha256(path)}  {path.name}\n"
        for path in sorted(folder.glob("*.safetensors"))
        if path.is_file() and path.stat().st_mode & 0o400
    ]
    (folder / SUMS_NAME).write_text("".join(lines))
