"""The pages as a site: every page has its place, links out of it read as names, and its suites are sound."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from robustcheck.run.known_names import known_names
from robustcheck.spec import load_suite

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
GUIDES = sorted((DOCS / "howto").glob("*.md"))


def pages(nav: Any) -> Iterator[str]:
    """Yield every page of a navigation."""
    if isinstance(nav, str):
        yield nav
    for each in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from pages(each)


def test_every_page_has_its_place_and_no_place_is_empty() -> None:
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    placed = list(pages(SITE["nav"]))
    assert sorted(placed) == sorted(there)


def test_links_out_of_the_site_are_names_of_files() -> None:
    change = runpy.run_path(str(ROOT / "scripts" / "site_links.py"))["on_page_markdown"]
    page = SimpleNamespace(file=SimpleNamespace(src_uri="protocols/ood.md"))
    text = "[suite](../../suites/ood.robust.yaml), [statistics](../statistics.md#x), [here](ood.md)"
    changed = "suite (`suites/ood.robust.yaml`), [statistics](../statistics.md#x), [here](ood.md)"
    assert change(text, page=page) == changed


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_the_suites_of_the_guides_are_sound(guide: Path, tmp_path: Path) -> None:
    suites = re.findall(r"^```yaml\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert suites
    for text in suites:
        path = tmp_path / "a.robust.yaml"
        path.write_text(text, encoding="utf-8")
        assert load_suite(path, known_names(tmp_path)).checks


def test_the_site_is_built_where_mkdocs_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site")))
    assert (tmp_path / "site" / "tutorial.html").is_file()
    assert (tmp_path / "site" / "howto" / "openood.html").is_file()
