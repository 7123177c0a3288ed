"""The pages are complete and hang together: links, the index, every command, metric and suite."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustcheck.cli import app
from robustcheck.measure import known_metrics
from robustcheck.models.model_sets import list_models
from robustcheck.populations import load_population

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
INDEX = DOCS / "README.md"
FRONT = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
PAGES = [*FRONT, *sorted(DOCS.rglob("*.md"))]
SUITES = sorted((ROOT / "suites").rglob("*.robust.yaml"))
COMMANDS = [each.name or each.callback.__name__ for each in app.registered_commands if each.callback]
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file and the heading that each relative link of a page leads to; code has none."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text_of(page), flags=re.DOTALL)
    for target in LINK.findall(prose):
        path, _, heading = target.partition("#")
        yield ((page.parent / path).resolve() if path else page, heading)


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in found}


def code_paths(page: Path) -> set[str]:
    """Return the files and directories that a page names as code: `run/session.py`, `docs/decisions/`."""
    return set(re.findall(r"`((?:[\w.-]+/)+(?:[\w.-]+\.(?:py|md|csv|yaml|txt))?)`", text_of(page)))


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, heading in links(page):
        assert target.exists(), target
        assert not heading or heading in headings(target), f"{target.name}#{heading}"


def test_every_page_is_in_the_index() -> None:
    linked = {target for target, _ in links(INDEX)}
    assert not [named(page) for page in DOCS.rglob("*.md") if page != INDEX and page not in linked]


def test_the_readme_leads_to_the_index() -> None:
    assert INDEX in {target for target, _ in links(ROOT / "README.md")}


def test_every_decision_is_numbered_once_and_named_in_the_index_by_its_number() -> None:
    pages = sorted((DOCS / "decisions").glob("*.md"))
    for number, page in enumerate(pages, start=1):
        assert page.name.startswith(f"{number:04}-")
        assert text_of(page).startswith(f"# {number}. ")
        assert re.search(rf"^{number}\. \[.*\]\(decisions/{page.name}\)$", text_of(INDEX), re.MULTILINE), page.name


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=named)
def test_every_path_named_as_code_is_there(page: Path) -> None:
    places = (ROOT, ROOT / "robustcheck")
    ours = [path for path in code_paths(page) if any((place / path.split("/")[0]).is_dir() for place in places)]
    assert not [path for path in ours if not any((place / path).exists() for place in places)]


def test_the_picture_of_the_parts_is_what_its_script_draws() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "draw_architecture.py"))
    assert script["PICTURE"].read_text(encoding="utf-8") == script["draw"](), "run `make docs`"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_told(command: str) -> None:
    assert any(f"robustcheck {command}" in text_of(page) for page in PAGES if page not in FRONT[1:])


@pytest.mark.parametrize("metric", known_metrics())
def test_every_metric_is_told(metric: str) -> None:
    # The pages write a recall at 1, 5 and 10 once, with K.
    name = re.sub(r"@\d+$", "@", metric)
    pages = [page for page in PAGES if page not in FRONT]
    assert any(f"`{name}" in text_of(page) for page in pages), metric


def test_the_page_of_models_counts_what_the_catalogue_lists() -> None:
    names = [model for model in list_models() if model.kind == "openclip"]
    networks = [model for model in names if model.facet("twin") != "yes"]
    known = set().union(*(load_population(name).facets for name in ("openclip", "makers", "scaling-laws")))
    told = re.search(r"Of the (\d+) networks .* \((\d+) names\), (\d+) have", text_of(DOCS / "models.md"))
    assert told is not None
    assert tuple(map(int, told.groups())) == (len(networks), len(names), sum(each.id in known for each in networks))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name.removesuffix(".robust.yaml"))
def test_every_suite_is_told(suite: Path) -> None:
    told = {target for page in DOCS.rglob("*.md") for target, _ in links(page)}
    assert suite in told
