"""The generators of bad inputs: the same for a number, and bad."""

import contextlib

import numpy as np
import pytest

from photo.reading.camera_files import read_photo
from tests import photos
from tests.fuzz import pictures, tools
from tests.fuzz.claims import claim_size
from tests.fuzz.damage import DAMAGES, damage
from tests.fuzz.randomness import generator
from utils.images.decode import PictureError


def test_a_number_determines_the_case():
    data = bytes(range(256)) * 4
    cases = [("frame", 3), ("frame", 3), ("frame", 4), ("truth", 3)]
    found = [damage(data, generator(*case)) for case in cases]
    assert found[0] == found[1]
    assert found[0] not in found[2:]


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_of_every_kind_changes_a_file(name, tmp_path):
    photos.write_tiff(tmp_path / "a.tif", tools.photographs()[0], photos.Exposure())
    data = (tmp_path / "a.tif").read_bytes()
    changed = [DAMAGES[name](data, generator(name, number)) != data for number in range(20)]
    assert sum(changed) > 10


@pytest.mark.parametrize("name", pictures.PHOTOGRAPHS)
def test_every_format_can_be_read(name, tmp_path):
    write, suffixes = pictures.PHOTOGRAPHS[name]
    shapes = []
    for number in range(12):
        path = tmp_path / f"{number}{suffixes[0]}"
        write(path, tools.photographs()[1], photos.exif(0.01), generator(name, number))
        with contextlib.suppress(PictureError):  # of an unsupported kind, such as CMYK
            shapes.append(read_photo(path).frame.shape)
    assert len(shapes) >= 4
    assert set(shapes) == {(24, 40, 3)}


@pytest.mark.parametrize("name", [*pictures.FRAMES, *pictures.MAPS])
def test_every_format_can_claim_another_size(name, tmp_path):
    path = tmp_path / "a"
    if name in pictures.MAPS:
        write, suffix = pictures.MAPS[name]
        path = path.with_suffix(suffix)
        write(path, np.full((24, 40, 3), 0.5, np.float32), generator(name, 0))
    else:
        pictures.FRAMES[name][0](path, tools.photographs()[1], photos.exif(), generator(name, 0))
    claims = {claim_size(path.read_bytes(), generator(name, number)) for number in range(10)}
    assert len(claims) > 5
