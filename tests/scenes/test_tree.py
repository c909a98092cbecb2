"""Walking folder trees: each folder once, by its own name; unreadable ones are skipped."""

import logging
import os
import subprocess

import pytest

from utils.scenes.tree import DEEPEST, natural_key, walk


def _names(root):
    return [str(path.relative_to(root)) for path in walk(root, lambda _: False)]


def test_folders_come_once_by_their_own_names_and_links_out_of_the_tree_are_followed(tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for folder in (root / "b" / "real", root / ".hidden" / "x", elsewhere / "scene"):
        folder.mkdir(parents=True)
    (root / "a").symlink_to(root / "b" / "real")  # sorts before what it leads to
    for name in ("loop", "b/one", "b/two"):
        (root / name).symlink_to(root)
    (root / "b" / "real" / "dead").symlink_to(tmp_path / "nowhere")
    (root / "itself").symlink_to("itself")
    (root / "link").symlink_to(elsewhere)
    assert _names(root) == [".", "b", "b/real", "link", "link/scene"]
    assert root / "link" / "scene" not in walk(root, lambda folder: folder.name == "link")


def test_a_deep_tree_ends_at_the_bound_with_a_warning(tmp_path, caplog, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(1500):  # the whole path would be too long to be made at once
        os.mkdir("d")  # noqa: PTH102
        os.chdir("d")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "near").mkdir()
    try:
        with caplog.at_level(logging.WARNING):
            names = _names(tmp_path)
    finally:  # pytest's own cleaning up goes down by recursion
        subprocess.run(["rm", "-r", str(tmp_path / "d")], check=True)
    assert len(names) == DEEPEST + 2
    assert "near" in names
    assert caplog.text.count("deeper") == 1


def test_names_are_ordered_as_file_managers_do():
    names = ["1", "01b", "2", "IMG_9.jpg", "img_9b.JPG", "IMG_010.jpg", "IMG_11_2", "IMG_11_10"]
    assert sorted(set(names), key=natural_key) == names


def test_an_unreadable_folder_is_skipped_with_a_warning(tmp_path, caplog, monkeypatch):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(os, "access", lambda path, *_, **__: path.name != "b")
    with caplog.at_level(logging.WARNING):
        assert _names(tmp_path) == [".", "a", "c"]
    assert f"The folder {tmp_path / 'b'} is skipped" in caplog.text
    with pytest.raises(PermissionError):
        _names(tmp_path / "b")
