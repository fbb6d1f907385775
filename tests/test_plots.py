"""`dvc plots show` without a network: templates and page of the project's own, drawn by a script inside the page."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from dvc_render import VegaRenderer, render_html

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".dvc" / "plots"
PAGE = FOLDER / "page.html"
TEMPLATES = sorted(FOLDER.glob("*.json"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=2000",
]  # fmt: skip

CORRUPTIONS = [
    {
        "kind": kind,
        "severity": str(severity),
        "balanced_error": str(0.1 * severity * factor),
        "low": "0.1",
        "high": "0.3",
    }
    for kind, factor in {"clean": 1, "jpeg": 0.5, "zoom_blur": 1}.items()
    for severity in ([0] if kind == "clean" else [1, 2, 3])
]
ROWS = {  # template: rows as DVC reads them, text from CSV, with the columns of x and y
    "curves": ([{"step": str(k), "loss": str(1 / (k + 1))} for k in range(4)], "step", "loss"),
    "corruptions": (CORRUPTIONS, "severity", "balanced_error"),
    "risk_coverage": (
        [{"set": name, "coverage": str(k / 4), "risk": str(k / 40)} for name in ("clean", "mixed") for k in range(5)],
        "coverage",
        "risk",
    ),
    "reliability": (
        [{"set": "clean", "rows": str(k), "confidence": str(k / 4), "accuracy": str(k / 5)} for k in range(5)],
        "confidence",
        "accuracy",
    ),
    "heat": (
        [{"true": t, "predicted": p, "rows": str(3 * (t == p))} for t in ("ig", "mo") for p in ("ig", "mo")],
        "predicted",
        "true",
    ),
}
DRAWN = {"curves": (1, 4), "corruptions": (2, 6), "risk_coverage": (1, 0), "reliability": (1, 4), "heat": (1, 0)}
"""Of each template: panels, and dots in all of them."""


def renderer(name: str, revisions: tuple[str, ...] = ("workspace",), template: str | None = None) -> VegaRenderer:
    rows, x, y = ROWS[name]
    points = [{**row, "rev": revision, "filename": "", "field": y} for revision in revisions for row in rows]
    return VegaRenderer(points, name, template=template or name, template_dir=str(FOLDER), x=x, y=y, title=f"Of {name}")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page's HTML after its script ran."""
    if not CHROMIUM:
        pytest.skip("no Chromium here to run the page's script")
    folder = tmp_path_factory.mktemp("plots")
    given = [*map(renderer, ROWS), renderer("curves", ("HEAD", "workspace")), renderer("curves", template="linear")]
    for k, one in enumerate(given[len(ROWS) :]):
        one.name = f"other{k}"
    page = Path(render_html(given, folder / "index.html", PAGE))
    command = [CHROMIUM, *QUIET, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def part(drawn: str, name: str) -> str:
    return drawn.split(f'<div id="{name}"')[1].split("<div id=")[0].split("</script>")[1]


def test_every_template_has_a_case_here() -> None:
    assert [file.stem for file in TEMPLATES] == sorted(ROWS)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_templates_are_filled_by_dvc(file: Path) -> None:
    assert json.loads(file.read_text())["$schema"].endswith("vega-lite/v5.json")
    assert "<DVC_METRIC" not in json.dumps(renderer(file.stem).get_filled_template())


def test_the_page_fetches_nothing(tmp_path: Path) -> None:
    text = Path(render_html([renderer(name) for name in ROWS], tmp_path / "index.html", PAGE)).read_text()
    addresses = set(re.findall(r"https?://[^\s\"'<>)]*", text))
    assert addresses == {"http://www.w3.org/2000/svg", "https://vega.github.io/schema/vega-lite/v5.json"}
    assert not re.search(r"<script[^>]*\ssrc|<link|@import|\bfetch\(|XMLHttpRequest|import\(", text)
    assert "default-src 'none'" in text


def test_dvc_is_told_to_take_the_page() -> None:
    assert re.search(r"\[plots\]\s+html_template = plots/page\.html", (ROOT / ".dvc" / "config").read_text())


def test_the_pipeline_s_plots_have_templates_of_the_project() -> None:
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    settings = [entry for plot in plots if isinstance(plot, dict) for entry in plot.values()]
    assert len(settings) > 5
    assert {entry["template"] for entry in settings} == {file.stem for file in TEMPLATES}


@pytest.mark.parametrize("name", ROWS)
def test_each_template_is_drawn(drawn: str, name: str) -> None:
    text = part(drawn, name)
    assert f"<h2>Of {name}</h2>" in text
    assert "cannot be drawn" not in text
    assert "NaN" not in text
    panels, dots = DRAWN[name]
    assert (text.count('<svg class="plot"'), text.count("<circle")) == (panels, dots)


def test_the_worst_kind_comes_first_with_the_clean_error_in_each_panel(drawn: str) -> None:
    text = part(drawn, "corruptions")
    assert re.findall(r"<h3>(.*?)</h3>", text) == ["zoom blur", "jpeg"]
    assert text.count('class="rule"') == 2
    assert text.count('class="other"') == 4


def test_the_matrix_has_every_count_and_its_share(drawn: str) -> None:
    text = part(drawn, "heat")
    assert re.findall(r"<title>(.*?)</title>", text) == [
        "ig, predicted ig: 3 (100.0 %)", "ig, predicted mo: 0 (0.0 %)",
        "mo, predicted ig: 0 (0.0 %)", "mo, predicted mo: 3 (100.0 %)",
    ]  # fmt: skip


def test_two_revisions_are_two_colours_with_a_legend(drawn: str) -> None:
    text = part(drawn, "other0")
    assert re.findall(r'class="curve" stroke="(.*?)"', text) == ["var(--c0)", "var(--c1)"]
    assert text.index("</svg>HEAD") < text.index("</svg>workspace")


def test_dvc_s_own_template_for_lines_is_drawn_too(drawn: str) -> None:
    assert part(drawn, "other1").count('class="curve"') == 1
