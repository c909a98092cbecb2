"""A record holds the whole scene; other bytes are refused."""

import dataclasses
import struct

import numpy as np
import pytest
import tensorflow as tf

from utils.radiometry import levels, rgbe
from utils.records import record
from utils.records.record import RecordsError, decoded_bytes, pack, parse, unpack
from utils.scenes.scene import Scene, SceneError


def _scene(height=24, width=40):
    random = np.random.default_rng(0)
    radiance = random.random((height, width, 3), np.float32)
    return Scene(
        name="EXTRA_001",
        ldr=random.integers(0, 2**16, (3, height, width, 3)).astype(np.uint16),
        exposure_values=np.array([0, 1.5, 3], np.float32),
        hdr=rgbe.round_to_rgbe(radiance),
    )


def _replace(data, **features):
    example = tf.train.Example.FromString(data)
    for key, feature in features.items():
        example.features.feature[key].CopyFrom(feature)
    return example.SerializeToString()


def test_a_scene_survives_in_8_bits():
    scene = _scene()
    record = unpack(pack(scene, 77), "here")
    assert record.name == "EXTRA_001"
    np.testing.assert_array_equal(record.ldr, levels.to_8bit(scene.ldr))
    np.testing.assert_array_equal(record.exposure_values, [0, 1.5, 3])
    assert record.nbytes == decoded_bytes(24, 40) == 24 * 40 * 15
    again = record.scene()
    np.testing.assert_array_equal(again.hdr, scene.hdr)
    np.testing.assert_array_equal(again.ldr, record.ldr)
    features = parse(pack(scene, 77, aligned=True), "here")
    expected = {"name": "EXTRA_001", "height": 24, "width": 40, "source_bytes": 77, "aligned": 1}
    assert features.items() >= expected.items()


def test_the_same_scene_gives_the_same_bytes():
    assert pack(_scene()) == pack(_scene())


def test_images_are_png_in_rgb_that_others_can_read():
    scene = _scene()
    assert scene.hdr is not None
    features = tf.train.Example.FromString(pack(scene)).features.feature
    frame = tf.io.decode_png(features["ldr"].bytes_list.value[1]).numpy()
    np.testing.assert_array_equal(frame, levels.to_8bit(scene.ldr[1]))
    red, green, blue, exponent = np.moveaxis(
        tf.io.decode_png(features["hdr"].bytes_list.value[0]).numpy().astype(np.float64), -1, 0
    )
    for channel, mantissa in enumerate((red, green, blue)):
        np.testing.assert_array_equal(mantissa * 2 ** (exponent - 136), scene.hdr[..., channel])


def test_a_scene_without_truth_is_refused():
    scene = dataclasses.replace(_scene(), hdr=None)
    with pytest.raises(SceneError, match=r"EXTRA_001.*Received: no HDRImg.hdr"):
        pack(scene)


def test_a_truth_that_would_lose_precision_is_refused():
    scene = dataclasses.replace(_scene(), hdr=np.full((24, 40, 3), (1, 1 / 3, 0), np.float32))
    with pytest.raises(SceneError, match=r"EXTRA_001.*Received: \[1.0, 0.33"):
        pack(scene)


@pytest.mark.parametrize(
    "data",
    [
        b"not a record",
        tf.train.Example().SerializeToString(),
        b"\n\xff`\n#\n\x0fexposure_values\x12\x10\x12\x0e\n\x0c",  # quoted in an error: not UTF-8
    ],
)
def test_other_bytes_are_refused(data):
    with pytest.raises(RecordsError, match=r"^here is not a record. Received: [^\n]+$"):
        unpack(data, "here")


def test_another_version_is_refused():
    version = tf.train.Feature(int64_list=tf.train.Int64List(value=[99]))
    with pytest.raises(RecordsError, match=r"version 2; delete .*Received: version 99"):
        unpack(_replace(pack(_scene()), schema=version), "here")


@pytest.mark.parametrize("stops", [200.0, np.nan, -np.inf, 1e30])
def test_exposures_that_no_camera_has_are_refused(stops):
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=[0, stops, 4]))
    with pytest.raises(RecordsError, match=r"^here must have exposures of at most 120 stops\."):
        unpack(_replace(pack(_scene()), exposure_values=feature), "here")


def test_an_image_of_another_size_is_refused():
    other = tf.train.Example.FromString(pack(_scene(16, 16))).features.feature["ldr"]
    with pytest.raises(RecordsError, match=r"\(24, 40, 3\).*Received: .*16x16 pixels"):
        unpack(_replace(pack(_scene()), ldr=other), "here")
    broken = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x"]))
    with pytest.raises(RecordsError, match=r"\(24, 40, 4\).*Received: not a PNG"):
        unpack(_replace(pack(_scene()), hdr=broken), "here")


def test_an_image_that_claims_gigabytes_is_refused_before_it_is_decoded(monkeypatch):
    packed = pack(_scene())
    png = tf.train.Example.FromString(packed).features.feature["hdr"].bytes_list.value[0]
    huge = png[:16] + struct.pack(">II", 60_000, 60_000) + png[24:]
    monkeypatch.setattr(record.cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=3 * [huge]))
    with pytest.raises(RecordsError, match=r"^here: an image must be .*60000x60000"):
        unpack(_replace(packed, ldr=feature), "here")
