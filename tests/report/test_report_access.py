"""The page for everyone: axe-core finds nothing in light and dark; it works on paper and without a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from report_claims import claims_run
from report_dimensions import dimension_run, training_run
from report_fixtures import made_up_run, with_odd_outcomes
from report_pictures import with_pictures

from robustcheck.values import RunRecord

Address = Callable[[RunRecord], str]
RUNS: dict[str, Callable[[], RunRecord]] = {
    "every outcome": lambda: with_odd_outcomes(made_up_run(9, 2)),
    "claims": claims_run,
    "dimensions": lambda: dimension_run(2),
    "training run": lambda: training_run(4),
    "pictures": lambda: with_pictures(made_up_run(3, 2)),
}
UNFOLD = "for (const fold of document.querySelectorAll('details')) fold.open = true"
DRAWN = "document.querySelectorAll('.plot[data-c]:not(.drawn)').length === 0"


@pytest.fixture(scope="module")
def axe() -> Any:
    """Return axe-core, which ships in a package."""
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()


def draw_all(page: Any) -> None:
    """Show each plot until its interactive twin is drawn."""
    for plot in page.locator(".plot[data-c]").all():
        plot.scroll_into_view_if_needed()
    page.wait_for_function(DRAWN)


@pytest.mark.parametrize("name", RUNS)
def test_axe_finds_nothing_in_light_and_dark(
    name: str, opened: tuple[Any, list[str]], axe: Any, address_of: Address
) -> None:
    page, wrong = opened
    page.set_viewport_size({"width": 390 if name == "claims" else 1440, "height": 900})
    page.goto(address_of(RUNS[name]()))
    page.evaluate(UNFOLD)
    draw_all(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = axe.run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert wrong == []


def test_every_mark_of_a_checked_model_has_a_name(opened: tuple[Any, list[str]], address_of: Address) -> None:
    page, wrong = opened
    page.goto(address_of(training_run(4)))
    draw_all(page)
    marks = page.locator("#trends .plot").first.locator("[aria-roledescription=point]").all()
    assert "\u2068ViT-B-32@runs/42/epoch_1.pt\u2069, pass: 53.0% at 64.6%" in [
        mark.get_attribute("aria-label") for mark in marks
    ]
    assert wrong == []


def test_the_page_reads_without_a_script(browser: Any, address_of: Address) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address_of(with_odd_outcomes(made_up_run(30, 3))))
    assert page.locator("h1").is_visible()
    assert page.locator(".reason").count() >= 1
    assert page.locator("#trends .static svg").first.is_visible()
    assert not page.locator("#filter").is_visible()
    assert page.locator(".grid td.fail").first.is_visible()
    assert re.search(r"\d\.\d$", page.locator(".grid td.fail").first.inner_text())
    page.locator("#missing summary").first.click()
    assert page.locator(".missing b").first.is_visible()
    context.close()


def test_paper_has_the_static_plots_and_no_controls(opened: tuple[Any, list[str]], address_of: Address) -> None:
    page, wrong = opened
    page.goto(address_of(made_up_run(3, 1)))
    page.emulate_media(media="print")
    assert page.locator("#trends .static svg").is_visible()
    for control in ("#filter", "#theme", ".zoom", ".vega"):
        assert not page.locator(control).first.is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert wrong == []


def test_many_checks_fit_the_paper_and_their_numbers_are_told(
    opened: tuple[Any, list[str]], address_of: Address
) -> None:
    page, wrong = opened
    page.goto(address_of(made_up_run(3, 24)))
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})
    assert page.evaluate("document.querySelector('.grid').scrollWidth <= document.querySelector('main').clientWidth")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".numbers-of li").last.is_visible()
    # The numbers of the second column hang beside the words of the first.
    first, last = (page.locator(".numbers-of li").nth(place).bounding_box() for place in (0, -1))
    assert last["x"] - (first["x"] + first["width"]) > 24
    assert not page.locator(".card .yaml").first.is_visible()
    assert wrong == []


def test_one_model_is_a_list_of_its_checks(opened: tuple[Any, list[str]], address_of: Address) -> None:
    page, wrong = opened
    page.goto(address_of(made_up_run(1, 14)))
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        assert page.locator(".grid td[class] span").filter(has_text="shift-on-trend[shift-13]").is_visible()
        assert not page.locator(".grid thead").is_visible()
    page.emulate_media(media="screen")
    page.locator(".grid td[class]").last.click()
    page.locator("#detail").wait_for()
    assert "shift-on-trend[shift-13]" in page.locator("#detail").inner_text()
    assert wrong == []


HOSTILE = """<img src=x onerror="document.title='owned'">'"><script>document.title='owned'</script>|=1+1"""


def test_hostile_names_are_text(opened: tuple[Any, list[str]], address_of: Address) -> None:
    page, wrong = opened
    run = made_up_run(3, 1)
    results = tuple(
        replace(
            r, model=replace(r.model, id=f"{HOSTILE}{place}", facets=(("source", HOSTILE),)), title=HOSTILE,
            sentence=HOSTILE, verdict=replace(r.verdict, status="fail", reason=HOSTILE), tags=(HOSTILE,),
        )
        for place, r in enumerate(run.results)
    )  # fmt: skip
    page.goto(address_of(replace(run, results=results)))
    draw_all(page)
    page.locator(".grid td[class]").first.click()
    page.locator("#detail").wait_for()
    assert HOSTILE in page.locator("#detail").inner_text()
    page.locator("#all > summary").click()
    page.locator("#all table").wait_for()
    assert page.title() != "owned"
    assert page.locator("img").count() == 0
    assert wrong == []
