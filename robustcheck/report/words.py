"""How numbers, statuses and commands are written for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from markupsafe import Markup, escape

from robustcheck.listing import counted
from robustcheck.numerals import write_difference, write_signed, write_value
from robustcheck.values import Change, Pairs, Result, Score, Status, Verdict

MINUS = "\N{MINUS SIGN}"
# A status, or a pass that a known deviation let through: one of the things a mark can mean.
Kind = Literal["pass", "warn", "fail", "unsure", "error", "skip", "known"]
_MACHINERY = frozenset(
    {"weights", "dataset", "images", "precision", "open_clip_torch", "timm", "torch", "torchvision", "pillow", "numpy"}
)
# Scripts that are written from right to left, and marks that turn the direction of writing.
_TURNS = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u200f\u202a-\u202e\u2066-\u2069"
_TURNING = re.compile(f"[{_TURNS}]")
_TURNED_NAME = rf"[^\s,;:()]*[{_TURNS}][^\s,;:()]*"
_TURNED = re.compile(rf"({_TURNED_NAME}(?:\s+{_TURNED_NAME})*)")
UNSURE = (
    "Unsure means that the interval straddles the limit: with this many images the figure may lie on either "
    "side. It is neither a pass nor a failure; more images, or a wider limit, would settle it."
)


@dataclass(frozen=True, slots=True)
class StatusWords:
    """A status, or a known deviation, as the report names, draws and counts it."""

    status: Kind
    label: str
    glyph: str
    shape: str


_SHOWN: tuple[tuple[Status, str, str, str], ...] = (
    ("fail", "failed", "▼", "triangle-down"),
    ("error", "errors", "✕", "cross"),
    ("unsure", "unsure", "◆", "diamond"),
    ("warn", "warned", "■", "square"),
    ("pass", "passed", "●", "circle"),
    ("skip", "skipped", "○", "stroke"),
)
WORDS: dict[Status, StatusWords] = {status: StatusWords(status, *rest) for status, *rest in _SHOWN}
KNOWN = StatusWords("known", "known deviations", "◌", "circle")
KINDS: dict[Kind, StatusWords] = {
    **{status: WORDS[status] for status in WORDS if status not in ("pass", "skip")},
    "known": KNOWN,
    "pass": WORDS["pass"],
    "skip": WORDS["skip"],
}


def kind_of(verdict: Verdict) -> Kind:
    """Return how a verdict is drawn: by its status, unless a known deviation let it pass."""
    return "known" if verdict.excused else verdict.status


def counted_kind(kind: Kind, number: int) -> str:
    """Write how many there are of a kind: ``36 passed``, ``1 known deviation``, ``1 error``."""
    return f"{number:,} {label_of(kind, number)}"


def label_of(kind: Kind, number: int) -> str:
    """Return the word for so many of a kind: ``errors`` and ``known deviations`` are nouns, and one of them is one."""
    label = KINDS[kind].label
    return label.removesuffix("s") if number == 1 else label


def case_of(result: Result) -> str:
    """Return the ``for_each`` case of a result's check, empty when it has none."""
    return result.check_key.removeprefix(result.check_id).strip("[]")


def judged_model(result: Result) -> str:
    """Return the id of the model that was judged, or the groups in words."""
    return result.model.text if result.is_about_groups else result.model.id


def measured(result: Result) -> str:
    """Say what a result's check measures: ``top1 on imagenet-a``; nothing where an old record does not tell."""
    quantity = result.score.cell.quantity if result.score else result.quantity
    return quantity.label if quantity else ""


def name_parts(model: str) -> tuple[str, str]:
    """Split the id of a model into its architecture and its weights: the part after an @, else after a slash."""
    name, _, weights = model.partition("@" if "@" in model else "/")
    return name, weights


def finding(result: Result) -> str:
    """Write what was found of a claim: ``fails``, and what was expected where the suite says so."""
    found, expected = result.finding or "\N{EN DASH}", result.expect_finding
    if not expected:
        return found
    return f"{found}, as expected" if found == expected else f"{found}; expected: {expected}"


def is_to_hold(result: Result) -> bool:
    """Tell whether the side beyond the limit is the bad one: not where a claim is expected to fail or stay open."""
    return result.expect_finding in ("", "holds")


def is_extrapolated(verdict: Verdict) -> bool:
    """Tell whether a verdict rests on a line beyond the models that it was drawn through; its notes say so."""
    return any(note.startswith("extrapolated") for note in verdict.notes)


def sampled(verdict: Verdict) -> str:
    """Write how many models, or matched pairs of them, a claim was judged on."""
    if verdict.n is None:
        return "\N{EN DASH}"
    return counted(verdict.n, "pair" if "pairs" in dict(verdict.facts) else "model")


def moved(change: Change) -> str:
    """Write the values of a change: ``61.0% → 57.5%``, or nothing where either run has none."""
    if change.value_before is None or change.value_after is None:
        return ""
    return " → ".join(plain(value, change.unit) for value in (change.value_before, change.value_after))


def breakable(text: str) -> str:
    """Let a narrow heading break after an underscore too."""
    return re.sub(r"(?<=_)", "\N{ZERO WIDTH SPACE}", text)


def isolated(text: str, tag: Literal["bdi", "tspan"] = "bdi") -> Markup:
    """Mark up names that are written from right to left, so that what stands beside them keeps its place.

    >>> isolated("a < \u05d0/1, b")
    Markup('a &lt; <bdi class="turned">\u05d0/1</bdi>, b')
    """
    parts = _TURNED.split(text) if _TURNING.search(text) else [text]
    marked = Markup(f'<{tag} class="turned">{{}}</{tag}>')
    return Markup("").join(marked.format(part) if at % 2 else escape(part) for at, part in enumerate(parts))


def isolated_text(text: str) -> str:
    """Put names that are written from right to left between U+2068 and U+2069, for text that takes no markup.

    >>> isolated_text("a, \u05d0/1")
    'a, \u2068\u05d0/1\u2069'
    """
    return _TURNED.sub("\u2068\\1\u2069", text) if _TURNING.search(text) else text


def shortened(text: str, most: int) -> str:
    """Cut the middle of a long name: checkpoints of one family differ at the end."""
    tail = most * 2 // 5
    return text if len(text) <= most else f"{text[: most - tail - 1]}…{text[-tail:]}"


def plain(value: float, unit: str) -> str:
    """Write a value: ``45.2%``, or three decimals (``0.912``, ``1.310``) when it has no unit."""
    return write_value(value, unit, bare=3).replace("-", MINUS)


def signed(value: float, unit: str) -> str:
    """Write a difference with its sign: ``+1.3 pp``."""
    return write_signed(value, unit, bare=3).replace("-", MINUS)


def found_drop(drop: float, unit: str) -> str:
    """Write the drop that a check finds, ``12.4 pp``; one of more than all points is as good as none."""
    return "over 100 pp" if unit == "%" and drop > 1 else write_difference(drop, unit, bare=3)


def signed_short(value: float, unit: str) -> str:
    """Write a difference for a narrow column: ``+1.3``, or two decimals when it has no unit."""
    return write_signed(value, unit, bare=2).removesuffix(" pp").replace("-", MINUS)


def is_difference(verdict: Verdict) -> bool:
    """Tell whether what is held against the limit is a difference (to what was expected) and not the value itself."""
    return verdict.expected is not None


def held(value: float | None, verdict: Verdict) -> str:
    """Write a number on the scale of the limit: in points when a difference is judged."""
    if value is None:
        return "\N{EN DASH}"
    return signed(value, verdict.unit) if is_difference(verdict) else plain(value, verdict.unit)


def interval(verdict: Verdict) -> str:
    """Write the interval of what is held against the limit."""
    if verdict.low is None or verdict.high is None:
        return "\N{EN DASH}"
    return f"{held(verdict.low, verdict).removesuffix(' pp').removesuffix('%')} to {held(verdict.high, verdict)}"


def told(provenance: Pairs) -> Pairs:
    """Return what is worth reading of how a value came about: not the hashes and versions that its key covers."""
    return tuple(pair for pair in provenance if pair[0] not in _MACHINERY and pair[1])


def traced(provenance: Pairs) -> Pairs:
    """Return the rest: the hashes and versions that a value can be traced by."""
    return tuple(pair for pair in provenance if pair[0] in _MACHINERY and pair[1])


def source_of(score: Score | None) -> str:
    """Write where a score comes from."""
    return f"{score.evidence}: {score.source}" if score else "\N{EN DASH}"


def coded(text: str) -> Markup:
    """Mark up what stands between backticks as code.

    >>> coded("write `a < b`")
    Markup('write <code>a &lt; b</code>')
    """
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def moment(started: str) -> str:
    """Write the time of a run: ``2026-11-22 05:00 UTC``; as it is where it is not such a time."""
    try:
        time = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{time:%Y-%m-%d %H:%M} {time.tzname() or ''}".strip()


def duration(seconds: float) -> str:
    """Write a time: ``3.8 s``, ``2 min 5 s``, ``1 h 12 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def short_key(key: str) -> str:
    """Shorten a long key for a table; the whole key stands in ``run.json``."""
    return key if len(key) <= 16 else f"{key[:12]}…"
