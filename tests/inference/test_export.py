"""The exported graph gives what the scripts give, at every size, and without the project."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import export as script
import training_fusion
from configs.settings import ExportConfig
from models.fast.compiled import compile_networks
from tests import disk, tiny
from tests.brackets import bracket
from utils.evaluation.protocols import PROTOCOLS
from utils.inference import export, pipeline
from utils.runs.networks import latest_checkpoint

SIZES = [(24, 40), (21, 37), (16, 8), (3, 5), (1, 1)]

# What a user of the SavedModel writes: no import of this project.
LOAD = """
import json, sys, numpy as np, tensorflow as tf
data = np.load(sys.argv[2])
esbn = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
out = esbn(ldr=tf.constant(data["ldr"]), exposure_time=tf.constant(data["exposure_time"]))
print(json.dumps(float(out["radiance"].numpy().astype("f8").sum())))
"""


@pytest.fixture(scope="module")
def networks():
    return tiny.random_networks()


@pytest.fixture(scope="module")
def saved(networks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "esbn"
    export.save(networks, folder)
    return folder


@pytest.fixture(scope="module")
def expected(networks):
    return of_scripts(networks)


def of_scripts(networks) -> Callable[..., np.ndarray]:
    """Radiance of a scene as reconstruction_fusion.py computes it."""
    compiled: dict[str, Any] = dict(compile_networks(networks))
    ours = pipeline.Networks(**compiled)
    return lambda scene: pipeline.reconstruct_picture(ours, scene, PROTOCOLS["full"]).hdr


def inputs(scene) -> dict[str, Any]:
    ldr = scene.ldr.astype(np.float32) / np.iinfo(scene.ldr.dtype).max
    return {"ldr": ldr[None], "exposure_time": scene.exposure_times[None]}


def loaded(folder) -> Callable[..., np.ndarray]:
    """Radiance of inputs as a SavedModel computes it."""
    model = tf.saved_model.load(str(folder))
    return lambda values: model(**{k: tf.constant(v) for k, v in values.items()})["radiance"]


def test_the_saved_model_gives_the_scripts_output_and_needs_only_ratios_of_times(saved, expected):
    model = loaded(saved)
    for size in SIZES:
        scene = bracket(*size, dtype=np.uint8)
        values = inputs(scene)
        radiance = model(values)
        assert radiance.shape == (1, *size, 3)
        np.testing.assert_allclose(radiance[0], expected(scene), atol=1e-5)
        values["exposure_time"] = values["exposure_time"] / 1024
        np.testing.assert_array_equal(model(values), radiance)


def test_the_saved_model_needs_no_code_of_the_project(saved, expected, tmp_path):
    scene = bracket(21, 37, dtype=np.uint8)
    np.savez(tmp_path / "inputs.npz", **inputs(scene))
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(saved), str(tmp_path / "inputs.npz")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    total = float(expected(scene).sum(dtype=float))
    assert json.loads(done.stdout) == pytest.approx(total, abs=0.02)


def test_onnx_gives_the_scripts_output(saved, expected, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    path = tmp_path / "esbn.onnx"
    export.save_onnx(saved, path)
    session = runtime.InferenceSession(str(path))
    for size in SIZES:
        scene = bracket(*size, dtype=np.uint8)
        (radiance,) = session.run(None, inputs(scene))
        np.testing.assert_allclose(radiance[0], expected(scene), atol=1e-5)


def test_a_full_disk_leaves_no_half_onnx(saved, tmp_path):
    pytest.importorskip("tf2onnx")
    with disk.room_for(100_000), pytest.raises(OSError, match=rf"Cannot write.*{tmp_path}/a.onnx"):
        export.save_onnx(saved, tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_export_describes_itself_and_is_not_replaced(networks, saved):
    description = (saved / export.NOTE_FILE).read_text()
    assert "radiance (1, H, W, 3)" in description
    assert "homography" in description
    with pytest.raises(FileExistsError, match=f"Received: {saved}"):
        export.save(networks, saved)


def test_a_missing_network_is_named(networks, tmp_path):
    parts = {name: network for name, network in networks.items() if name != "merging"}
    with pytest.raises(ValueError, match=r"Received: no \['merging'\]"):
        export.save(parts, tmp_path / "esbn")


def test_the_script_exports_the_running_average(tmp_path, tiny_records, capsys):
    run = tmp_path / "run"
    settings = tiny.config(run, tiny_records, ema=0.9, learning_rate=1e-2)
    training_fusion.main(tiny.fusion(settings, alignment="from_scratch"))
    for words in (True, False):  # the second time there is nothing to do
        script.main(ExportConfig(run=run))
        assert ("SavedModel" in capsys.readouterr().out) is words
    averages, others = (tiny.random_networks() for _ in range(2))
    names = {f"average_{name}": network for name, network in averages.items()}
    for parts in (names, others):
        tf.train.Checkpoint(**parts).read(latest_checkpoint(run / "fusion")).expect_partial()
    scene = bracket(16, 16, dtype=np.uint8)
    radiance = loaded(run / "esbn")(inputs(scene))[0]
    np.testing.assert_allclose(radiance, of_scripts(averages)(scene), atol=1e-5)
    assert np.abs(radiance - of_scripts(others)(scene)).max() > 1e-4
