"""The command `plan`: what a run would rest on, and what it could not decide."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from robustcheck.cli.forecast import foresee
from robustcheck.cli.labour import find_labours
from robustcheck.cli.named_arguments import naming
from robustcheck.cli.prospects import DISCORDANT, Foresight, Prospect
from robustcheck.cli.said import cell
from robustcheck.cli.shared_options import Measuring, measuring
from robustcheck.errors import SetupError
from robustcheck.files.named_suites import suites_named
from robustcheck.listing import counted, name_first
from robustcheck.measure import metric_named
from robustcheck.numerals import write_difference
from robustcheck.run.early_checks import FULL
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.store import below
from robustcheck.values import Amount, EvidenceChoice
from robustcheck.values.expectations import parse_amount


@naming(paths="suite", models="model")
@measuring("device", "batch", "workers", "compiled", "crop_cache")
def plan(
    paths: Annotated[list[Path], typer.Argument(help="Suites, or directories of suites.")],
    how: Measuring,
    models: Annotated[str, typer.Option("--models", help="Replaces the models of the suites, as in pytest.")] = "",
    arch: Annotated[str | None, typer.Option(help="Architecture of a checkpoint file.")] = None,
    evidence: Annotated[EvidenceChoice, typer.Option(help="What a verdict may rest on.")] = "auto",
    seconds: Annotated[
        float | None, typer.Option(help="Load each model, and say how many images an attack can have in that time.")
    ] = None,
    for_drop: Annotated[
        str | None, typer.Option("--for-drop", help="A loss, such as 2pp (or 0.02): which checks would be red at it?")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a run needs before it measures: images, evidence, passes, and the checks it cannot decide."""
    drop = _read_drop(for_drop)
    settings = plan_settings(models, arch, evidence, how)
    session = RobustSession(settings, datetime.now(UTC).date())
    foresight = Foresight(session)
    found = [(path, list(foresight.prospects(session.plan(session.load(path)).items))) for path in suites_named(paths)]
    console = Console(width=None if sys.stdout.isatty() else 200)
    if as_json:
        rows = [
            {**_facts(path, one, drop), "all_images": session.early.foresee(one.item)}
            for path, prospects in found
            for one in prospects
        ]
        console.print_json(json.dumps(rows), ensure_ascii=True)
        return
    for path, prospects in found:
        console.print(_table(path, prospects, drop))
    every = [one for _, prospects in found for one in prospects]
    _close(console, every, drop)
    _tell_effort(console, every, session)
    for line in foresee(every, session.book.bench, "auto"):
        console.print(f"  {cell(line)}", highlight=False)
    _tell_labours(console, every, session, seconds)


def _tell_effort(console: Console, prospects: Sequence[Prospect], session: RobustSession) -> None:
    """Print which checks may be decided on part of their images, and why the others may not."""
    why = {one.item.check.key: session.early.foresee(one.item) for one in prospects}
    early = [key for key, text in why.items() if not text]
    if not early and all(text == FULL for text in why.values()):
        return
    names = name_first(early, 5) if early else "none"
    console.print(f"effort: decide: may be decided on part of their images: {cell(names)}", highlight=False)
    for key, text in why.items():
        if text:
            console.print(f"  all images: {cell(key)}: {cell(text)}", highlight=False)


def _tell_labours(
    console: Console, prospects: Sequence[Prospect], session: RobustSession, seconds: float | None
) -> None:
    """Print what attacks cost, and what a given time is enough for."""
    bench = session.book.bench
    for labour in find_labours(prospects, bench):
        console.print(f"  {cell(labour.words)}", highlight=False)
        if seconds is not None:
            console.print(f"    {labour.affordable(seconds, bench)}", highlight=False)


def _read_drop(text: str | None) -> Amount | None:
    """Read the loss that is asked about; raise SetupError for what is not one."""
    if text is None:
        return None
    try:
        drop = parse_amount(text)
    except ValueError:
        drop = None
    if drop is None or drop.unit == "%" or drop.value <= 0:
        raise SetupError(
            f"{text!r} is not a loss", where="--for-drop", expected="2pp, or 0.02 for metrics without unit"
        )
    return drop


def _asked(prospect: Prospect, drop: Amount | None) -> float | None:
    """Return the loss that is asked about, where it is in the unit of the check's metric."""
    unit = metric_named(prospect.item.check.quantity.metric).unit
    return drop.value if drop is not None and (drop.unit == "pp") == (unit == "%") else None


def _finds(prospect: Prospect, drop: Amount | None) -> bool | None:
    asked = _asked(prospect, drop)
    return None if asked is None or prospect.red_from is None else prospect.red_from <= asked


def plan_settings(models: str, arch: str | None, evidence: EvidenceChoice, how: Measuring) -> RunSettings:
    """Return the settings of a run that is only planned: without a GPU."""
    return RunSettings(
        measure=replace(how, device="cpu").settings,
        baselines=below(how.place, "baselines"),
        reports=Path("reports"),
        evidence=evidence,
        models=tuple(filter(None, models.split(","))),
        arch=arch,
        home=how.place,
    )


def _table(path: Path, prospects: Sequence[Prospect], drop: Amount | None) -> Table:
    """Return a row for the models of a check that stand alike."""
    check = Column("check", no_wrap=True, overflow="fold")
    headers = (check, "models", "evidence", "images", "finds", "allowed", "red from", "")
    table = Table(*headers, title=cell(str(path)), title_justify="left", box=None)
    for alike in _alike(prospects):
        first = max(alike, key=lambda one: (one.red_from or 0.0, one.detectable or 0.0))
        unit = metric_named(first.item.check.quantity.metric).unit
        table.add_row(
            cell(first.item.check.key),
            cell(_models(alike)),
            cell(first.evidence),
            f"{first.n:,}" if first.n else "?",
            _amount(first.detectable, unit),
            _amount(first.allowed, unit),
            _amount(first.red_from, unit),
            cell(first.advice) if first.evidence in ("no data", "error") else _remark(first, drop),
        )
    return table


def _alike(prospects: Sequence[Prospect]) -> Iterator[list[Prospect]]:
    def standing(one: Prospect) -> tuple[str, str, int, bool]:
        return one.item.check.key, one.evidence, one.n or 0, one.is_decidable

    places = {one.item.check.key: place for place, one in reversed(list(enumerate(prospects)))}
    ordered = sorted(prospects, key=lambda one: (places[one.item.check.key], *standing(one)))
    for _, alike in groupby(ordered, key=standing):
        yield list(alike)


def _models(alike: Sequence[Prospect]) -> str:
    names = [one.item.model.text if one.item.check.is_about_groups else one.item.model.id for one in alike]
    return name_first(names, 2)


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "%" and value > 1:
        return "over 100 pp"
    return write_difference(value, unit, bare=3)


def _remark(prospect: Prospect, drop: Amount | None) -> str:
    found = _finds(prospect, drop)
    if found is not None and drop is not None:
        enough = prospect.images_for(drop.value)
        needs = f"{enough:,} images would find {drop}" if enough else f"no number of images would: it allows {drop}"
        return f"finds {drop}" if found else f"[bold]does not find {drop}[/bold]: {needs}"
    return "" if prospect.is_decidable else "[bold]cannot be decided[/bold]: a drop of the allowed size is not found"


def _close(console: Console, prospects: Sequence[Prospect], drop: Amount | None) -> None:
    """Print the sums, and what the columns mean."""
    passes = {one for prospect in prospects for one in prospect.passes}
    images = {(name, transform) for _, name, transform in passes}
    blind = {one.item.check.key for one in prospects if not one.is_decidable}
    missing = {one.item.check.key for one in prospects if one.evidence == "no data"}
    refused = {one.item.check.key for one in prospects if one.evidence == "error"}
    console.print(
        f"{counted(len(prospects), 'verdict')}; to measure: {len(passes):,} pass{'es' * (len(passes) != 1)} "
        f"of a model, over {counted(len(images), 'image set')}; without data: {counted(len(missing), 'check')}; "
        f"cannot be decided: {counted(len(blind), 'check')}"
        + (f"; end in errors: {counted(len(refused), 'check')}" if refused else "")
    )
    for key in sorted(blind):
        console.print(f"  cannot be decided with the data at hand: {cell(key)}", highlight=False)
    answers = [found for one in prospects if (found := _finds(one, drop)) is not None]
    if drop is not None:
        console.print(
            f"a loss of {drop}: {sum(answers)} of {len(answers)} verdicts that can be told would be red",
            highlight=False,
        )
    console.print(
        "finds: the drop beyond the limit that so many images find with 80% power at the check's alpha; of a "
        f"comparison, if the two models differ on {DISCORDANT:.0%} of the images. red from: what a model has to "
        "lose in all, from its baseline, its trend or its known value.",
        highlight=False,
    )


def _facts(path: Path, prospect: Prospect, drop: Amount | None) -> dict[str, object]:
    return {
        "suite": str(path),
        "check": prospect.item.check.key,
        "model": prospect.item.model.id,
        "evidence": prospect.evidence,
        "advice": prospect.advice,
        "n": prospect.n,
        "passes": [list(one) for one in prospect.passes],
        "detectable": prospect.detectable,
        "allowed": prospect.allowed,
        "decidable": prospect.is_decidable,
        "red_from": prospect.red_from,
        "finds_drop": _finds(prospect, drop),
    }
