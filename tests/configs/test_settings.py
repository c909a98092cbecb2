"""Settings and presets: legal values, the authors' values, and flags."""

import dataclasses
import os
import re
from pathlib import Path
from typing import get_args

import pytest

from configs import presets
from configs.settings import FusionConfig, NetworkConfig, SamplingConfig, WeightsConfig
from lab import settings as lab_settings
from lab.settings import ScenesConfig
from utils import command

ALL = (
    presets.records,
    presets.alignment,
    presets.fusion,
    presets.reconstruction,
    presets.evaluation,
    presets.export,
    lab_settings.scenes,
)


@pytest.mark.parametrize("make", ALL)
def test_every_preset_is_legal(make):
    for preset in get_args(presets.Preset):
        assert "" not in dataclasses.asdict(make(preset)).values()


def test_kalantari_preset_has_the_authors_values():
    alignment, fusion = presets.alignment("kalantari"), presets.fusion("kalantari")
    assert (alignment.batch_size, fusion.batch_size) == (8, 4)
    for config in (alignment, fusion):
        assert config.steps == 300_000
        assert config.learning_rate == 1e-4
        assert (config.schedule, config.decay_step) == ("step", 200_000)
        assert (config.log_every, config.checkpoint_every) == (1000, 10_000)
        assert (config.sampling.patch_size, config.sampling.stride) == (256, 64)
        assert config.sampling.resample
        assert config.network == NetworkConfig()
        assert config.precision == "float32"
    assert fusion.alignment == "end_to_end"


@pytest.mark.parametrize("make", [presets.records, presets.reconstruction, presets.evaluation])
def test_only_kalantari_leaves_the_cameras_motion_in_and_uses_a_run_by_itself(make):
    modes = {preset: make(preset).prealign for preset in get_args(presets.Preset)}
    assert modes == {"kalantari": "off", "quick": "auto", "small": "auto"}
    if issubclass(type(make("quick")), WeightsConfig):
        runs = {preset: make(preset).run for preset in get_args(presets.Preset)}
        assert runs == {"kalantari": Path("runs/kalantari"), "quick": None, "small": None}


def test_small_and_quick_differ_in_their_width():
    for make in (presets.alignment, presets.fusion):
        quick, small = make("quick"), make("small")
        narrow = dataclasses.replace(quick.network, width=24)
        assert dataclasses.replace(quick, network=narrow, run=small.run) == small
        assert dataclasses.replace(quick.network, initializer="release") == NetworkConfig()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NetworkConfig(width=3), r"width must be even\. Received: 3"),
        (lambda: SamplingConfig(patch_size=100), r"multiple of 8\. Received: 100"),
        (lambda: ScenesConfig(static_share=1.5), r"static_share .*Received: 1\.5"),
        (lambda: dataclasses.replace(presets.fusion("quick"), steps=0), r"steps .*Received: 0"),
        (
            lambda: dataclasses.replace(presets.fusion("quick"), validation_crop=4),
            r"validation_crop .*Received: 4",
        ),
        (
            lambda: dataclasses.replace(presets.fusion("quick"), low_weight=-1.0),
            r"low_weight .*Received: -1\.0",
        ),
    ],
)
def test_illegal_values_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_flags_replace_fields_of_the_preset():
    words = ["--preset", "kalantari", "--network.width", "8", "--alignment", "frozen"]
    config = command.parse(presets.fusion, None, words)
    assert config == dataclasses.replace(
        presets.fusion("kalantari"), network=NetworkConfig(width=8), alignment="frozen"
    )
    assert isinstance(config, FusionConfig)


def test_values_that_are_not_set_can_be_set():
    config = command.parse(presets.reconstruction, None, [])
    assert (config.run, config.release_low, config.exposures) == (None, None, None)
    flags = ["--run=r", "--release-low=a/iter", "--exposures", "0", "2", "4"]
    config = command.parse(presets.reconstruction, None, flags)
    assert (config.run, config.release_low) == (Path("r"), "a/iter")
    assert config.exposures == (0, 2, 4)
    assert command.parse(presets.records, None, ["--records=gs://x"]).records == "gs://x"
    config = command.parse(presets.evaluation, None, ["--sixteen-bits", "16/65536"])
    assert config.sixteen_bits == "16/65536"


@pytest.mark.parametrize(
    "flags",
    [
        ["--learning-rat", "1"],
        ["--alignment", "sideways"],
        ["--steps", "many"],
        ["--preset", "nobody"],
        ["--batch-size", "-2"],
    ],
)
def test_a_wrong_flag_or_value_ends_with_exit_code_2_and_is_named(flags, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["training_fusion.py", *flags])
    with pytest.raises(SystemExit) as stopped:
        command.run(lambda _: None, presets.fusion, None)
    assert stopped.value.code == 2
    output = capsys.readouterr()
    assert flags[-1] in output.err + output.out


def test_help_explains_every_field(capsys):
    with pytest.raises(SystemExit):
        command.parse(presets.fusion, "Trains.", ["--help"])
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Trains." in text
    for flag in ("--preset", "--sampling.patch-size", "--network.width", "--run", "--alignment"):
        assert flag in text
    assert "Initial learning rate" in text
    assert "the authors' patches, losses, rates and steps" in text
    assert "the merging network alone (the released code)" in text


@pytest.mark.parametrize(
    ("preset", "names"),
    [
        (presets.records, ("run", "records")),
        (presets.fusion, ("run", "records", "release_checkpoint", "save_release")),
        (presets.reconstruction, ("run", "release_low", "save_release")),
        (presets.export, ("run", "output")),
        (lab_settings.narrowing, ("run", "records")),
    ],
)
def test_paths_that_tensorflow_opens_are_in_the_locales_encoding(preset, names):
    config = preset("quick")
    for name in names:
        dataclasses.replace(config, **{name: Path("Küche 漢")})
        with pytest.raises(ValueError, match=rf"opens {name} only by .*Received: 'caf.udce9'"):
            dataclasses.replace(config, **{name: Path(os.fsdecode(b"caf\xe9"))})
        for pattern in ("runs/a[0]", "runs/*", "?/a", "a\\b"):  # a checkpoint's path is a pattern
            message = rf"{name} with one of .*Received: {re.escape(repr(pattern))}"
            with pytest.raises(ValueError, match=message):
                dataclasses.replace(config, **{name: Path(pattern)})
