"""What is served: a deployment per flow that a person, an event or a schedule starts, as Prefect's UI shows it.

prefect.yaml says the same for a work pool and its workers; a test holds the two together.
"""

from datetime import timedelta
from typing import Any

NIGHTLY = "0 2 * * *"
WATCH_EVERY = timedelta(minutes=1)
RETRAININGS = 3
"""One works, one waits for it, and a third comes to see that one waits already, and ends."""
PREDICTIONS = 2


def deployments() -> list[Any]:
    """The deployments: flows named by module, with how many runs of each there may be at once.

    A run that comes while there are as many waits in the server's queue, without a process. A look into the drop
    folder is cancelled instead: the next one is a minute away.
    """
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy as Strategy

    from flows.pipeline import pipeline
    from flows.retrain import retrain
    from flows.study import study
    from flows.ui import add, apply, hold, predict, promote, release, remove, rollback
    from flows.watch import watch

    return [
        _deployment(pipeline, "training"),
        _deployment(retrain, "training", limit=RETRAININGS, cron=NIGHTLY),
        _deployment(study, "training"),
        _deployment(watch, "data", strategy=Strategy.CANCEL_NEW, interval=WATCH_EVERY),
        _deployment(add, "data"),
        _deployment(remove, "data"),
        _deployment(hold, "data"),
        _deployment(release, "data"),
        _deployment(predict, "model", limit=PREDICTIONS),
        _deployment(promote, "model"),
        _deployment(rollback, "model"),
        _deployment(apply, "model"),
    ]


def _deployment(flow: Any, tag: str, limit: int = 1, strategy: Any = "ENQUEUE", **when: Any) -> Any:
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.types.entrypoint import EntrypointType

    return flow.to_deployment(
        flow.name,
        description=flow.description,
        tags=["hemaflow", tag],
        concurrency_limit=ConcurrencyLimitConfig(limit=limit, collision_strategy=strategy),
        entrypoint_type=EntrypointType.MODULE_PATH,
        **when,
    )
