"""What Prefect's server does by itself: retrain on a delivery, tell of crashes, mark what died.

`python -m flows.serving.automations` sets them up on the server that PREFECT_API_URL names; `serve` does so when it
starts. The user's own automations are left alone, and so are ours where they are as they should be: a server forgets
what an automation has seen when that is written anew. One that a person paused stays paused.
"""

import sys
from datetime import timedelta
from typing import Any

from prefect import get_client
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, CallWebhook, ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from flows.deployments import deployments
from flows.events import ACCEPTED
from flows.server import webhook
from flows.server.api import named

RETRAIN, TELL, MARK = "hemaflow: retrain on a delivery", "hemaflow: tell of crashes", "hemaflow: mark what died"
BLOCK = "hemaflow"
SILENCE = timedelta(minutes=5)
"""Four heartbeats (`HEARTBEAT_SECONDS`): a server that was gone for a minute must not take a run for dead."""
ONCE_WITHIN = timedelta(minutes=1)
"""SQLite may be busy with something else; Prefect's server then looks at an event anew, and would tell it twice."""

BODY = """{
  "event": "crashed",
  "message": {{ (flow.name ~ ": " ~ (flow_run.state.message or "")) | tojson }},
  "run": {{ flow_run.name | tojson }},
  "url": {{ flow_run | ui_url | tojson }},
  "explain": {{ ("hemaflow explain " ~ flow_run.id) | tojson }},
  "time": {{ event.occurred.isoformat() | tojson }}
}"""
"""As `flows.notify` posts what a run itself can tell of."""
FORMER = ("hemaflow: tell of failures",)
"""Names of automations of ours that are no more."""


def set_up(url: str | None = None, silence: timedelta = SILENCE) -> None:
    """Have the server know the automations; the deployments must be there.

    Crashes are told to the `url` of a webhook; without one nowhere, and what told them goes. `silence` is how long a
    run goes without a heartbeat before it counts as dead, 10 s at least. Raises ValueError for a `url` that is no http
    or https URL, and where there is no deployment `retrain`.
    """
    if url:
        webhook.check(url)
    with get_client(sync_client=True) as client:
        _put(client, _retrain(client))
        _put(client, _mark(silence))
        for name in FORMER:
            _remove(client, name)
        if url:
            _put(client, _tell(_block(url)))
        else:
            _remove_telling(client)


def _retrain(client: SyncPrefectClient) -> AutomationCore:
    """A run for each delivery; of many at once the flow itself ends all but two."""
    try:
        deployment = client.read_deployment_by_name("retrain/retrain").id
    except ObjectNotFound:
        raise ValueError("no deployment retrain/retrain: the deployments come before the automations") from None
    name: list[Any] = ["{{ event.resource.name }}"]
    return _automation(
        RETRAIN,
        "A delivery that was accepted starts the deployment retrain.",
        EventTrigger(expect={ACCEPTED}, for_each={"prefect.resource.id"}, posture=Posture.Reactive, threshold=1),
        RunDeployment(source="selected", deployment_id=deployment, parameters={"deliveries": name}, job_variables=None),
    )


def _tell(block: Any) -> AutomationCore:
    ended = {"prefect.resource.id": "prefect.flow-run.*", "prefect.state-type": ["CRASHED"]}
    return _automation(
        TELL,
        f"A run that crashed is told to the URL of {webhook.VARIABLE}.",
        EventTrigger(
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification.model_validate(ended),
            match_related=_ours(),
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=ONCE_WITHIN,
        ),
        CallWebhook(block_document_id=block, payload=BODY),
    )


def _mark(silence: timedelta) -> AutomationCore:
    """Any other event of the run, whatever its state is called, ends the wait that a heartbeat began."""
    return _automation(
        MARK,
        "A run whose heartbeats have stopped is marked as crashed, which frees its place.",
        EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=_ours(),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silence,
        ),
        ChangeFlowRunState(
            state=StateType.CRASHED,
            name=None,
            message=f"no sign of life for {silence.total_seconds():g} s: its process is gone",
            force=False,
        ),
    )


def _automation(name: str, description: str, trigger: EventTrigger, action: ActionTypes) -> AutomationCore:
    return AutomationCore(name=name, description=description, trigger=trigger, actions=[action])


def _ours() -> ResourceSpecification:
    """Runs of this project's flows: their events name the flow."""
    names = sorted(deployment.flow_name for deployment in deployments())
    return ResourceSpecification.model_validate(
        {"prefect.resource.role": "flow", "prefect.resource.name": names},
    )


def _put(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    found = client.read_automations_by_name(wanted.name)
    for other in found[1:]:
        client.delete_automation(other.id)
    if not found:
        client.create_automation(wanted)
    elif _content(found[0]) != _content(wanted):
        client.update_automation(found[0].id, wanted.model_copy(update={"enabled": found[0].enabled}))


def _content(automation: AutomationCore) -> dict[str, Any]:
    """What it says, without what the server adds and a person switches."""
    kept = automation.model_dump(mode="json", include={"name", "description", "trigger", "actions"})
    kept["trigger"].pop("id", None)
    return {key: _sorted(value) for key, value in kept.items()}


def _sorted(value: Any) -> Any:
    """Sets come as lists in any order."""
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    return sorted(map(_sorted, value), key=repr) if isinstance(value, list) else value


def _block(url: str) -> Any:
    """The id of the block that holds the URL, encrypted by the server."""
    headers: Any = {"Content-Type": "application/json"}
    return Webhook(method="POST", url=SecretStr(url), headers=headers).save(BLOCK, overwrite=True)


def _remove(client: SyncPrefectClient, name: str) -> None:
    for automation in client.read_automations_by_name(name):
        client.delete_automation(automation.id)


def _remove_telling(client: SyncPrefectClient) -> None:
    _remove(client, TELL)
    try:
        block = client.read_block_document_by_name(BLOCK, "webhook")
    except ObjectNotFound:
        return
    if block.id:
        client.delete_block_document(block.id)


if __name__ == "__main__":
    try:
        named()
        set_up(webhook.chosen())
    except (ValueError, OSError) as error:
        sys.exit(str(error))
