"""Makes synthetic dynamic scenes with ground truth from radiance maps.

Reads .hdr and .exr files, panoramas or photographs, from `--radiance`, and ordinary photographs
from `--photographs`; writes one folder per scene, in the layout of Kalantari's data set, to
`--scenes`. Run it before make_tfrecord.py. Running it again makes the missing scenes.

Below are the places held out from training, parts of file names for `--include` and `--exclude`.
A place is held out in every size of its panorama. The test photographs show no recognisable person,
because the test scenes may be published. docs/evaluate.md has the commands that make them.
"""

from lab import settings
from lab.settings import ScenesConfig
from lab.synthesis.factory import make_scenes
from utils import command

TEST_MAPS = (
    "chinese_garden",
    "spruit_sunrise",
    "autoshop_01",
    "shanghai_riverside",
    "rainforest_trail",
    "blender_courtyard",
    "quarry_01",
    "blue_grotto",
)
"""For the 24 test scenes and the two large ones, from maps of 1024x512."""

SHARP_TEST_MAPS = (
    "chinese_garden_4k",
    "spruit_sunrise_4k",
    "blue_grotto_4k",
    "symmetrical_garden_02",
    "little_paris_eiffel_tower",
    "charolettenbrunn_park",
    "old_bus_depot",
)
"""For the 12 sharp test scenes, from maps of 4096x2048."""

TEST_PHOTOGRAPHS = (
    "kitten-on-lawn",
    "colorful-wall",
    "roman-colosseum",
    "oakland-zoo-otters",
    "solaris-grapes",
    "tunnel-zion-park",
    "blue-lobster",
    "gb82_sumac",
)

VALIDATION_MAPS = (
    "leadenhall_market",
    "kloppenheim_05",
    "vintage_measuring_lab",
    "dancing_hall",
    "pedestrian_overpass",
    "openexr_StillLife",
    "quadrangle_cloudy",
    "stierberg_sunrise",
    "studio_garden",
    "hanger_exterior_cloudy",
)

VALIDATION_PHOTOGRAPHS = (
    "perched-osprey",
    "the-spices-of-life",
    "piazza-gae-aulenti",
    "beacon-street-sunset",
    "gb82_grass",
    "jurgen-mager-indri",
)

TEST = (*TEST_MAPS, *SHARP_TEST_MAPS, *TEST_PHOTOGRAPHS)
VALIDATION = (*VALIDATION_MAPS, *VALIDATION_PHOTOGRAPHS)


def main(config: ScenesConfig) -> None:
    """Makes the scenes."""
    make_scenes(config)


if __name__ == "__main__":
    command.run(main, settings.scenes, __doc__)
