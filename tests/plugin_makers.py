"""Suites and pytest runs that tests make up."""

from __future__ import annotations

import tempfile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from forks import run_fork

if TYPE_CHECKING:
    from robustcheck.run.settings import RunSettings

SUITE = """\
robustcheck: 1
title: A small suite
models: [openclip:ViT-B-32/openai, openclip:ViT-B-16/openai]
checks:
  - id: v2-good
    title: good
    tags: [easy]
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 40%}
  - id: v2-bad
    measure: {metric: top1, dataset: imagenet-v2}
    tags: [hard]
    expect: {at_least: 80%}
    why: It should be this good.
  - id: v2-near
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {between: [55.5%, 62.0%]}
  - id: v2-warns
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 30%}
    warn: {limit: 90%}
"""


GREEN = SUITE[: SUITE.index("  - id: v2-bad")]


def write(pytester: pytest.Pytester, name: str, text: str) -> Path:
    path = pytester.path / name
    path.write_text(dedent(text), encoding="utf-8")
    return path


def run(pytester: pytest.Pytester, *arguments: str, live: bool = False) -> pytest.RunResult:
    """Run pytest where the test is, in a process whose imports are done; ``live``: those of models too."""
    basetemp = tempfile.mkdtemp(prefix="runpytest-", dir=pytester.path)
    done = run_fork(Path.cwd(), "pytest", f"--basetemp={basetemp}", "-p", "no:cacheprovider", *arguments, live=live)
    print(done.stdout, done.stderr)
    return pytest.RunResult(done.returncode, done.stdout.splitlines(), done.stderr.splitlines(), duration=0.0)


def run_apart(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in a process that starts from nothing, as a user does."""
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def resolved(pytester: pytest.Pytester, *arguments: str, **ini: str) -> RunSettings:
    """Return what the options of a run resolve to, given on the command line and in the configuration file."""
    # Here, because the plugin must not be needed by those who only write suites.
    from robustcheck.plugin.resolve import run_settings

    pytester.makeini("\n".join(["[pytest]", *(f"{key} = {value}" for key, value in ini.items())]))
    return run_settings(
        pytester.parseconfig("-p", "no:cacheprovider", "-c", str(pytester.path / "tox.ini"), *arguments)
    )
