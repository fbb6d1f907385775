"""The files of a toy of the project: the same stages, studies and settings, with commands that take milliseconds.

`tests/system/test_toy_project.py` holds it to the project's own form.
"""

import re
from pathlib import Path

from operations.project.stages import STAGES
from tests.support.toy_code import LIFELIKE, STUDY, TOY

HERE = Path(__file__).parents[2]

DVC = """
vars: [data/deliveries.yaml, data/external.yaml]
stages:
  demo:
    foreach: ${drawn}
    do:
      cmd: python toy.py demo data/raw/${item}
      deps: [toy.py]
      params: [classes, demo]
      outs: ['data/raw/${item}', 'data/truth/${item}.csv']
  ingest:
    foreach: ${deliveries}
    do:
      cmd: python toy.py ingest data/raw/${item} data/deliveries/${item}.yaml data/ingested/${item}
      deps: [toy.py, 'data/raw/${item}', 'data/deliveries/${item}.yaml']
      params: [classes, ingest]
      outs: ['data/ingested/${item}']
  embed:
    foreach: ${deliveries}
    do:
      cmd: python toy.py embed data/ingested/${item} data/pretrained/efficientnet_lite0_imagenet_notop.weights.h5 data/embedded/${item}
      deps: [toy.py, 'data/ingested/${item}', data/pretrained/efficientnet_lite0_imagenet_notop.weights.h5]
      params: [embed]
      outs: ['data/embedded/${item}']
  dedupe:
    cmd: python toy.py dedupe data/ingested data/embedded data/deduped
    deps: [toy.py, data/deliveries.yaml, data/review.csv, data/ingested, data/embedded]
    params: [dedupe]
    outs: [data/deduped]
  outliers:
    cmd: python toy.py outliers data/deduped data/embedded data/inliers
    deps: [toy.py, data/deduped, data/embedded]
    params: [outliers]
    outs: [data/inliers]
  split:
    cmd: python toy.py split data/deduped data/inliers data/clean
    deps: [toy.py, data/deduped, data/inliers]
    params: [classes, split]
    outs: [data/clean]
  data_report:
    cmd: python toy.py data_report data/clean data/deduped data/ingested data/curation
    deps: [toy.py, data/clean, data/deduped, data/ingested]
    params: [data_report]
    outs: [data/curation]
  train:
    cmd: python toy.py train data/clean data/ingested data/network
    deps: [toy.py, data/clean, data/ingested, data/pretrained]
    params: [classes, train, ingest]
    outs: [data/network]
  calibrate:
    cmd: python toy.py calibrate data/clean data/ingested data/network data/model
    deps: [toy.py, data/clean, data/ingested, data/network]
    params: [calibrate]
    outs: [data/model]
  external:
    foreach: ${external}
    do:
      cmd: python toy.py ingest data/raw/${item} data/deliveries/${item}.yaml data/external/${item}
      deps: [toy.py, 'data/raw/${item}', 'data/deliveries/${item}.yaml']
      params: [classes, ingest]
      outs: ['data/external/${item}']
  evaluate:
    cmd: python toy.py evaluate data/clean data/ingested data/external.yaml data/external data/model data/evaluation/scores
    deps: [toy.py, data/clean, data/ingested, data/external.yaml, data/external, data/model]
    params: [classes, evaluate]
    outs: [data/evaluation/scores]
  explain:
    cmd: python toy.py explain data/clean data/ingested data/model data/evaluation/scores data/evaluation/examples
    deps: [toy.py, data/clean, data/ingested, data/model, data/evaluation/scores]
    params: [explain]
    outs: [data/evaluation/examples]
  model_report:
    cmd: python toy.py model_report data/clean data/model data/evaluation/scores data/evaluation/examples data/evaluation/model_report.html data/evaluation/model_card.md
    deps: [toy.py, data/clean, data/model, data/evaluation/scores, data/evaluation/examples]
    params: [model_report, gate]
    outs: [data/evaluation/model_report.html, data/evaluation/model_card.md]
metrics: [data/evaluation/scores/metrics.json]
plots: [{confusion: {x: predicted, y: {data/evaluation/scores/confusion.csv: "true"}}}]
"""  # noqa: E501

AUDIT = """\
audit: {level: 0.01, min_rows: 10, times: 5, ood: 0.1, least: {ahead: 0.3, refused: 0.1}}
"""
GATE = """\
gate:
  seed: 0
  resamples: 200
  level: 0.5
  min_rows: 1000
  min_external_rows: 1000
  non_inferiority_margins:
    clean: 0.05
    corrupted: 0.05
    worst: 0.05
    mixed: 0.05
    recall: 0.05
    slices: 0.05
    external: 0.05
  superiority_margins: {clean: 0.01, corrupted: 0.01, mixed: 0.01}
  minimums: {clean: 0.5, corrupted: 0.5, worst: 0.5, mixed: 0.5, recall: 0.5}
"""
TRAIN = {"seed": 1, "batch": 32, "frozen_epochs": 3, "finetune_epochs": 2}


def _params() -> str:
    """The project's own params.yaml with two classes, rules for few rows, and `words` to steer the stages."""
    _, *sections = re.split(r"(?m)^(?=\w+:)", (HERE / "params.yaml").read_text())
    named = {section.partition(":")[0]: section for section in sections}
    steered = {
        name: named[name].replace("\n", '\n  words: ""     # steers the toy\n', 1) for name in named if name in STAGES
    }
    own = {"classes": "classes: {ig: [], platelet: []}\n", "audit": f"{AUDIT}\n", "gate": f"{GATE}\n"}
    text = "".join({**named, **steered, **own}.values())
    for key, value in TRAIN.items():
        text = re.sub(rf"(?s)(\ntrain:.*?\n  {key}: )\S+", rf"\g<1>{value}", text, count=1)
    return f"# Settings of the toy.\n{text}"


PARAMS = _params()

LISTING = """\
# Deliveries.
deliveries:
- "demo"
drawn:
- "demo"
held: []
"""

STUDIES = (
    "backbones", "ablation", "optimizers", "blocks", "imbalance", "dropout", "strengths", "families", "engines",
    "recipes",
)  # fmt: skip
TRIALS = {study: ("one", "two", "three") if study == "ablation" else ("one",) for study in STUDIES}

STUDY_STAGE = """\
  {study}:
    matrix: {{trial: [{trials}]}}
    wdir: ..
    cmd: python study.py {study} ${{item.trial}} studies/results/{study}/${{item.trial}}.json data/runs/study-{study}-${{item.trial}}.json
    deps: [study.py, data/clean, data/ingested, data/pretrained, data/external.yaml, data/external]
    params: [classes, {{studies/params.yaml: ['{study}.${{item.trial}}']}}]
    outs: ['studies/results/{study}/${{item.trial}}.json']
"""  # noqa: E501
STUDIES_DVC = "stages:\n" + "".join(STUDY_STAGE.format(study=k, trials=", ".join(of)) for k, of in TRIALS.items())

STUDIES_PARAMS = (
    """
ablation:
  one: {accuracy: 0.5}
  two: {accuracy: 0.75}
  three: {accuracy: 1.0}
"""
    + "".join(f"{study}:\n  one: {{accuracy: 0.25}}\n" for study in STUDIES if study != "ablation")
    + """\
report:
  ablation: {two: {accuracy: 0.68}}
"""
)

IGNORED = "/data/.state\n/data/incoming/\n/data/waiting/\n/data/runs\n/data/champions\n__pycache__/\n"
FILES = {
    "dvc.yaml": DVC,
    "toy.py": TOY,
    "lifelike.py": LIFELIKE,
    "study.py": STUDY,
    "params.yaml": PARAMS,
    "data/deliveries.yaml": LISTING,
    "data/external.yaml": "external: []\n",
    "data/external/.gitignore": (HERE / "data/external/.gitignore").read_text(),
    "data/deliveries/demo.yaml": (HERE / "data/deliveries/demo.yaml").read_text(),
    "data/review.csv": (HERE / "data/review.csv").read_text().partition("\n")[0] + "\n",
    "data/pretrained/efficientnet_lite0_imagenet_notop.weights.h5": "weights\n",
    "studies/dvc.yaml": STUDIES_DVC,
    "studies/params.yaml": STUDIES_PARAMS,
    "studies/.gitignore": "/results/\n/tables/\n",
    ".gitignore": IGNORED,
    ".dvcignore": "__pycache__\ndata/.state\ndata/incoming\ndata/waiting\ndata/runs\n",
}
"""All that a toy begins with, by path: what the project has, in small."""
