import pytest

from flows.server import webhook


@pytest.mark.parametrize(
    ("url", "got"),
    [
        pytest.param("ftp://host/secret", "one that begins with ftp:", id="another protocol"),
        pytest.param("host/secret", "something else", id="no protocol"),
        pytest.param("https:///secret", "one that begins with https:", id="no host"),
        pytest.param("http://host:port/secret", "one that begins with http:", id="no port"),
        pytest.param("http://host:0/secret", "one that begins with http:", id="port 0"),
        pytest.param("http://[host/secret", "one that begins with http:", id="no address"),
        pytest.param("http://host/secret word", "one that begins with http:", id="a blank"),
        pytest.param("file:///etc/secret", "one that begins with file:", id="a file"),
    ],
)
def test_what_is_no_url_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, url: str, got: str) -> None:
    """For it may hold a secret."""
    monkeypatch.setenv(webhook.VARIABLE, url)
    with pytest.raises(ValueError, match=f"^HEMAFLOW_WEBHOOK must be an http or https URL with a host, got {got}$"):
        webhook.chosen()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="unset"),
        pytest.param("", None, id="empty"),
        pytest.param("https://host/a?b=c", "https://host/a?b=c", id="https"),
        pytest.param("http://127.0.0.1:8080/hook", "http://127.0.0.1:8080/hook", id="with a port"),
    ],
)
def test_chosen(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: str | None) -> None:
    monkeypatch.delenv(webhook.VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(webhook.VARIABLE, value)
    assert webhook.chosen() == expected
