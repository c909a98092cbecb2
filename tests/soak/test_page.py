"""The page, killed while it works: nothing stays, and the next one makes the same files.

It is started as a user starts it and asked over HTTP, as a browser asks. It needs Gradio, as
tests/test_app.py does.
"""

import collections
import contextlib
import dataclasses
import http.client
import json
import os
import signal
import socket
import threading
import time
import urllib.request
from pathlib import Path
from subprocess import Popen

import pytest

from configs.start_up import INTERRUPTED
from tests import photos, processes
from tests.soak import killing

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-app" / "bin" / "python"
SECONDS = 120  # to wait for anything, on a busy machine
SHARE, FEW = 0.07, 1  # kills in `make soak`, as a share of all, and in `make test`
BOUNDARY = "part-of-a-form"
OF_GRADIO = "Keyboard interruption in main thread... closing server."
OF_LIBRARIES = ("gradio", "__autograph_generated_file")  # temporary files


@dataclasses.dataclass(frozen=True, kw_only=True)
class Server:
    """A running page, with its own folder for temporary files."""

    process: Popen
    url: str
    folder: Path

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return (self.folder / "log.txt").read_text()

    @property
    def left(self) -> list[Path]:
        """Folders for photographs and results, of this page or an earlier one."""
        found = (self.folder / "temporary").iterdir()
        return [path for path in found if not path.name.startswith(OF_LIBRARIES)]

    def merge(self, photographs: list[Path]) -> dict[str, bytes]:
        """Uploads photographs; returns the content of the results, by name."""
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        uploads = [
            {"path": path, "meta": {"_type": "gradio.FileData"}}
            for path in json.loads(self.ask("upload", form(photographs), kind))
        ]
        table = {"headers": ["photograph", "stops"], "data": [], "metadata": None}
        call = {"data": [uploads, table, "automatic", "fusion"]}
        asked = self.ask("call/make", json.dumps(call).encode(), "application/json")
        number = json.loads(asked)["event_id"]
        events, _, data = self.ask(f"call/make/{number}").decode().strip().rpartition("\n")
        if not events.strip().endswith("event: complete"):
            raise ConnectionError(events)
        said, _, files, *_ = json.loads(data.removeprefix("data: "))
        if files["value"] is None:
            raise ValueError(said)
        return {file["orig_name"]: read(file["url"]) for file in files["value"]}

    def ask(self, path: str, data: bytes | None = None, kind: str = "") -> bytes:
        """The answer to a request of the page's interface."""
        headers = {"Content-Type": kind} if kind else {}
        url = f"{self.url}/gradio_api/{path}"
        return read(urllib.request.Request(url, data, headers))

    def end(self, number: signal.Signals) -> int:
        """Sends a signal and waits for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


def read(request: str | urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return answer.read()


def form(files: list[Path]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"'
        f"\r\nContent-Type: image/jpeg\r\n\r\n".encode()
        + path.read_bytes()
        + b"\r\n"
        for path in files
    ]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


@contextlib.contextmanager
def serving(folder):
    """Starts a page in a folder and waits until it answers; it is killed with the context."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "temporary").mkdir(exist_ok=True)
    places = {"TMPDIR": str(folder / "temporary"), "GRADIO_SERVER_PORT": str(port)}
    words = [PYTHON, ROOT / "app.py"]
    environment = {**os.environ, **places}
    with (
        (folder / "log.txt").open("w") as log,
        processes.started(words, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        server = Server(process=process, url=f"http://127.0.0.1:{port}", folder=folder)
        end = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError):
                read(server.url)
                break
            time.sleep(0.1)
        else:
            raise TimeoutError(server.said)
        yield server


@pytest.fixture
def photographs(tmp_path):
    if not PYTHON.exists():
        message = "Gradio is not installed (make .venv-app/installed)"
        if os.environ.get("ESBN_APP") == "required":
            pytest.fail(message)
        pytest.skip(message)
    folder = photos.write_bracket(tmp_path / "photographs", photos.sample((96, 64)))
    return sorted(folder.iterdir())


def kill_while_it_works(server, photographs, choice):
    """Sends a signal at a random moment of a request; returns it."""
    request = threading.Thread(target=ask_in_vain, args=(server, photographs))
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


def ask_in_vain(server, photographs):
    with contextlib.suppress(OSError, http.client.HTTPException):  # it is killed meanwhile
        server.merge(photographs)


def test_a_killed_page_leaves_nothing_to_the_next_which_makes_the_same(
    tmp_path, photographs, capsys
):
    choice, tally, most = killing.seeded(), collections.Counter(), killing.kills(SHARE, FEW)
    expected = None
    while tally["kills"] <= most:
        with serving(tmp_path) as server:
            assert len(server.left) == 1
            made = server.merge(photographs)
            expected = expected or made
            assert len(made) == 4
            assert made == expected
            if tally["kills"] == most:
                assert server.end(signal.SIGTERM) == 0
                assert server.left == []
                break
            number = kill_while_it_works(server, photographs, choice)
            tally.update(["kills", number.name])
    with capsys.disabled():
        killing.report("app.py", tally)
