"""The page, killed while it works: nothing stays, and the next one makes the same files.

It needs Gradio, as tests/test_app.py does.
"""

import collections
import contextlib
import http.client
import os
import signal
import threading
import time

import pytest

from configs.start_up import INTERRUPTED
from tests import photos, tiny
from tests.processes import CONTEXT
from tests.soak import killing
from tests.soak.page import PYTHON, Server

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
    if not PYTHON.exists():
        message = "Gradio is not installed (make .venv-app/installed)"
        if os.environ.get("ESBN_APP") == "required":
            pytest.fail(message)
        pytest.skip(message)
    process = CONTEXT.Process(target=write_inputs, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 0
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
    server = Server(place)
    expected = server.merge(photographs)
    assert len(expected) == 5
    choice, tally = killing.seeded(), collections.Counter()
    while tally["kills"] < killing.kills(SHARE, FEW):
        number = kill_while_it_works(server, photographs, choice)
        tally.update(["kills", number.name])
        server = Server(place)
        assert len(server.left) == 1
        assert server.merge(photographs) == expected
    assert server.end(signal.SIGTERM) == 0
    assert server.left == []
    with capsys.disabled():
        killing.say("app.py", tally)
