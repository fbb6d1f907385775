"""A work pool: what an open server is refused for, and that no run chooses its worker's command."""

import json
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.server import access
from flows.server.api import call
from flows.serving import pool


@contextmanager
def answering(origin: str | None, any_host: bool) -> Iterator[str]:
    """An API as an open server, or one that was started otherwise, answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = any_host or not self.headers["Host"].startswith("stranger")
            self.send_response(200 if known else 400)
            if origin:
                self.send_header("Access-Control-Allow-Origin", origin)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("origin", "any_host", "beyond", "expected"),
    [
        pytest.param("*", False, False, "CORS", id="every origin"),
        pytest.param(pool.STRANGER, False, False, "CORS", id="the origin that asks"),
        pytest.param(None, True, False, "DNS rebinding", id="every host"),
        pytest.param(None, False, True, "no password", id="no password beyond the loopback"),
        pytest.param("*", True, True, "DNS rebinding.*CORS.*no password.*serve --server-only", id="all of it"),
    ],
)
def test_an_open_server_is_refused(
    monkeypatch: pytest.MonkeyPatch, origin: str | None, any_host: bool, beyond: bool, expected: str
) -> None:
    monkeypatch.setattr(access, "is_loopback", lambda _host: not beyond)
    with answering(origin, any_host) as api, pytest.raises(ValueError, match=f"(?s)is open: .*{expected}"):
        pool.check_server(api)


def test_the_server_that_serve_starts_is_not_open(prefect: Any) -> None:
    pool.check_server(prefect.api)


def test_no_server_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    for act in (pool.deploy, pool.work):
        with pytest.raises(ValueError, match="PREFECT_API_URL must name the server"):
            act(tmp_path)


@pytest.mark.parametrize(
    ("url", "error", "expected"),
    [
        ("127.0.0.1:4200/api", ValueError, "as http://HOST:4200/api, got '127.0.0.1:4200/api'"),
        ("http://127.0.0.1:1/api", OSError, "PREFECT_API_URL: .* http://127.0.0.1:1/api does not answer: Connection"),
    ],
    ids=["no scheme", "nobody listens"],
)
def test_a_server_that_cannot_be_reached_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, error: type[Exception], expected: str
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    for act in (pool.deploy, pool.work):
        with pytest.raises(error, match=expected):
            act(tmp_path)


def test_a_page_that_is_not_the_api(prefect: Any) -> None:
    url = prefect.api.removesuffix("/api")
    with pytest.raises(OSError, match=rf"{url} is no API of Prefect's \(HTTP 404\), which is at http://HOST:4200/api"):
        pool.check_server(url)


@pytest.fixture
def api(prefect: Any) -> Iterator[str]:
    """Of the tests' server, whose database others take over: without a pool before and after."""
    yield prefect.api
    call(prefect.api, "DELETE", f"work_pools/{pool.NAME}")


def test_a_pool_that_was_made_otherwise_is_refused_and_set_right(api: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no work pool 'hemaflow'.*hemaflow deploy"):
        pool.check_pool(api, tmp_path)
    call(api, "POST", "work_pools/", {"name": pool.NAME, "type": "process"})
    with pytest.raises(ValueError, match="made otherwise"):
        pool.check_pool(api, tmp_path)
    pool._put_pool(api, pool.template(tmp_path))
    pool.check_pool(api, tmp_path)
    with pytest.raises(ValueError, match="for another folder than"):
        pool.check_pool(api, tmp_path / "elsewhere")


@pytest.mark.parametrize("variables", [{"command": "touch x"}, {"env": {"PATH": "x"}}, {"working_dir": "x"}])
def test_no_run_chooses_its_workers_command(
    api: str, request: pytest.FixtureRequest, tmp_path: Path, variables: dict[str, Any]
) -> None:
    pool._put_pool(api, pool.template(tmp_path))
    flow = call(api, "POST", "flows/", {"name": "pooled"}).json["id"]
    deployment = {"name": "pooled", "flow_id": flow, "work_pool_name": pool.NAME, "enforce_parameter_schema": False}
    made = call(api, "POST", "deployments/", deployment).json["id"]
    request.addfinalizer(lambda: call(api, "DELETE", f"deployments/{made}"))
    for path, body in (
        (f"deployments/{made}/create_flow_run", {"job_variables": variables}),
        ("deployments/", {**deployment, "job_variables": variables}),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            call(api, "POST", path, body)
        assert refused.value.code in (409, 422), json.dumps(body)
