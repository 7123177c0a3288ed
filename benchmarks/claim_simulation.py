"""Are claims honest? Judge groups of models among which nothing differs, or something does, and count.

Families have offsets of their own, as architectures with a training source have; rows of one family resemble each
other. What was drawn goes through ``judge`` itself. `gate_simulation.py --only claims` writes this on its page.

    python benchmarks/claim_simulation.py
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from zlib import crc32

import numpy as np

from robustcheck.judge import GroupCase, MatchedPair, Member, ModelGroup, Support, conclude
from robustcheck.values import Cell, ModelRef, Position, Quantity
from robustcheck.values.checks import Check, PlannedCheck, Suite
from robustcheck.values.expectations import Correlates, GroupAbove, GroupExpectation, Improves

Rng = np.random.Generator

TRIALS = 250
FAMILIES = (5, 8, 12)
VAL = {"metric": "top1", "dataset": "imagenet-val"}
R = Quantity("top1", "imagenet-r")
# Points of accuracy: families lie 3 points apart by chance, the models of one 1 point.
APART, WITHIN = 0.03, 0.01
IMAGES = 10_000


@dataclass(frozen=True, slots=True)
class Job:
    """Trials of one world at one number of families (of pairs, where each is one)."""

    world: str
    families: int
    trials: int


def means(rng: Rng, families: int) -> GroupCase:
    """Draw two groups of one mean; the first family of each has six more models than the others."""
    expect = GroupAbove.model_validate({"higher": {"side": "a"}, "lower": {"side": "b"}})
    return _case(expect, [_group(rng, name, families) for name in "ab"])


def residuals(rng: Rng, families: int) -> GroupCase:
    """Draw two groups on one line."""
    block = {"higher": {"side": "a"}, "lower": {"side": "b"}, "by": "residual", "against": VAL, "axis": "linear"}
    return _case(GroupAbove.model_validate(block), [_group(rng, name, families) for name in "ab"])


def pairs(rng: Rng, families: int) -> GroupCase:
    """Draw pairs that do not change in the mean; those of a family change together."""
    found = []
    for name, family in _rows(families):
        before = Member(f"b{name}", 0.5, np.nan, str(family))
        found.append((family, before))
    offsets = rng.normal(0, APART, families)
    drawn = tuple(
        MatchedPair(before.model, (before,), (_moved(before, offsets[family] + rng.normal(0, WITHIN)),))
        for family, before in found
    )
    return _case(Improves.model_validate(_MATCH), _sides(drawn), drawn)


def correlated(rng: Rng, families: int) -> GroupCase:
    """Draw models whose two values have nothing to do with each other, held against a correlation of 0."""
    expect = Correlates.model_validate({"with": VAL, "at_least": 1e-9})
    rows = _rows(families)
    one, other = (rng.normal(0, APART, families) for _ in range(2))
    members = tuple(
        Member(name, 0.5 + one[at] + rng.normal(0, WITHIN), 0.5 + other[at] + rng.normal(0, WITHIN), str(at))
        for name, at in rows
    )
    return _case(expect, [ModelGroup("all models", members)])


def every_but_one(rng: Rng, families: int) -> GroupCase:
    """Draw pairs that are 5 points better, but for one that is not."""
    return _every(rng, [0.0] + [0.05] * (families - 1))


def none_changes(rng: Rng, families: int) -> GroupCase:
    """Draw pairs of which none changes."""
    return _every(rng, [0.0] * families)


def every_better(rng: Rng, families: int) -> GroupCase:
    """Draw pairs that are all 3 points better."""
    return _every(rng, [0.03] * families)


def one_worse(rng: Rng, families: int) -> GroupCase:
    """Draw pairs that are 5 points better, but for one that is 3 points worse."""
    return _every(rng, [-0.03] + [0.05] * (families - 1))


WORLDS: Mapping[str, tuple[Callable[[Rng, int], GroupCase], str, str]] = {
    "two means": (means, "holds", "2.5"),
    "a group and a line": (residuals, "holds", "2.5"),
    "pairs in families": (pairs, "holds", "2.5"),
    "a correlation": (correlated, "holds", "2.5"),
    "every pair, one of which does not change": (every_but_one, "holds", "2.5"),
    "every pair, none of which changes": (none_changes, "fails", "5.0"),
    "every pair, all 3 points better": (every_better, "holds", "power"),
    "every pair, one 3 points worse": (one_worse, "fails", "power"),
}


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    print("\n".join(section(given.trials, given.processes)))


def section(trials: int, processes: int) -> Iterator[str]:
    """Yield the lines of the section."""
    jobs = [Job(world, families, trials) for world in WORLDS for families in FAMILIES]
    with ProcessPoolExecutor(processes) as pool:
        found = dict(zip([(job.world, job.families) for job in jobs], pool.map(count, jobs), strict=True))
    yield "## How often does a claim about groups hold, or fail, that should not?"
    yield ""
    yield "Families lie 3 points apart by chance and their models 1 point; the first family of a group has six"
    yield "models, every other one has one to three. Per cent of trials, ± one Monte Carlo standard error, of a suite"
    yield f"of one check; {trials:,} trials each. Under five families in a group nothing holds. Claims about every pair"
    yield "are judged by 10,000 images a model. Families of unequal size count with their effective number, so that"
    yield "claims on them hold more seldom than nominal."
    yield ""
    yield f"| claim | counted | nominal | {' | '.join(f'{families} families' for families in FAMILIES)} |"
    yield f"|---|---|---:|{'---:|' * len(FAMILIES)}"
    for world, (_, outcome, nominal) in WORLDS.items():
        shares = [_share(found[world, families][outcome], trials) for families in FAMILIES]
        yield f"| {world} | {outcome} | {nominal} | {' | '.join(shares)} |"


def count(job: Job) -> Counter[str]:
    """Count the findings of a job's trials; each has a seed of its own."""
    draw = WORLDS[job.world][0]
    seeds = [[crc32(f"{job.world} {job.families}".encode()), trial] for trial in range(job.trials)]
    return Counter(conclude(draw(np.random.default_rng(seed), job.families)).finding for seed in seeds)


# --- how it is drawn ------------------------------------------------------------------------------

_MATCH = {"before": {"side": "b"}, "after": {"side": "a"}, "match": ["backbone"]}


def _rows(families: int) -> list[tuple[str, int]]:
    """Name the models of each family: six of the first, one to three of the others."""
    return [
        (f"{family}-{row}", family) for family in range(families) for row in range(6 if family == 0 else 1 + family % 3)
    ]


def _group(rng: Rng, name: str, families: int) -> ModelGroup:
    offsets = rng.normal(0, APART, families)
    members = []
    for row, family in _rows(families):
        x = rng.uniform(0.5, 0.8)
        y = 0.1 + 0.8 * x + offsets[family] + rng.normal(0, WITHIN)
        members.append(Member(f"{name}{row}", float(y), float(x), f"{name}{family}"))
    return ModelGroup(name, tuple(members))


def _every(rng: Rng, changes: list[float]) -> GroupCase:
    drawn = tuple(
        MatchedPair(
            str(place), (_photographed(rng, f"b{place}", 0.6),), (_photographed(rng, f"a{place}", 0.6 + change),)
        )
        for place, change in enumerate(changes)
    )
    return _case(Improves.model_validate({**_MATCH, "every": True}), _sides(drawn), drawn)


def _photographed(rng: Rng, name: str, truth: float) -> Member:
    return Member(name, rng.binomial(IMAGES, truth) / IMAGES, np.nan, name, Support(IMAGES))


def _moved(member: Member, change: float) -> Member:
    return Member(f"a{member.model}", float(member.y + change), np.nan, member.family)


def _sides(drawn: tuple[MatchedPair, ...]) -> list[ModelGroup]:
    return [
        ModelGroup("before", tuple(pair.before[0] for pair in drawn)),
        ModelGroup("after", tuple(pair.after[0] for pair in drawn)),
    ]


def _case(expect: GroupExpectation, groups: list[ModelGroup], drawn: tuple[MatchedPair, ...] = ()) -> GroupCase:
    here, model = Position("drawn.robust.yaml", 1, 1), ModelRef("models", expect.words, "group", "")
    check = Check("drawn", (), "", "", (), R, expect, None, "unsure", (), (), 0, "", here, here, "")
    item = PlannedCheck(Suite(here.path, "", "", (), (check,)), check, model, (Cell(model, R),), 0.05)
    return GroupCase(item, tuple(groups), date(2026, 1, 1), "%", True, 1, pairs=drawn)


def _share(hits: int, trials: int) -> str:
    share = hits / trials
    # With no trial on one side, half a trial is assumed to have been: no count is certain.
    error = np.sqrt(max(share * (1 - share), 0.5 / trials) / trials)
    return f"{100 * share:.1f} ± {100 * error:.1f}"


if __name__ == "__main__":
    main()
