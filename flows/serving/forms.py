"""Keeps the forms as params.yaml and the studies are: Prefect stores a form's fields, with their defaults."""

import sys
import threading
from pathlib import Path
from typing import Any

from httpx import HTTPError
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.exceptions import PrefectException
from prefect.utilities.callables import ParameterSchema

from flows.deployments import deployments
from flows.server.form import STUDIES
from operations.settings import settings_form

LOOK_SECONDS = 2.0
"""Between looks at the files. A form that was opened before is refused by its run."""


def keep(root: Path, stop: threading.Event) -> None:
    """Renew the forms after each change of the files that they are made from, until `stop` is set.

    What is wrong with params.yaml is told once, and its last form stays. While the server is away it is tried again.
    """
    seen: list[str] = []
    while not stop.wait(LOOK_SECONDS):
        now = _texts(root)
        if now == seen:
            continue
        try:
            settings_form.form(root)
            renewed = renew()
        except (HTTPError, PrefectException):
            continue
        except (OSError, ValueError) as error:
            _tell(f"the forms stay as they were: {error}")
        else:
            if renewed:
                _tell(f"forms made anew from {settings_form.FILE}: {', '.join(renewed)}")
        seen = now


def renew() -> list[str]:
    """Have the server know the forms of the project in the working directory; names of those that changed.

    Nothing else of a deployment changes, above all no schedule that a person switched off.
    """
    with get_client(sync_client=True) as client:
        return [deployment.name for deployment in deployments() if _renewed(client, deployment)]


def _renewed(client: SyncPrefectClient, deployment: Any) -> bool:
    schema: ParameterSchema = deployment._parameter_openapi_schema
    stored = client.read_deployment_by_name(f"{deployment.flow_name}/{deployment.name}")
    if ParameterSchema.model_validate(stored.parameter_openapi_schema or {}) == schema:
        return False
    client.update_deployment(stored.id, DeploymentUpdate(parameter_openapi_schema=schema.model_dump_for_openapi()))
    return True


def _texts(root: Path) -> list[str]:
    files = [root / settings_form.FILE, root / STUDIES]
    return [file.read_text(errors="replace") if file.is_file() else "" for file in files]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
