"""Plants scenes with pictures that may cost time: JPEG scans, TIFF tiles, EXR channels."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import tifffile
from PIL import Image

from tests import layouts
from tests.fuzz import tools
from tests.fuzz.cases import Random, pick
from tests.fuzz.claims import set_tags
from tests.fuzz.scene_doors import predictions_of
from tests.fuzz.scene_kinds import Planted
from utils.images.decode import MOST_SCANS
from utils.images.frames import read_ldr
from utils.images.radiance_maps import read_radiance
from utils.radiometry.levels import to_8bit

_START_OF_SCAN = b"\xff\xda"
_BETWEEN = (b"", b"\xff", b"\xff\x01", b"\xff\xd3", b"\0noise", b"\xff\xfe\0\x06\xff\xda\0\x02")
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_DTYPES = (np.float16, np.float32, np.uint32)


def _up_to(most: int, random: Random) -> int:
    """A number from 1, each power of two as likely as another."""
    return int(2 ** random.uniform(0, np.log2(most)))


def scans(scenes: Path, name: str, random: Random) -> Planted:
    """Photographs, one of them a JPEG with empty scans."""
    path = tools.healthy_photographs(scenes / name) / f"{random.integers(1, 4)}.jpg"
    with Image.open(path) as image:
        image.save(path, "jpeg", exif=image.getexif(), progressive=True)
    data, count = path.read_bytes(), _up_to(20_000, random)
    start = data.rindex(_START_OF_SCAN)
    header = data[start : start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")]
    empty = pick(random, _BETWEEN) + header + pick(random, (b"", b"\0"))
    path.write_bytes(data[:-2] + empty * count + data[-2:])
    return Planted(
        what=f"{count} more scans", name=name, file=path.name, right=lambda: count < MOST_SCANS
    )


def tiles(scenes: Path, name: str, random: Random) -> Planted:
    """Photographs, one of them a TIFF whose tiles claim other sizes."""
    folder, frame = tools.healthy_photographs(scenes / name), to_8bit(tools.photographs()[0])
    tools.write_stops(folder)
    (folder / "1.jpg").unlink()
    options: dict[str, Any] = {"photometric": "rgb", "tile": (16, 16)}
    if random.random() < 0.3:
        options["planarconfig"] = "separate"
    samples = np.moveaxis(frame, -1, 0) if "planarconfig" in options else frame
    compression = pick(random, (None, "zlib", "lzw", "packbits", "zstd", "jpeg"))
    path = folder / "1.tif"
    tifffile.imwrite(path, samples, compression=compression, metadata=None, **options)
    chosen = pick(random, ((_TILE_WIDTH,), (_TILE_LENGTH,), (_TILE_WIDTH, _TILE_LENGTH)))
    claimed = {tag: pick(random, (16, 1)) * _up_to(2**28, random) for tag in chosen}
    before = read_ldr(path)
    path.write_bytes(set_tags(path.read_bytes(), claimed))
    return Planted(
        what=f"tiles of {claimed}, {compression}",
        name=name,
        file=path.name,
        right=lambda: max(claimed.values()) <= 16 or np.array_equal(read_ldr(path), before),
    )


def channels(scenes: Path, name: str, random: Random) -> Planted:
    """A healthy scene whose prediction is an EXR of many channels, parts or tiles."""
    truth = layouts.write(scenes, "Kalantari", name, seed=int(random.integers(100))) / "HDRImg.hdr"
    radiance = (0.9 * read_radiance(truth)).astype(pick(random, (np.float16, np.float32)))
    parts, chosen = [], int(random.integers(_up_to(8, random)))
    for index in range(chosen + _up_to(8, random)):
        numbers = range(_up_to(200, random))
        planes = {f"c{i}": radiance[..., 0].astype(pick(random, _DTYPES)) for i in numbers}
        if index == chosen:
            planes |= {"RGB"[i]: radiance[..., i].copy() for i in range(3)}
        parts.append(OpenEXR.Part(_header(random), planes, f"part {index}"))
    path = predictions_of(scenes) / f"{name}.exr"
    with OpenEXR.File(parts) as file:
        file.write(str(path))
    what = f"{sum(len(part.channels) for part in parts)} channels in {len(parts)} parts"
    if random.random() < 0.3:  # of the first part with tiles
        size = struct.pack("<II", _up_to(2**31, random), _up_to(2**31, random))
        before, mark, after = path.read_bytes().partition(b"tiles\0tiledesc\0\x09\0\0\0")
        path.write_bytes(before + mark + (size + after[8:] if mark else after))
        what += ", other tiles" if mark else ""
    return Planted(
        what=what,
        name=name,
        file=path.name,
        right=lambda: np.array_equal(read_radiance(path), radiance.astype(np.float32)),
    )


def _header(random: Random) -> dict[str, Any]:
    if random.random() < 0.6:
        return {"type": OpenEXR.scanlineimage}
    tile = OpenEXR.TileDescription()
    tile.xSize, tile.ySize = _up_to(100, random), _up_to(100, random)
    return {"type": OpenEXR.tiledimage, "tiles": tile}
