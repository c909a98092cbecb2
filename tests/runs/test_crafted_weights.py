"""Weights made by someone else, with sound checksums: `load_networks` names the fault."""

import json
import re
import struct
from typing import Any

import numpy as np
import pytest

from configs.settings import ReconstructionConfig
from models import esbn
from utils import files
from utils.runs import networks, weights
from utils.runs.weights import WeightsError

SIZE: dict[str, Any] = {"width": 2, "residual_blocks": 1, "dense_layers": 1}
SHAPES = {
    name: {f"{layer.name}/{v.name}": v.shape for layer in network.layers for v in layer.variables}
    for name, network in esbn.networks(**SIZE).items()
}

Header = dict[str, dict]


@pytest.fixture
def refused(tmp_path):
    """Loads a folder of weights; gives the one line that refuses it."""

    def refused(folder):
        config = ReconstructionConfig(run=tmp_path / "run", weights=folder)
        with pytest.raises(WeightsError, match=r"^[^\n\x1b]*Received: [^\n\x1b]+$") as caught:
            networks.load_networks(config)
        assert str(folder) in str(caught.value)
        assert len(str(caught.value)) < 1000
        return str(caught.value)

    return refused


def header(shapes, dtype="F16") -> Header:
    """Tensors one behind the other, as the format wants them."""
    found, place = {}, 0
    for name, shape in shapes.items():
        end = place + 2 * int(np.prod(shape, dtype=object))
        found[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [place, end]}
        place = end
    return found


def pack(content: Header | bytes, numbers: bytes | None = None, length: int | None = None) -> bytes:
    """A file of a header and of ones."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    if numbers is None:
        assert isinstance(content, dict)
        count = max((tensor["data_offsets"][1] for tensor in content.values()), default=0) // 2
        numbers = np.ones(count, np.float16).tobytes()
    return struct.pack("<Q", len(text) if length is None else length) + text + numbers


def write(folder, **changed):
    """A folder of sound weights but for the files that are given, all with sound checksums."""
    folder.mkdir()
    parts = {name: pack(header(shapes)) for name, shapes in SHAPES.items()} | changed
    for name, content in parts.items():
        (folder / f"{name}.safetensors").write_bytes(content)
    lines = [f"{files.sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / weights.SUMS_NAME).write_text("".join(lines))
    return folder


LOW = SHAPES["low"]
FIRST = "source1/kernel"


def reshaped(**shapes):
    """The low network's file with other shapes; dots stand for slashes."""
    return pack(header(LOW | {name.replace("__", "/"): shape for name, shape in shapes.items()}))


def with_first(**fields) -> bytes:
    """The low network's file with something else said of its first tensor."""
    content = header(LOW)
    numbers = pack(content)[-content["output/bias"]["data_offsets"][1] :]
    content[FIRST] = content[FIRST] | fields
    return pack(content, numbers)


def valued(name, value) -> bytes:
    """The low network's file with one number changed."""
    content = header(LOW)
    data = bytearray(pack(content))
    size = content["output/bias"]["data_offsets"][1]
    place = len(data) - size + content[name]["data_offsets"][0]
    data[place : place + 2] = np.float16(value).tobytes()
    return bytes(data)


def many(pattern, count, shape=(0,)):
    return pack(header(LOW | {pattern.format(index): shape for index in range(count)}))


TENSOR = b'"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}'
CRAFTED = {
    "a scalar kernel": (lambda: reshaped(source1__kernel=()), r"Received: the shape \(\)"),
    "a kernel of one axis": (lambda: reshaped(source1__kernel=(2,)), "must have the shape"),
    "3,000 blocks of nothing": (lambda: many("residual{}_1/kernel", 3000), "at most 100.*: 3000"),
    "4 blocks of nothing": (lambda: many("residual{}_1/kernel", 4), "is missing"),
    "another width in one tensor": (lambda: reshaped(source1__kernel=(0, 5, 6, 4)), "shape"),
    "width 2 ** 40": (lambda: reshaped(source1__kernel=(0, 2**40)), r"width must be at most 1024"),
    "odd width": (lambda: reshaped(source1__kernel=(5, 5, 6, 3)), "width must be even"),
    "no width": (lambda: reshaped(source1__kernel=(5, 5, 6, 0)), "width must be greater than 0"),
    "another type": (lambda: pack(header(LOW, "BF16")), "must be F16.*Received: BF16"),
    "floats of 8 bits": (lambda: with_first(dtype="F8_E4M3", shape=[600]), "Received: F8_E4M3"),
    "an unknown type": (lambda: with_first(dtype="F99"), "Received: .*unknown variant `F99`"),
    "a negative size": (lambda: with_first(shape=[-5, 5, 6, 2]), "Received: .*expected usize"),
    "an endless size": (lambda: with_first(shape=[2**62, 5, 6, 2]), "Received: .*overflow"),
    "overlapping": (lambda: with_first(data_offsets=[2, 602]), "Received: .*offset"),
    "beyond the end": (lambda: pack(header(LOW), b"1234"), "Received: .*not fully covered"),
    "too long": (lambda: pack(header(LOW)) + b"12", "Received: .*not fully covered"),
    "backwards": (lambda: with_first(data_offsets=[600, 0]), "Received: .*offset"),
    "a name twice": (
        lambda: pack(b"{" + TENSOR + b"," + TENSOR + b"}", b"12"),
        "Received: a twice",
    ),
    "a name with path parts": (
        lambda: reshaped(**{"..__..__etc__passwd": (1,)}),
        r"\.\./\.\./etc/passwd is of another network",
    ),
    "a name of control characters": (
        lambda: reshaped(**{"\x1b[2J\n": (1,)}),
        r"\\x1b\[2J\\n is of another network",
    ),
    "a long name": (lambda: reshaped(**{"a" * 10**5: (1,)}), "aaa… is of another network"),
    "a tensor more": (lambda: reshaped(more__kernel=(1,)), "more/kernel is of another network"),
    "a tensor less": (
        lambda: pack(header({k: v for k, v in LOW.items() if k != "output/bias"})),
        "output/bias is missing",
    ),
    "NaN": (lambda: valued("blend/kernel", np.nan), r"blend/kernel must be finite.* 1 values.*nan"),
    "Inf": (lambda: valued("output/bias", -np.inf), r"output/bias must be finite.*-inf"),
    "a negative variance": (
        lambda: valued("blend/moving_variance", -1),
        r"blend/moving_variance must be positive.*Received: -1",
    ),
    "a header of 2 ** 63 bytes": (
        lambda: pack({}, b"", 2**63),
        f"at most.*Received: {2**63} bytes",
    ),
    "a header of 90 MB": (lambda: pack(b" " * 90_000_000, b""), "Received: 90000000 bytes"),
    "a header beyond the end": (lambda: pack({}, b"", 5000), "Received: .*invalid header length"),
    "an empty header": (lambda: pack({}), "no such tensor"),
    "no JSON": (lambda: pack(b"pickle", b""), "Received: .*invalid JSON"),
    "deep JSON": (lambda: pack(b"[" * 10**6, b""), "Received: .*invalid JSON"),
    "no text": (lambda: pack(b"\xff\xfe", b""), "Received: .*invalid UTF-8"),
    "an empty file": (lambda: b"", "must be a safetensors file"),
    "a mode that is none": (
        lambda: pack(b'{"__metadata__":{"prealign":5}}', b""),
        "Received: .*expected a string",
    ),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_file_is_refused(tmp_path, refused, name):
    content, message = CRAFTED[name]
    assert re.search(message, refused(write(tmp_path / "crafted", low=content())))


@pytest.mark.parametrize("name", CRAFTED)
def test_a_file_that_gives_no_size_is_checked_too(tmp_path, refused, name):
    content, _ = CRAFTED[name]
    assert "high.safetensors" in refused(write(tmp_path / "crafted", high=content()))


SUMS = {
    "out of the folder": ("{0}  ../crafted/low.safetensors\n", "once.*low.safetensors"),
    "twice": ("{0}  low.safetensors\n{0}  low.safetensors\n", "once.*low.safetensors"),
    "another kind of file": ("{0}  low.npz\n", r"once.*low\.npz"),
    "control characters": ("\x1b[2J  low.safetensors\n", r"\\x1b\[2J: fetch it again"),
    "a line of 10,000": ("a" * 10_000, "once.*aaa…"),
    "no text": ("\udcff\udcfe", "once.*Received"),
    "too long": ("a" * 10**6, "Received: a file of 1000000 bytes"),
    "nothing": ("", "Received: a file of 0 bytes"),
}


@pytest.mark.parametrize("name", SUMS)
def test_crafted_checksums_are_refused(tmp_path, refused, name):
    folder = write(tmp_path / "crafted")
    text, message = SUMS[name]
    text = text.format(files.sha256(folder / "low.safetensors"))
    (folder / weights.SUMS_NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert re.search(message, refused(folder))


def test_sound_weights_of_the_same_maker_are_taken(tmp_path):
    size = weights.read_size(write(tmp_path / "sound"))
    assert (size.width, size.residual_blocks, size.dense_layers) == tuple(SIZE.values())
