"""Take the pictures of the README from a real run of the quickstart suite, and others to look at.

    python scripts/screenshots.py                      docs/images/report.png and heatmap.png
    python scripts/screenshots.py --look DIRECTORY     light, dark, phone, desktop and paper of the same run
    python scripts/screenshots.py --look DIRECTORY REPORT ...     the same of reports that are there
    python scripts/screenshots.py --look DIRECTORY --runs         the same of a failing candidate, a training run, many
                                                                  models under fifty checks, and claims: picture_runs.py

Needs playwright and Chromium. The page is shown as a reader sees it, so every picture waits for its charts.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from picture_runs import RUNS

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SUITE = "suites/quickstart.robust.yaml"
# What a reader of the README sees: the first screen, and the grid.
SHOTS = {"report.png": "top", "heatmap.png": "#margins"}
LOOKS = {
    "light": {"width": 1440, "height": 900},
    "dark": {"width": 1440, "height": 900, "scheme": "dark"},
    "phone": {"width": 390, "height": 844},
    "phone-dark": {"width": 390, "height": 844, "scheme": "dark"},
}
PATIENCE_MS = 180_000
UNFOLD = "for (const fold of document.querySelectorAll('.card details, #passed details')) fold.open = true"
DRAWN = """
[...document.querySelectorAll('.plot[data-c]')].every(plot => {
    const box = plot.getBoundingClientRect();
    const isSeen = plot.checkVisibility({ contentVisibilityAuto: true }) && box.bottom >= 0 && box.top <= innerHeight;
    return !isSeen || plot.classList.contains('drawn');
})
"""


def main() -> None:
    """Run the suite where no report is named, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="*", type=Path, help="index.html of a report, or its directory")
    parser.add_argument("--look", type=Path, help="write pictures of the whole page in every form to this directory")
    parser.add_argument("--runs", nargs="*", choices=RUNS, help="make these runs first; without a name all of them")
    arguments = parser.parse_args()
    if arguments.runs is not None:
        place = arguments.look / "runs"
        place.mkdir(parents=True, exist_ok=True)
        arguments.reports += [RUNS[name](place) for name in arguments.runs or RUNS]
    with tempfile.TemporaryDirectory() as directory:
        pages = [_page(report) for report in arguments.reports] or [run_quickstart(Path(directory))]
        with chromium() as browser:
            if arguments.look is None:
                take_readme_pictures(browser, pages[0])
                return
            for place, page in enumerate(pages):
                look_at(browser, page, arguments.look / f"{place}-{page.parent.name}")


def run_quickstart(directory: Path) -> Path:
    """Measure and judge the quickstart suite twice, so that the page has an earlier run; return the page."""
    command = [sys.executable, "-m", "pytest", SUITE, "-q", "-p", "no:cacheprovider", f"--robust-report={directory}"]
    for _ in range(2):
        # A red run is a report like any other.
        subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    return _page(max(directory.iterdir()))


@contextmanager
def chromium() -> Iterator[Any]:
    """Start a browser."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def take_readme_pictures(browser: Any, page: Path) -> None:
    """Write the pictures that the README shows."""
    shown = open_page(browser, page, width=1280, height=1000)
    for name, part in SHOTS.items():
        target = IMAGES / name
        if part == "top":
            shown.screenshot(path=target)
        else:
            shown.locator(part).first.screenshot(path=target)
        print(f"{target}: {target.stat().st_size:,} bytes")


def look_at(browser: Any, page: Path, stem: Path) -> None:
    """Write the page in every form that people read it in."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    for name, form in LOOKS.items():
        shown = open_page(browser, page, **form)
        shown.evaluate(UNFOLD)
        _scroll_through(shown)
        shown.screenshot(path=f"{stem}-{name}.png", full_page=True)
        shown.close()
    paper = open_page(browser, page, width=1280, height=900)
    paper.pdf(path=f"{stem}-paper.pdf", format="A4")
    paper.close()
    print(f"{stem}-*: {', '.join([*LOOKS, 'paper'])}")


def open_page(browser: Any, page: Path, width: int, height: int, scheme: str = "light") -> Any:
    """Open a report and wait for the charts on its first screen."""
    shown = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    shown.set_default_timeout(PATIENCE_MS)
    shown.goto(page.resolve().as_uri())
    shown.wait_for_function("document.getElementById('filter').dataset.applied !== undefined")
    shown.wait_for_function(DRAWN)
    return shown


def _scroll_through(shown: Any) -> None:
    height = shown.evaluate("document.body.scrollHeight")
    step = shown.viewport_size["height"]
    for top in range(0, height, step):
        shown.evaluate("top => scrollTo(0, top)", top)
        shown.wait_for_function(DRAWN)
    shown.evaluate("scrollTo(0, 0)")


def _page(report: Path) -> Path:
    return report / "index.html" if report.is_dir() else report


if __name__ == "__main__":
    main()
