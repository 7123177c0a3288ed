"""The report as one self-contained HTML page: templates, style, scripts and data in a single file."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from robustcheck.report import missing, reasons, svg, words
from robustcheck.report.causes import Cause
from robustcheck.report.packing import packed_results
from robustcheck.report.page import FIRST_PLOTS, chart_page, page
from robustcheck.values import RunRecord

# In the order in which they are read: the later ones use what the earlier ones name.
_SCRIPTS = ("page.js", "filter.js", "grid.js", "results.js", "parquet.js", "download.js", "plots.js", "start.js")
_STYLES = ("base.css", "answer.css", "grid.css", "plots.css", "results.css", "small.css", "print.css")


def render_html(run: RunRecord, found: Sequence[Cause] | None = None) -> str:
    """Render the report of a run; ``found`` are its causes, where they are known already."""
    shown = page(run, found)
    texts = {
        "page": shown,
        "run": run,
        "results": _packed_json(packed_results(run, shown.places)),
        "charts": _packed_json(chart_page(shown.plots)),
        "vega": _vega() if shown.plots else "",
        "first_plots": FIRST_PLOTS,
    }
    return _environment().get_template("report.html.j2").render(texts)


def packed(content: bytes) -> str:
    """Pack data for the page's script: a third of the size, and no text in it can end its <script> element."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def _packed_json(data: Any) -> str:
    return packed(json.dumps(data, separators=(",", ":"), allow_nan=False).encode())


def _vega() -> str:
    return base64.b64encode((files("robustcheck.report") / "static" / "vega.js.gz").read_bytes()).decode()


def _script() -> str:
    """Join the scripts in one function, so that they add no global names to the page."""
    return f'(() => {{\n"use strict";\n{"".join(map(static_text, _SCRIPTS))}}})();'


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
        "css": Markup("\n".join(map(static_text, _STYLES))),
        "script": Markup(_script()),
        "missing": missing,
        "reasons": reasons,
        "svg": svg,
        "words": words,
    }
    return environment
