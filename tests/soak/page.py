"""The page's server, started as a user starts it, and asked over HTTP as a browser asks it."""

import contextlib
import json
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from tests import processes

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-app" / "bin" / "python"
SECONDS = 120  # to wait for anything, on a busy machine
_BOUNDARY = "part-of-a-form"
_FORM = f"multipart/form-data; boundary={_BOUNDARY}"
_OTHERS = ("gradio", "__autograph_generated_file")  # temporary files of libraries


class Server:
    """A running page, with its own folder for temporary files."""

    def __init__(self, process: Popen, port: int, folder: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.temporary = folder / "temporary"
        self._log = folder / "log.txt"

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return self._log.read_text()

    @property
    def left(self) -> list[Path]:
        """Folders for photographs and results, of this page or an earlier one."""
        return [path for path in self.temporary.iterdir() if not path.name.startswith(_OTHERS)]

    def merge(self, photographs: Sequence[Path]) -> dict[str, bytes]:
        """Uploads photographs; returns the content of the results, by name."""
        uploads = [
            {"path": path, "meta": {"_type": "gradio.FileData"}}
            for path in json.loads(self._post("upload", _form(photographs), _FORM))
        ]
        table = {"headers": ["photograph", "stops"], "data": [], "metadata": None}
        data = json.dumps({"data": [uploads, table, "automatic", "fusion", "full size"]}).encode()
        event = json.loads(self._post("call/make", data, "application/json"))["event_id"]
        answer = self._get(f"{self.url}/gradio_api/call/make/{event}").decode()
        _, files, said = _completed(answer)
        if files is None:
            raise ValueError(said)
        return {file["orig_name"]: self._get(file["url"]) for file in files}

    def end(self, number: signal.Signals) -> int:
        """Sends a signal and waits for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def _post(self, path: str, data: bytes, kind: str) -> bytes:
        request = urllib.request.Request(f"{self.url}/gradio_api/{path}", data)
        request.add_header("Content-Type", kind)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.read()

    def _get(self, url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return answer.read()


def require_gradio() -> None:
    """Skips a test without Gradio, or fails it if ESBN_APP=required."""
    if not PYTHON.exists():
        message = "Gradio is not installed (make .venv-app/installed)"
        if os.environ.get("ESBN_APP") == "required":
            pytest.fail(message)
        pytest.skip(message)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Starts a page in a folder and waits until it answers; it is killed with the context."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "temporary").mkdir(exist_ok=True)
    places = {"TMPDIR": str(folder / "temporary"), "GRADIO_SERVER_PORT": str(port)}
    with (
        (folder / "log.txt").open("w") as log,
        processes.started(
            [PYTHON, ROOT / "app.py"],
            cwd=folder,
            env={**os.environ, **places},
            stdout=log,
            stderr=log,
        ) as process,
    ):
        server = Server(process, port, folder)
        end = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), urllib.request.urlopen(server.url):
                break
            time.sleep(0.1)
        else:
            raise TimeoutError(server.said)
        yield server


def _form(files: Sequence[Path]) -> bytes:
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"'
        f"\r\nContent-Type: image/jpeg\r\n\r\n".encode()
        + path.read_bytes()
        + b"\r\n"
        for path in files
    ]
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


def _completed(answer: str) -> Any:
    """Data of the last event of a stream."""
    event, _, data = answer.strip().rpartition("\n")
    if not event.strip().endswith("event: complete"):
        raise ConnectionError(answer)
    return json.loads(data.removeprefix("data: "))
