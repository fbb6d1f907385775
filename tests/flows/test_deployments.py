import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import deployments as module
from flows.serving import pool

HERE = Path(__file__).parents[2]
NAMES = [
    "pipeline", "retrain", "study", "watch", "add", "remove", "hold", "release", "predict", "promote", "rollback",
    "apply",
]  # fmt: skip


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The deployments by name, as made in this checkout, which has the studies."""
    before = Path.cwd()
    os.chdir(HERE)
    try:
        return {deployment.name: deployment for deployment in module.deployments()}
    finally:
        os.chdir(before)


def test_one_for_each_flow(made: dict[str, Any]) -> None:
    assert list(made) == NAMES
    assert [deployment.flow_name for deployment in made.values()] == NAMES


@pytest.mark.parametrize(
    ("name", "limit", "strategy", "schedules"),
    [
        pytest.param("pipeline", 1, "ENQUEUE", [], id="pipeline"),
        pytest.param("retrain", 3, "ENQUEUE", [{"cron": "0 2 * * *"}], id="retrain"),
        pytest.param("study", 1, "ENQUEUE", [], id="study"),
        pytest.param("watch", 1, "CANCEL_NEW", [{"interval": 60.0}], id="watch"),
        pytest.param("add", 1, "ENQUEUE", [], id="add"),
        pytest.param("remove", 1, "ENQUEUE", [], id="remove"),
        pytest.param("hold", 1, "ENQUEUE", [], id="hold"),
        pytest.param("release", 1, "ENQUEUE", [], id="release"),
        pytest.param("predict", 2, "ENQUEUE", [], id="predict"),
        pytest.param("promote", 1, "ENQUEUE", [], id="promote"),
        pytest.param("rollback", 1, "ENQUEUE", [], id="rollback"),
        pytest.param("apply", 1, "ENQUEUE", [], id="apply"),
    ],
)
class TestTogether:
    """`make serve` and the work pool have the same deployments, and they are these."""

    def test_of_make_serve(
        self, made: dict[str, Any], name: str, limit: int, strategy: str, schedules: list[Any]
    ) -> None:
        deployment = made[name]
        assert (deployment.concurrency_limit, deployment.concurrency_options.collision_strategy) == (limit, strategy)
        assert [_when(schedule.schedule) for schedule in deployment.schedules or []] == schedules

    def test_of_prefect_yaml(
        self, made: dict[str, Any], name: str, limit: int, strategy: str, schedules: list[Any]
    ) -> None:
        written = _written()[name]
        assert written["concurrency_limit"] == {"limit": limit, "collision_strategy": strategy}
        assert written.get("schedules", []) == schedules
        assert written["entrypoint"] == made[name].entrypoint
        assert written["tags"] == made[name].tags
        assert written["work_pool"]["name"] == "hemaflow"
        assert set(written) <= {"name", "entrypoint", "tags", "concurrency_limit", "schedules", "work_pool"}


def test_prefect_yaml_has_no_other_deployment() -> None:
    assert list(_written()) == NAMES


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_templates_of_other_pools_fit_in_its_place(kind: str) -> None:
    """Whether they work is not tested; they are of the same shape, and their runs have heartbeats as often."""
    template = yaml.safe_load((HERE / f"deploy/{kind}.yaml").read_text())
    assert list(template) == ["pool"]
    assert (set(template["pool"]), template["pool"]["name"]) == ({"name", "job_variables"}, pool.NAME)
    assert template["pool"]["job_variables"]["env"].items() >= pool.HEARTBEAT.items()
    text = (HERE / "prefect.yaml").read_text()
    fragment = "".join(f"  {line}\n" for line in (HERE / f"deploy/{kind}.yaml").read_text().splitlines())
    begin, end = text.index("  pool: &pool"), text.index("  one: &one")
    replaced = yaml.safe_load(text[:begin] + fragment + text[end:])
    assert {each["work_pool"]["job_variables"]["image"] for each in replaced["deployments"]} == {"hemaflow:cpu"}


@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_is_described(made: dict[str, Any], name: str) -> None:
    deployment = made[name]
    assert deployment.description
    assert deployment.tags[0] == "hemaflow"
    assert deployment.enforce_parameter_schema
    for parameter, schema in _schema(deployment)["properties"].items():
        assert schema.get("description"), f"{name}: {parameter} has no description"
        assert schema["title"] == parameter
        assert "default" in schema or parameter in _schema(deployment)["required"]


@pytest.mark.parametrize(
    ("name", "parameter", "expected"),
    [
        pytest.param("pipeline", "target", {"default": "model_report", "type": "string"}, id="stage"),
        pytest.param("retrain", "approval_hours", {"minimum": 0.01, "default": 24.0, "type": "number"}, id="hours"),
        pytest.param("predict", "tta", {"enum": [1, 4, 8], "default": 1, "type": "integer"}, id="tta"),
        pytest.param("promote", "why", {"type": "string", "maxLength": 500}, id="reason"),
        pytest.param("rollback", "to", {"type": "string", "default": ""}, id="tag"),
        pytest.param("add", "path", {"type": "string"}, id="path"),
        pytest.param("study", "trials", {"type": "array", "default": []}, id="trials"),
    ],
)
def test_what_the_form_knows(made: dict[str, Any], name: str, parameter: str, expected: dict[str, Any]) -> None:
    schema = _schema(made[name])["properties"][parameter]
    assert {key: schema.get(key) for key in expected} == expected


def test_the_form_offers_what_there_is(made: dict[str, Any]) -> None:
    from operations.project.stages import STAGES

    study = _schema(made["study"])["properties"]
    stages = yaml.safe_load((HERE / "studies/dvc.yaml").read_text())["stages"]
    assert study["name"]["enum"] == list(stages)
    assert set(study["trials"]["items"]["enum"]) == {
        trial for each in stages.values() for trial in each["matrix"]["trial"]
    }
    pipeline = _schema(made["pipeline"])
    assert pipeline["properties"]["target"]["enum"] == list(STAGES)
    assert pipeline["properties"]["settings"]["$ref"] == "#/definitions/Settings"
    assert _schema(made["retrain"])["definitions"] == pipeline["definitions"]
    batch = pipeline["definitions"]["Train"]["properties"]["batch"]
    present = yaml.safe_load((HERE / "params.yaml").read_text())["train"]["batch"]
    assert (batch["default"], batch["minimum"], batch["maximum"]) == (present, 1, 4096)


def test_no_deployment_holds_parameters_of_its_own(made: dict[str, Any]) -> None:
    """They would be sent by each schedule and event, and outlive a change of params.yaml."""
    for deployment in made.values():
        assert deployment.parameters == {}
        assert all(not schedule.parameters for schedule in deployment.schedules or [])


def test_without_studies_the_form_takes_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = {deployment.name: deployment for deployment in module.deployments()}["study"]
    assert "enum" not in _schema(study)["properties"]["name"]


@pytest.fixture(scope="module")
def known(made: dict[str, Any], prefect: Any) -> Iterator[dict[str, str]]:
    """Ids of the deployments on a server, by name; there is no process that would run them."""
    from prefect import get_client
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect.api, PREFECT_HOME: prefect.home}):
        ids = {name: deployment.apply() for name, deployment in made.items()}
        yield {name: str(each) for name, each in ids.items()}
        with get_client(sync_client=True) as client:
            for each in ids.values():
                client.delete_deployment(each)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        pytest.param("pipeline", {"settings": {"train": {"batch": 0}}}, id="pipeline: too small"),
        pytest.param("pipeline", {"settings": {"train": {"batch": "many"}}}, id="pipeline: no number"),
        pytest.param("pipeline", {"settings": {"train": {"batch": None}}}, id="pipeline: empty"),
        pytest.param("pipeline", {"settings": {"train": {"bacth": 16}}}, id="pipeline: no such setting"),
        pytest.param("pipeline", {"settings": {"batch": 16}}, id="pipeline: of no section"),
        pytest.param("pipeline", {"settings": {"classes": {}}}, id="pipeline: classes"),
        pytest.param("pipeline", {"settings": {"train": {"augment": {"magnitude": 1.5}}}}, id="pipeline: too strong"),
        pytest.param("pipeline", {"settings": {"train": {"seed": 2**31}}}, id="pipeline: too large"),
        pytest.param("pipeline", {"settings": {"train": {"learning_rate": 0}}}, id="pipeline: not positive"),
        pytest.param("pipeline", {"settings": {"train": {"dense": [8, 0]}}}, id="pipeline: in a list"),
        pytest.param("pipeline", {"settings": {"train": {"optimizer": "sgd"}}}, id="pipeline: no such optimizer"),
        pytest.param("pipeline", {"settings": {"evaluate": {"tta": 2}}}, id="pipeline: not so many orientations"),
        pytest.param("pipeline", {"settings": {"gate": {"minimums": {"clean": 2}}}}, id="pipeline: no share"),
        pytest.param("pipeline", {"target": "tarin"}, id="pipeline: no stage"),
        pytest.param("retrain", {"deliveries": "one"}, id="retrain: no list"),
        pytest.param("retrain", {"settings": {"gate": {"level": 0.1}}}, id="retrain: too small"),
        pytest.param("study", {}, id="study: none named"),
        pytest.param("study", {"name": "nonesuch"}, id="study: no such study"),
        pytest.param("study", {"name": "ablation", "trials": ["nonesuch"]}, id="study: no such trial"),
        pytest.param("study", {"name": "ablation", "trials": "cutout"}, id="study: no list"),
        pytest.param("add", {}, id="deliver: nothing"),
        pytest.param("add", {"path": " "}, id="deliver: no path"),
        pytest.param("add", {"path": "/x", "name": "My Trials"}, id="deliver: no name"),
        pytest.param("remove", {"name": ""}, id="remove: none named"),
        pytest.param("hold", {"name": "second"}, id="hold: no reason"),
        pytest.param("release", {"name": "Second", "why": "seen"}, id="release: no name"),
        pytest.param("predict", {"path": "/x", "out": "/y.txt"}, id="predict: no table"),
        pytest.param("predict", {"path": "/x", "out": "/.csv"}, id="predict: an ending alone"),
        pytest.param("predict", {"path": "/x", "out": "/y.csv", "tta": 3}, id="predict: not so many orientations"),
        pytest.param("promote", {}, id="promote: no reason"),
        pytest.param("promote", {"why": "  "}, id="promote: a blank for a reason"),
        pytest.param("rollback", {"why": "worse", "to": "champion/0"}, id="rollback: no tag"),
        pytest.param("rollback", {"why": "worse", "to": "v1"}, id="rollback: a tag of something else"),
        pytest.param("rollback", {"to": "champion/1"}, id="rollback: no reason"),
        pytest.param("apply", {"name": "--force"}, id="apply: no name"),
    ],
)
def test_the_server_refuses(known: dict[str, str], name: str, parameters: dict[str, Any]) -> None:
    """Before a run starts, as it does for the form."""
    from prefect import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    with get_client(sync_client=True) as client, pytest.raises(PrefectHTTPStatusError) as refused:
        client.create_flow_run_from_deployment(known[name], parameters=parameters)
    assert refused.value.response.status_code in (409, 422), refused.value.response.text


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        pytest.param("pipeline", {}, id="pipeline: as it is"),
        pytest.param(
            "pipeline",
            {"settings": {"train": {"batch": 16}, "evaluate": {"tta": 8}}, "target": "split"},
            id="pipeline",
        ),
        pytest.param("retrain", {"deliveries": ["one", "two"]}, id="retrain"),
        pytest.param("study", {"name": "ablation", "trials": ["cutout"]}, id="study"),
        pytest.param("watch", {}, id="watch"),
        pytest.param("add", {"path": "/trials", "name": ""}, id="add"),
        pytest.param("add", {"path": "/trials", "name": "batch-2.1"}, id="deliver: named"),
        pytest.param("hold", {"name": "batch-2.1", "why": "labels look shuffled"}, id="hold"),
        pytest.param("release", {"name": "second", "why": "checked"}, id="release"),
        pytest.param("predict", {"path": "/trials", "out": "/results/of.today.CSV"}, id="predict"),
        pytest.param("promote", {"why": "the gate's rows are too few"}, id="promote"),
        pytest.param("rollback", {"why": "worse", "to": "champion/12"}, id="rollback"),
        pytest.param("apply", {"name": "amber-lynx-2"}, id="apply"),
    ],
)
def test_the_server_takes(known: dict[str, str], name: str, parameters: dict[str, Any]) -> None:
    from prefect import get_client

    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(known[name], parameters=parameters)
        assert {key: run.parameters[key] for key in parameters} == parameters
        client.delete_flow_run(run.id)


def _schema(deployment: Any) -> Any:
    return deployment._parameter_openapi_schema.model_dump()


def _when(schedule: Any) -> dict[str, Any]:
    if hasattr(schedule, "cron"):
        return {"cron": schedule.cron}
    return {"interval": schedule.interval.total_seconds()}


def _written() -> dict[str, Any]:
    document = yaml.safe_load((HERE / "prefect.yaml").read_text())
    return {deployment["name"]: deployment for deployment in document["deployments"]}
