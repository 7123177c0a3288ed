"""The report as one self-contained HTML page: templates, style, scripts and data in a single file."""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from robustcheck.report import svg, words
from robustcheck.report.page import chart_page, page
from robustcheck.values import RunRecord


def render_html(run: RunRecord) -> str:
    """Render the report of a run."""
    shown = page(run)
    charts = json.dumps(chart_page(shown.plots), separators=(",", ":"), allow_nan=False)
    texts = {"page": shown, "run": run, "charts": packed(charts.encode()), "vega": _vega() if shown.plots else ""}
    return _environment().get_template("report.html.j2").render(texts)


def packed(content: bytes) -> str:
    """Pack data for the page's script: a third of the size, and no text in it can end its <script> element."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def _vega() -> str:
    return base64.b64encode((files("robustcheck.report") / "static" / "vega.js.gz").read_bytes()).decode()


def static_text(name: str) -> str:
    """Return a style sheet or script that ships with the package."""
    return (files("robustcheck.report") / "static" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("robustcheck.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "css": Markup(static_text("report.css")),
        "script": Markup(static_text("report.js")),
        "svg": svg,
        "words": words,
    }
    return environment
