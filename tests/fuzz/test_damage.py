"""The generators of bad inputs: the same for a number, and bad."""

import contextlib

import numpy as np
import pytest

from photo.reading.camera_files import read_photo
from tests import photos
from tests.fuzz import kinds, pictures, tools
from tests.fuzz.claims import claim_size
from tests.fuzz.damage import DAMAGES, damage
from tests.fuzz.names import odd_name
from tests.fuzz.randomness import generator
from utils.images.decode import PictureError


def test_a_number_gives_the_same_case_and_another_another():
    data = bytes(range(256)) * 4
    found = [damage(data, generator("frame", number)) for number in (3, 3, 4)]
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert damage(data, generator("truth", 3)) != found[0]


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_of_every_kind_changes_a_file(name, tmp_path):
    photos.write_tiff(tmp_path / "a.tif", tools.photographs()[0], photos.Exposure())
    data = (tmp_path / "a.tif").read_bytes()
    changed = [DAMAGES[name](data, generator(name, number)) != data for number in range(20)]
    assert sum(changed) > 10


@pytest.mark.parametrize("name", pictures.PHOTOGRAPHS)
def test_every_format_is_written_so_that_it_can_be_read(name, tmp_path):
    write, suffixes = pictures.PHOTOGRAPHS[name]
    shapes = []
    for number in range(12):
        path = tmp_path / f"{number}{suffixes[0]}"
        write(path, tools.photographs()[1], photos.exif(0.01), generator(name, number))
        with contextlib.suppress(PictureError):  # of a kind that is not read, as CMYK
            shapes.append(read_photo(path).frame.shape)
    assert len(shapes) >= 4
    assert set(shapes) == {(24, 40, 3)}


@pytest.mark.parametrize("name", [*pictures.FRAMES, *pictures.MAPS])
def test_a_claim_of_another_size_is_one_in_every_format(name, tmp_path):
    path = tmp_path / "a"
    if name in pictures.MAPS:
        path = path.with_suffix(pictures.MAPS[name][1])
        pictures.MAPS[name][0](path, np.full((24, 40, 3), 0.5, np.float32), generator(name, 0))
    else:
        pictures.FRAMES[name][0](path, tools.photographs()[1], photos.exif(), generator(name, 0))
    data = path.read_bytes()
    claims = {claim_size(data, generator(name, number)) for number in range(10)}
    assert len(claims) > 5


def test_odd_names_are_names_of_files(tmp_path):
    names = {odd_name(generator("names", number)) for number in range(300)}
    assert len(names) > 250
    for name in names:
        (tmp_path / f"x{name}").touch()
    assert len(list(tmp_path.iterdir())) == len(names)


def test_every_kind_has_its_share():
    shares = kinds.shares(10_000)
    assert abs(sum(shares.values()) - 10_000) < 20
    assert min(shares.values()) >= 50
