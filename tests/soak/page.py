"""The page's server, started as a user starts it, and asked over HTTP as a browser asks it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-app" / "bin" / "python"
_SECONDS = 120  # to wait for anything, on a busy machine
_BOUNDARY = "part-of-a-form"
_OTHERS = ("gradio", "__autograph_generated_file")  # temporary files of libraries


class Server:
    """A page of its own, whose temporary files go where the tests see them."""

    def __init__(self, folder: Path) -> None:
        """Starts it in a folder, whose run it takes, and waits until it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self._log = folder / "log.txt"
        places = {"TMPDIR": str(self.temporary), "GRADIO_SERVER_PORT": str(port)}
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [PYTHON, ROOT / "app.py"],
                cwd=folder,
                env={**os.environ, **places},
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url):
                return
            time.sleep(0.1)
        raise TimeoutError(self.said)

    @property
    def said(self) -> str:
        """All that it printed."""
        return self._log.read_text()

    @property
    def left(self) -> list[Path]:
        """Folders that it or others before it keep for photographs and results."""
        return [path for path in self.temporary.iterdir() if not path.name.startswith(_OTHERS)]

    def merge(self, photographs: Sequence[Path]) -> dict[str, bytes]:
        """Uploads photographs and gives the content of the results, by name."""
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
        """Sends a signal and waits for the end; gives the exit code."""
        self.process.send_signal(number)
        return self.process.wait(_SECONDS)

    def _post(self, path: str, data: bytes, kind: str) -> bytes:
        request = urllib.request.Request(f"{self.url}/gradio_api/{path}", data)
        request.add_header("Content-Type", kind)
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return answer.read()

    def _get(self, url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            return answer.read()


_FORM = f"multipart/form-data; boundary={_BOUNDARY}"


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
    """What a stream of events says at its end."""
    event, _, data = answer.strip().rpartition("\n")
    if not event.strip().endswith("event: complete"):
        raise ConnectionError(answer)
    return json.loads(data.removeprefix("data: "))
