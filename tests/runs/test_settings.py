"""A stage's settings: checked when it goes on, also those that an earlier version wrote."""

import json

import pytest

from configs.settings import FusionConfig, NetworkConfig, TrainingConfig
from utils.runs import settings

NETWORK = NetworkConfig(width=4)


def rewrite(folder, **changes):
    """Writes the stage's settings anew, some of them as an earlier version did."""
    path = folder / settings.SETTINGS_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_texts_that_an_earlier_version_left_empty_are_not_set(tmp_path):
    config = TrainingConfig(run=tmp_path, network=NETWORK)
    settings.write_settings(tmp_path, config, samples=1)
    empty = dict.fromkeys(("records", "release_checkpoint", "save_release"), "")
    rewrite(tmp_path, **empty, **{"network.aligned": True})
    settings.write_settings(tmp_path, config, samples=1)
    other = TrainingConfig(run=tmp_path, network=NETWORK, release_checkpoint="iter")
    with pytest.raises(settings.SettingsError, match=r"release_checkpoint=None .*='iter'"):
        settings.write_settings(tmp_path, other, samples=1)
    assert settings.had_alignments(tmp_path)
    assert settings.read_network_config(tmp_path) == NETWORK


def test_a_run_of_an_earlier_version_without_alignment_goes_on_as_alignment_none(tmp_path):
    config = FusionConfig(run=tmp_path, network=NETWORK, alignment="from_scratch")
    settings.write_settings(tmp_path, config, samples=1)
    rewrite(tmp_path, **{"network.aligned": False})
    assert not settings.had_alignments(tmp_path)
    with pytest.raises(settings.SettingsError, match=r"alignment='none' .*='from_scratch'"):
        settings.write_settings(tmp_path, config, samples=1)
    config = FusionConfig(run=tmp_path, network=NETWORK, alignment="none")
    settings.write_settings(tmp_path, config, samples=1)


def test_a_folder_without_a_stage_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"No trained stage.*{tmp_path.name}"):
        settings.read_settings(tmp_path)
