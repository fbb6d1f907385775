"""Who reaches Prefect's server: the address that it listens at, and the password that it asks for.

Prefect's API starts flows, so whoever reaches it runs code as its user. The password travels in each request as it is:
it keeps strangers out, and hides nothing from who reads the wire.
"""

import base64
import ipaddress
import os
import socket
from urllib.parse import urlsplit

VARIABLE = "HEMAFLOW_AUTH"
LOOPBACK = "127.0.0.1"
SHORTEST = 8
ANY = {"0.0.0.0": LOOPBACK, "::": "::1"}
"""Addresses that mean all of the machine's, and by which of them the machine itself goes there."""


def password() -> str | None:
    """USER:PASSWORD of the environment variable HEMAFLOW_AUTH, None where it is not set. Raises ValueError."""
    given = os.environ.get(VARIABLE)
    if given is None:
        return None
    user, colon, secret = given.partition(":")
    if not (user and colon and given.isascii() and given.isprintable()):
        raise ValueError(f"{VARIABLE} must be USER:PASSWORD in printable ASCII characters")
    if len(secret) < SHORTEST:
        raise ValueError(f"{VARIABLE} must be USER:PASSWORD with a password of at least {SHORTEST} characters")
    return given


def for_server() -> dict[str, str]:
    """Variables that have a Prefect server ask for the password."""
    given = password()
    return {"PREFECT_SERVER_API_AUTH_STRING": given} if given else {}


def for_clients() -> dict[str, str]:
    """Variables by which Prefect's clients give it."""
    given = password()
    return {"PREFECT_API_AUTH_STRING": given} if given else {}


def headers() -> dict[str, str]:
    """Headers of a request that give it."""
    given = password()
    return {"Authorization": f"Basic {base64.b64encode(given.encode()).decode()}"} if given else {}


def is_http(url: str) -> bool:
    """Whether it is an http or https URL with a host."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return good and not any(character.isspace() for character in url)


def check_host(host: str) -> None:
    """Raises ValueError for a host beyond the loopback where there is no password."""
    if password() is None and not is_loopback(host):
        raise ValueError(
            f"--host {host} lies beyond the loopback, and whoever reaches Prefect's API runs code here: set "
            f"{VARIABLE}=USER:PASSWORD, or leave --host at {LOOPBACK}"
        )


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches the host, an address or a name. Raises ValueError for no known name."""
    return all(ipaddress.ip_address(address.split("%")[0]).is_loopback for _, address in _resolved(host))


def check_free(host: str, port: int) -> None:
    """Raises ValueError where something listens at the port, or the host is none of this machine's."""
    for family, address in _resolved(host):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                raise ValueError(
                    f"port {port} of {host} cannot be had ({error.strerror}): choose another by --port"
                ) from error


def url(host: str, port: int) -> str:
    """Where this machine finds what listens at the host."""
    host = ANY.get(host, LOOPBACK if host == "localhost" else host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _resolved(host: str) -> set[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ValueError(f"--host {host}: {error.strerror}") from error
    return {(family, str(address[0])) for family, _, _, _, address in found}
