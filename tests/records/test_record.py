"""A record holds the whole scene; other bytes are refused."""

import dataclasses
import struct

import numpy as np
import pytest
import tensorflow as tf

from tests.brackets import noise
from utils.radiometry import levels
from utils.records import record
from utils.records.record import RecordsError, decoded_bytes, pack, parse, unpack
from utils.scenes.scene import SceneError


def _scene(height=24, width=40):
    frames = np.random.default_rng(0).integers(0, 2**16, (3, height, width, 3))
    scene = noise(1, height, width, stops=(0, 1.5, 3))
    return dataclasses.replace(scene, ldr=frames.astype(np.uint16))


def _replace(data, **features):
    example = tf.train.Example.FromString(data)
    for key, feature in features.items():
        example.features.feature[key].CopyFrom(feature)
    return example.SerializeToString()


def test_a_scene_survives_in_8_bits():
    scene = _scene()
    record = unpack(pack(scene, 77), "here")
    assert record.name == "001"
    np.testing.assert_array_equal(record.ldr, levels.to_8bit(scene.ldr))
    np.testing.assert_array_equal(record.exposure_values, [0, 1.5, 3])
    assert record.nbytes == decoded_bytes(24, 40) == 24 * 40 * 15
    again = record.scene()
    np.testing.assert_array_equal(again.hdr, scene.hdr)
    np.testing.assert_array_equal(again.ldr, record.ldr)
    features = parse(pack(scene, 77, aligned=True), "here")
    expected = {"name": "001", "height": 24, "width": 40, "source_bytes": 77, "aligned": 1}
    assert features.items() >= expected.items()


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


@pytest.mark.parametrize(
    ("truth", "received"),
    [
        (None, "no HDRImg.hdr"),
        (np.full((24, 40, 3), (1, 1 / 3, 0), np.float32), r"\[1.0, 0.33"),  # loses precision
    ],
)
def test_a_truth_that_no_record_can_hold_is_refused(truth, received):
    with pytest.raises(SceneError, match=rf"Scene 001.*Received: {received}"):
        pack(dataclasses.replace(_scene(), hdr=truth))


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


def _numbers(*values):
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def _png(scene):
    return tf.train.Example.FromString(pack(scene)).features.feature["ldr"]


@pytest.mark.parametrize(
    ("name", "feature", "message"),
    [
        (
            "schema",
            tf.train.Feature(int64_list=tf.train.Int64List(value=[99])),
            r"version 2; delete .*Received: version 99",
        ),
        *(
            ("exposure_values", _numbers(0, stops, 4), r"^here must have exposures of at most 120")
            for stops in (200.0, np.nan, -np.inf, 1e30)
        ),
        ("ldr", _png(_scene(16, 16)), r"\(24, 40, 3\).*Received: .*16x16 pixels"),
        (
            "hdr",
            tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x"])),
            r"\(24, 40, 4\).*Received: not a PNG",
        ),
    ],
)
def test_other_values_are_refused(name, feature, message):
    with pytest.raises(RecordsError, match=message):
        unpack(_replace(pack(_scene()), **{name: feature}), "here")


def test_an_image_that_claims_gigabytes_is_refused_before_it_is_decoded(monkeypatch):
    png = _png(_scene()).bytes_list.value[0]
    huge = png[:16] + struct.pack(">II", 60_000, 60_000) + png[24:]
    monkeypatch.setattr(record.cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=3 * [huge]))
    with pytest.raises(RecordsError, match=r"^here: an image must be .*60000x60000"):
        unpack(_replace(pack(_scene()), ldr=feature), "here")
