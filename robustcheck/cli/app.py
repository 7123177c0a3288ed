"""Every subcommand: parse the words, ask the library, print the answer."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from robustcheck.cli.aa_command import aa
from robustcheck.cli.answers import (
    MeasuredAnswer,
    OnSeveralAnswer,
    OnTrendAnswer,
    measure_one,
    trend_of,
    trend_of_several,
)
from robustcheck.cli.blessing import describe_blessing
from robustcheck.cli.comment_command import comment
from robustcheck.cli.compare_command import compare
from robustcheck.cli.estimate_command import estimate
from robustcheck.cli.explain_command import explain_check
from robustcheck.cli.export_command import export
from robustcheck.cli.export_results_command import export_results
from robustcheck.cli.init_command import init
from robustcheck.cli.jobs_command import jobs, submit, work
from robustcheck.cli.learn_command import learn
from robustcheck.cli.metrics_page import metrics_table
from robustcheck.cli.named_arguments import naming
from robustcheck.cli.noise_command import noise
from robustcheck.cli.plan_command import plan
from robustcheck.cli.population_command import population
from robustcheck.cli.printed_tables import data_paths, datasets_table, models_table, observations_table
from robustcheck.cli.said import say
from robustcheck.cli.series_command import series
from robustcheck.cli.shared_options import REPORTS, Data, Home, Measuring, Store, measuring, run_places
from robustcheck.cli.shown_progress import showing_progress
from robustcheck.cli.store_command import store
from robustcheck.cli.unknown_commands import Commands
from robustcheck.datasets.doctor import examine
from robustcheck.errors import SetupError, SpecError
from robustcheck.files.named_suites import suites_named
from robustcheck.history.baselines import bless as bless_run
from robustcheck.listing import counted
from robustcheck.run.known_names import known_names
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings, home_of
from robustcheck.spec import json_schema
from robustcheck.store import below, place_named
from robustcheck.values import EvidenceChoice

app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

app.command()(init)
app.command()(population)
app.command()(export)
app.command("export-results")(export_results)
app.command()(learn)
app.command()(comment)
app.command()(compare)
app.command()(noise)
app.command()(plan)
app.command()(jobs)
app.command()(work)
app.command()(submit)
app.command()(series)
app.command()(aa)
app.command()(estimate)
app.command()(store)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"robustcheck {version('robustcheck')}")
        raise typer.Exit


@app.callback()
def robustcheck(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Robustness specs for CLIP-like models: write them in YAML, run them with pytest, ask about them here."""


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
# Without a terminal rich assumes 80 columns and cuts what a pipe or a log should have whole.
_console = Console(width=None if sys.stdout.isatty() else 200)


@app.command()
@naming(paths="suite")
def validate(paths: Annotated[list[Path], typer.Argument(help="Suites, or directories of suites.")]) -> None:
    """Check suites without running them; print every mistake with its place."""
    session, wrong = _session(), 0
    for path in suites_named(paths):
        try:
            suite = session.load(path)
            items = len(session.plan(suite).items)
            say(f"{path}: {counted(len(suite.checks), 'check')}, {items:,} with their models")
            doubts = ((check.expect_position, doubt) for check in suite.checks for doubt in check.doubts)
            for position, doubt in dict.fromkeys(doubts):
                say(f"{position}: most likely a mistake: {doubt}")
        except SpecError as error:
            wrong += len(error.problems)
            say(str(error), err=True)
    if wrong:
        say(f"{counted(wrong, 'mistake')}", err=True)
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the YAML language, for editors."""
    typer.echo(json.dumps(json_schema(known_names(Path.cwd())), indent=1))


@app.command()
@naming(check="check")
def explain(
    check: Annotated[str, typer.Argument(help="A check: SUITE::ID, or its id when one suite here has it.")],
) -> None:
    """Say a check in words: what is measured, what must hold, and on which evidence it can run."""
    for line in explain_check(check, _session()):
        say(line)


@app.command()
@naming(query="model")
def models(
    query: Annotated[str, typer.Argument(help="A set, a query such as 'source=laion&architecture=vit', a glob.")] = "",
    as_json: Json = False,
) -> None:
    """List the catalogue's models and facets, or those that a query finds."""
    models_table(query, as_json, _console)


@app.command()
def datasets(data: Data = None, as_json: Json = False) -> None:
    """List the catalogue's data sets: what each is for, where it lies, or where to put it."""
    datasets_table(data_paths(data), as_json, _console)


@app.command()
@naming(name="metric")
def metrics(
    name: Annotated[str, typer.Argument(help="A metric, to have its options explained.")] = "",
    as_json: Json = False,
) -> None:
    """List the metrics: unit, direction, the data sets they score, and their options."""
    metrics_table(name, as_json, _console)


@app.command()
@naming(dataset="data set")
def doctor(
    dataset: Annotated[
        str, typer.Argument(help="A catalogue name, a subset (imagenet-c/fog/3) or a directory in a known layout.")
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Check a data set without a model: layout, count, labels, classes, images.

    Ends with 1 when it is not here or wrong, and with 2 when nothing has this name.
    """
    observations = examine(dataset, data_paths(data), index_dir=home_of(Path.cwd()) / "store" / "indexes")
    if not observations_table(observations, as_json, _console):
        raise typer.Exit(1)


@app.command("bless")
@naming(run="run")
def bless_command(
    run: Annotated[str, typer.Argument(help="A run: reports/RUN, its run.json, or the place of a baseline.")],
    name: Annotated[str, typer.Option("--as", help="The baseline's name.")],
    store: Store = None,
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Bless a run that has failures or errors.")] = False,
    new_origin: Annotated[
        bool, typer.Option("--new-origin", help="Begin a new line: drift is counted from this run on.")
    ] = False,
    why: Annotated[str, typer.Option("--why", help="Why, kept with the baseline and shown beside it.")] = "",
) -> None:
    """Make a run the baseline that no_worse_than compares with; one with failures or errors needs --force --why.

    It comes after the baseline that it replaces; a new line of baselines needs --new-origin --why.
    """
    reason = why.strip()
    if bool(reason) != (force or new_origin):
        raise SetupError(
            "--force and --why belong together, and so do --new-origin and --why",
            expected='--force --why "the reason", or --new-origin',
        )
    _, baselines, samples = run_places(home, store)
    reasons = {"why": reason * force, "new_origin": reason * new_origin}
    blessing = bless_run(place_named(run), name, baselines, samples, **reasons)
    for line in describe_blessing(name, blessing):
        say(line)


@app.command("measure")
@naming("robustcheck measure", model="model", dataset="data set", metric="metric")
@measuring()
def print_measurement(
    model: Annotated[str, typer.Argument(help="A model reference.")],
    dataset: Annotated[str, typer.Argument(help="A catalogue name or a directory in a known layout.")],
    metric: Annotated[str, typer.Argument(help="A metric, such as top1; robustcheck metrics lists them.")],
    how: Measuring,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="Keep only the samples with k=v, such as factor=pose.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="A setting of the metric, such as score=msp.")
    ] = None,
    transform: Annotated[str | None, typer.Option(help="A transform, such as gaussian_noise:3.")] = None,
    prompts: Annotated[str | None, typer.Option(help="A prompt set or a file of templates.")] = None,
    arch: Annotated[str | None, typer.Option(help="Architecture of a checkpoint file.")] = None,
    evidence: Annotated[EvidenceChoice, typer.Option(help="What the value may rest on.")] = "live",
    as_json: Json = False,
) -> None:
    """Measure one model on one data set: value, interval, n, evidence, and how the value came about."""
    session = _session(how, evidence)
    with showing_progress() as session.listener:
        answer = measure_one(session, model, dataset, metric, where or [], option or [], transform, prompts, arch)
    _print(answer, as_json)


@app.command()
@naming(population="population", model="model")
def trend(
    population: Annotated[str, typer.Argument(help="A shipped population, or a CSV of the same form.")],
    y: Annotated[
        str,
        # The slash keeps rich from taking the bracket for its markup.
        typer.Option(
            "--y", help="DATASET/METRIC of the y axis; DATASET\\[k=v]/METRIC\\[k=v] with a slice and options."
        ),
    ],
    x: Annotated[
        list[str], typer.Option("--x", help="The same for the x axis; [CLASS SET] keeps its classes. Several: a plane.")
    ],
    model: Annotated[str | None, typer.Option(help="A member to hold against the line of the others.")] = None,
    group: Annotated[list[str] | None, typer.Option("--group", help="Keep members with facet=value.")] = None,
    axis: Annotated[str, typer.Option(help="probit, logit or linear.")] = "probit",
    as_json: Json = False,
) -> None:
    """Fit a population's trend; for a model, say what the line expects and how far it lies away.

    With several --x the line is a plane, and a model's residual its effective robustness against all sets at once.
    """
    answer = trend_of(population, y, x[0], model, group or [], axis) if len(x) == 1 else None
    _print(answer or trend_of_several(population, y, x, model, group or [], axis), as_json)


def _print(answer: MeasuredAnswer | OnTrendAnswer | OnSeveralAnswer, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(answer.as_dict()))
        return
    facts = answer.as_text()
    width = max(len(name) for name in facts)
    for name, text in facts.items():
        say(f"{name:<{width}}  {text}")


def _session(options: Measuring | None = None, evidence: EvidenceChoice = "auto") -> RobustSession:
    how = options or Measuring()
    settings = RunSettings(
        measure=how.settings,
        baselines=below(how.place, "baselines"),
        reports=REPORTS,
        evidence=evidence,
        home=how.place,
    )
    return RobustSession(settings, _today())


def _today() -> date:
    return datetime.now(UTC).date()
