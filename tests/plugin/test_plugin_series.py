"""Series of looks in pytest: the level is shared, the report says the price, and a lost history is an error."""

from __future__ import annotations

import json

import pytest
from plugin_makers import GREEN, resolved, run, write

from robustcheck.history.taken_looks import load_series, start_series
from robustcheck.report import load_run
from robustcheck.values import RunRecord
from robustcheck.values.series import Series

NIGHTLY = GREEN.replace("title: A small suite\n", "title: A small suite\nseries: {name: nightly, looks: 100}\n")


def record(pytester: pytest.Pytester) -> RunRecord:
    return load_run(max((pytester.path / "reports").glob("*/run.json")))


@pytest.mark.parametrize("how", ["the suite", "the command line", "the configuration file"])
def test_a_series_is_declared_in_three_places(pytester: pytest.Pytester, how: str) -> None:
    write(pytester, "a.robust.yaml", NIGHTLY if how == "the suite" else GREEN)
    if how == "the configuration file":
        pytester.makeini("[pytest]\nrobust_series = nightly:100\n")
    words = ["--robust-series", "nightly:100"] if how == "the command line" else []
    done = run(pytester, *words)
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["A small suite: looks 1 to 2 of the 100 of the series nightly. Its price: *grows 1.*"])
    assert {result.look.share for result in record(pytester).results if result.look} == {0.01}
    assert load_series(pytester.path / ".robustcheck/series", "nightly").taken == 2


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["serial", "xdist"])
def test_an_open_series_goes_on_in_its_home(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    write(pytester, "a.robust.yaml", GREEN)
    home = pytester.path / "elsewhere"
    start_series(home / "series", "nightly")
    for models in ("openclip:ViT-B-32/openai,openclip:ViT-B-16/openai", "openclip:RN50/openai"):
        words = ["--robust-series", "nightly:open", "--robust-home", str(home), "--models", models]
        run(pytester, *words, *workers).assert_outcomes(passed=models.count(",") + 1)
    assert [look.number for look in load_series(home / "series", "nightly").looks] == [1, 2, 3]
    assert [result.look.number for result in record(pytester).results if result.look] == [3]


def test_a_lost_history_is_told_once_for_the_run(pytester: pytest.Pytester) -> None:
    write(pytester, "a.robust.yaml", GREEN)
    write(pytester, "b.robust.yaml", GREEN)
    done = run(pytester, "--robust-series", "nightly")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    told = done.stderr.str() + done.stdout.str()
    assert told.count("the history of the series nightly is not here") == 1
    assert "robustcheck series nightly --start" in told
    assert not (pytester.path / ".robustcheck/series").exists()


def test_a_lost_history_of_a_suite_is_an_error_of_its_checks(pytester: pytest.Pytester) -> None:
    write(pytester, "a.robust.yaml", GREEN.replace("checks:", "series: {name: nightly}\nchecks:", 1))
    done = run(pytester)
    done.assert_outcomes(errors=2)
    done.stdout.fnmatch_lines(["*the history of the series nightly is not here*"])


def test_a_series_that_cannot_be_is_said_at_once(pytester: pytest.Pytester) -> None:
    write(pytester, "a.robust.yaml", GREEN)
    done = run(pytester, "--robust-series", "nightly:many")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*'nightly:many' is not a series*"])


def test_a_spent_series_says_so(pytester: pytest.Pytester) -> None:
    write(pytester, "a.robust.yaml", GREEN)
    words = ["--robust-series", "short:1", "--models"]
    run(pytester, *words, "openclip:ViT-B-32/openai").assert_outcomes(passed=1)
    done = run(pytester, *words, "openclip:ViT-B-16/openai")
    done.stdout.fnmatch_lines(["*the series short is of 1 looks, and this is look 2: its 5% are spent*"])


def test_without_a_series_the_report_says_what_one_look_means(pytester: pytest.Pytester) -> None:
    write(pytester, "a.robust.yaml", GREEN)
    done = run(pytester)
    done.stdout.no_fnmatch_line("*No series is declared*")
    [said] = [notice.text for notice in record(pytester).notices if notice.about == "looks"]
    assert "Of 20 such looks, if they are independent, one or more is red in up to 64%, of 100 in up to 99.4%" in said
    assert "The 2 candidates of this run are 2 looks: 10%." in said
    page = next((pytester.path / "reports").glob("*/index.html")).read_text(encoding="utf-8")
    assert "No series is declared" in page


def test_a_run_says_how_many_of_its_checks_could_decide(pytester: pytest.Pytester) -> None:
    tight = "  - id: tight\n    measure: {metric: top1, dataset: imagenet-v2}\n    expect:\n" + (
        "      on_trend: {population: openclip, against: {metric: top1, dataset: imagenet-val}, allowed_below: 0.5pp}\n"
    )
    write(pytester, "a.robust.yaml", GREEN + tight)
    done = run(pytester)
    done.stdout.fnmatch_lines(
        ["2 of 4 verdicts (50%) could have found*These checks have too few images for that: tight."]
    )


def test_home_holds_store_baselines_and_series(pytester: pytest.Pytester) -> None:
    settings = resolved(pytester, "--robust-home", "away", "--robust-series", "nightly:7")
    home = pytester.path / "away"
    assert (settings.home, settings.measure.store, settings.baselines) == (home, home / "store", home / "baselines")
    assert settings.series == Series("nightly", 7)
    assert resolved(pytester, robust_home="away").home == home
    assert resolved(pytester).home == pytester.path / ".robustcheck"


def test_the_file_of_a_series_is_plain_json(pytester: pytest.Pytester) -> None:
    write(pytester, "a.robust.yaml", NIGHTLY)
    run(pytester)
    content = json.loads((pytester.path / ".robustcheck/series/nightly.json").read_text())
    assert [look["model"] for look in content["looks"]] == ["ViT-B-32/openai", "ViT-B-16/openai"]
