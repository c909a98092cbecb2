"""The mean of mirrored and turned copies; tiles that see nothing of each other."""

import dataclasses

import numpy as np
import pytest

import evaluate
import reconstruction_fusion
from configs.settings import Copies, EvaluationConfig, ReconstructionConfig
from tests import layouts
from tests.brackets import bracket, reference_networks, source_networks
from utils.evaluation.protocols import PROTOCOLS
from utils.images import radiance_maps
from utils.inference import pipeline, reconstruction
from utils.inference.pipeline import Networks
from utils.radiometry.radiance import inverse_mu_law, mu_law
from utils.reporting import tables

FULL = PROTOCOLS["full"]
TILES = dataclasses.replace(PROTOCOLS["hdr-transformer"], tile=16)
COPIES: tuple[Copies, ...] = (1, 2, 4, 8)
SIMPLE = pytest.mark.parametrize("networks", [source_networks(), reference_networks()])


def _dark_on_the_left():
    """Networks whose result is 1, but 0 in the left quarter of whatever they are given."""

    def merging(_low, mid, _high):
        result = np.ones_like(mid[..., :3])
        result[:, :, : result.shape[2] // 4] = -1
        return result

    return dataclasses.replace(source_networks(), merging=merging)


def test_the_eight_turns_differ_and_are_undone():
    picture = np.arange(2 * 3 * 4 * 3).reshape(2, 3, 4, 3)
    turned = [reconstruction.turn(picture, number) for number in range(8)]
    assert len({(x.shape, x.tobytes()) for x in turned}) == 8
    for number, x in enumerate(turned):
        np.testing.assert_array_equal(reconstruction.turn_back(x, number), picture)
    np.testing.assert_array_equal(turned[2][0], np.rot90(picture[0]))  # counter-clockwise
    np.testing.assert_array_equal(turned[1][0], picture[0, :, ::-1])


@pytest.mark.parametrize("copies", COPIES)
@SIMPLE
@pytest.mark.parametrize("name", ["full", "release-leak"])
def test_networks_that_turn_with_the_picture_give_the_same(copies, networks, name):
    scene, protocol = bracket(24, 40), PROTOCOLS[name]
    scene = protocol.prepare(scene)
    once = reconstruction.reconstruct(networks, scene, protocol)
    result = reconstruction.reconstruct(networks, scene, protocol, copies)
    np.testing.assert_allclose(result.hdr, once.hdr, atol=1e-5)
    np.testing.assert_allclose(result.aligned, once.aligned, atol=1e-5)


@pytest.mark.parametrize(("copies", "share"), [(1, 1), (2, 1 / 2), (4, 1 / 2), (8, 1 / 4)])
def test_the_result_is_the_mean_after_the_mu_law(copies, share):
    scene = bracket(24, 40)
    hdr = reconstruction.reconstruct(_dark_on_the_left(), scene, FULL, copies).hdr
    left_of_centre = mu_law(hdr[12, 0])  # dark in `share` of the copies
    np.testing.assert_allclose(left_of_centre, 1 - share, atol=1e-5)
    assert hdr.shape == (24, 40, 3)
    np.testing.assert_allclose(hdr[12, 20], 1, atol=1e-5)


def test_scripts_take_it(tmp_path, monkeypatch):
    layouts.write(tmp_path / "Test", "Kalantari", "001", seed=0)
    networks = _dark_on_the_left()
    for script in (evaluate, reconstruction_fusion):
        monkeypatch.setattr(script, "open_networks", lambda *_: networks)
    run, scenes, results = (tmp_path / name for name in ("run", "Test", "results"))
    config = ReconstructionConfig(
        run=run, scenes=(scenes,), results=results, self_ensemble=2, agreement=False
    )
    assert reconstruction_fusion.main(config) == 0
    hdr = radiance_maps.read_radiance(results / "001" / "radiance.exr")
    np.testing.assert_allclose(hdr[:, 0], inverse_mu_law(0.5), rtol=1e-2)

    monkeypatch.setattr(evaluate, "weights_files", lambda _: [])
    written = {}
    monkeypatch.setattr(tables, "write", lambda path, table: written.setdefault(path.name, table))
    config = EvaluationConfig(
        run=run, scenes=scenes, results=results, self_ensemble=8, method="ESBN", baselines=True
    )
    assert evaluate.main(config) == 0
    networks, ensemble, *baselines = written["methods"].rows
    title = "full, camera motion taken out (auto)"
    assert networks[:2] == ["ESBN", f"{title}, agreement"]
    assert ensemble[:2] == ["ESBN, self-ensemble of 8", f"{title}, agreement"]
    assert networks[2:] != ensemble[2:]
    # Geometric alignments get the frames as they are.
    assert {row[1] for row in baselines} == {title, "full"}


def test_files_have_no_copies(tmp_path):
    with pytest.raises(ValueError, match=r"self_ensemble needs networks.* Received: 2"):
        EvaluationConfig(run=tmp_path, predictions=tmp_path, self_ensemble=2)


@SIMPLE
def test_tiles_of_networks_that_work_on_single_pixels_make_the_whole_picture(networks):
    scene = bracket(24, 40)
    whole = pipeline.reconstruct_picture(networks, scene, FULL)
    for protocol in (FULL, TILES):
        result = reconstruction.reconstruct(networks, scene, protocol)
        np.testing.assert_allclose(result.hdr, whole.hdr, atol=1e-6)
        np.testing.assert_allclose(result.aligned, whole.aligned, atol=1e-6)
        aligned = reconstruction.align(networks, scene, protocol)
        np.testing.assert_allclose(aligned, whole.aligned, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_each_tile_is_alone_and_the_padding_is_one(dtype):
    seen = []

    def alignment(source, reference):
        seen.append(reference[0])
        return source[..., :3]

    scene = bracket(24, 40)
    if dtype != np.uint16:
        frames = scene.ldr / 65535 * (255 if dtype == np.uint8 else 1)
        scene = dataclasses.replace(scene, ldr=frames.astype(dtype))
    networks = Networks(low=alignment, high=alignment, merging=lambda *inputs: inputs[1][..., 3:])
    reconstruction.reconstruct(networks, scene, TILES)
    assert {tile.shape for tile in seen} == {(16, 16, 6)}
    assert len(seen) == 2 * 2 * 3
    last = seen[-1]  # 8 rows and 8 columns of the scene
    np.testing.assert_array_equal(last[8:, :, :3], 1)
    np.testing.assert_array_equal(last[:, 8:, :3], 1)
    np.testing.assert_allclose(last[8:, :, 3:], 2 / 4 - 1)  # white, linearised: 1 / t
    assert np.median(last[:8, :8, :3]) < 0.9
