"""Choice of arithmetic by hardware."""

import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from configs import start_up
from utils import hardware


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (None, False),
        ("flags : fpu avx2 avx512f", False),
        ("flags : fpu avx512f avx512_bf16 vaes", True),
        ("flags : fpu amx_bf16 amx_tile", True),
        ("Features : fp asimd bf16 i8mm", True),
    ],
)
def test_a_processor_has_bfloat16_if_it_says_so(tmp_path, monkeypatch, flags, expected):
    info = tmp_path / "cpuinfo"
    if flags:
        info.write_text(flags)
    monkeypatch.setattr(hardware, "_CPU_INFO", info)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [])
    assert hardware.has_bfloat16() is expected
    assert hardware.keras_policy("auto") == ("mixed_bfloat16" if expected else "float32")


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), False), ((8, 0), True)])
def test_a_gpu_has_bfloat16_from_compute_capability_8(monkeypatch, capability, expected):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: ["gpu"])
    details = {"compute_capability": capability}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _: details)
    assert hardware.has_bfloat16() is expected


def test_cores_are_counted_where_affinity_is_not_known(monkeypatch):
    monkeypatch.delattr(hardware.psutil.Process, "cpu_affinity", raising=False)  # as on macOS
    assert hardware.describe()["cores"] == hardware.os.cpu_count()


def test_a_named_precision_is_taken_at_its_word():
    assert hardware.keras_policy("float32") == "float32"
    assert hardware.keras_policy("bfloat16") == "mixed_bfloat16"


@pytest.mark.parametrize(
    ("device", "gpus", "warned"), [(True, [], True), (True, ["gpu"], False), (False, [], False)]
)
def test_a_gpu_that_tensorflow_does_not_see_is_warned_about(
    monkeypatch, caplog, device, gpus, warned
):
    monkeypatch.setattr(start_up, "has_nvidia_device", lambda: device)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: gpus)
    hardware.warn_of_unused_gpu.cache_clear()
    hardware.warn_of_unused_gpu()
    hardware.warn_of_unused_gpu()
    assert caplog.text.count("requirements/gpu.txt") == warned


def test_the_gpu_requirement_is_the_version_of_the_other():
    root = Path(__file__).parent.parent
    (version,) = [
        line.removeprefix("tensorflow")
        for line in (root / "requirements.txt").read_text().splitlines()
        if line.startswith("tensorflow=")
    ]
    lines = (root / "requirements" / "gpu.txt").read_text().splitlines()
    assert lines[-2:] == ["-r ../requirements.txt", f"tensorflow[and-cuda]{version}"]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_freed_memory_is_kept_until_it_is_returned():
    code = (
        "import numpy as np, psutil; from utils import hardware; hardware.keep_freed_memory();"
        "held = lambda: psutil.Process().memory_info().rss;"
        "a = np.ones(2**23); sizes = [held()]; del a; sizes += [held()];"
        "hardware.return_freed_memory(); sizes += [held()]; print(*sizes)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    full, kept, returned = map(int, done.stdout.split())
    assert full - kept < 2**20
    assert kept - returned > 2**25
