"""Weights that anyone may have made, with right checksums: refused in one line with file and value.

Every case goes through `load_networks`.
"""

import json
import re
import struct

import numpy as np
import pytest

from configs.settings import ReconstructionConfig
from models import esbn
from utils import files
from utils.runs import networks, weights
from utils.runs.weights import WeightsError

FIRST = "source1/kernel"

Header = dict[str, dict]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Sound weights; and the shapes in their file of the low network."""
    folder = tmp_path_factory.mktemp("sound") / "weights"
    weights.save(
        esbn.networks(width=2, residual_blocks=1, dense_layers=1, initializer="he"), folder
    )
    return folder, weights.read_shapes(folder / "low.safetensors")


def refusal(folder):
    """The one line that refuses a folder of weights."""
    with pytest.raises(WeightsError, match=r"^[^\n\x1b]*Received: [^\n\x1b]+$") as caught:
        networks.load_networks(ReconstructionConfig(weights=folder))
    assert str(folder) in str(caught.value)
    assert len(str(caught.value)) < 1000
    return str(caught.value)


def header(shapes, dtype="F16") -> Header:
    """Tensors one after the other, as the format wants them."""
    found, place = {}, 0
    for name, shape in shapes.items():
        end = place + 2 * int(np.prod(shape, dtype=object))
        found[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [place, end]}
        place = end
    return found


def pack(content: Header | bytes, values: bytes | None = None, length: int | None = None) -> bytes:
    """A file of a header and of ones."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    if values is None:
        assert isinstance(content, dict)
        count = max((tensor["data_offsets"][1] for tensor in content.values()), default=0) // 2
        values = np.ones(count, np.float16).tobytes()
    return struct.pack("<Q", len(text) if length is None else length) + text + values


def with_first(low, **fields) -> bytes:
    """The file with other fields of its first tensor."""
    content = header(low)
    size = max(tensor["data_offsets"][1] for tensor in content.values())
    return pack(content | {FIRST: content[FIRST] | fields}, bytes(size))


def valued(low, name, value) -> bytes:
    """The file with one value changed."""
    content = header(low)
    start = content[name]["data_offsets"][0]
    size = max(tensor["data_offsets"][1] for tensor in content.values())
    values = np.ones(size // 2, np.float16)
    values[start // 2] = value
    return pack(content, values.tobytes())


CRAFTED = {
    "scalar kernel": (lambda low: pack(header(low | {FIRST: ()})), r"Received: shape \(\)"),
    "another shape": (lambda low: pack(header(low | {FIRST: (2,)})), "must have the shape"),
    "3,000 blocks": (
        lambda low: pack(header(low | {f"residual{i}_1/kernel": (0,) for i in range(3000)})),
        "at most 100.*: 3000",
    ),
    "width 2 ** 40": (
        lambda low: pack(header(low | {FIRST: (0, 2**40)})),
        r"width must be at most 1024",
    ),
    "odd width": (lambda low: pack(header(low | {FIRST: (5, 5, 6, 3)})), "width must be even"),
    "another type": (lambda low: pack(header(low, "BF16")), "must be F16.*Received: BF16"),
    "unknown type": (lambda low: with_first(low, dtype="F99"), "unknown variant `F99`"),
    "negative size": (lambda low: with_first(low, shape=[-5, 5, 6, 2]), "expected usize"),
    "overlap": (lambda low: with_first(low, data_offsets=[2, 602]), "Received: .*offset"),
    "beyond the end": (lambda low: pack(header(low), b"1234"), "not fully covered"),
    "control characters": (
        lambda low: pack(header(low | {"\x1b[2J\n": (1,)})),
        r"\\x1b\[2J\\n is of another network",
    ),
    "long name": (lambda low: pack(header(low | {"a" * 10**5: (1,)})), "aaa… is of another"),
    "missing tensor": (
        lambda low: pack(header({k: v for k, v in low.items() if k != "output/bias"})),
        "output/bias is missing",
    ),
    "NaN": (lambda low: valued(low, "blend/kernel", np.nan), "blend/kernel must be finite.*nan"),
    "negative variance": (
        lambda low: valued(low, "blend/moving_variance", -1),
        r"blend/moving_variance must be positive.*Received: -1",
    ),
    "header of 2 ** 63 bytes": (lambda _: pack({}, b"", 2**63), "a header may have"),
    "header beyond the end": (lambda _: pack({}, b"", 5000), "invalid header length"),
    "empty header": (lambda _: pack({}), "Received: shape None"),
    "no JSON": (lambda _: pack(b"pickle", b""), "Received: .*invalid JSON"),
    "deep JSON": (lambda _: pack(b"[" * 10**6, b""), "Received: .*invalid JSON"),
    "empty file": (lambda _: b"", "must be a safetensors file"),
}


def write(sound, folder, name, content):
    """A copy of the sound weights with one file replaced, and right checksums."""
    folder.mkdir()
    for path in sound.glob("*.safetensors"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / name).write_bytes(content)
    lines = [f"{files.sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / weights.SUMS_NAME).write_text("".join(lines))
    return folder


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_file_is_refused(sound, tmp_path, name):
    content, message = CRAFTED[name]
    folder = write(sound[0], tmp_path / "crafted", "low.safetensors", content(sound[1]))
    assert re.search(message, refusal(folder))


SUMS = {
    "path parts": ("{0}  ../crafted/low.safetensors\n", "once.*low.safetensors"),
    "twice": ("{0}  low.safetensors\n{0}  low.safetensors\n", "once.*low.safetensors"),
    "missing file": ("{0}  low.npz\n", r"low\.npz.*no such file"),
    "missing network": ("{0}  low.safetensors\n", r"must hold merging\.safetensors"),
    "control characters": ("\x1b[2J  low.safetensors\n", r"\\x1b\[2J: download it again"),
    "long line": ("a" * 10_000, "once.*aaa…"),
    "no text": ("\udcff\udcfe", "once.*Received"),
    "too long": ("a" * 10**6, "Received: a file of 1000000 bytes"),
    "nothing": ("", "Received: a file of 0 bytes"),
}


@pytest.mark.parametrize("name", SUMS)
def test_crafted_checksums_are_refused(sound, tmp_path, name):
    text, message = SUMS[name]
    low = (sound[0] / "low.safetensors").read_bytes()
    folder = write(sound[0], tmp_path / "crafted", "low.safetensors", low)
    text = text.format(files.sha256(folder / "low.safetensors"))
    (folder / weights.SUMS_NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert re.search(message, refusal(folder))
