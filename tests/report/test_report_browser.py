"""The page in a real browser: it draws, filters, sorts and groups without an error or a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from report_claims import claims_run
from report_dimensions import training_run
from report_fixtures import made_up_run, wait_for_filter, with_odd_outcomes
from report_protocols import protocol_run

from robustcheck.values import RunRecord

Address = Callable[[RunRecord], str]
Opened = tuple[Any, list[str]]


@cache
def odd_run() -> RunRecord:
    """Return a run of 30 models and three trends, with every outcome."""
    return with_odd_outcomes(made_up_run(30, 3))


@pytest.fixture
def address(address_of: Address) -> str:
    return address_of(odd_run())


def draw(page: Any, number: int, within: str = "#trends") -> None:
    """Scroll to the plots and wait until so many are drawn."""
    page.evaluate("within => document.querySelector(within).scrollIntoView()", within)
    page.wait_for_function(
        "([within, number]) => document.querySelectorAll(`${within} .plot.drawn`).length === number",
        arg=[within, number],
    )


def test_a_name_from_right_to_left_leaves_what_stands_beside_it(opened: Opened, address_of: Address) -> None:
    """Without isolation the number behind a name moves to its left."""
    page, wrong = opened
    run = made_up_run(30, 1)
    first = run.results[0]
    model = replace(first.model, id="\u05e9\u05dc\u05d5\u05dd")
    reason = f"{model.id} 3 points too low"
    failed = replace(first, model=model, verdict=replace(first.verdict, status="fail", reason=reason, margin=-0.3))
    page.goto(address_of(replace(run, results=(failed, *run.results[1:]))))
    places = page.evaluate("""() => {
        const name = document.querySelector("#reasons p .turned");
        const after = document.createRange();
        after.setStart(name.nextSibling, 1);
        after.setEnd(name.nextSibling, 2);
        return [after.toString(), name.getBoundingClientRect().right, after.getBoundingClientRect().left];
    }""")
    assert places[0] == "3"
    assert places[1] <= places[2]
    assert page.locator("#trends svg .turned").count() >= 1
    assert wrong == []


def test_a_chart_isolates_such_names_and_filters_by_them(opened: Opened, address_of: Address) -> None:
    page, wrong = opened
    run = made_up_run(30, 1)
    first, second, *others = run.results
    turned = [
        replace(one, model=replace(one.model, id=name), verdict=replace(one.verdict, status="fail", margin=-0.3))
        for one, name in ((first, "\u05e9\u05dc\u05d5\u05dd/3"), (second, "plain/3"))
    ]
    page.goto(address_of(replace(run, results=(*turned, *others))))
    draw(page, 1)
    texts = "Array.from(document.querySelectorAll('#trends .vega svg text'), (one) => one.textContent)"
    named = page.evaluate(texts)
    assert {"\u2068\u05e9\u05dc\u05d5\u05dd/3\u2069", "plain/3"} <= set(named)
    page.fill("#filter input[type=search]", "\u05e9\u05dc\u05d5\u05dd")
    page.wait_for_function(f"!({texts}).includes('plain/3')")
    assert "\u2068\u05e9\u05dc\u05d5\u05dd/3\u2069" in page.evaluate(texts)
    assert wrong == []


# --- charts -------------------------------------------------------------------------------------


def test_charts_are_drawn_without_error_or_request(opened: Opened, address: str) -> None:
    page, wrong = opened
    page.goto(address)
    draw(page, 3)
    assert page.locator("#trends .plot.drawn .vega svg").count() == 3
    assert wrong == []


def test_a_chart_zooms_to_the_whole_population_and_back(opened: Opened, address: str) -> None:
    page, wrong = opened
    page.goto(address)
    draw(page, 3)
    plot = page.locator("#trends .plot").first
    before = page.evaluate(TICKS)
    plot.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(TICKS_DIFFER, arg=before)
    assert all(text.endswith("%") for text in page.evaluate(TICKS))
    plot.get_by_role("button", name="fit", exact=True).click()
    page.wait_for_function(TICKS_ARE, arg=before)
    assert wrong == []


TICKS = """
[...document.querySelectorAll('#trends .plot:first-child .vega .role-axis-label text')].map(t => t.textContent).sort()
"""
TICKS_DIFFER = f"before => ({TICKS}).join() !== before.join()"
TICKS_ARE = f"before => ({TICKS}).join() === before.join()"


def test_the_filter_acts_on_the_charts(opened: Opened, address: str) -> None:
    page, wrong = opened
    page.goto(address)
    draw(page, 3)
    shown = "document.querySelector('#trends .plot').querySelectorAll('.vega [aria-roledescription=point]').length"
    assert page.evaluate(shown) == 30
    page.fill("#filter [name=model]", "ViT-B-7/")
    wait_for_filter(page, "model=ViT-B-7%2F")
    page.wait_for_function(f"{shown} === 1")
    page.locator("#filter [type=reset]").click()
    page.wait_for_function(f"{shown} === 30")
    assert wrong == []


def test_charts_without_a_unit_have_bare_ticks(opened: Opened, address_of: Address) -> None:
    page, wrong = opened
    page.goto(address_of(protocol_run()))
    draw(page, 2)
    texts = [set(plot.inner_text().split("\n")) for plot in page.locator("#trends .plot .vega").all()]
    likelihood = next(said for said in texts if "nll on imagenet-val" in said)
    detection = next(said for said in texts if "top1 on imagenet-val" in said)
    assert {"1.5", "2"} <= likelihood
    assert {"0.85", "0.9", "60%"} <= detection
    assert not any(text.endswith("%") for text in likelihood)
    assert wrong == []


def test_a_training_run_is_drawn_as_one_way(opened: Opened, address_of: Address) -> None:
    page, wrong = opened
    page.goto(address_of(_training()))
    draw(page, 2)
    assert page.locator("#trends .plot").first.locator(".vega .mark-line path").count() >= 3
    assert page.locator("#trends .legend .run").count() == 2
    assert wrong == []


@cache
def _training() -> RunRecord:
    return training_run()


# --- filter, order, groups ----------------------------------------------------------------------


def test_the_filter_lives_in_the_address(opened: Opened, address: str) -> None:
    page, wrong = opened
    page.goto(f"{address}#status=error")
    wait_for_filter(page, "status=error")
    assert page.locator(".card:visible").count() == 1
    assert page.locator(".grid tbody tr:visible").count() == 1
    page.locator("#filter [type=reset]").click()
    wait_for_filter(page, "")
    assert "status" not in page.evaluate("location.hash")
    assert page.locator(".grid tbody tr:visible").count() == 30
    page.check("#filter [value=known]", force=True)
    wait_for_filter(page, "status=known")
    assert page.locator(".grid tbody tr:visible").count() == 1
    page.uncheck("#filter [value=known]", force=True)
    page.fill("#filter [name=q]", "shift-1")
    wait_for_filter(page, "q=shift-1")
    assert "q=shift-1" in page.evaluate("location.hash")
    assert page.locator(".grid thead th[data-key]:visible").count() == 1
    assert wrong == []


def test_a_heading_sorts_the_margins(opened: Opened, address: str) -> None:
    page, _ = opened
    page.goto(address)
    page.locator(".grid th[data-sort='0'] button").click()
    values = "[...document.querySelectorAll('.grid tbody tr')].map(r => Number(r.cells[1].dataset.v))"
    assert page.evaluate(values) == sorted(page.evaluate(values))
    assert "sort=0" in page.evaluate("location.hash")
    page.locator(".grid th[data-sort='0'] button").click()
    assert page.evaluate(values) == sorted(page.evaluate(values), reverse=True)
    page.locator(".grid th[data-sort='name'] button").click()
    names = page.evaluate("[...document.querySelectorAll('.grid tbody tr')].slice(0, 3).map(r => r.dataset.m)")
    assert names == ["ViT-B-0/run0_s13b", "ViT-B-1/run1_s13b", "ViT-B-2/run2_s13b"]


def test_models_are_grouped_by_a_facet(opened: Opened, address: str) -> None:
    page, wrong = opened
    page.goto(f"{address}#group=source")
    wait_for_filter(page, "group=source")
    headings = page.locator(".grid .rowgroup").all_inner_texts()
    assert sorted(text.split()[1] for text in headings) == ["datacomp", "laion", "wit"]
    page.select_option("#filter [name=group]", "")
    wait_for_filter(page, "")
    assert page.locator(".grid .rowgroup").count() == 0
    assert wrong == []


def test_the_filter_finds_claims_by_their_groups(opened: Opened, address_of: Address) -> None:
    page, wrong = opened
    page.goto(address_of(_claims()))
    assert page.locator(".claims tr[data-key]:visible").count() == 4
    page.fill("#filter [name=model]", "webli")
    wait_for_filter(page, "model=webli")
    assert page.locator(".claims tr[data-key]:visible").count() == 1
    assert page.locator(".claims .claim:visible").count() == 1
    assert page.locator("#filter output").inner_text() == "1 of 6"
    page.locator("#filter [type=reset]").click()
    wait_for_filter(page, "")
    page.evaluate("document.querySelector('#claims .plot').scrollIntoView()")
    page.wait_for_function("document.querySelectorAll('#claims .plot.drawn').length === 1")
    assert wrong == []


@cache
def _claims() -> RunRecord:
    return claims_run()


# --- a hundred models and fifty checks ----------------------------------------------------------


@cache
def _large() -> RunRecord:
    run = made_up_run(119, 50)
    long = "a-very-long-name-of-a-model-" * 8
    first = replace(run.results[0].model, id=long[:200])
    results = tuple(
        replace(result, model=first) if result.model.id == run.results[0].model.id else result for result in run.results
    )
    return replace(run, results=results)


def test_a_large_grid_fits_the_screen(opened: Opened, address_of: Address) -> None:
    page, wrong = opened
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(address_of(_large()))
    frame = page.evaluate("(f => [f.scrollWidth, f.clientWidth])(document.querySelector('.scroll:has(.grid)'))")
    assert frame[0] <= frame[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert page.locator(".grid tbody td:visible").count() == 119 * 50
    modes = "new Set([...document.querySelectorAll('.grid th *')].map(e => getComputedStyle(e).writingMode))"
    assert page.evaluate(f"[...{modes}]") == ["horizontal-tb"]
    # The longest name is cut, and stands whole in its title.
    name = page.locator(".grid tbody th[title^=a-very-long]")
    assert name.bounding_box()["width"] < 460
    # A group of columns gives its numbers where it is widened.
    page.locator(".grid .groups button").first.click()
    assert page.locator(".grid .groups button").first.get_attribute("aria-expanded") == "true"
    assert page.locator(".grid th.wide span:visible").count() >= 50
    assert wrong == []


def test_the_numbers_of_narrow_columns_stand_again_on_paper(opened: Opened, address_of: Address) -> None:
    page, wrong = opened
    page.goto(address_of(_large()))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    rows = page.locator(".grid .again")
    assert rows.count() == 4
    assert rows.last.locator("th").all_text_contents() == ["", *(str(number) for number in range(1, 51))]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert rows.count() == 0
    assert wrong == []


def test_a_large_page_fits_a_phone(opened: Opened, address_of: Address) -> None:
    page, wrong = opened
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address_of(_large()))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    names = "[...document.querySelectorAll('.reason .dotplot .name')]"
    assert page.evaluate(f"{names}.length")
    assert page.evaluate(f"{names}.every(name => name.scrollWidth <= name.clientWidth)")
    box = page.locator(".grid td.fail").first
    assert float(box.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) >= 11
    assert "shift-on-trend[" in box.evaluate("e => getComputedStyle(e, '::after').content")
    assert wrong == []


def test_labels_of_a_chart_fit_a_phone(opened: Opened, address_of: Address) -> None:
    run = made_up_run(3, 1)
    names = {result.model.id: f"{result.model.id}-with-a-name-as-long-as-of-laion" for result in run.results}
    results = tuple(replace(result, model=replace(result.model, id=names[result.model.id])) for result in run.results)
    page, wrong = opened
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address_of(replace(run, results=results)))
    draw(page, 1)
    frame = page.locator("#trends .vega svg .background").first.bounding_box()
    labels = [one.bounding_box() for one in page.locator("#trends .vega svg text", has_text="ViT").all()]
    assert labels
    for box in labels:
        assert frame["x"] <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    assert wrong == []


# --- details, links -----------------------------------------------------------------------------


def test_a_box_opens_its_details_by_mouse_and_keyboard(opened: Opened, address: str) -> None:
    page, wrong = opened
    page.goto(address)
    page.locator(".grid td.pass").first.click()
    detail = page.locator("#detail")
    detail.wait_for()
    text = detail.inner_text()
    assert "shift-on-trend[" in text
    assert 'pytest "suites/natural_shifts.robust.yaml::shift-on-trend[' in text
    page.keyboard.press("Escape")
    assert not detail.is_visible()
    focused = "[document.activeElement.tagName, document.activeElement.cellIndex]"
    assert page.evaluate(focused)[0] == "TD"
    column = page.evaluate(focused)[1]
    page.keyboard.press("ArrowRight" if column == 1 else "ArrowLeft")
    assert abs(page.evaluate(focused)[1] - column) == 1
    page.keyboard.press("Enter")
    detail.wait_for()
    assert wrong == []


@pytest.mark.parametrize("where", ["#reasons", "#cards", "#detail"])
def test_the_command_that_judges_again_can_be_copied(where: str, opened: Opened, address: str) -> None:
    page, wrong = opened
    # What a page may write to depends on the browser's settings.
    page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.kept = text; }}})"
    )
    page.goto(address)
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    if where == "#detail":
        page.locator(".grid td.fail").first.click()
    page.locator(f"{where} .copy").first.click()
    page.locator(f"{where} .copy", has_text="copied").wait_for()
    assert page.evaluate("window.kept") in {result.rerun for result in odd_run().results}
    assert wrong == []


def test_all_results_are_listed_when_asked_for(opened: Opened, address: str) -> None:
    page, wrong = opened
    page.goto(address)
    assert page.locator("#all table").count() == 0
    page.locator("#all > summary").click()
    page.locator("#all table").wait_for()
    assert page.locator("#all tbody tr[class]").count() == len(odd_run().results)
    assert wrong == []


def test_a_link_unfolds_its_card(opened: Opened, address_of: Address) -> None:
    page, _ = opened
    page.goto(address_of(_unsure()))
    assert page.locator(".card > details[open]").count() == 0
    page.locator(".reason .share a").first.click()
    assert page.locator(".card > details[open] .rerun").count() == 1
    assert "at=r" in page.evaluate("location.hash")


@cache
def _unsure() -> RunRecord:
    run = made_up_run(6, 1)
    return replace(run, results=tuple(replace(r, verdict=replace(r.verdict, status="unsure")) for r in run.results))


def test_a_skip_leads_to_what_is_missing(opened: Opened, address: str) -> None:
    page, _ = opened
    page.goto(address)
    page.locator(".tiles .skip a").click()
    assert page.locator("#missing > details[open] .missing > li").count() == 1


def test_the_theme_switches(opened: Opened, address: str) -> None:
    page, _ = opened
    page.goto(address)
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.locator("#theme").click()
    page.wait_for_function("before => document.documentElement.dataset.theme !== before", arg=theme)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
