"""What stands before Prefect's application: the check of the Host header, and another try where SQLite was busy."""

import asyncio
import http.client
import json
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flows.server import application
from flows.server.api import call

KNOWN = {"localhost", "lab.example"}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:4200", True),
        ("192.0.2.7", True),
        ("[::1]:4200", True),
        ("localhost:4200", True),
        ("LAB.example.", True),
        ("lab.example.evil.test", False),
        ("evil.test:4200", False),
        ("127.0.0.1.evil.test", False),
        ("", False),
        ("[evil.test]", False),
    ],
)
def test_known_hosts(host: str, expected: bool) -> None:
    assert application.is_known(host, KNOWN) is expected


def test_names_of_a_proxy_are_given_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(application.NAMES, "Cells.example, other.example")
    assert {"localhost", "cells.example", "other.example"} <= application.names()


def answered(statuses: list[int], method: str = "POST", raises: bool = False) -> tuple[list[int], list[bytes]]:
    """Statuses that a client gets from an application that answers with these, and the bodies that it was given."""
    left, got, bodies = list(statuses), [], []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bodies.append((await receive())["body"])
        status = left.pop(0)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        if raises and status == application.BUSY:
            raise RuntimeError("database is locked")

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            got.append(message["status"])

    asyncio.run(application.patient(app)({"type": "http", "method": method}, receive, send))
    return got, bodies


def test_a_write_is_tried_again_while_the_database_is_busy() -> None:
    assert answered([503, 503, 201], raises=True) == ([201], [b"{}"] * 3)


@pytest.mark.parametrize("status", [200, 404, 409, 500])
def test_any_other_answer_is_passed_on(status: int) -> None:
    assert answered([status]) == ([status], [b"{}"])


def test_a_read_is_not_tried_again() -> None:
    assert answered([503, 200], method="GET") == ([503], [b"{}"])


def test_a_database_that_stays_busy_is_told_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "PATIENCE", -1.0)
    assert answered([503, 201]) == ([503], [b"{}"])


def _asked(api: str, host: str) -> int:
    connection = http.client.HTTPConnection(urllib.parse.urlparse(api).netloc, timeout=60)
    connection.request("GET", "/api/health", headers={"Host": host})
    return connection.getresponse().status


def test_the_server_refuses_a_strangers_name(prefect: Any) -> None:
    port = urllib.parse.urlparse(prefect.api).port
    assert _asked(prefect.api, f"127.0.0.1:{port}") == 200
    assert _asked(prefect.api, f"evil.test:{port}") == 400


def test_many_runs_requested_at_once_are_all_taken(prefect: Any, request: pytest.FixtureRequest) -> None:
    """Of 6, Prefect alone refused 5 on SQLite."""

    def post(path: str, body: Any) -> tuple[int, Any]:
        data = json.dumps(body).encode()
        asking = urllib.request.Request(f"{prefect.api}/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asking, timeout=120) as answer:
            return answer.status, json.load(answer)

    flow = post("flows/", {"name": "requested"})[1]["id"]
    target = post("deployments/", {"name": "requested", "flow_id": flow, "concurrency_limit": 1})[1]["id"]
    request.addfinalizer(lambda: call(prefect.api, "DELETE", f"deployments/{target}"))
    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(post, f"deployments/{target}/create_flow_run", {"parameters": {}}) for _ in range(20)]
    answers = [each.result() for each in asked]
    assert [status for status, _ in answers] == [201] * 20
    assert len({run["id"] for _, run in answers}) == 20
