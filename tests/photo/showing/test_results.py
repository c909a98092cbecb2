"""The folder of a scene's results: its files, kept files, sizes without Ultra HDR."""

import dataclasses

import numpy as np
import pytest

from photo.showing.results import write_reconstruction
from photo.showing.tone import tone_map, tone_mapped
from tests.brackets import bracket, source_networks
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.psnr_ssim import Metrics
from utils.images import frames, radiance_maps
from utils.inference.pipeline import reconstruct_picture
from utils.radiometry.levels import to_16bit
from utils.reporting.results import write_aligned

METRICS = Metrics(psnr_mu=40.0, psnr_l=38.0, ssim_mu=0.98, ssim_l=0.96)
FILES = {"radiance.hdr", "radiance.exr", "picture.png", "ultrahdr.jpg", "sheet.png"}
ALIGNED = {"aligned_low.png", "aligned_high.png"}


def _write(results, name="bracket", size=(24, 40), **options):
    scene = dataclasses.replace(bracket(*size, truth=False), name=name)
    reconstruction = reconstruct_picture(source_networks(), scene, PROTOCOLS["full"])
    written = write_reconstruction(results, scene, reconstruction, "full", METRICS, **options)
    return written, reconstruction.hdr


def _names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_scene_has_one_folder_of_files(tmp_path):
    written, hdr = _write(tmp_path, tone="mu-law")
    assert _names(tmp_path) == {"bracket"}
    assert _names(tmp_path / "bracket") == FILES
    assert set(written.files) == {f"bracket/{name}" for name in FILES}
    assert written.picture == "bracket/picture.png"
    for name in ("radiance.hdr", "radiance.exr"):
        read = radiance_maps.read_radiance(tmp_path / "bracket" / name)
        np.testing.assert_allclose(read, hdr, atol=1 / 512)
    picture = frames.read_ldr(tmp_path / written.picture)
    np.testing.assert_array_equal(picture, tone_map(hdr, "mu-law"))
    np.testing.assert_array_equal(picture, written.shown)


def test_each_script_keeps_the_files_of_the_other_and_those_of_scenes_inside(tmp_path):
    aligned = np.zeros((2, 5, 7, 3), np.float32)
    write_aligned(tmp_path, "a", aligned)
    _write(tmp_path, "a/inside")
    _write(tmp_path, "a")
    write_aligned(tmp_path, "a", aligned + 1)
    assert _names(tmp_path / "a") == FILES | ALIGNED | {"inside"}
    assert _names(tmp_path / "a" / "inside") == FILES
    assert frames.read_ldr(tmp_path / "a" / "aligned_low.png").min() == 255
    for kind in ("jpg", "tif"):  # the older picture goes
        written, hdr = _write(tmp_path, "a", picture=kind)
        expected = FILES - {"picture.png"} | ALIGNED | {"inside", f"picture.{kind}"}
        assert _names(tmp_path / "a") == expected
    assert written.picture == "a/ultrahdr.jpg"
    picture = frames.read_ldr(tmp_path / "a" / "picture.tif")
    np.testing.assert_array_equal(picture, to_16bit(tone_mapped(hdr, "fusion")))


@pytest.mark.parametrize("size", [(8, 7), (8, 8193)])
def test_sizes_without_ultra_hdr_have_all_other_files(tmp_path, capsys, size):
    written, _ = _write(tmp_path, size=size)
    assert _names(tmp_path / "bracket") == FILES - {"ultrahdr.jpg"}
    assert set(written.files) == {f"bracket/{name}" for name in FILES - {"ultrahdr.jpg"}}
    assert capsys.readouterr().out == (
        f"bracket: no Ultra HDR, which has 8 to 8192 pixels a side. Received: {size[1]}x{size[0]}\n"
    )
