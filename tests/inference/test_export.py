"""The exported graph gives what the scripts give, at every size, and without the project."""

import json
import subprocess
import sys
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


def expected(networks, scene) -> np.ndarray:
    """What reconstruction_fusion.py computes."""
    compiled: dict[str, Any] = dict(compile_networks(networks))
    return pipeline.reconstruct_picture(pipeline.Networks(**compiled), scene, PROTOCOLS["full"]).hdr


def inputs(scene) -> dict[str, np.ndarray]:
    ldr = scene.ldr.astype(np.float32) / np.iinfo(scene.ldr.dtype).max
    return {"ldr": ldr[None], "exposure_time": scene.exposure_times[None]}


@pytest.mark.parametrize("size", SIZES)
def test_the_saved_model_gives_the_scripts_output(networks, saved, size):
    scene = bracket(*size, dtype=np.uint8)
    loaded = tf.saved_model.load(str(saved))
    radiance = loaded(**{k: tf.constant(v) for k, v in inputs(scene).items()})["radiance"]
    assert radiance.shape == (1, *size, 3)
    np.testing.assert_allclose(radiance[0], expected(networks, scene), atol=1e-5)


def test_only_the_ratios_of_exposure_times_count(saved):
    loaded = tf.saved_model.load(str(saved))
    values = inputs(bracket(16, 16, dtype=np.uint8))
    first = loaded(**{k: tf.constant(v) for k, v in values.items()})["radiance"]
    values["exposure_time"] = values["exposure_time"] / 1024
    second = loaded(**{k: tf.constant(v) for k, v in values.items()})["radiance"]
    np.testing.assert_array_equal(first, second)


def test_the_saved_model_needs_no_code_of_the_project(networks, saved, tmp_path):
    scene = bracket(21, 37, dtype=np.uint8)
    values: dict[str, Any] = inputs(scene)
    np.savez(tmp_path / "inputs.npz", **values)
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(saved), str(tmp_path / "inputs.npz")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    total = json.loads(done.stdout)
    assert total == pytest.approx(expected(networks, scene).astype(float).sum(), abs=0.02)


def test_onnx_gives_the_scripts_output(networks, saved, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    path = tmp_path / "esbn.onnx"
    export.save_onnx(saved, path)
    session = runtime.InferenceSession(str(path))
    for size in SIZES:
        scene = bracket(*size, dtype=np.uint8)
        (radiance,) = session.run(None, inputs(scene))
        np.testing.assert_allclose(radiance[0], expected(networks, scene), atol=1e-5)


def test_a_full_disk_leaves_no_half_onnx(saved, tmp_path):
    pytest.importorskip("tf2onnx")
    with disk.room_for(100_000), pytest.raises(OSError, match=rf"Cannot write.*{tmp_path}/a.onnx"):
        export.save_onnx(saved, tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_export_describes_itself(saved):
    description = (saved / export.NOTE_FILE).read_text()
    assert "radiance (1, H, W, 3)" in description
    assert "homography" in description


def test_nothing_is_replaced(networks, saved):
    with pytest.raises(FileExistsError, match=f"Received: {saved}"):
        export.save(networks, saved)


def test_a_missing_network_is_named(networks, tmp_path):
    parts = {name: network for name, network in networks.items() if name != "merging"}
    with pytest.raises(ValueError, match=r"Received: no \['merging'\]"):
        export.save(parts, tmp_path / "esbn")


def test_the_script_exports_the_running_average(tmp_path, capsys):
    run = tmp_path / "run"
    settings = tiny.config(run, tiny.write_records(tmp_path), ema=0.9, learning_rate=1e-2)
    training_fusion.main(tiny.fusion(settings, alignment="from_scratch"))
    config = ExportConfig(run=run)
    script.main(config)
    assert "SavedModel" in capsys.readouterr().out
    script.main(config)
    assert "SavedModel" not in capsys.readouterr().out
    averages, others = (tiny.random_networks() for _ in range(2))
    latest = latest_checkpoint(run / "fusion")
    names = {f"average_{name}": network for name, network in averages.items()}
    for parts in (names, others):
        tf.train.Checkpoint(**parts).read(latest).expect_partial()
    scene = bracket(16, 16, dtype=np.uint8)
    loaded = tf.saved_model.load(str(run / "esbn"))
    radiance = loaded(**{k: tf.constant(v) for k, v in inputs(scene).items()})["radiance"][0]
    np.testing.assert_allclose(radiance, expected(averages, scene), atol=1e-5)
    assert np.abs(radiance - expected(others, scene)).max() > 1e-4
