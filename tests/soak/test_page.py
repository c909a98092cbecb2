"""The page, killed while it works: nothing stays, and the next one makes the same files.

It needs Gradio, as tests/test_app.py does.
"""

import collections
import contextlib
import http.client
import signal
import threading
import time

import pytest

from configs.start_up import INTERRUPTED
from tests import photos, processes, tiny
from tests.soak import killing, page

OF_GRADIO = "Keyboard interruption in main thread... closing server."
SHARE, FEW = 0.07, 1  # kills in `make soak`, as a share of all, and in `make test`


def write_inputs(folder):
    """Photographs, and a run of tiny networks where the page looks for one."""
    photos.write_bracket(folder / "photographs", photos.sample((96, 64)))
    (folder / "records").mkdir()
    run = folder / "runs" / "quick"
    tiny.write_run(run, tiny.write_records(folder / "records"))


@pytest.fixture
def place(tmp_path):
    page.require_gradio()
    processes.run(write_inputs, tmp_path)
    return tmp_path


def kill_while_it_works(server, photographs, choice):
    """Sends a signal at a random moment of a request; returns it."""
    request = threading.Thread(target=ask, args=(server, photographs))
    request.start()
    time.sleep(choice.uniform(0, 3))
    number = choice.choice(killing.SIGNALS)
    code = server.end(number)
    request.join()
    if number == signal.SIGINT:
        assert code in {0, -signal.SIGINT}
        assert "Traceback" not in server.said
        assert server.said.rstrip().splitlines()[-1] in {INTERRUPTED, OF_GRADIO}
    if number != signal.SIGKILL:
        assert server.left == []
    return number


def ask(server, photographs):
    with contextlib.suppress(OSError, http.client.HTTPException):  # it is killed meanwhile
        server.merge(photographs)


def test_a_killed_page_leaves_nothing_to_the_next_which_makes_the_same(place, capsys):
    photographs = sorted((place / "photographs").iterdir())
    choice, tally, most = killing.seeded(), collections.Counter(), killing.kills(SHARE, FEW)
    expected = None
    while tally["kills"] <= most:
        with page.serving(place) as server:
            assert len(server.left) == 1
            made = server.merge(photographs)
            expected = expected or made
            assert len(made) == 5
            assert made == expected
            if tally["kills"] == most:
                assert server.end(signal.SIGTERM) == 0
                assert server.left == []
                break
            number = kill_while_it_works(server, photographs, choice)
            tally.update(["kills", number.name])
    with capsys.disabled():
        killing.report("app.py", tally)
