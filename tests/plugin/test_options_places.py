"""--robust-data, --robust-store and --robust-report: where things lie, relative to whoever names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from plugin_makers import resolved

from robustcheck.errors import SetupError


@pytest.fixture(autouse=True)
def elsewhere(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run from a directory inside the one that has the configuration file."""
    monkeypatch.delenv("ROBUSTCHECK_DATA", raising=False)
    for name in ("a", "b", "inner/a"):
        (pytester.path / name).mkdir(parents=True)
    monkeypatch.chdir(pytester.path / "inner")
    return pytester.path / "inner"


def test_without_either_things_lie_where_pytest_was_started(pytester: pytest.Pytester, elsewhere: Path) -> None:
    settings = resolved(pytester)
    assert settings.measure.roots == ()
    assert settings.measure.store == elsewhere / ".robustcheck/store"
    assert settings.baselines == elsewhere / ".robustcheck/baselines"
    assert settings.reports == elsewhere / "reports"


def test_data_of_the_command_line_lie_where_it_runs(pytester: pytest.Pytester, elsewhere: Path) -> None:
    given = os.pathsep.join(["a", str(pytester.path / "b")])
    assert resolved(pytester, "--robust-data", given).measure.roots == (elsewhere / "a", pytester.path / "b")


def test_data_of_the_configuration_file_lie_beside_it(pytester: pytest.Pytester) -> None:
    assert resolved(pytester, robust_data="a b").measure.roots == (pytester.path / "a", pytester.path / "b")


def test_data_of_the_command_line_win(pytester: pytest.Pytester, elsewhere: Path) -> None:
    assert resolved(pytester, "--robust-data", "a", robust_data="b").measure.roots == (elsewhere / "a",)


def test_missing_data_name_the_key(pytester: pytest.Pytester) -> None:
    with pytest.raises(SetupError, match=r"robust_data: there is no directory .*/nowhere"):
        resolved(pytester, robust_data="nowhere")


@pytest.mark.parametrize(("flag", "key"), [("--robust-store", "robust_store"), ("--robust-report", "robust_report")])
def test_a_place_from_either(pytester: pytest.Pytester, elsewhere: Path, flag: str, key: str) -> None:
    def place(*arguments: str, **ini: str) -> Path:
        settings = resolved(pytester, *arguments, **ini)
        return settings.measure.store if key == "robust_store" else settings.reports

    assert place(flag, "out") == elsewhere / "out"
    assert place(**{key: "out"}) == pytester.path / "out"
    assert place(flag, "out", **{key: "other"}) == elsewhere / "out"


def test_two_reports_are_one_too_many(pytester: pytest.Pytester) -> None:
    with pytest.raises(SetupError, match=r"robust_report has 2 values\n.*one directory"):
        resolved(pytester, robust_report="a b")


def test_a_store_may_be_at_a_url(pytester: pytest.Pytester) -> None:
    assert resolved(pytester, robust_store="s3://bucket/a b").measure.store == "s3://bucket/a b"
    settings = resolved(pytester, "--robust-store", "memory://x")
    assert settings.measure.store == "memory://x"
    assert settings.samples == pytester.path / "inner" / ".robustcheck/samples"


@pytest.mark.parametrize("flag", ["--robust-data", "--robust-store", "--robust-report", "--robust-device"])
def test_an_unset_variable_is_no_place(pytester: pytest.Pytester, flag: str) -> None:
    with pytest.raises(SetupError, match=f"{flag} '' names nothing"):
        resolved(pytester, f"{flag}=")
