"""The page's middleware: only its own address is answered."""

import asyncio

import pytest

from photo.app.own_site import OwnSite


def status(server_name: str, kind: str = "http", **headers: str) -> int:
    """Status of a request; 200 is the application's."""
    sent = []

    async def app(_scope, _receive, send):
        await send({"status": 200})

    async def send(message):
        sent.append(message)

    scope = {
        "type": kind,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(OwnSite(app, server_name)(scope, None, send))  # pyright: ignore[reportArgumentType]
    return sent[0].get("status") or sent[0]["code"]


@pytest.mark.parametrize(
    ("server_name", "host", "origin", "expected"),
    [
        ("127.0.0.1", "127.0.0.1:7860", None, 200),
        ("127.0.0.1", "localhost:7860", "http://localhost:7860", 200),
        ("127.0.0.1", "[::1]:7860", None, 200),
        ("127.0.0.1", "evil.example", None, 403),
        ("127.0.0.1", "192.168.0.7:7860", None, 403),
        ("127.0.0.1", "127.0.0.1:7860", "http://evil.example", 403),
        ("127.0.0.1", "127.0.0.1:7860", "null", 403),
        ("127.0.0.1", "", None, 403),
        ("127.0.0.1", "[::1", None, 403),
        ("studio.lan", "studio.lan:7860", "http://STUDIO.lan:7860", 200),
        ("0.0.0.0", "192.168.0.7:7860", "http://192.168.0.7:7860", 200),
        ("0.0.0.0", "evil.example", None, 403),
    ],
)
def test_only_the_own_address_is_answered(server_name, host, origin, expected):
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert status(server_name, **headers) == expected


@pytest.mark.parametrize(("begun", "expected"), [(False, [400, None]), (True, [200])])
def test_a_request_that_fails_is_one_line_of_the_log(caplog, begun, expected):
    sent = []

    async def app(_scope, _receive, send):
        if begun:
            await send({"status": 200})
        raise KeyError("a\nb")

    async def send(message):
        sent.append(message.get("status"))

    scope = {"type": "http", "headers": [(b"host", b"localhost")]}
    asyncio.run(OwnSite(app, "127.0.0.1")(scope, None, send))  # pyright: ignore[reportArgumentType]
    assert sent == expected
    assert [record.getMessage().count("\n") for record in caplog.records] == [0]
    assert not caplog.records[0].exc_info


def test_web_sockets_of_others_are_closed_and_the_start_is_not_hindered():
    assert status("127.0.0.1", "websocket", host="evil.example") == 1008
    assert status("127.0.0.1", "lifespan") == 200
