"""A browser for the tests of the page; without Chromium or playwright they are skipped and say so."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from robustcheck.report import write_report
from robustcheck.values import RunRecord

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# No test is about speed: on a machine under load a browser may take its time.
PATIENCE_MS = 180_000


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Start one browser for all tests of the page."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=PATIENCE_MS)
        yield browser
        browser.close()


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


@pytest.fixture(scope="package")
def address_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[RunRecord], str]:
    """Write the report of a run and return its address; a run that was written before is not written again."""
    written: dict[int, tuple[RunRecord, str]] = {}

    def address(run: RunRecord) -> str:
        if id(run) not in written:
            page = write_report(run, tmp_path_factory.mktemp("report"))
            written[id(run)] = (run, Path(page).as_uri())
        return written[id(run)][1]

    return address
