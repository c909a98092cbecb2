"""Places that training must not see: parts of file names, for `--include` and `--exclude`.

A place is on one side, whatever the size of its panorama. Names of photographs stand beside those
of radiance maps; no picture of a recognisable person is among those of the test, whose scenes may
be published.
"""

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
"""Places of the 24 test scenes of docs/weights.md, made of maps of 1024x512."""

SHARP_TEST_MAPS = (
    "chinese_garden_4k",
    "spruit_sunrise_4k",
    "blue_grotto_4k",
    "symmetrical_garden_02",
    "little_paris_eiffel_tower",
    "charolettenbrunn_park",
    "old_bus_depot",
)
"""Places of the sharp test scenes, made of maps of 4096x2048."""

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
