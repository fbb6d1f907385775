"""How an API is asked: past every proxy on this machine, and with one line where it does not answer."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.server import api, proxy

HERE = Path(__file__).parents[3]
NOBODY = "http://127.0.0.1:9"


class Fine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def fine() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    server.server_close()


def _set(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("urllib.request._opener", None)  # it keeps the proxies of the first request
    for name in ("no_proxy", "NO_PROXY"):  # for monkeypatch to take back what is set
        monkeypatch.setenv(name, "")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, "127.0.0.1,localhost,::1", id="none"),
        pytest.param({"no_proxy": ".lab, 127.0.0.1"}, ".lab,127.0.0.1,localhost,::1", id="some"),
        pytest.param({"NO_PROXY": ".lab"}, ".lab,127.0.0.1,localhost,::1", id="in capitals"),
        pytest.param({"no_proxy": "*"}, "*", id="every host"),
    ],
)
def test_the_loopback_is_left_out(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], expected: str) -> None:
    _set(monkeypatch, given)
    proxy.leave_out()
    proxy.leave_out()
    assert os.environ["no_proxy"] == expected


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_no_request_to_the_loopback_goes_by_a_proxy(monkeypatch: pytest.MonkeyPatch, fine: str, variable: str) -> None:
    _set(monkeypatch, {variable: NOBODY})
    with pytest.raises(httpx.ConnectError):
        httpx.get(fine)
    proxy.leave_out()
    assert api.healthy(fine)
    assert httpx.get(fine).status_code == 200


def test_it_is_left_out_as_soon_as_the_package_is_imported(tmp_path: Path) -> None:
    code = "import flows, urllib.request as r; print(r.proxy_bypass('127.0.0.1'), r.proxy_bypass('example.org'))"
    env = {**os.environ, "http_proxy": NOBODY, "no_proxy": "", "NO_PROXY": "", "PYTHONPATH": str(HERE)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False"], done.stderr


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(
            "http://127.0.0.1:1/api", "server http://127.0.0.1:1/api does not answer: Connection", id="nobody"
        ),
        pytest.param(
            "http://nonesuch.invalid/api/", "http://nonesuch.invalid/api does not answer: ", id="no such host"
        ),
        pytest.param("http://127.0.0.1:x/api", "must name the server, as http://HOST:4200/api, got", id="no port"),
        pytest.param("127.0.0.1:4200/api", "must name the server, as http://HOST:4200/api, got '127", id="no scheme"),
        pytest.param("ftp://there/api", "must name the server, as http://HOST:4200/api, got 'ftp", id="another scheme"),
        pytest.param("http://", "must name the server, as http://HOST:4200/api, got 'http://'", id="no host"),
    ],
)
def test_a_server_that_cannot_be_had_is_told_with_the_variable(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: str
) -> None:
    monkeypatch.setenv(api.VARIABLE, url)
    with pytest.raises((OSError, ValueError), match=r"^PREFECT_API_URL") as refused:
        api.named()
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("answer", [b"", b"\0\1 no HTTP\r\n\r\n"], ids=["silent", "no HTTP"])
def test_a_server_that_says_nothing_of_use_is_told_soon(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv(api.VARIABLE, f"http://127.0.0.1:{listening.getsockname()[1]}/api")
        threading.Thread(target=_answer, args=(listening, answer), daemon=True).start()
        with pytest.raises(OSError, match=r"^PREFECT_API_URL: the Prefect server .*/api does not answer: "):
            api.named(0.3)
    assert time.monotonic() - began < 5


def _answer(listening: socket.socket, answer: bytes) -> None:
    connection, _ = listening.accept()
    connection.sendall(answer)
    time.sleep(1)
    connection.close()


def test_no_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(api.VARIABLE, raising=False)
    assert api.named() is None
