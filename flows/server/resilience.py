"""Has a flow run outlast an outage of Prefect's server; for a process that has reached the server before.

Prefect 3.8 tries again for as long as PREFECT_CLIENT_MAX_RETRIES says, but not everywhere.
"""

import functools
import inspect
from typing import Any


def outlast() -> None:
    """From now on, in this process, no request and no lease ends a run because the server is away."""
    _keep_trying()
    go_on_without_lease()


def _keep_trying() -> None:
    """Have each client try again where nobody listens. Prefect's do once they have got through, and many are new."""
    from prefect.client import base

    got_through = property(lambda _client: True, lambda _client, _value: None)
    for kind in (base.PrefectHttpxAsyncClient, base.PrefectHttpxSyncClient):
        kind._has_connected = got_through  # type: ignore[assignment]


def go_on_without_lease() -> None:
    """Have a run go on whose lease on its deployment's slot could not be renewed.

    It is lost where the server was gone for long, and where a run is paused for some minutes. Prefect then ends it,
    lest another works beside it. Here the project's lock sees to that.
    """
    from prefect.concurrency import _leases

    prefects = inspect.unwrap(_leases._handle_lease_renewal_failure)

    @functools.wraps(prefects)
    def warn(error: Any, lease: Any, _end: bool, *others: Any) -> None:
        prefects(error, lease, False, *others)

    vars(_leases)[prefects.__name__] = warn
