"""Results that carry pictures of every kind, and images."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

from PIL import Image

from robustcheck.history.past import past_of
from robustcheck.values import Drawn, Picture, RunRecord, Thumbnail, Trace

RELIABILITY = Picture(
    "reliability",
    "Reliability before and after temperature scaling",
    "confidence",
    "accuracy",
    (
        Trace("before", (0.25, 0.75), (0.15, 0.5), (100, 400)),
        Trace("after", (0.2, 0.6), (0.2, 0.6), (300, 200)),
    ),
)
ROC = Picture(
    "roc", "ROC on ninco", "false positives", "true positives",
    (Trace("msp", (0.0, 0.1, 1.0), (0.0, 0.8, 1.0)),), (0.1, 0.8),
)  # fmt: skip
HISTOGRAM = Picture(
    "histogram", "Scores on ninco", "score", "share",
    (Trace("in distribution", (0.0, 1.0, 2.0), (0.25, 0.75)), Trace("outside", (0.0, 1.0, 2.0), (0.9, 0.1))),
    (1.0, 0.0),
)  # fmt: skip
BARS = Picture(
    "bars", "Worst classes", "accuracy", "", (Trace("", (), (0.25, 0.5), (8, 4), ("cat", "dog")),), (0.6, 0.0)
)
SAID = "12 of 100 images are answered wrongly."


def jpeg(side: int = 8) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (90, 120, 60)).save(buffer, "JPEG")
    return base64.b64encode(buffer.getvalue()).decode()


IMAGES = (
    Thumbnail("3.png", "cat", "dog", 0.93, jpeg(), before="cat", is_new=True),
    Thumbnail("4.png", "cat", "dog", None, ""),
)
DRAWN = Drawn((RELIABILITY, ROC, HISTOGRAM, BARS), IMAGES, SAID)


def with_pictures(run: RunRecord) -> RunRecord:
    """Let the first result fail, the others pass, all of them with pictures; the run had another before it."""
    first, *others = (replace(result, drawn=DRAWN) for result in run.results)
    first = replace(first, verdict=replace(first.verdict, status="fail"))
    rest = [replace(result, verdict=replace(result.verdict, status="pass")) for result in others]
    results = (first, *rest)
    return replace(run, results=results, past=past_of(replace(run, id="20261101-050000"), results))
