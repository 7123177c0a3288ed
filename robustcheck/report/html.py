"""The report as one self-contained HTML page: templates, style, scripts and data in a single file."""

from __future__ import annotations

import base64
import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from robustcheck.records import RunRecord
from robustcheck.report import svg, words
from robustcheck.report.page import chart_page, page


def render_html(run: RunRecord) -> str:
    """Render the report of a run."""
    shown = page(run)
    charts = chart_page(shown.plots)
    script = _vega() if shown.plots else ""
    return _environment().get_template("report.html.j2").render(page=shown, run=run, charts=charts, vega=script)


def _vega() -> str:
    """Return the chart script, still packed: unpacked it would be a third of the page's allowance."""
    return base64.b64encode((files("robustcheck.report") / "static" / "vega.js.gz").read_bytes()).decode()


def json_in_script(value: Any) -> Markup:
    """Write JSON that no text in it can break out of a <script> element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


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
    environment.filters |= {"json_in_script": json_in_script}
    return environment
