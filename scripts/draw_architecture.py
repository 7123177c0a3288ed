"""Draw how robustcheck's parts fit, as a picture for docs/architecture.md.

    python scripts/draw_architecture.py            # writes docs/images/architecture.svg

The picture says what docs/architecture.md says; change both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "architecture.svg"
WIDTH, HEIGHT = 1200, 690
STYLE = """
  svg {
    --page: #f8f7f4; --paper: #ffffff; --ink: #1d1c1a; --soft: #65615b; --rule: #c9c4bb;
    --pure: #3f63c4; --slow: #b45309; --kept: #17825a;
  }
  @media (prefers-color-scheme: dark) {
    svg {
      --page: #131417; --paper: #1b1d21; --ink: #eceae6; --soft: #a6a39d; --rule: #4a4e55;
      --pure: #86a5ff; --slow: #f0a35e; --kept: #4fc58f;
    }
  }
  text { font: 14px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--ink); text-anchor: middle; }
  .name { font-weight: 650; font-size: 16px; }
  .said, .flow { fill: var(--soft); font-size: 12.5px; }
  .flow { font-style: italic; }
  .head { text-anchor: start; font-weight: 650; font-size: 15px; }
  .key { text-anchor: start; font-size: 13px; fill: var(--soft); }
  rect { fill: var(--paper); stroke: var(--rule); stroke-width: 1.5; }
  .page { fill: var(--page); stroke: none; }
  .panel { fill: none; stroke-dasharray: 5 5; }
  .pure { stroke: var(--pure); stroke-width: 2; }
  .slow { stroke: var(--slow); stroke-width: 2; }
  .kept { stroke: var(--kept); stroke-width: 2; }
  path { fill: none; stroke: var(--soft); stroke-width: 1.6; }
  .tip { fill: var(--soft); stroke: none; }
"""


@dataclass(frozen=True)
class Box:
    """A box with a name and lines below it; ``sort`` is its colour: pure, slow, kept or plain."""

    x: int
    y: int
    width: int
    height: int
    name: str
    lines: tuple[str, ...] = ()
    sort: str = "plain"

    @property
    def svg(self) -> str:
        middle = self.x + self.width // 2
        top = self.y + self.height // 2 - 9 * len(self.lines) + 5
        texts = [text(middle, top, self.name, "name")]
        texts += [text(middle, top + 20 + 17 * place, line, "said") for place, line in enumerate(self.lines)]
        place = f'x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}"'
        return "\n".join([f'<rect class="{self.sort}" {place} rx="8"/>', *texts])


def text(x: int, y: int, words: str, sort: str) -> str:
    """Write words at a place."""
    return f'<text class="{sort}" x="{x}" y="{y}">{escape(words)}</text>'


def arrow(*points: tuple[int, int], flow: str = "", above: bool = True) -> str:
    """Draw a line through points with a tip at its end, and say what flows along its first stretch."""
    line = " L ".join(f"{x} {y}" for x, y in points)
    (x0, y0), (x1, y1) = points[-2:]
    dx, dy = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
    corners = ((x1, y1), (x1 - 9 * dx - 5 * dy, y1 - 9 * dy - 5 * dx), (x1 - 9 * dx + 5 * dy, y1 - 9 * dy + 5 * dx))
    drawn = [f'<path d="M {line}"/>', f'<path class="tip" d="M {" L ".join(f"{x} {y}" for x, y in corners)} Z"/>']
    (xa, ya), (xb, _) = points[:2]
    return "\n".join([*drawn, *([text((xa + xb) // 2, ya - 8 if above else ya + 18, flow, "flow")] if flow else [])])


STAGES = (
    Box(40, 62, 120, 74, "suite", ("*.robust.yaml",)),
    Box(225, 62, 130, 74, "spec", ("text to values,", "every mistake"), "pure"),
    Box(430, 62, 130, 74, "plan", ("models x checks,", "their cells"), "pure"),
    Box(635, 62, 130, 74, "measure", ("runs models,", "keeps results"), "slow"),
    Box(840, 62, 130, 74, "judge", ("numbers", "to verdicts"), "pure"),
    Box(1035, 62, 125, 74, "report", ("HTML, run.json,", "summary"), "pure"),
)
FLOWS = ("text", "Suite", "cells", "Scores", "Verdicts")
BESIDE = (
    Box(820, 172, 165, 56, "populations", ("published figures",), "kept"),
    Box(1015, 172, 165, 56, "history", ("baselines, changes",), "kept"),
)
INPUTS = (
    Box(60, 312, 180, 72, "data set", ("images, labels, groups,", "fingerprint")),
    Box(60, 394, 180, 72, "transform", ("clean or corrupted",)),
    Box(60, 476, 180, 72, "model", ("geometry, normalisation,", "capabilities")),
    Box(60, 558, 180, 72, "prompts", ("templates, class names",)),
)
PARTS = (
    Box(360, 346, 200, 84, "Outputs", ("what a reading takes off", "a model for each image"), "slow"),
    Box(360, 534, 200, 84, "Head", ("what turns outputs", "into logits"), "slow"),
    Box(660, 424, 190, 100, "Derived", ("a summary, ranks,", "a fitted temperature:", "arithmetic on parts"), "pure"),
    Box(950, 424, 200, 100, "Score", ("a metric's value per sample,", "its statistic:", "value, interval, n"), "pure"),
)
STORE = Box(950, 306, 200, 78, "store", ("every part, under a key of", "all that can change it"), "kept")
ENGINES = Box(660, 306, 190, 78, "jobs → engine", ("one process, or the", "workers of pytest -n"), "slow")


def draw() -> str:
    """Return the picture as SVG."""
    steps = [
        arrow((a.x + a.width, 99), (b.x, 99), flow=flow)
        for a, b, flow in zip(STAGES[:-1], STAGES[1:], FLOWS, strict=True)
    ]
    drawn = [
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>',
        text(40, 36, "The stages: run/session composes them; only plugin knows pytest", "head"),
        *steps,
        *(box.svg for box in (*STAGES, *BESIDE)),
        arrow((902, 172), (902, 136)),
        arrow((1097, 136), (1097, 172)),
        arrow((1015, 200), (1000, 200), (1000, 154), (940, 154), (940, 136)),
        '<rect class="panel" x="36" y="256" width="1134" height="386" rx="10"/>',
        '<path d="M 700 136 L 700 256"/>',
        text(60, 286, "Inside measure: a graph of stored parts, each read, or else made and written", "head"),
        *(box.svg for box in (*INPUTS, *PARTS, STORE, ENGINES)),
        arrow((240, 348), (300, 348), (300, 372), (360, 372)),
        arrow((240, 430), (300, 430), (300, 402), (360, 402)),
        arrow((240, 511), (320, 511), (320, 418), (360, 418)),
        arrow((240, 520), (320, 520), (320, 560), (360, 560)),
        arrow((240, 594), (360, 594)),
        arrow((560, 400), (610, 400), (610, 460), (660, 460)),
        arrow((560, 576), (610, 576), (610, 492), (660, 492)),
        arrow((850, 474), (950, 474)),
        arrow((660, 345), (600, 345), (600, 372), (560, 372)),
        arrow((850, 345), (950, 345)),
        *legend(),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">'
    title = "<title>How robustcheck's parts fit: the stages from suite to report, and the parts inside measure</title>"
    return "\n".join(
        [head, title.replace("<title>", '<title id="title">'), f"<style>{STYLE}</style>", *drawn, "</svg>\n"]
    )


def legend() -> list[str]:
    """Say what the colours mean."""
    said = {"pure": "pure: no model, no image", "slow": "slow: decodes images, runs models", "kept": "kept on disk"}
    drawn = []
    for x, (sort, words) in zip((60, 330, 660), said.items(), strict=True):
        drawn += [
            f'<rect class="{sort}" x="{x}" y="657" width="22" height="14" rx="3"/>',
            text(x + 32, 669, words, "key"),
        ]
    return drawn


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
