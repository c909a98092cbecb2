"""Scenes of any names through all scripts that read them: results in one tree, one printable name.

Stand-in networks give back the reference's radiance; the scenes differ in their height.
"""

import csv
import html
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

import evaluate
import make_tfrecord
import reconstruction_align2
import reconstruction_fusion
from configs import paths
from configs.settings import EvaluationConfig, ReconstructionConfig, RecordsConfig
from tests import photos
from tests.brackets import bracket, source_networks
from utils.evaluation import scoring
from utils.files import printable
from utils.images import frames, radiance_maps
from utils.records import shards
from utils.scenes.folders import write_scene

ROOT = Path(__file__).parent.parent
NAMES = {
    "x/y_z": "x/y_z",
    "x_y/z": "x_y/z",
    "x_y_z": "x_y_z",
    os.fsdecode(b"caf\xe9/a\xff"): r"caf\udce9/a\udcff",
    "Küche/漢": "Küche/漢",
    "esc\x1b[31m": r"esc\x1b[31m",
    "new\nline": r"new\nline",
    "turned\u202e": r"turned\u202e",
    "$\\frac$ {a}|<b>%&#?": "$\\frac$ {a}|<b>%&#?",
    "lock/a.b.": "lock/a.b.",
    "CON": "CON",
    "com1.x/a:b ": "com1.x/a:b ",
}
"""Names of folders below that of all scenes to what is shown of them."""
MOTION = "full, camera motion taken out (auto)"


def _write(folder, seed):
    scene = bracket(16 + 8 * seed, 24, dtype=np.uint8)
    write_scene(folder, ldr=scene.ldr, exposure_values=scene.exposure_values, hdr=scene.hdr)


@pytest.fixture
def scenes(tmp_path):
    for seed, name in enumerate(NAMES):
        _write(tmp_path / "scenes" / name, seed)
    return tmp_path / "scenes"


@pytest.fixture(autouse=True)
def _networks(monkeypatch):
    for script in (reconstruction_align2, reconstruction_fusion):
        monkeypatch.setattr(script, "open_networks", lambda *_, **__: source_networks())


def _column(path):
    """Names of the scenes in a table."""
    lines = [line for line in path.read_text().splitlines() if line[0] != "#"]
    return [row["scene"] for row in csv.DictReader(lines)]


def _reconstruction(tmp_path, scenes, **fields):
    return ReconstructionConfig(
        run=tmp_path / "run", scenes=(scenes,), results=tmp_path / "results", **fields
    )


def test_results_keep_the_tree_and_show_one_name(scenes, tmp_path, capsys):
    config = _reconstruction(tmp_path, scenes)
    assert reconstruction_fusion.main(config) == 0
    assert reconstruction_align2.main(config) == 0
    results = tmp_path / "results"
    for seed, name in enumerate(NAMES):
        for read, path in (
            (radiance_maps.read_radiance, paths.scene_dir(results, name) / "radiance.hdr"),
            (frames.read_ldr, paths.aligned_file(results, name, "low")),
        ):
            assert read(path).shape == (16 + 8 * seed, 24, 3)
    for table in ("metrics.csv", "aligned.csv"):
        assert set(_column(results / table)) - {"low", "high"} == {*NAMES.values(), "mean"}
    said = capsys.readouterr().out
    for name in NAMES.values():
        cell = name.replace("|", r"\|")
        assert said.count(f"| {cell} | {MOTION}, agreement |") == 1
    page = (results / "report.html").read_text()
    headings = [html.unescape(name) for name in re.findall(r"<section [^>]*>\n<h2>(.*)</h2>", page)]
    assert sorted(headings) == sorted(NAMES.values())
    links = re.findall(r'<a class="(?:file|full)" href="\./([^"]*)"', page)
    files = [results / unquote(html.unescape(x), errors="surrogateescape") for x in links]
    assert len(files) == 6 * len(NAMES)
    assert all(path.is_file() for path in files)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("EXTRA/001", "EXTRA/001"),
        ("con/Aux.1/lpt9 .x/console", "_con/_Aux.1/_lpt9 .x/console"),
        ('a:b/<c>|"d"?*/e\\f/g\n', "a_b/_c___d___/e_f/g_"),
        ("a.b./c ", "a.b_/c_"),
    ],
)
def test_folders_of_results_have_names_that_windows_accepts(name, folder):
    assert paths.scene_dir(Path("results"), name).as_posix() == f"results/{folder}"


def test_two_names_that_become_one_are_told(tmp_path, capsys):
    for name in ("a:b", "a?b"):
        photos.write_bracket(tmp_path / "scenes" / name, photos.sample())
    assert reconstruction_fusion.main(_reconstruction(tmp_path, tmp_path / "scenes")) == 2
    assert "Scene a?b: another has the same name" in capsys.readouterr().err


def test_results_are_found_again(scenes, tmp_path):
    config = _reconstruction(tmp_path, scenes)
    reconstruction_fusion.main(config)
    reconstruction_align2.main(config)
    evaluation = EvaluationConfig(
        run=tmp_path / "run",
        scenes=scenes,
        predictions=tmp_path / "results",
        results=tmp_path / "evaluation",
    )
    assert evaluate.main(evaluation) == 0
    found = _column(tmp_path / "evaluation" / "scenes.csv")
    assert sorted(found[: len(NAMES)]) == sorted(NAMES.values())
    for folder, aligned in (("records", None), ("aligned", tmp_path / "results")):
        records = RecordsConfig(
            scenes=scenes, run=tmp_path, records=str(tmp_path / folder), aligned=aligned
        )
        assert make_tfrecord.main(records) == 0
        assert make_tfrecord.main(records) == 0  # the index is recognised
        index = shards.read_index(str(records.records))
        assert sorted(entry.name for entry in index) == sorted(NAMES)
        for entry in index:
            assert shards.read(str(records.records), entry).name == entry.name


def test_a_folder_called_like_the_one_around_it_is_told_apart(tmp_path, capsys):
    root = photos.write_bracket(tmp_path / "day", photos.sample())
    photos.write_bracket(root / "day", photos.sample()[:, ::-1])
    config = _reconstruction(tmp_path, root)
    assert reconstruction_fusion.main(config) == 2
    assert "Scene day: another has the same name" in capsys.readouterr().err
    assert [path.parent.name for path in (tmp_path / "results").rglob("*.hdr")] == ["day"]


def test_a_flat_name_of_two_scenes_is_refused(tmp_path):
    for seed, name in enumerate(("x/y_z", "x_y/z", "u/v")):
        _write(tmp_path / "scenes" / name, seed)
    flat = tmp_path / "flat"
    for name, height in (("x_y_z", 16), ("u_v", 32)):
        radiance_maps.write_radiance(flat / f"{name}.hdr", np.ones((height, 24, 3), np.float32))
    find = scoring.from_files(flat, tmp_path / "scenes")
    scores = scoring.score(
        tmp_path / "scenes",
        [evaluate.configured("full", None)],
        find,
        scoring.Meter(display=evaluate.Display(peak=1000, black=0.005)),
    )
    assert list(scores.by_protocol["full"]) == ["u/v"]
    assert len(scores.failures) == 2
    assert all("there must be one prediction" in failure for failure in scores.failures)


def test_an_ascii_locale_changes_only_what_is_shown(tmp_path):
    names = ("Küche/μ", os.fsdecode(b"caf\xe9"))
    for seed, name in enumerate(names):
        _write(tmp_path / "scenes" / name, seed)
        truth = tmp_path / "scenes" / name / "HDRImg.hdr"
        copy = tmp_path / "results" / f"{name}.hdr"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(truth.read_bytes())
    script = [sys.executable, str(ROOT / "evaluate.py"), "--predictions", str(tmp_path / "results")]
    done = subprocess.run(
        [*script, "--scenes", str(tmp_path / "scenes")],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert rb"PSNR-\u03bc" in done.stdout
    table = tmp_path / "results" / "evaluation" / "scenes.csv"
    assert "PSNR-μ" in table.read_text(encoding="utf-8")
    shown = [printable(os.fsencode(x).decode("ascii", "surrogateescape")) for x in names]
    assert sorted(_column(table)[:2]) == sorted(shown)
