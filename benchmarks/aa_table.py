"""The gate on the zoo against itself (A/A): the table of docs/statistics.md.

    python benchmarks/aa_table.py --write docs/statistics.md   # 200 times each
    python benchmarks/aa_table.py --quick                      # one check of a published figure, 20 times

Runs `robustcheck aa` on the shipped suites that measure the zoo live. What is not in the store of --home is measured
first, which takes minutes (attacks most); the copies themselves take less than two. The same seed gives the same table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUITES = ("quickstart", "answers", "correspondence", "adversarial")
BEGIN, END = "<!-- made by: python benchmarks/aa_table.py -->", "<!-- end of what aa_table.py made -->"
FLIPS, SEED, TIMES = "0.4%", 0, 200
QUICK_TIMES = 20
QUICK = """\
robustcheck: 1
title: Quick
models: ["openclip:ViT-B-32/laion2b_s34b_b79k"]
checks:
  - id: published-figure
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {no_worse_than: {model: "openclip:ViT-B-32/openai", allowed_drop: 0.5pp}}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """How a check ended on its models: mean shares of their copies, and that of the model that was red most often.

    ``nominal`` is the share of false alarms that a comparison may have; None of a check that keeps its own limit.
    """

    check: str
    models: int
    nominal: float | None
    red: float
    unsure: float
    warned: float
    most_red: float

    def __str__(self) -> str:
        promised = "" if self.nominal is None else f"at most {self.nominal:.2%}"
        shares = " | ".join(_say(share) for share in (self.red, self.most_red, self.unsure, self.warned))
        return f"| `{self.check}` | {self.models} | {promised} | {shares} |"


def _say(share: float) -> str:
    return f"{share:.1%}" if share else "0"


def rows_of(checks: Sequence[Mapping[str, object]]) -> Iterator[Row]:
    """Yield one row a check, over its models."""
    together: dict[str, list[Mapping[str, object]]] = {}
    for check in checks:
        together.setdefault(_without_model(str(check["check"])), []).append(check)
    for name, ones in together.items():
        red, unsure, warned = (_mean(ones, status) for status in ("fail", "unsure", "warn"))
        levels = [float(str(one["level"])) for one in ones if one["against itself"]]
        nominal = max(levels, default=None)
        yield Row(name, len(ones), nominal, red, unsure, warned, max(_share(one, "fail") for one in ones))


def _without_model(name: str) -> str:
    """Return the name of an item, `id[case|model]` or `id[model]`, as `id[case]` or `id`."""
    identity, _, inside = name.partition("[")
    case = inside.rpartition("|")[0]
    return f"{identity}[{case}]" if case else identity


def _share(check: Mapping[str, object], status: str) -> float:
    return float(str(check[status])) / float(str(check["times"]))


def _mean(checks: Sequence[Mapping[str, object]], status: str) -> float:
    return sum(_share(check, status) for check in checks) / len(checks)


def section(suite: str, found: Mapping[str, object], times: int) -> Iterator[str]:
    """Yield the lines of one suite: the checks that moved, how many did not, and what a model's suite did."""
    checks, red = found["checks"], found["red"]
    assert isinstance(checks, list), "the command prints a list of checks"
    assert isinstance(red, dict), "the command prints how often each model was red"
    rows = list(rows_of(checks))
    still = [row for row in rows if not (row.red or row.unsure or row.warned or row.nominal is not None)]
    yield f"`{suite}`, {len(red):,} models, {times:,} times each, {found['flips']:.1%} of the decisions flipped:"
    yield ""
    yield "| check | models | nominal | red | red, the model most often | unsure | warned |"
    yield "|---|---:|---|---:|---:|---:|---:|"
    yield from (str(row) for row in rows if row not in still)
    if still:
        yield f"| the other {len(still)} | | | 0 | 0 | 0 | 0 |"
    yield ""
    yield f"Any check of a model was red in {sum(red.values()) / len(red) / times:.1%} of copies{_most(red, times)}."
    yield ""


def _most(red: Mapping[str, int], times: int) -> str:
    model = max(red, key=lambda name: red[name])
    return f" (`{model}`: {red[model] / times:.1%})" if red[model] else ""


def judge_again(suite: Path, home: Path, times: int, models: str = "") -> Mapping[str, object]:
    """Run `robustcheck aa` on a suite and return what it prints."""
    command = [sys.executable, "-m", "robustcheck", "aa", str(suite), "--times", str(times), "--flips", FLIPS]
    command += ["--seed", str(SEED), "--home", str(home), "--json", *(["--models", models] if models else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: Mapping[str, object] = json.loads(done.stdout)
    return found


def _write(page: Path, lines: Sequence[str]) -> None:
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    made = "\n".join(lines).rstrip()
    page.write_text(f"{before}{BEGIN}\n\n{made}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """Run the suites, and print the table or write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="the page that has the table")
    parser.add_argument("--home", type=Path, default=Path(".robustcheck"), help="where measurements are kept")
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--quick", action="store_true", help="one check of a published figure: nothing is measured")
    asked = parser.parse_args(arguments)
    if asked.quick:
        with tempfile.TemporaryDirectory() as place:
            suite = Path(place, "quick.robust.yaml")
            suite.write_text(QUICK, encoding="utf-8")
            print("\n".join(section("quick", judge_again(suite, asked.home, QUICK_TIMES), QUICK_TIMES)))
        return
    lines: list[str] = []
    for name in SUITES:
        found = judge_again(ROOT / f"suites/{name}.robust.yaml", asked.home, asked.times, "zoo")
        lines += section(name, found, asked.times)
    if asked.write:
        _write(asked.write, lines)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
