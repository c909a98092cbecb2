"""Messages of the page: no commands, nothing that becomes markup."""

from pathlib import Path

import numpy as np
import pytest

from photo.app.plain_words import details, message, without_commands
from photo.reading.agreement import mismatches
from photo.reading.exif import Exposure
from photo.reading.exposures import find_exposures
from photo.reading.frame_choice import choose, small_version
from tests import photos
from utils.images.decode import check_size
from utils.scenes.scene import SCENE_FAILURES

NAMES = ["1.jpg", "2.jpg", "3.jpg"]
SMALL = [small_version(frame) for frame in photos.sample()]
EQUAL = [Exposure(time=0.01)] * 3
STOPS = [Exposure(time=time) for time in photos.TIMES]


def _said(call):
    """Warnings, notes and errors of a function."""
    try:
        found = call()
    except SCENE_FAILURES as error:
        return str(error)
    texts = getattr(found, "warnings", None) or getattr(found, "notes", found)
    return texts[0]


@pytest.mark.parametrize(
    ("call", "kept"),
    [
        (
            lambda: choose([*SMALL, SMALL[2]], np.arange(0.0, 8.0, 2.0), [*NAMES, "4.jpg"]),
            "Of 4 photographs these are used: 1.jpg",
        ),
        (lambda: check_size(Path("a.jpg"), 99999, 99999), "Received: a.jpg, which claims 99999x"),
        (lambda: mismatches(SMALL, np.array([0.0, 1.0, 3.0]), NAMES), "Check the exposures; the"),
        (lambda: find_exposures(None, NAMES, EQUAL, None, SMALL), "may have copied it. Received:"),
        (
            lambda: find_exposures(None, NAMES, STOPS, [0, 1, 2], SMALL),
            "the table says 0 1 2 stops, EXIF 0 2 4.06: the table is used.",
        ),
    ],
)
def test_commands_go_and_the_rest_stays(call, kept):
    said = _said(call)
    plain = without_commands(said)
    assert not any(word in plain for word in ("--", "ESBN_", "exposure.txt", ".py"))
    assert kept in plain
    assert len(plain) < len(said)


def test_a_message_of_nothing_but_commands_and_names_that_look_like_them_stay():
    for text in ("Use --tone. Received: x", "a--b.jpg, c; d--e.jpg and app--1.jpg are alike."):
        assert without_commands(text) == text


def test_nothing_becomes_markup():
    assert "<b>" not in message("note", "<b>") + details(["<b>"])
    assert details([]) == ""
