"""``python -m`` in processes whose imports are done: forks of one that imported what a run of a suite needs.

A run of a small suite computes for a few tenths of a second; the imports before it take two seconds, and ten where a
model is loaded. Each fork has its own directory, environment, outputs and modules, as any process has, and so have the
workers that xdist starts for it. Where a test is about what is imported, or about how a process starts, it needs a
process that starts from nothing. So does every run where processes cannot be forked (Windows): slower, with the same
outcome.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

SUITE = """\
robustcheck: 1
title: What runs import
models: [openclip:ViT-B-32/openai, fake:zero-shot]
checks:
  - {id: one, measure: {metric: top1, dataset: imagenet-v2}, expect: {at_least: 40%}}
"""


def run_fork(
    place: Path, *words: str, environ: Mapping[str, str] = os.environ, live: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m`` with these words in a directory; ``live``: the libraries of models are imported before it."""
    return run_forks(place, words, environ=environ, live=live)[0]


def run_forks(
    place: Path, *calls: tuple[str, ...], environ: Mapping[str, str] = os.environ, live: bool = False
) -> list[subprocess.CompletedProcess[str]]:
    """Run several at the same time; return what each has said, in their order."""
    if not hasattr(os, "fork"):
        with ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(lambda words: _run_from_nothing(place, words, environ), calls))
    return [run.wait() for run in [_start_fork(place, words, environ, live) for words in calls]]


@dataclass(frozen=True)
class _Fork:
    """A run that has begun."""

    process: int
    words: tuple[str, ...]
    outputs: tempfile.TemporaryDirectory[str]

    def wait(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end, and return what it said."""
        code = _heard(self.process, "ended")
        with self.outputs as directory:
            said = (Path(directory, name).read_text(encoding="utf-8") for name in ("out", "err"))
            return subprocess.CompletedProcess(self.words, code, *said)


def _start_fork(place: Path, words: tuple[str, ...], environ: Mapping[str, str], live: bool) -> _Fork:
    server = _server()
    assert server.stdin is not None
    outputs = tempfile.TemporaryDirectory()
    paths = [str(Path(outputs.name, name)) for name in ("out", "err")]
    asked = {"place": str(place), "words": words, "environ": dict(environ), "live": live, "outputs": paths}
    server.stdin.write(json.dumps(asked) + "\n")
    server.stdin.flush()
    return _Fork(_heard(0, "begun"), words, outputs)


_ANSWERS: dict[tuple[int, str], int] = {}


def _heard(process: int, event: str) -> int:
    """Read what the process that is forked says until it tells of this event; keep what it tells of others."""
    server = _server()
    assert server.stdout is not None
    while (process, event) not in _ANSWERS:
        answer = server.stdout.readline().split()
        assert answer, "the process that is forked has died"
        _ANSWERS[int(answer[0]), answer[1]] = int(answer[2])
    return _ANSWERS.pop((process, event))


def _run_from_nothing(
    place: Path, words: tuple[str, ...], environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    # The directory of the run comes first among the places of modules, as with ``python -m`` it does.
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=place,
        env={**environ, "PYTHONIOENCODING": "utf-8", "HF_HUB_OFFLINE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@functools.cache
def _server() -> subprocess.Popen[str]:
    """Start the process that is forked, which ends when this one does."""
    hidden = ("ROBUSTCHECK", "PYTEST", "GITHUB")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    server = subprocess.Popen(
        [sys.executable, __file__],
        env={**environ, "HF_HUB_OFFLINE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    # It stops where its input ends.
    atexit.register(server.communicate)
    return server


def serve() -> None:
    """Fork for each request that is read; tell its number, and that of each fork that has ended with its exit code."""
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _import_what_runs_import()
    running: set[int] = set()
    signal.signal(signal.SIGCHLD, lambda *_: _tell_ends(running, answers))
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["live"]:
            import open_clip  # noqa: F401
        # What is here already is not looked through each time that a fork collects its garbage.
        gc.freeze()
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _become(asked)
            if "-n" in sys.argv:
                _fork_workers(int(sys.argv[sys.argv.index("-n") + 1]))
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
            return
        running.add(child)
        os.write(answers, f"0 begun {child}\n".encode())
        # It may have ended before it was added.
        _tell_ends(running, answers)


def _tell_ends(running: set[int], answers: int) -> None:
    for process in tuple(running):
        # The signal of another end may have come in the middle of this.
        with contextlib.suppress(ChildProcessError):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                running.discard(process)
                os.write(answers, f"{process} ended {os.waitstatus_to_exitcode(status)}\n".encode())


def _import_what_runs_import() -> None:
    """Run a suite once: what pytest's own importer has imported is as in any run."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "a.robust.yaml").write_text(SUITE, encoding="utf-8")
        os.chdir(directory)
        pytest.main(["-q", "-p", "no:cacheprovider"])
        from xdist import dsession, remote, scheduler  # noqa: F401

        os.chdir("/")


def _become(asked: dict[str, Any]) -> None:
    """Take on the directory, the environment, the arguments and the outputs of a run."""
    from robustcheck import registry

    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["place"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, path in zip((1, 2), asked["outputs"], strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    sys.argv = asked["words"]
    further = os.environ.get("PYTHONPATH")
    sys.path[:1] = [asked["place"], *(further.split(os.pathsep) if further else ())]
    if further:
        registry.forget()


def _fork_workers(count: int) -> None:
    """Hold as many processes ready as xdist will start: each waits for the line that tells any worker what it is."""
    from execnet import gateway_io
    from execnet.gateway_base import Popen2IO

    class Forked(Popen2IO):
        """What execnet holds of a process that it started."""

        def __init__(self, pid: int, heard: IO[bytes], told: IO[bytes], execmodel: Any) -> None:
            super().__init__(told, heard, execmodel)
            self.pid = pid

        def wait(self) -> int:
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

        def kill(self) -> None:
            os.kill(self.pid, signal.SIGKILL)

    ready: list[tuple[int, IO[bytes], IO[bytes]]] = []
    for _ in range(count):
        ready.append(_fork_worker(ready))
    started = gateway_io.create_io
    gateway_io.create_io = lambda spec, execmodel: (
        Forked(*ready.pop(0), execmodel) if ready else started(spec, execmodel)
    )


def _fork_worker(others: Iterable[tuple[int, IO[bytes], IO[bytes]]]) -> tuple[int, IO[bytes], IO[bytes]]:
    """Return the process that waits, what it says and where it is told; as ``python -c LINE`` it has no other files."""
    (its_input, told), (heard, its_output) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid:
        os.close(its_input)
        os.close(its_output)
        return pid, os.fdopen(heard, "rb"), os.fdopen(told, "wb")
    for _, *files in others:
        for file in files:
            file.close()
    for descriptor, its in enumerate((its_input, its_output)):
        os.dup2(its, descriptor)
    for descriptor in (its_input, its_output, told, heard):
        os.close(descriptor)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.argv = ["-c"]
    # Nothing is said to it where the run ends before it has workers.
    if line := sys.stdin.readline():
        exec(eval(line), {"__name__": "__main__"})
    sys.exit()


if __name__ == "__main__":
    serve()
