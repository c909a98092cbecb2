"""The commit that a result names."""

import subprocess

from utils.reporting.version import program_version


def _git(root, *words):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-C", str(root))
    subprocess.run(["git", *identity, *words], check=True, capture_output=True)


def test_a_changed_checkout_is_dirty_and_its_index_stays_as_it_is(tmp_path):
    _git(tmp_path, "init")
    (tmp_path / "a").write_text("1")
    _git(tmp_path, "add", "a")
    _git(tmp_path, "commit", "-m", "1")
    clean = program_version(tmp_path)
    assert len(clean) == 40
    before = (tmp_path / ".git" / "index").read_bytes()
    (tmp_path / "a").write_text("1")  # of another time, which a refresh would note
    assert program_version(tmp_path) == clean
    (tmp_path / "a").write_text("2")
    assert program_version(tmp_path) == f"{clean}-dirty"
    assert (tmp_path / ".git" / "index").read_bytes() == before


def test_without_history_or_with_a_damaged_one_it_is_unknown(tmp_path):
    assert program_version(tmp_path) == "unknown"
    (tmp_path / ".git").mkdir()
    assert program_version(tmp_path) == "unknown"
