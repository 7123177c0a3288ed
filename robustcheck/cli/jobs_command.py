"""The commands `jobs`, `work` and `submit`: measuring as lines of a file that many machines do."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from robustcheck.cli.array_workers import Waiting, Worker, slurm_queue
from robustcheck.cli.named_arguments import naming
from robustcheck.cli.plan_command import plan_settings
from robustcheck.cli.said import say
from robustcheck.cli.shared_options import Measuring, measuring
from robustcheck.errors import SetupError
from robustcheck.files.named_suites import suites_named
from robustcheck.listing import counted
from robustcheck.run.job_file import JobFile, plan_job_file, read_job_file, write_job_file
from robustcheck.run.session import RobustSession
from robustcheck.store import absolute_place, require_shared
from robustcheck.values import Cell

_NAME = re.compile(r"[a-z][a-z0-9_]*")

JobsFile = Annotated[Path, typer.Argument(metavar="JOBS", help="A job file: what `robustcheck jobs` wrote.")]


@naming(paths="suite", models="model")
@measuring("workers")
def jobs(
    paths: Annotated[list[Path], typer.Argument(help="Suites, or directories of suites.")],
    how: Measuring,
    out: Annotated[Path, typer.Option(help="The job file to write.")] = Path("jobs.jsonl"),
    models: Annotated[str, typer.Option("--models", help="Replaces the models of the suites, as in pytest.")] = "",
    arch: Annotated[str | None, typer.Option(help="Architecture of a checkpoint file.")] = None,
    evidence: Annotated[Literal["auto", "live"], typer.Option(help="What a verdict may rest on.")] = "auto",
    images: Annotated[int, typer.Option(min=1, help="About how many images a line has.")] = 4096,
) -> None:
    """Write what suites need measured as a job file, without loading a model."""
    settings = plan_settings(models, arch, evidence, how)
    require_shared(how.settings.store)
    measure = replace(how.settings, store=absolute_place(how.settings.store))
    session = RobustSession(replace(settings, measure=measure), datetime.now(UTC).date())
    planned = plan_job_file(session.book.bench, _cells(session, paths), images)
    write_job_file(out, planned)
    say(f"{out}: {counted(len(planned.lines), 'line')}, {_words(planned)}")


def work(
    path: JobsFile,
    index: Annotated[int, typer.Option(min=0, help="Which line; with --of, which part.")],
    of: Annotated[int | None, typer.Option(min=1, help="Share the lines out among so many workers.")] = None,
) -> None:
    """Do one line of a job file, or one of several parts of it; ends with 1 when something could not be made."""
    done = Worker(path)(index, of)
    say(
        f"{counted(done.lines, 'line')}: {counted(done.chunks, 'chunk')} and {counted(done.heads, 'head')} made, "
        f"{done.found} found; {counted(len(done.errors), 'error')}"
    )
    for text in dict.fromkeys(map(str, done.errors)):
        say(text, err=True)
    if done.errors:
        raise typer.Exit(1)


def submit(
    path: JobsFile,
    of: Annotated[int, typer.Option(min=1, help="How many workers share the lines.")],
    cluster: Annotated[str, typer.Option(help="slurm, local (processes of this machine), or auto.")] = "auto",
    logs: Annotated[Path, typer.Option(help="Where the workers' logs are written.")] = Path("jobs-logs"),
    minutes: Annotated[
        int, typer.Option(min=1, help="After how long a worker is stopped, and queued again (three times).")
    ] = 240,
    gpus: Annotated[int, typer.Option(min=0, help="GPUs of a worker.")] = 1,
    cpus: Annotated[int, typer.Option(min=1, help="Cores of a worker.")] = 8,
    slurm: Annotated[list[str] | None, typer.Option(help="A further option of sbatch, such as partition=gpu.")] = None,
    at_once: Annotated[
        int | None, typer.Option(min=1, help="How many workers Slurm runs at one time; without it, all.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait for the workers, as is always done for local ones.")] = False,
) -> None:
    """Submit a job file as a job array, through submitit."""
    read_job_file(path)
    executor = _executor(logs, cluster)
    further = dict(_option_of_word(text) for text in slurm or [])
    executor.update_parameters(
        timeout_min=minutes,
        gpus_per_node=gpus,
        cpus_per_task=cpus,
        slurm_job_name="robustcheck",
        slurm_array_parallelism=at_once or of,
        slurm_additional_parameters=further,
    )
    submitted = _submitted(executor, path.resolve(), of, logs)
    say(f"{counted(len(submitted), 'worker')} on {executor.cluster}: {', '.join(job.job_id for job in submitted)}")
    if wait or executor.cluster == "local":
        _wait_for(submitted, executor.cluster)


def _submitted(executor: Any, path: Path, of: int, logs: Path) -> list[Any]:
    """Submit the workers; what the cluster or the disk refuses is an error in its words."""
    try:
        return list(executor.map_array(Worker(path), range(of), [of] * of))
    # submitit has errors of its own for what a cluster refuses, and they are RuntimeErrors.
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise SetupError(
            f"the workers could not be submitted ({type(error).__name__}: {error})",
            where=f"{executor.cluster}, with logs in {logs}",
            fix="see that the options suit the cluster (--slurm, --gpus, --cpus) and that the logs can be written",
        ) from error


def _wait_for(submitted: list[Any], cluster: str) -> None:
    """Wait for workers and sum up; ends with 1 when one died or could not make something."""
    wrong = 0
    for job, errors in Waiting(submitted, slurm_queue if cluster == "slurm" else None).ends():
        wrong += bool(errors)
        for text in errors:
            say(f"worker {job.job_id}: {text}", err=True)
    say(f"{len(submitted) - wrong} of {len(submitted)} workers did all of their lines")
    if wrong:
        raise typer.Exit(1)


def _executor(logs: Path, cluster: str) -> Any:
    try:
        import submitit
    except ImportError as error:
        raise SetupError("submitit is not installed", where="submit", fix="pip install 'robustcheck[slurm]'") from error
    try:
        return submitit.AutoExecutor(folder=logs, cluster=None if cluster == "auto" else cluster)
    except (RuntimeError, ValueError) as error:
        raise SetupError(f"{error}", where=f"--cluster {cluster}", expected="slurm, local or auto") from error
    except OSError as error:
        raise SetupError(
            f"the logs cannot be written ({error.strerror or error})",
            where=str(logs),
            fix="name a directory: --logs DIR",
        ) from error


def _option_of_word(text: str) -> tuple[str, str | bool]:
    """Return an option of sbatch; one without a value is True."""
    name, equals, value = text.partition("=")
    name = name.lstrip("-").replace("-", "_")
    if not _NAME.fullmatch(name) or (equals and not value):
        raise SetupError(f"--slurm {text!r}", expected="NAME=VALUE, such as partition=gpu, or NAME, such as exclusive")
    if name in ("array", "array_parallelism"):
        raise SetupError(f"--slurm {text!r}", expected="--of and --at-once, which say how large the array is")
    return name, value if equals else True


def _cells(session: RobustSession, paths: list[Path]) -> list[Cell]:
    """Return the cells of suites that nothing is known of."""
    items = [item for path in suites_named(paths) for item in session.plan(session.load(path)).items]
    session.select(items)
    return session.book.lacking()


def _words(planned: JobFile) -> str:
    heads = sum(len(line.keys) for line in planned.lines if line.images is None)
    chunks = sum((line.last - line.first) * len(line.keys) for line in planned.lines)
    models = {cell.model.id for cell in planned.header.cells}
    return f"{counted(chunks, 'chunk')} and {counted(heads, 'head')} of {counted(len(models), 'model')}"
