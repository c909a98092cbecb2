"""Files of the page: names, and tones made from the file of radiance."""

import dataclasses

import numpy as np
import pytest

from configs.settings import ToneName
from photo.app.downloads import Downloads
from photo.reading.folder import Photographs
from tests.brackets import bracket
from utils.images.frames import read_ldr
from utils.images.radiance_maps import read_radiance


def test_tones_do_not_depend_on_their_order_and_files_are_named_after_the_photograph(tmp_path):
    scene = bracket(64, 2000)
    fields = {each.name: getattr(scene, each.name) for each in dataclasses.fields(scene)}
    scene, hdr = Photographs(**fields), scene.hdr
    assert hdr is not None
    found = []
    orders: dict[str, tuple[ToneName, ToneName]]
    orders = {"a": ("fusion", "reinhard"), "b": ("reinhard", "fusion")}
    for place, tones in orders.items():
        downloads = Downloads.write(tmp_path / place, "IMG_1", scene, hdr)
        files = [path for tone in tones for path in downloads.files(tone)]
        assert {path.name for path in downloads.files("fusion")} == {
            *("IMG_1.hdr", "IMG_1.exr", "IMG_1_fusion.jpg", "IMG_1_fusion_ultrahdr.jpg"),
        }
        found.append({path.name: path.read_bytes() for path in files})
        sizes = [read_ldr(path).shape for path in downloads.slider("fusion")]
        assert sizes == [(51, 1600, 3)] * 2
    assert found[0] == found[1]
    assert found[0]["IMG_1_fusion.jpg"] != found[0]["IMG_1_reinhard.jpg"]
    assert np.abs(read_radiance(tmp_path / "a" / "IMG_1.exr") - hdr).max() < 1e-3


def test_removed_results_are_told_in_words(tmp_path):
    downloads = Downloads(folder=tmp_path / "gone", name="IMG_1", exif=b"")
    with pytest.raises(
        FileNotFoundError, match=r"make the picture again\. Received: no IMG_1\.exr$"
    ):
        downloads.files("fusion")
