"""Pictures in tiles: the geometry, and equality with the whole picture."""

from typing import Any

import numpy as np
import pytest

from models.alignment import alignment
from models.fast.compiled import (
    ALIGNMENT_HALO,
    compile_alignment,
    compile_merging,
    compile_networks,
)
from models.merging import merging
from tests.brackets import bracket
from tests.models.test_layers import randomised
from utils.evaluation.protocols import PROTOCOLS
from utils.inference import tiles
from utils.inference.pipeline import Networks, align_picture, merge_picture, reconstruct_picture

FULL = PROTOCOLS["full"]


@pytest.fixture(scope="module")
def models():
    """Small networks with random weights, loud enough for seams to show."""
    return {
        "low": _scaled(alignment(width=4, residual_blocks=2, name="low"), 0),
        "high": _scaled(alignment(width=4, residual_blocks=2, name="high"), 1),
        "merging": _scaled(merging(width=4, dense_layers=2), 2),
    }


@pytest.fixture(scope="module")
def compiled(models) -> dict[str, Any]:
    return dict(compile_networks(models))


def _scaled(network, seed):
    """Random weights that keep the features, and the output's tanh, in range."""
    randomised(network, seed)
    for variable in network.variables:
        if "kernel" in variable.path:
            variable.assign(variable / np.sqrt(0.1 * np.prod(variable.shape[:3])))
    return network


@pytest.mark.parametrize("size", [1, 7, 8, 30, 64, 100])
@pytest.mark.parametrize("multiple", [1, 8])
def test_tiles_cover_the_picture_once(size, multiple):
    covered = np.zeros((72, 104), int)
    for tile in tiles.tiles(72, 104, size=size, halo=16, multiple=multiple):
        covered[tile.inner()] += 1
        rows, columns = tile.outer()
        inner = np.zeros_like(covered)
        inner[tile.inner()] = 1
        part = inner[rows, columns]
        assert part[tile.inner_of_outer()].all()
        assert part.sum() == inner.sum()
        for outer, inside, length in zip(tile.outer(), tile.inner(), (72, 104), strict=True):
            assert outer.start == max(0, inside.start - 16)
            assert outer.stop == min(length, inside.stop + 16)
            assert inside.start % multiple == 0
            assert inside.stop - inside.start <= max(multiple, -(-size // 8) * 8)
    assert (covered == 1).all()


def test_assembled_tiles_of_a_smaller_result():
    small = np.random.default_rng(0).random((9, 13, 2))
    grid = tiles.tiles(72, 104, size=24, halo=16, multiple=8)
    canvas = tiles.Canvas(grid, shrink=8)
    for tile in grid:
        canvas.paste(tile, small[tile.outer(8)])
    np.testing.assert_array_equal(canvas.picture, small)


def test_default_tile_depends_on_the_memory_that_is_free(monkeypatch):
    monkeypatch.setattr(tiles, "free_memory", lambda: 2**30)
    assert tiles.default_size(500, 700, 1000) == 700
    cut = tiles.default_size(1000, 1000, 1000)
    assert cut**2 * 1000 <= 2**28
    monkeypatch.setattr(tiles, "free_memory", lambda: 2**40)
    assert tiles.default_size(1000, 1500, 1280) == 1500
    assert cut < tiles.default_size(6000, 4000, 1000) == tiles.LARGEST_TILE
    monkeypatch.setattr(tiles, "free_memory", lambda: 0)
    assert tiles.default_size(1000, 1000, 1000) == 128


@pytest.mark.parametrize(
    ("size", "tile"),
    [((72, 104), 8), ((72, 104), 20), ((57, 131), 33), ((57, 131), 64), ((8, 90), 8)],
)
def test_tiled_equals_whole(compiled, size, tile):
    scene = bracket(*size)
    whole = reconstruct_picture(Networks(**compiled, tile=1000), scene, FULL)
    tiled = reconstruct_picture(Networks(**compiled, tile=tile), scene, FULL)
    assert whole.aligned.std() > 0.05
    assert whole.hdr.std() > 0.05
    np.testing.assert_allclose(tiled.aligned, whole.aligned, atol=1e-5)
    np.testing.assert_allclose(tiled.hdr, whole.hdr, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "halo", "tile"), [("halo", ALIGNMENT_HALO, 24), ("trunk_halo", 4, 8)]
)
def test_tiles_show_with_a_smaller_halo_of_alignment(models, name, halo, tile):
    compiled = compile_alignment(models["low"])
    assert getattr(compiled, name) == halo
    scene = bracket(72, 104)
    whole = align_picture(Networks(low=compiled, high=compiled, tile=1000), scene, FULL)
    object.__setattr__(compiled, name, halo - (8 if name == "halo" else 1))
    tiled = align_picture(Networks(low=compiled, high=compiled, tile=tile), scene, FULL)
    assert np.abs(tiled - whole).max() > 1e-5


def test_merging_needs_its_halo(models):
    compiled = compile_merging(models["merging"])
    assert compiled.halo == 5
    scene = bracket(40, 50)
    aligned = np.random.default_rng(3).random((2, 40, 50, 3)).astype(np.float32)
    whole = merge_picture(compiled, scene, aligned, FULL, tile=1000)
    object.__setattr__(compiled, "halo", 4)
    tiled = merge_picture(compiled, scene, aligned, FULL, tile=20)
    assert np.abs(tiled - whole).max() > 1e-5
