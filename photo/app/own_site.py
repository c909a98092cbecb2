"""Keeps other web sites away from the page, and tracebacks away from the terminal.

A site that is open in the same browser can send requests to this machine, and a name of its own can
be made to resolve to it. Both name the site, in the headers Origin and Host.
"""

import ipaddress
import logging
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from utils.files import one_line, printable

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_ANY = frozenset({"0.0.0.0", "::"})
_LOG = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[..., Awaitable[Any]], Callable[..., Awaitable[Any]]], Awaitable]


def log(error: Exception) -> None:
    """Logs a failed request in one line; `ESBN_TRACEBACK=1` adds the traceback."""
    text, trace = printable(one_line(error)), bool(os.environ.get("ESBN_TRACEBACK"))
    _LOG.error("error: a request failed: %s", text, exc_info=trace)


class OwnSite:
    """ASGI middleware: refuses requests of other sites with 403, and those that fail with 400."""

    def __init__(self, app: App, server_name: str) -> None:
        """Wraps an application.

        Args:
            app: The application.
            server_name: The address it serves; if that is any (`0.0.0.0`), this machine's name and
                numbers are allowed.
        """
        self._app = app
        self._open = server_name in _ANY
        names = {socket.gethostname(), f"{socket.gethostname()}.local"} if self._open else set()
        self._names = {name.lower() for name in (*_LOCAL, server_name, *names)}

    async def __call__(
        self,
        scope: Message,
        receive: Callable[..., Awaitable[Any]],
        send: Callable[..., Awaitable[Any]],
    ) -> None:
        """Answers a request of the own site by the application."""
        headers = dict(scope.get("headers", ()))
        host, origin = (headers.get(name, b"").decode("latin-1") for name in (b"host", b"origin"))
        wanted = scope["type"] == "lifespan" or (
            self._allows(f"//{host}") and (not origin or self._allows(origin))
        )
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        if wanted:
            try:
                await self._app(scope, receive, answer)
            except Exception as error:
                if scope["type"] != "http":
                    raise
                log(error)
                if not begun:
                    await _refuse(send, 400, b"This request cannot be answered.")
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refuse(send, 403, b"This page answers only requests of its own address.")

    def _allows(self, address: str) -> bool:
        try:
            name = (urlsplit(address).hostname or "").lower()
        except ValueError:
            return False
        return name in self._names or (self._open and _is_number(name))


async def _refuse(send: Callable[..., Awaitable[Any]], status: int, text: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": text})


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
