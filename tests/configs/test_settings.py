"""Settings and presets: legal values, the release's values, and flags."""

import dataclasses
import os
from pathlib import Path
from typing import get_args

import pytest

from configs import presets
from configs.settings import FusionConfig, NetworkConfig, SamplingConfig, ScenesConfig
from utils import command

ALL = (
    presets.scenes,
    presets.records,
    presets.alignment,
    presets.fusion,
    presets.reconstruction,
    presets.evaluation,
)


@pytest.mark.parametrize("preset", get_args(presets.Preset))
@pytest.mark.parametrize("make", ALL)
def test_every_preset_is_legal_and_frozen(make, preset):
    config = make(preset)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.run = None


def test_kalantari_preset_has_the_releases_values():
    alignment, fusion = presets.alignment("kalantari"), presets.fusion("kalantari")
    assert alignment.batch_size == 8
    assert fusion.batch_size == 4
    for config in (alignment, fusion):
        assert config.steps == 300_000
        assert config.learning_rate == 1e-4
        assert (config.schedule, config.decay_step) == ("step", 200_000)
        assert (config.log_every, config.checkpoint_every) == (1000, 10_000)
        assert config.sampling.patch_size == 256
        assert config.sampling.stride == 64
        assert config.sampling.resample
        assert config.network == NetworkConfig()
        assert config.precision == "float32"


def test_quick_preset_has_the_same_networks():
    quick, faithful = presets.fusion("quick").network, presets.fusion("kalantari").network
    assert dataclasses.replace(quick, initializer=faithful.initializer) == faithful


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NetworkConfig(width=3), r"width must be even\. Received: 3"),
        (lambda: SamplingConfig(patch_size=100), r"multiple of 8\. Received: 100"),
        (lambda: ScenesConfig(static_share=1.5), r"static_share .*Received: 1\.5"),
        (lambda: dataclasses.replace(presets.fusion("quick"), steps=0), r"steps .*Received: 0"),
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
    config = command.parse(
        presets.fusion,
        None,
        ["--preset", "kalantari", "--network.width", "8", "--alignment", "frozen", "--seed", "3"],
    )
    assert config == dataclasses.replace(
        presets.fusion("kalantari"), network=NetworkConfig(width=8), alignment="frozen", seed=3
    )
    assert isinstance(config, FusionConfig)


@pytest.mark.parametrize(
    "flags",
    [
        ["--learning-rat", "1"],
        ["--alignment", "sideways"],
        ["--steps", "many"],
        ["--preset", "nobody"],
    ],
)
def test_a_misspelt_flag_or_value_ends_with_exit_code_2_and_is_named(flags, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.parse(presets.fusion, None, flags)
    assert stopped.value.code == 2
    output = capsys.readouterr()
    assert flags[-1] in output.err + output.out


def test_an_illegal_value_of_a_flag_is_named(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["training_fusion.py", "--batch-size", "-2"])
    with pytest.raises(SystemExit) as stopped:
        command.run(lambda _: None, presets.fusion, None)
    assert stopped.value.code == 2
    assert "-2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("make", "flag", "said"),
    [
        (presets.reconstruction, "--depth=8", r"--depth is now --sixteen-bits\. Received"),
        (presets.evaluation, "--cost", r"--cost is now in the tables of benchmark\.py"),
        (presets.fusion, "--network.no-aligned", "--network.no-aligned is now --alignment none"),
        (presets.alignment, "--network.no_aligned", "now --alignment none .*training_fusion"),
    ],
)
def test_a_flag_of_an_earlier_version_is_refused_with_its_new_name(make, flag, said):
    with pytest.raises(ValueError, match=said):
        command.parse(make, None, [flag])


def test_the_new_names_of_flags_are_flags():
    config = command.parse(presets.evaluation, None, ["--sixteen-bits", "16/65536"])
    assert config.sixteen_bits == "16/65536"
    assert not command.parse(presets.fusion, None, ["--alignment=none"]).has_alignments


def test_what_is_not_set_is_none_and_can_be_set():
    config = command.parse(presets.reconstruction, None, [])
    assert (config.release_low, config.save_release, config.exposures) == (None, None, None)
    flags = ["--release-low=a/iter", "--save-release=b", "--exposures", "0", "2", "4"]
    config = command.parse(presets.reconstruction, None, flags)
    assert (config.release_low, config.save_release) == ("a/iter", "b")
    assert config.exposures == (0, 2, 4)
    assert command.parse(presets.records, None, ["--records=gs://x"]).records == "gs://x"


@pytest.mark.parametrize("make", ALL)
def test_no_setting_says_not_set_by_an_empty_text(make):
    config = make("quick")
    assert "" not in [getattr(config, field.name) for field in dataclasses.fields(config)]


def test_help_explains_every_field(capsys):
    with pytest.raises(SystemExit):
        command.parse(presets.alignment, "Trains.", ["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "Trains." in text
    assert "--preset" in text
    for flag in ("--sampling.patch-size", "--network.width", "--learning-rate", "--run"):
        assert flag in text
    assert "The optimiser's rate at the start" in text


@pytest.mark.parametrize(
    ("preset", "names"),
    [
        (presets.records, ("run", "records")),
        (presets.fusion, ("run", "records", "release_checkpoint", "save_release")),
        (presets.reconstruction, ("run", "release_low", "save_release")),
        (presets.evaluation, ("run", "release_merging")),
        (presets.export, ("run", "output")),
        (presets.narrowing, ("run", "records")),
    ],
)
def test_paths_that_tensorflow_opens_are_of_the_locales_letters(preset, names):
    config = preset("quick")
    for name in names:
        dataclasses.replace(config, **{name: Path("Küche 漢")})
        with pytest.raises(ValueError, match=rf"opens {name} only by .*Received: 'caf.udce9'"):
            dataclasses.replace(config, **{name: Path(os.fsdecode(b"caf\xe9"))})
        with pytest.raises(ValueError, match=rf"{name} with one of .*Received: 'runs/a\[0\]'"):
            dataclasses.replace(config, **{name: Path("runs/a[0]")})
