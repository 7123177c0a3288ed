"""robustcheck aa: the gate on each model against itself, many times, and how often it was red."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from robustcheck.cli.named_arguments import naming
from robustcheck.cli.said import say
from robustcheck.cli.shared_options import Measuring, measuring
from robustcheck.cli.shown_progress import showing_progress
from robustcheck.errors import RobustcheckError, SetupError
from robustcheck.files.named_suites import suites_named
from robustcheck.history.kept_noise import load_noise, worst_share
from robustcheck.listing import counted
from robustcheck.run.against_itself import AgainstItself, Repeats, judge_against_itself
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.store import below
from robustcheck.values import STATUSES
from robustcheck.values.checks import PlannedCheck
from robustcheck.values.expectations import parse_amount

_SHOWN = [status for status in STATUSES if status not in ("error", "skip")]


@naming(paths="suite", models="model")
@measuring()
def aa(
    paths: Annotated[list[Path], typer.Argument(help="Suites, or directories of suites.")],
    how: Measuring,
    models: Annotated[str, typer.Option("--models", help="Replaces the models of the suites, as in pytest.")] = "",
    times: Annotated[int, typer.Option("--times", min=1, help="How often each check is judged.")] = 200,
    flips: Annotated[
        str | None, typer.Option("--flips", help="The share of decisions that flip in one copy, such as 0.4%.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of what is drawn.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge models against themselves on images drawn anew: how often is the gate red, warned or unsure by chance?

    A comparison is with the model itself, so each of its fails is a false alarm. Other checks keep their limits: they
    show what the images alone move.
    """
    session = _session(how, models)
    share = _share(flips, how)
    items = [item for path in suites_named(paths) for item in session.plan(session.load(path)).items]
    if not items:
        raise SetupError(
            "the suites are meant for none of these models",
            expected="checks that mean them; one that holds a model against itself means no other",
            fix="name other models with --models",
        )
    with showing_progress() as session.listener:
        found, left_out = _judge_all(session, items, times, share, seed)
    if as_json:
        typer.echo(json.dumps(_as_json(found, share)))
        return
    for line in _page(found, share, times):
        say(line)
    if left_out:
        say(f"left out, without a copy to compare or without data: {counted(left_out, 'check')}", err=True)


def _session(how: Measuring, models: str) -> RobustSession:
    settings = RunSettings(
        measure=how.settings,
        baselines=below(how.place, "baselines"),
        reports=Path("reports"),
        models=tuple(filter(None, models.split(","))),
        home=how.place,
        # Each time draws as many images as there are.
        effort="full",
    )
    return RobustSession(settings, datetime.now(UTC).date())


def _share(text: str | None, how: Measuring) -> float:
    """Return the declared share of flips, or the largest that `robustcheck noise` measured here."""
    if text is None:
        measured = worst_share(load_noise(how.place), how.precision)
        if measured is None:
            known = f"how many decisions move by themselves in {how.precision} was not measured here, so none flip"
            say(f"{known}: robustcheck noise MODEL --dataset NAME, or --flips 0.4%", err=True)
        return measured or 0.0
    try:
        amount = parse_amount(text)
    except ValueError:
        amount = None
    if amount is None or amount.unit == "pp" or not 0 <= amount.value <= 0.5:
        raise SetupError(f"{text!r} is not a share", where="--flips", expected="a share up to 50%, such as 0.4%")
    return amount.value


def _judge_all(
    session: RobustSession, items: Sequence[PlannedCheck], times: int, share: float, seed: int
) -> tuple[AgainstItself, int]:
    """Judge the items that can be; count the others."""
    able = [item for item in items if not item.check.is_about_groups and item.check.expect.needs.figure is None]
    known = []
    for item in able:
        try:
            session.gather(item)
            known.append(item)
        except RobustcheckError as error:
            say(f"{item.name}: {str(error).splitlines()[0]}", err=True)
    return judge_against_itself(session, known, times=times, flips=share, seed=seed), len(items) - len(known)


def _page(found: AgainstItself, share: float, times: int) -> Sequence[str]:
    return [
        f"{times:,} times each; {share:.2%} of the decisions flip in one copy",
        "",
        f"| check | {' | '.join(_SHOWN)} |",
        f"|---|{'---:|' * len(_SHOWN)}",
        *map(_row, found.repeats),
        "",
        "| model | suite red at least once in | of |",
        "|---|---:|---:|",
        *(f"| {model} | {red:,} | {times:,} |" for model, red in found.red.items()),
    ]


def _row(repeats: Repeats) -> str:
    cells = [f"{repeats.statuses.get(status, 0) / repeats.times:.1%}" for status in _SHOWN]
    name = repeats.item.name.replace("|", ", ")
    return f"| {name} | {' | '.join(cells)} |"


def _as_json(found: AgainstItself, share: float) -> dict[str, object]:
    return {"flips": share, "checks": [_plain_repeats(one) for one in found.repeats], "red": dict(found.red)}


def _plain_repeats(repeats: Repeats) -> dict[str, object]:
    statuses: dict[str, object] = {status: repeats.statuses.get(status, 0) for status in _SHOWN}
    item = repeats.item
    expect = item.check.expect
    is_compared = expect.allowed_loss is not None and expect.needs.has_reference
    return {"check": item.name, "times": repeats.times, "level": item.alpha, "against itself": is_compared, **statuses}
