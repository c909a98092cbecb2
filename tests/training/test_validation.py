"""Scores and the sheet of the held-out scenes."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests import tiny
from utils.evaluation.psnr_ssim import psnr
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import hdr_to_ldr
from utils.records import record, shards
from utils.training.stages import Stage
from utils.training.validation import Validator

STAGE = Stage(  # returns the low frame
    networks={},
    trained=(),
    losses=lambda _: {},
    outputs=lambda frames, _: {"low": tf.unstack(frames, axis=1)[0][..., :3]},
)


def validated(records, crop) -> Any:
    return Validator(STAGE, records, crop).run()


def test_scores_and_sheet_of_the_held_out_scenes(tiny_records):
    scores, sheet = validated(tiny_records, crop=512)
    truth = hdr_to_ldr(tiny.SCENE.hdr, np.float32(1))
    expected = psnr(ldr_to_float(tiny.SCENE.ldr[0]), truth)
    assert scores == {"psnr_aligned_low": pytest.approx(expected, abs=1e-3)}
    height, width = tiny.SCENE.ldr.shape[1:3]  # three frames, then the picture and its target
    assert sheet.dtype == np.uint8
    assert sheet.shape[1:] == (3 * width, 3)
    np.testing.assert_array_equal(sheet[-2 * height : -height, :width], tiny.SCENE.ldr[0])
    _, cropped = validated(tiny_records, crop=20)
    assert cropped.shape[1:] == (3 * 16, 3)  # to a multiple of 8


def test_without_held_out_scenes_there_is_nothing(tmp_path):
    packed = [record.pack(tiny.SCENE)]
    entries = shards.write_shard(str(tmp_path / "a.tfrecord"), "training", packed)
    shards.write_index(str(tmp_path), entries)
    assert validated(str(tmp_path), crop=512) is None
