"""Places held out from training: parts of file names, for `--include` and `--exclude`.

A place is held out in every size of its panorama. The test photographs show no recognisable person,
because the test scenes may be published. These commands make the test scenes; replace `TEST_MAPS`
and `SHARP_TEST_MAPS` by the names below:

    python -m lab.make_scenes --scenes data/card_test --count 24 --height 384 --width 512 --seed 2 \
        --static-share 0 --exposure-steps 2 3 --cameras noisy --camera-defects 0 \
        --include TEST_MAPS
    python -m lab.make_scenes --scenes data/sharp_test --radiance data/radiance_4k --count 12 \
        --height 640 --width 960 --seed 2 --static-share 0 --exposure-steps 2 3 --cameras noisy \
        --camera-defects 0 --include SHARP_TEST_MAPS
    python -m lab.make_scenes --scenes data/protocols --count 2 --height 1000 --width 1500 \
        --seed 5 --static-share 0 --cameras noisy --camera-defects 0 --include TEST_MAPS
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
