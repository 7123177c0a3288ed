"""Margins on one axis: single verdicts by name, and many of them in shared rows that leave none out."""

from __future__ import annotations

from dataclasses import replace

from report_dimensions import dimension_run
from report_fixtures import made_up_run

from robustcheck.report.dotplot import DotPlot, margins_plot
from robustcheck.report.profiles import profiles
from robustcheck.values import Result


def plot_of(results: list[Result]) -> DotPlot:
    plot = margins_plot(results)
    assert plot is not None
    return plot


def test_few_results_have_a_row_and_a_value_each() -> None:
    plot = plot_of(list(made_up_run(4, 1).results))
    assert len(plot.rows) == 4
    assert all(row.value.endswith(" pp") for row in plot.rows)


def test_margins_of_shares_are_told_in_points() -> None:
    plot = plot_of(list(made_up_run(4, 1).results))
    assert all("%" not in label for _, label in plot.axis.ticks(44))


def test_many_results_of_few_models_share_a_row_for_each_model() -> None:
    results = list(made_up_run(3, 10).results)
    plot = plot_of(results)
    assert [row.name for row in plot.rows] == list(dict.fromkeys(result.model.id for result in results))
    assert [len(row.dots) for row in plot.rows] == [10, 10, 10]


def test_many_results_of_few_checks_share_a_row_for_each_check() -> None:
    plot = plot_of(list(made_up_run(12, 2).results))
    assert [len(row.dots) for row in plot.rows] == [12, 12]


def test_of_one_check_on_many_models_the_worst_are_named_and_none_is_left_out() -> None:
    plot = plot_of(list(made_up_run(30, 1).results))
    assert len(plot.rows) == 8
    assert plot.rows[-1].name == "23 more"
    assert sum(len(row.dots) for row in plot.rows) == 30
    assert not plot.rows[-1].value


def test_two_checks_of_one_model_on_one_data_set_have_names_of_their_own() -> None:
    first, second = made_up_run(1, 2).results
    alike = replace(second, score=first.score, quantity=first.quantity)
    keys = [first.check_key, "other-limit[a]"]
    of_one_suite = [first, replace(alike, check_key=keys[1], check_id="other-limit")]
    assert [row.name for row in plot_of(of_one_suite).rows] == keys
    of_two_suites = [replace(first, suite="a.robust.yaml"), replace(alike, suite="b.robust.yaml", check_key=keys[0])]
    assert [row.name for row in plot_of(of_two_suites).rows] == ["a.robust.yaml", "b.robust.yaml"]


def test_results_without_a_margin_are_not_drawn() -> None:
    results = [replace(one, verdict=replace(one.verdict, margin=None)) for one in made_up_run(3, 1).results]
    assert margins_plot(results) is None


def test_a_profile_of_one_model_says_each_value_or_each_severity() -> None:
    factors, corruptions = (profile.plot for profile in profiles(dimension_run(1).results))
    assert all(row.value.endswith("%") for row in factors.rows)
    assert {dot.text for row in corruptions.rows for dot in row.dots} == set("12345")
