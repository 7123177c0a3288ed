"""The page in a real browser: it draws, filters and sorts without an error or a request."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_claims import claims_run
from report_fixtures import made_up_run, with_odd_outcomes
from report_protocols import protocol_run

from robustcheck.report import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


# No test is about speed: on a machine under load a browser may take its time.
PATIENCE_MS = 180_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start one browser for the tests of this file."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write a report of 30 models with three trends; return its address."""
    return Path(write_report(with_odd_outcomes(made_up_run(30, 3)), tmp_path_factory.mktemp("report"))).as_uri()


@pytest.fixture
def opened(browser: Any) -> Iterator[tuple[Any, list[str]]]:
    """Open an empty page that shares nothing with the other tests; yield it and what goes wrong or over the network."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url))
    yield page, wrong
    page.close()


def wait_for_filter(page: Any, filters: str) -> None:
    """Wait until the page shows the results of `filters`, written as in the address."""
    page.wait_for_function("filters => document.getElementById('filter').dataset.applied === filters", arg=filters)


def test_charts_are_drawn_without_error_or_request(opened: tuple[Any, list[str]], address: str) -> None:
    page, wrong = opened
    page.goto(address)
    page.evaluate("document.getElementById('trends').scrollIntoView()")
    page.wait_for_function("document.querySelectorAll('.plot.drawn').length === 3")
    assert page.locator(".plot.drawn .vega svg").count() == 3
    assert wrong == []


def test_the_filter_lives_in_the_address(opened: tuple[Any, list[str]], address: str) -> None:
    page, wrong = opened
    page.goto(f"{address}#status=error")
    wait_for_filter(page, "status=error")
    assert page.locator(".card:visible").count() == 1
    assert page.locator(".heat tbody tr:visible").count() == 1
    page.locator("#filter [type=reset]").click()
    wait_for_filter(page, "")
    assert "status" not in page.evaluate("location.hash")
    assert page.locator(".heat tbody tr:visible").count() == 30
    page.check("#filter [value=known]", force=True)
    wait_for_filter(page, "status=known")
    assert page.locator(".heat tbody tr:visible").count() == 1
    page.uncheck("#filter [value=known]", force=True)
    page.fill("#filter [name=q]", "shift-1")
    wait_for_filter(page, "q=shift-1")
    assert "q=shift-1" in page.evaluate("location.hash")
    assert wrong == []


def test_a_heading_sorts_the_margins(opened: tuple[Any, list[str]], address: str) -> None:
    page, _ = opened
    page.goto(address)
    page.locator(".heat th[data-sort='0']").click()
    values = page.evaluate("[...document.querySelectorAll('.heat tbody tr')].map(r => Number(r.cells[1].dataset.v))")
    assert values == sorted(values)


def test_the_theme_switches(opened: tuple[Any, list[str]], address: str) -> None:
    page, _ = opened
    page.goto(address)
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.locator("#theme").click()
    page.wait_for_function("before => document.documentElement.dataset.theme !== before", arg=theme)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_the_filter_finds_claims_by_their_groups(opened: tuple[Any, list[str]], tmp_path: Path) -> None:
    page, wrong = opened
    page.goto(Path(write_report(claims_run(), tmp_path / "report")).as_uri())
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


def test_a_link_unfolds_its_card(opened: tuple[Any, list[str]], tmp_path: Path) -> None:
    page, _ = opened
    run = made_up_run(6, 1)
    unsure = tuple(replace(result, verdict=replace(result.verdict, status="unsure")) for result in run.results)
    page.goto(Path(write_report(replace(run, results=unsure), tmp_path / "report")).as_uri())
    assert page.locator(".card > details[open]").count() == 0
    page.locator(".heat td a").first.click()
    assert page.locator(".card > details[open] .rerun").count() == 1


def test_charts_without_a_unit_have_bare_ticks(tmp_path: Path, opened: tuple[Any, list[str]]) -> None:
    page, wrong = opened
    page.goto(Path(write_report(protocol_run(), tmp_path / "report")).as_uri())
    page.wait_for_function("document.querySelectorAll('.plot.drawn').length === 2")
    likelihood, detection = (plot.inner_text().split("\n") for plot in page.locator(".plot .vega").all())
    assert {"1.5", "2", "nll on imagenet-val"} <= set(likelihood)
    assert {"0.85", "0.9", "60%", "top1 on imagenet-val"} <= set(detection)
    assert not any(text.endswith("%") for text in likelihood)
    assert wrong == []
