"""Verdicts about groups of models: what is compared, how sure it is, and what was expected of the finding."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import TODAY, make_check, make_item, published_score
from scipy import stats

from robustcheck.errors import DataMissing, ModelUnavailable, RecordError, SetupError
from robustcheck.judge import GroupCase, conclude, draw_groups, judge
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.run.evidence import EvidenceBook
from robustcheck.run.members import gather_groups
from robustcheck.run.plan import plan_suite
from robustcheck.stats.group_effects import matched_difference
from robustcheck.stats.model_families import cross_families
from robustcheck.values import Cell, KnownDeviation, ModelRef, Quantity, Score, TrendFigure
from robustcheck.values.expectations import (
    Correlates,
    GroupAbove,
    GroupExpectation,
    Improves,
    SameTrend,
    Steeper,
    parse_amount,
)

VAL = {"metric": "top1", "dataset": "imagenet-val"}
R = Quantity("top1", "imagenet-r")
LAION, WIT = {"source": "laion"}, {"source": "wit"}


class Book:
    """The scores of a run, told."""

    def __init__(self, found: dict[Cell, Any]) -> None:
        self.found = found

    def scores(self, cells: tuple[Cell, ...]) -> dict[Cell, Any]:
        return {cell: self.found[cell] for cell in cells}

    def score(self, cell: Cell, *, live: bool) -> Score:
        assert live
        if self.found[cell].value > 0.64:
            raise DataMissing("imagenet-val is not here")
        published: Score = self.found[cell]
        return replace(published, evidence="live", value=published.value - 0.01)


def gather(expect: GroupExpectation, book: Any = None, *, alpha: float = 0.05, **changes: Any) -> GroupCase:
    changes = {"quantity": R, **changes}
    check = make_check(expect, **changes)
    return gather_groups(make_item(check, ModelRef("models", expect.words, "group", ""), alpha), book, TODAY)


def drawn(case: GroupCase) -> TrendFigure | None:
    line = case.planned.check.group_expectation.drawn_line
    assert line is not None
    return draw_groups(line, case)


def table(path: Path, rows: list[tuple[str, str, float, float]], metric: str = "top1") -> str:
    """Write a population of (model, side, x, y); x is imagenet-val and y imagenet-r."""
    lines = ["model,dataset,metric,value,n,side,backbone"]
    for model, side, x, y in rows:
        lines.append(f"{model},imagenet-val,top1,{x!r},50000,{side},{model[1:]}")
        lines.append(f"{model},imagenet-r,{metric},{y!r},30000,{side},{model[1:]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def line(side: str, n: int, lift: float, *, slope: float = 1.0, noise: float = 0.004, low: float = 0.4) -> list[Any]:
    rng = np.random.default_rng(len(side) + n)
    x = np.linspace(low, low + 0.4, n)
    y = 0.1 + slope * (x - 0.1) + lift + rng.normal(0, noise, n)
    return [(f"{side[0]}{index}", side, float(x[index]), float(y[index])) for index in range(n)]


def above(population: str | list[str], **changes: Any) -> GroupAbove:
    block = {"higher": {"side": "new"}, "lower": {"side": "old"}, "population": population, **changes}
    return GroupAbove.model_validate(block)


RESIDUAL = {"by": "residual", "against": VAL, "axis": "linear"}


def test_a_group_above_the_line_passes_and_one_below_fails(tmp_path: Path) -> None:
    population = table(tmp_path / "p.csv", line("new", 8, 0.05) + line("old", 10, 0.0))
    verdict = judge(gather(above(population, **RESIDUAL)))
    assert verdict.status == "pass"
    assert verdict.compared == pytest.approx(0.05, abs=0.005)
    assert verdict.value is not None
    assert verdict.expected is not None
    assert verdict.value - verdict.expected == pytest.approx(verdict.compared)
    assert verdict.n == 18
    assert verdict.limit == 0.0
    assert "mean top1 of side new lies 4.8 pp above the line of side old" in verdict.reason
    assert dict(verdict.facts)["models"] == "8 of side new, 10 of side old"
    turned = judge(gather(above(population, higher={"side": "old"}, lower={"side": "new"}, **RESIDUAL)))
    assert turned.status == "fail"
    assert turned.p_value is not None
    assert turned.p_value < 0.001


def test_the_line_may_be_that_of_the_better_group(tmp_path: Path) -> None:
    population = table(tmp_path / "p.csv", line("new", 10, 0.05) + line("old", 8, 0.0, slope=0.5))
    case = gather(above(population, line="higher", **RESIDUAL))
    verdict = judge(case)
    new, old = (group.points for group in case.groups)
    expected = np.polyval(np.polyfit(new.x, new.y, 1), old.x) - old.y
    assert verdict.status == "pass"
    assert verdict.compared == pytest.approx(expected.mean(), abs=0.003)
    assert verdict.expected == pytest.approx(old.y.mean())
    assert "the line of side new lies 30.2 pp above mean top1 of side old" in verdict.reason
    assert dict(verdict.facts)["line of side new"].startswith("10 models")
    figure = drawn(case)
    assert figure is not None
    assert figure.line_of == "side new"
    turned = {"higher": {"side": "old"}, "lower": {"side": "new"}, "line": "higher"}
    assert judge(gather(above(population, **turned, **RESIDUAL))).status == "fail"


def test_a_margin_is_asked_for_in_full(tmp_path: Path) -> None:
    population = table(tmp_path / "p.csv", line("new", 8, 0.05) + line("old", 10, 0.0))
    assert judge(gather(above(population, margin="4pp", **RESIDUAL))).status == "pass"
    assert judge(gather(above(population, margin="6pp", **RESIDUAL))).status == "fail"
    warned = gather(above(population, margin="1pp", **RESIDUAL), warn=above(population, margin="6pp", **RESIDUAL))
    assert judge(warned).status == "warn"


def test_by_value_is_the_difference_of_means_with_mann_whitney(tmp_path: Path) -> None:
    rows = line("new", 8, 0.2, noise=0.05) + line("old", 10, 0.0, noise=0.05)
    verdict = judge(gather(above(table(tmp_path / "p.csv", rows))))
    new, old = ([y for _, side, _, y in rows if side == wanted] for wanted in ("new", "old"))
    assert verdict.compared == pytest.approx(np.mean(new) - np.mean(old))
    assert verdict.expected == pytest.approx(np.mean(old))
    assert dict(verdict.facts)["Mann-Whitney p"] == f"{stats.mannwhitneyu(new, old).pvalue:.3g}"


def test_lower_is_better_turns_the_side(tmp_path: Path) -> None:
    rows = [(name, side, x, y * 0.2) for name, side, x, y in line("new", 8, 0.5, noise=0.05) + line("old", 9, 0.0)]
    population = table(tmp_path / "p.csv", rows, metric="ece")
    assert judge(gather(above(population), quantity=Quantity("ece", "imagenet-r"))).status == "fail"
    turned = above(population, higher={"side": "old"}, lower={"side": "new"})
    assert judge(gather(turned, quantity=Quantity("ece", "imagenet-r"))).status == "pass"


@pytest.mark.parametrize("expected", ["", "open"])
def test_few_models_are_unsure_at_best_and_say_so(tmp_path: Path, expected: str) -> None:
    population = table(tmp_path / "p.csv", line("new", 4, 0.2) + line("old", 10, 0.0))
    verdict = judge(gather(above(population, **RESIDUAL), expect_finding=expected))
    assert verdict.status == ("pass" if expected else "unsure")
    assert verdict.notes[0] == "too few families to decide: 4, 10 (5 in a group at least)"


def test_models_outside_the_lines_x_and_at_0_are_said(tmp_path: Path) -> None:
    rows = [*line("new", 8, 0.05, low=0.5), *line("old", 10, 0.0), ("ozero", "old", 0.5, 0.0)]
    verdict = judge(gather(above(table(tmp_path / "p.csv", rows), **{**RESIDUAL, "axis": "probit"})))
    assert any(note.startswith("extrapolated: 2 of 8 models of side new") for note in verdict.notes)
    assert any(note.startswith("without ozero: 0% and 100% have no place") for note in verdict.notes)


def test_a_group_without_a_place_on_the_axis_asks_for_linear_ones(tmp_path: Path) -> None:
    perfect = [(f"n{index}", "new", 0.5 + index / 20, 1.0) for index in range(6)]
    population = table(tmp_path / "p.csv", perfect + line("old", 10, 0.0))
    with pytest.raises(RecordError, match="no model of side new has a place on a probit axis") as caught:
        judge(gather(above(population, by="residual", against=VAL)))
    assert caught.value.fix == "use axis: linear"
    assert judge(gather(above(population, **RESIDUAL))).status == "pass"


def test_two_models_draw_no_line(tmp_path: Path) -> None:
    population = table(tmp_path / "p.csv", line("new", 8, 0.05) + line("old", 2, 0.0))
    assert drawn(gather(above(population, **RESIDUAL))) is None


def test_x_range_keeps_models_inside(tmp_path: Path) -> None:
    population = table(tmp_path / "p.csv", line("new", 8, 0.05) + line("old", 10, 0.0))
    case = gather(above(population, x_range=["45%", "75%"], **RESIDUAL))
    assert all(0.45 <= member.x <= 0.75 for group in case.groups for member in group.members)
    assert ("x between", "45% and 75%") in judge(case).facts


CORRELATION = Correlates.model_validate({"with": VAL, "at_least": 0.8, "population": "openclip"})


def test_a_correlation_has_both_kinds_with_p() -> None:
    case = gather(CORRELATION, quantity=Quantity("image_retrieval_recall@5", "mscoco"))
    verdict = judge(case)
    points = case.groups[0].points
    rank, straight = stats.spearmanr(points.x, points.y), stats.pearsonr(points.x, points.y)
    assert verdict.value == pytest.approx(rank.statistic)
    assert verdict.unit == ""
    assert verdict.n == points.size == 113
    assert "correlation over top1 on imagenet-val from 0.8% to 84.4%" in verdict.reason
    facts = dict(verdict.facts)
    assert max(rank.pvalue, straight.pvalue) < 1e-9
    assert facts["Spearman's correlation"] == f"{rank.statistic:.3f} (p < 1e-9)"
    assert facts["Pearson's correlation"] == f"{straight.statistic:.3f} (p < 1e-9)"


def test_a_quantity_that_is_the_same_for_all_models_has_no_correlation(tmp_path: Path) -> None:
    rows = [(f"m{index}", "new", 0.4 + index / 20, 0.5) for index in range(8)]
    expect = Correlates.model_validate({"with": VAL, "at_least": 0.2, "population": table(tmp_path / "p.csv", rows)})
    with pytest.raises(RecordError, match="the same for all models: there is no correlation"):
        judge(gather(expect))


def test_at_most_asks_for_little_correlation() -> None:
    expect = Correlates.model_validate({"with": VAL, "at_most": 0.2, "population": "openclip"})
    assert judge(gather(expect)).status == "fail"


def test_steeper_says_slopes_and_tan_delta(tmp_path: Path) -> None:
    rows = line("new", 12, 0.0, slope=1.2, noise=0.001) + line("old", 12, 0.0, slope=0.95, noise=0.001)
    block = {"steeper": {"side": "new"}, "than": {"side": "old"}, "against": VAL}
    population = table(tmp_path / "p.csv", rows)
    case = gather(Steeper.model_validate({**block, "population": population}))
    verdict = judge(case)
    assert verdict.status == "pass"
    assert verdict.compared == pytest.approx(0.25, abs=0.02)
    assert dict(verdict.facts)["tan(delta) of the two angles"].startswith("+0.11")
    assert judge(gather(Steeper.model_validate({**block, "margin": 0.4, "population": population}))).status == "fail"
    figure = drawn(case)
    assert figure is not None
    assert {point.group for point in figure.points} == {"side new", "side old"}
    assert figure.fit.slope == pytest.approx(1.2, abs=0.02)


@pytest.mark.parametrize(("lift", "status"), [(0.0, "pass"), (0.06, "fail"), (0.018, "unsure")])
def test_one_trend_within_two_points(tmp_path: Path, lift: float, status: str) -> None:
    population = table(tmp_path / "p.csv", line("new", 12, lift, noise=0.003) + line("old", 14, 0.0, noise=0.003))
    block = {"groups": [{"side": "new"}, {"side": "old"}], "against": VAL, "within": "2pp", "axis": "linear"}
    verdict = judge(gather(SameTrend.model_validate({**block, "population": population})))
    assert verdict.status == status
    assert verdict.limit == 0.02
    assert "x in common" in dict(verdict.facts)


def pairs_table(tmp_path: Path, gain: float, n: int = 8) -> str:
    rng = np.random.default_rng(n)
    before = [(f"b{index}", "before", 0.4 + index / 30, 0.3 + index / 30) for index in range(n)]
    after = [
        (f"a{index}", "after", x + 0.02, y + gain + float(rng.normal(0, 0.003)))
        for index, (_, _, x, y) in enumerate(before)
    ]
    return table(tmp_path / "pairs.csv", before + after)


MATCH = {"before": {"side": "before"}, "after": {"side": "after"}, "match": ["backbone"]}


def test_matched_pairs_improve(tmp_path: Path) -> None:
    verdict = judge(gather(Improves.model_validate({**MATCH, "population": pairs_table(tmp_path, 0.05)})))
    assert verdict.status == "pass"
    assert verdict.n == 8
    assert verdict.compared == pytest.approx(0.05, abs=0.004)
    assert "n = 8 pairs" in verdict.reason
    low, high = stats.binomtest(8, 8).proportion_ci(method="exact")
    share = f"share {low:.0%} to {high:.0%}, if pairs were independent"
    assert dict(verdict.facts)["better in"] == f"8 of 8 pairs, worse in 0 (sign test p = 0.00781; {share})"
    assert dict(verdict.facts)["families"] == "8 of pairs"


def test_a_gain_in_value_can_be_a_loss_against_the_line(tmp_path: Path) -> None:
    population = pairs_table(tmp_path, 0.01)
    assert judge(gather(Improves.model_validate({**MATCH, "population": population}))).status == "pass"
    residual = judge(gather(Improves.model_validate({**MATCH, **RESIDUAL, "population": population})))
    assert residual.status == "fail"
    assert residual.compared == pytest.approx(-0.01, abs=0.004)


def test_a_file_names_the_pairs_and_two_are_too_few(tmp_path: Path) -> None:
    population = pairs_table(tmp_path, 0.05)
    names = tmp_path / "names.csv"
    names.write_text("before,after\nb0,a3\nb1,a1\nb2,gone\n")
    verdict = judge(gather(Improves.model_validate({"pairs": str(names), "population": population})))
    assert verdict.status == "unsure"
    assert verdict.notes[0] == "too few families to decide: 2 (5 in all at least)"
    names.write_text("before,after\nb0,b0\n")
    with pytest.raises(RecordError, match=r"names\.csv:2: this row names no pair"):
        gather(Improves.model_validate({"pairs": str(names), "population": population}))


def test_several_models_of_one_kind_count_with_their_mean(tmp_path: Path) -> None:
    path = Path(pairs_table(tmp_path, 0.05))
    text = path.read_text() + "twin,imagenet-r,top1,0.9,30000,after,0\n"
    path.write_text(text)
    case = gather(Improves.model_validate({**MATCH, "population": str(path)}))
    assert len(case.pairs) == 8
    assert [member.model for member in case.pairs[0].after] == ["a0", "twin"]


THAN_VAL = {"than": VAL}


def test_each_model_is_its_own_pair(tmp_path: Path) -> None:
    rows = line("new", 8, -0.1, noise=0.01)
    population = table(tmp_path / "p.csv", [*rows, ("zero", "old", 0.5, 0.0)])
    case = gather(Improves.model_validate({**THAN_VAL, "population": population, "among": {"side": "new"}}))
    verdict = judge(case)
    changes = np.array([y - x for *_, x, y in rows])
    assert verdict.status == "fail"
    assert verdict.compared == pytest.approx(changes.mean())
    assert (verdict.low, verdict.high) == pytest.approx(stats.ttest_1samp(changes, 0).confidence_interval(), abs=0.003)
    assert verdict.reason.startswith("mean top1 on imagenet-r 50.2% is 9.8 pp below the 60.0% of top1 on imagenet-val")
    assert dict(verdict.facts)["pairs"] == "8, of one model each"
    assert case.planned.check.group_expectation.drawn_line is None


def test_one_model_in_two_ways_where_lower_is_better(tmp_path: Path) -> None:
    path = Path(table(tmp_path / "p.csv", line("new", 8, -0.1, noise=0.01), metric="ece"))
    path.write_text(path.read_text().replace("imagenet-val,top1", "imagenet-val,ece"))
    expect = Improves.model_validate({"than": {**VAL, "metric": "ece"}, "population": str(path)})
    assert judge(gather(expect, quantity=Quantity("ece", "imagenet-r"))).status == "pass"


def test_a_model_without_both_quantities_has_no_pair(tmp_path: Path) -> None:
    path = Path(table(tmp_path / "p.csv", line("new", 2, 0.1)))
    path.write_text(path.read_text() + "half,imagenet-r,top1,0.5,30000,new,z\n")
    expect = Improves.model_validate({**THAN_VAL, "population": str(path)})
    verdict = judge(gather(expect))
    assert verdict.notes[:2] == (
        "too few families to decide: 2 (5 in all at least)",
        "1 model left out for want of a figure: half",
    )
    path.write_text("".join(text for text in path.read_text().splitlines(True) if not text.startswith("n1")))
    with pytest.raises(RecordError, match="1 models with all quantities"):
        gather(expect)


# --- as good as, and more than -------------------------------------------------------------------


@pytest.mark.parametrize(("keeps", "status"), [("3pp", "pass"), ("0.05pp", "unsure")])
def test_what_keeps_is_shown_by_two_one_sided_tests(tmp_path: Path, keeps: str, status: str) -> None:
    rows = line("new", 20, 0.0, slope=0.0, noise=0.02) + line("old", 24, 0.0, slope=0.0, noise=0.02)
    verdict = judge(gather(above(table(tmp_path / "p.csv", rows), keeps=keeps)))
    new, old = ([y for _, side, _, y in rows if side == wanted] for wanted in ("new", "old"))
    width = float(keeps.removesuffix("pp")) / 100
    larger = max(
        stats.ttest_ind(new, np.array(old) + shift, equal_var=False, alternative=side).pvalue  # type: ignore[arg-type]
        for shift, side in ((-width, "greater"), (width, "less"))
    )
    assert (larger < 0.025) == (status == "pass")
    assert verdict.status == status


def test_what_moved_further_than_counts_as_equal_fails_on_either_side(tmp_path: Path) -> None:
    for lift in (0.05, -0.05):
        rows = line("new", 8, lift) + line("old", 10, 0.0)
        expect = above(table(tmp_path / "p.csv", rows), keeps="1pp", **RESIDUAL)
        verdict = judge(gather(expect))
        assert verdict.status == "fail"
        assert verdict.limit == pytest.approx(0.01 if lift > 0 else -0.01)


def changing(path: Path, shift: float, metric: str = "top1") -> str:
    """Write models with a value on imagenet-v2 and, moved by a shift with some noise, on imagenet-r."""
    rng = np.random.default_rng(4)
    lines = ["model,dataset,metric,value,n,side"]
    for index, x in enumerate(np.linspace(0.4, 0.7, 12)):
        before = 0.9 * x + rng.normal(0, 0.003)
        for name, value in (("val", x), ("v2", before), ("r", before + shift + rng.normal(0, 0.002))):
            lines.append(f"m{index},imagenet-{name},{metric},{float(value)!r},50000,{'new' if index % 2 else 'old'}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


V2 = {"metric": "top1", "dataset": "imagenet-v2"}


@pytest.mark.parametrize(("shift", "status"), [(0.0, "pass"), (0.05, "fail"), (0.01, "unsure")])
def test_a_model_keeps_its_distance_from_the_line_of_the_models_before(
    tmp_path: Path, shift: float, status: str
) -> None:
    population = changing(tmp_path / "p.csv", shift)
    block = {"than": V2, "by": "residual", "against": VAL, "axis": "linear", "keeps": "1pp", "population": population}
    case = gather(Improves.model_validate(block))
    before, after = (group.points for group in case.groups)
    assert before.x.tolist() == after.x.tolist()
    verdict = judge(case)
    assert verdict.compared == pytest.approx(float((after.y - before.y).mean()), abs=1e-9)
    assert verdict.status == status
    assert drawn(case) is not None


def test_the_x_before_may_be_another_one(tmp_path: Path) -> None:
    block = {
        "than": V2,
        "by": "residual",
        "against": VAL,
        "axis": "linear",
        "than_against": {**VAL, "dataset": "imagenet-r"},
    }
    case = gather(Improves.model_validate({**block, "population": changing(tmp_path / "p.csv", 0.1)}))
    before, after = (group.points for group in case.groups)
    assert before.x == pytest.approx(after.y)
    line_before = np.polyval(np.polyfit(before.x, before.y, 1), np.array([before.x, after.x]))
    moved = after.y - line_before[1] - (before.y - line_before[0])
    assert judge(case).compared == pytest.approx(moved.mean(), abs=2e-3)


@pytest.mark.parametrize("by", ["value", "residual", "local"])
def test_one_group_moves_more_than_another(tmp_path: Path, by: str) -> None:
    path = Path(changing(tmp_path / "p.csv", 0.0))
    rows = [text.split(",") for text in path.read_text().splitlines()]
    for row in rows:
        if row[1] == "imagenet-r" and row[-1] == "new":
            row[3] = repr(float(row[3]) + 0.04)
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    block = {} if by == "value" else {"by": by, "against": VAL}
    block |= {"axis": "linear"} if by == "residual" else {"reach": "3pp"} if by == "local" else {}
    verdict = judge(gather(above(str(path), more_than=V2, **block)))
    assert verdict.status == "pass"
    assert verdict.compared == pytest.approx(0.04, abs=0.004)
    assert "imagenet-v2" in verdict.reason
    still = judge(gather(above(str(path), more_than=V2, keeps="1pp", **block)))
    assert still.status == "fail"


@pytest.mark.parametrize("by", ["slope", "tan_delta"])
def test_lines_part_more_in_one_quantity_than_in_another(tmp_path: Path, by: str) -> None:
    path = Path(changing(tmp_path / "p.csv", 0.0))
    rows = [text.split(",") for text in path.read_text().splitlines()]
    for index, row in enumerate(rows):
        if row[1] == "imagenet-r" and row[-1] == "new":
            row[3] = repr(float(row[3]) + 0.5 * float(rows[index - 2][3]) - 0.25)
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    block = {"steeper": {"side": "new"}, "than": {"side": "old"}, "against": VAL, "by": by, "population": str(path)}
    verdict = judge(gather(Steeper.model_validate({**block, "more_than": V2})))
    assert verdict.status == "pass"
    assert verdict.compared == pytest.approx(0.5 if by == "slope" else 0.5 / (1 + 0.9 * 1.4), abs=0.03)
    assert "for top1 on imagenet-v2" in verdict.reason
    angle = judge(gather(Steeper.model_validate(block)))
    assert angle.status == "pass"
    assert dict(angle.facts)["tan(delta) of the two angles"].startswith("+0.")
    turned = {**block, "steeper": {"side": "old"}, "than": {"side": "new"}, "more_than": V2}
    assert judge(gather(Steeper.model_validate(turned))).status == "fail"


# --- findings ------------------------------------------------------------------------------------

LIFT = {"holds": 0.05, "fails": -0.05, "open": 0.0}


@pytest.mark.parametrize("truth", LIFT)
@pytest.mark.parametrize("expected", LIFT)
def test_a_check_passes_when_its_evidence_says_what_is_expected(tmp_path: Path, truth: str, expected: str) -> None:
    rows = line("new", 8, LIFT[truth], noise=0.004) + line("old", 10, 0.0, noise=0.004)
    case = gather(above(table(tmp_path / "p.csv", rows), **RESIDUAL), expect_finding=expected, when_unsure="warn")
    verdict, finding = conclude(case)
    assert finding == truth
    assert verdict.status == ("pass" if truth == expected else "fail")
    assert ("finding", f"{truth}; expected: {expected}") in verdict.facts
    assert verdict.compared is not None
    if (expected, truth) == ("holds", "fails"):
        assert verdict.reason.startswith("the finding was expected to hold; on this evidence it does not: mean top1")


def test_a_known_deviation_excuses_a_failed_claim(tmp_path: Path) -> None:
    population = table(tmp_path / "p.csv", line("new", 8, -0.05) + line("old", 10, 0.0))
    known = (KnownDeviation("models", "known", "2030-01-01"),)
    verdict, finding = conclude(gather(above(population, **RESIDUAL), known_deviations=known))
    assert (verdict.status, verdict.excused, finding) == ("pass", True, "fails")


# --- gathering -----------------------------------------------------------------------------------


def test_members_without_a_figure_are_left_out_and_named(tmp_path: Path) -> None:
    path = Path(table(tmp_path / "p.csv", line("new", 8, 0.05) + line("old", 10, 0.0)))
    path.write_text(path.read_text() + "nameless,imagenet-r,top1,0.5,30000,new,z\n")
    verdict = judge(gather(above(str(path), **RESIDUAL)))
    assert "1 model left out for want of a figure: nameless" in verdict.notes


def test_groups_that_share_models_or_are_empty_are_errors(tmp_path: Path) -> None:
    population = table(tmp_path / "p.csv", line("new", 8, 0.05) + line("old", 10, 0.0))
    with pytest.raises(RecordError, match="8 models are both of side new and of side new or old"):
        gather(above(population, higher={"side": "new"}, lower={"side": ["new", "old"]}))
    with pytest.raises(RecordError, match="no model has side 'newer'"):
        gather(above(population, higher={"side": "newer"}))
    with pytest.raises(RecordError, match="no model has backbone '3x'"):
        gather(above(population, higher={"side": "new", "backbone": "3x"}))
    with pytest.raises(RecordError, match="no figure for top1 on objectnet"):
        gather(above(population), quantity=Quantity("top1", "objectnet"))


CLIP = {"higher": {"family": "clip"}, "lower": {"family": "supervised", "size": "!=test"}}


@pytest.mark.parametrize("dataset", ["imagenet-r", "imagenet-a", "imagenet-sketch"])
def test_clip_is_above_supervised_models_at_equal_accuracy(dataset: str) -> None:
    block = {**CLIP, "by": "residual", "against": VAL, "population": ["openclip", "timm"], "x_range": ["50%", "90%"]}
    case = gather(GroupAbove.model_validate(block), quantity=Quantity("top1", dataset))
    verdict = judge(case)
    assert verdict.status == "pass"
    assert verdict.low is not None
    assert verdict.low > 0.3
    assert case.evidence == "openclip, timm"
    assert not any("differ" in note for note in verdict.notes)


def test_a_population_without_the_quantity_is_named() -> None:
    masked = {**VAL, "where": {"classes": "imagenet-r"}}
    block = {**CLIP, "by": "residual", "against": masked, "population": ["openclip", "timm"]}
    with pytest.raises(RecordError, match="0 models of family clip"):
        gather(GroupAbove.model_validate(block))
    both = {"steeper": {"architecture": "vit"}, "than": {"architecture": "cnn"}, "against": masked}
    case = gather(Steeper.model_validate({**both, "population": ["openclip", "timm"]}))
    assert f"openclip has no {R.label.replace('imagenet-r', 'imagenet-val')} [classes imagenet-r]" in case.notes


def test_x_axes_that_rest_on_other_images_are_said(tmp_path: Path) -> None:
    first = Path(table(tmp_path / "a.csv", line("new", 8, 0.05)))
    second = Path(table(tmp_path / "b.csv", line("old", 10, 0.0)))
    second.write_text(second.read_text().replace("50000", "10000"))
    case = gather(above([str(first), str(second)], **RESIDUAL))
    assert any(note.startswith("the x axes differ: a has n = 50,000") for note in case.notes)


def test_a_network_that_is_listed_twice_counts_once() -> None:
    block = {"higher": {"family": "clip-ft"}, "lower": {"family": "supervised"}, "population": "timm"}
    case = gather(GroupAbove.model_validate(block))
    assert not any(member.model.endswith(("/288", "/384")) for group in case.groups for member in group.members)
    assert any(note.startswith("networks count once: left out 2") for note in case.notes)
    wit = {"higher": {"source": "laion"}, "lower": {"source": "wit"}, "population": "openclip"}
    lower = gather(GroupAbove.model_validate(wit)).groups[1]
    assert len(lower.members) == 9
    assert lower.families.count == 8
    assert {member.model for member in lower.members if "quickgelu" in member.model} == {
        "RN50-quickgelu/openai",
        "RN101-quickgelu/openai",
        "ViT-B-32-quickgelu/openai",
    }


# --- families ------------------------------------------------------------------------------------


def in_families(path: Path, groups: dict[str, int], *, rows: int = 4, lift: float = 0.0, seed: int = 0) -> str:
    """Write a population whose families lie 3 points apart by chance, and their models half a point."""
    rng = np.random.default_rng(seed)
    lines = ["model,dataset,metric,value,n,side,architecture,training_source"]
    for side, families in groups.items():
        for family in range(families):
            offset = rng.normal(0, 0.03) + (lift if side == "new" else 0)
            for row in range(rows):
                value = 0.5 + offset + rng.normal(0, 0.005)
                name = f"{side}{family}-{row}"
                lines.append(f"{name},imagenet-r,top1,{value!r},30000,{side},{side}{family},web")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_the_families_stand_beside_n_and_few_of_them_are_open(tmp_path: Path) -> None:
    verdict = judge(gather(above(in_families(tmp_path / "p.csv", {"new": 6, "old": 5}, lift=0.2))))
    assert verdict.status == "pass"
    assert "n = 44 models of 6 and 5 families" in verdict.reason
    assert dict(verdict.facts)["families"] == "6 of side new, 5 of side old"
    few = judge(gather(above(in_families(tmp_path / "q.csv", {"new": 6, "old": 4}, lift=0.2))))
    assert few.status == "unsure"
    assert few.notes[0] == "too few families to decide: 6, 4 (5 in a group at least)"


def test_offsets_of_families_do_not_make_a_claim_hold(tmp_path: Path) -> None:
    """Of 20 null populations 2.5% may hold: 3 or more happen in 1 of 80 such tests.

    With rows as the sample, 16 of which share an offset, 30% would hold: fewer than 3 in 1 of 28 such tests.
    """
    statuses = []
    for seed in range(20):
        nothing = in_families(tmp_path / f"{seed}.csv", {"new": 6, "old": 6}, rows=16, seed=seed)
        statuses.append(judge(gather(above(nothing))).status)
    assert statuses.count("pass") < 3


def test_a_table_says_what_its_cells_share(tmp_path: Path) -> None:
    population = in_families(tmp_path / "p.csv", {"new": 6, "old": 6}, lift=0.2)
    own = gather(above(population, clusters=["training_source"]))
    assert [group.families.count for group in own.groups] == [1, 1]
    assert judge(own).status == "unsure"


def cells(path: Path, rows: int, columns: int, *, gain: float, seed: int = 0) -> GroupCase:
    """Gather the pairs of a table whose encoders and lists have changes of their own, 2 points each, besides a gain."""
    rng = np.random.default_rng(seed)
    encoders, lists = rng.normal(0, 0.02, rows), rng.normal(0, 0.02, columns)
    lines = ["model,dataset,metric,value,n,side,encoder,list"]
    for row in range(rows):
        for column in range(columns):
            for side, change in (("old", 0.0), ("new", gain + encoders[row] + lists[column])):
                value = float(0.5 + change + rng.normal(0, 0.002))
                lines.append(f"{side}{row}-{column},imagenet-r,top1,{value!r},30000,{side},e{row},l{column}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    block = {"before": {"side": "old"}, "after": {"side": "new"}, "match": ["encoder", "list"]}
    asked = {**block, "clusters": ["encoder", "list"], "population": str(path)}
    return gather(Improves.model_validate(asked))


def test_cells_of_a_table_count_as_their_encoders_and_their_lists(tmp_path: Path) -> None:
    verdict = judge(cells(tmp_path / "p.csv", 6, 5, gain=0.1))
    assert verdict.status == "pass"
    assert dict(verdict.facts)["families"] == "30 crossings (6 encoder x 5 list) of pairs"
    assert "n = 30 pairs of 30 crossings" in verdict.reason


def test_too_few_units_of_one_way_are_open_and_say_what_would_help(tmp_path: Path) -> None:
    verdict = judge(cells(tmp_path / "p.csv", 8, 3, gain=0.3))
    assert verdict.status == "unsure"
    assert verdict.notes[0] == (
        "too few units to decide: 8 of encoder and 3 of list (5 of each at least, since cells that share one move "
        "together); cells of more list would help, more cells of these would not"
    )


def test_changes_of_encoders_and_lists_widen_the_interval_of_a_claim(tmp_path: Path) -> None:
    """That such intervals hold what is true is simulated where they are made: here they are those of the verdict."""
    verdict = judge(cells(tmp_path / "p.csv", 6, 6, gain=0.0, seed=3))
    with (tmp_path / "p.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    before, after = (np.array([float(row["value"]) for row in rows if row["side"] == side]) for side in ("old", "new"))
    crossed = [(row["encoder"], row["list"]) for row in rows if row["side"] == "old"]
    effect = matched_difference(before, after, seed=0, families=cross_families(crossed))
    assert (verdict.low, verdict.high) == pytest.approx(effect.interval(0.95), abs=0.002)
    alone = matched_difference(before, after, seed=0).interval(0.95)
    assert verdict.high - verdict.low > 2 * (alone[1] - alone[0])  # type: ignore[operator]


def test_a_share_of_cells_is_no_surer_than_its_encoders_and_lists(tmp_path: Path) -> None:
    case = cells(tmp_path / "p.csv", 6, 5, gain=0.2)
    share = Improves.model_validate({**MATCH, "share": "50%"})
    check = replace(case.planned.check, expect=share)
    verdict = judge(replace(case, planned=replace(case.planned, check=check)))
    assert verdict.compared == 1.0
    assert verdict.low == pytest.approx(0.025 ** (1 / 5))  # Clopper and Pearson, of 5 of 5 lists
    assert verdict.status == "unsure"


def test_a_claim_holds_at_the_level_at_which_it_would_fail(tmp_path: Path) -> None:
    """The rows are some four errors apart: enough for one check, too little for one of fifty."""
    rows = line("new", 8, 0.115, noise=0.05) + line("old", 10, 0.0, noise=0.05)
    population = above(table(tmp_path / "p.csv", rows), **RESIDUAL)
    assert judge(gather(population)).status == "pass"
    strict = judge(gather(population, alpha=0.05 / 50))
    assert strict.status == "unsure"
    assert any("but not the one at alpha = 0.001" in note for note in strict.notes)
    assert "interval at the suite's level" in dict(strict.facts)


# --- every pair, and shares of pairs --------------------------------------------------------------


def figures_of_pairs(tmp_path: Path, gains: list[float], n: int = 30_000) -> str:
    lines = ["model,dataset,metric,value,n,side,backbone"]
    for place, gain in enumerate(gains):
        for side, value in (("before", 0.5), ("after", 0.5 + gain)):
            lines.append(f"{side}{place},imagenet-r,top1,{value!r},{n},{side},b{place}")
    path = tmp_path / f"gains{n}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


EVERY = {**MATCH, "every": True}


@pytest.mark.parametrize(
    ("gains", "n", "status"),
    [
        ([0.05, 0.04, 0.03, 0.05, 0.06, 0.04], 30_000, "pass"),
        ([0.05, 0.04, 0.03, 0.05, 0.06, 0.001], 30_000, "unsure"),
        ([0.05, 0.04, 0.03, 0.05, 0.06, -0.03], 30_000, "fail"),
        ([0.05, 0.04, 0.03, 0.05, 0.06, 0.04], 1, "unsure"),
        ([0.05, -0.03], 30_000, "fail"),
        ([0.05, 0.05], 30_000, "unsure"),
    ],
)
def test_every_pair_is_every_pair(tmp_path: Path, gains: list[float], n: int, status: str) -> None:
    expect = Improves.model_validate({**EVERY, "population": figures_of_pairs(tmp_path, gains, n)})
    verdict = judge(gather(expect))
    assert verdict.status == status
    assert verdict.compared == pytest.approx(min(gains))
    if n > 1:
        worst = 0.5 + min(gains)
        error = np.sqrt(0.25 / n + worst * (1 - worst) / n)
        assert verdict.low == pytest.approx(min(gains) - 1.96 * error, abs=2e-4)


def test_every_pair_that_is_lower_where_lower_is_better(tmp_path: Path) -> None:
    path = Path(figures_of_pairs(tmp_path, [-0.05, -0.04, -0.03, -0.05, -0.06]))
    path.write_text(path.read_text().replace(",top1,", ",fpr95,"))
    expect = Improves.model_validate({**EVERY, "population": str(path)})
    verdict = judge(gather(expect, quantity=Quantity("fpr95", "imagenet-r")))
    assert verdict.compared == pytest.approx(-0.03)


def test_a_share_of_pairs_is_a_proportion(tmp_path: Path) -> None:
    population = figures_of_pairs(tmp_path, [0.05] * 11 + [-0.05])
    verdict = judge(gather(Improves.model_validate({**MATCH, "share": "50%", "population": population})))
    interval = stats.binomtest(11, 12).proportion_ci(method="exact")
    assert verdict.status == "pass"
    assert verdict.compared == pytest.approx(11 / 12)
    assert (verdict.low, verdict.high) == pytest.approx((interval.low, interval.high))
    assert (
        judge(gather(Improves.model_validate({**MATCH, "share": "90%", "population": population}))).status == "unsure"
    )


# --- effects where both groups have models --------------------------------------------------------


def test_an_extrapolated_effect_says_so_beside_its_number(tmp_path: Path) -> None:
    population = table(tmp_path / "p.csv", line("new", 8, 0.05, low=0.5) + line("old", 10, 0.0))
    verdict = judge(gather(above(population, **RESIDUAL)))
    assert "above the line of side old, extrapolated for 2 of 8 models (limit" in verdict.reason


def test_local_matching_is_the_mean_distance_from_models_with_a_like_x(tmp_path: Path) -> None:
    rows = line("new", 9, 0.05, low=0.5) + line("old", 12, 0.0)
    block = {"by": "local", "against": VAL, "reach": "2.0pp"}
    case = gather(above(table(tmp_path / "p.csv", rows), **block))
    verdict = judge(case)
    distances = []
    for _, side, x, y in rows:
        near = [other_y for _, other, other_x, other_y in rows if other != side and abs(other_x - x) <= 0.02]
        if side == "new" and near:
            distances.append(y - np.mean(near))
    assert verdict.compared == pytest.approx(np.mean(distances))
    assert dict(verdict.facts)["of these many have a like one"].startswith("9 of side new")
    far = line("new", 9, 0.05, low=0.55) + line("old", 12, 0.0, low=0.1)
    with pytest.raises(RecordError, match=r"no model of side new has an x within 2\.0 pp of one of side old"):
        judge(gather(above(table(tmp_path / "far.csv", far), **block)))


def test_pairs_can_be_held_against_the_line_of_others(tmp_path: Path) -> None:
    path = Path(pairs_table(tmp_path, -0.1))
    others = [(f"s{index}", "other", 0.3 + index / 20, 0.2 + index / 25) for index in range(12)]
    path.write_text(
        path.read_text()
        + "".join(
            f"{name},imagenet-val,top1,{x!r},50000,{side},{name}\n{name},imagenet-r,top1,{y!r},30000,{side},{name}\n"
            for name, side, x, y in others
        )
    )
    block = {**MATCH, **RESIDUAL, "line_of": {"side": "other"}, "population": str(path)}
    case = gather(Improves.model_validate(block))
    verdict = judge(case)
    slope = 0.05 / 0.04
    before, after = (
        np.array([(m.x, m.y) for pair in case.pairs for m in side(pair)])
        for side in (lambda pair: pair.before, lambda pair: pair.after)
    )
    expected = (after[:, 1] - before[:, 1] - (after[:, 0] - before[:, 0]) / slope).mean()
    assert verdict.compared == pytest.approx(expected, abs=1e-6)
    assert verdict.status == "fail"
    assert "against the line of side other" in verdict.reason


# --- the models of a run -------------------------------------------------------------------------


def models(named: bool = False) -> list[ModelRef]:
    return [
        ModelRef(f"{source}{index}", f"x:{source}{index}", "openclip", "v", facets=(("source", source),), named=named)
        for source in ("laion", "wit")
        for index in range(6)
    ]


def live(found: Callable[[Cell], Any], refs: list[ModelRef], expect: GroupExpectation | None = None) -> GroupCase:
    expect = expect or GroupAbove.model_validate({"higher": LAION, "lower": WIT})
    suite = make_item(make_check(expect, quantity=R)).suite
    item = plan_suite(suite, refs, lambda check, model: True, lambda text: refs[0]).items[0]
    return gather_groups(item, Book({cell: found(cell) for cell in item.cells}), TODAY)  # type: ignore[arg-type]


def score_of(cell: Cell) -> Any:
    lift = 0.1 if cell.model.id.startswith("laion") else 0.0
    return published_score(0.5 + lift + int(cell.model.id[-1]) / 100, 10_000, cell.quantity, cell.model)


def test_the_models_of_a_run_are_grouped_by_their_facets() -> None:
    case = live(score_of, models())
    assert [len(group.members) for group in case.groups] == [6, 6]
    assert judge(case).status == "pass"
    assert case.evidence == "this run's models"


def test_a_model_of_the_run_is_compared_with_itself_on_one_kind_of_evidence() -> None:
    def found(cell: Cell) -> Score:
        score: Score = score_of(cell)
        is_measured = cell.quantity.dataset == "imagenet-r"
        return replace(score, evidence="live", value=score.value + 0.05) if is_measured else score

    case = live(found, models(), Improves.model_validate({**THAN_VAL}))
    verdict = judge(case)
    assert len(case.pairs) == 11
    assert verdict.compared == pytest.approx(0.06)
    assert "1 model left out for want of a measurement: laion5" in verdict.notes
    assert ("evidence", "this run's models (live evidence)") in verdict.facts
    assert not any(note.startswith("mixed evidence") for note in verdict.notes)


def test_a_member_that_cannot_be_measured_is_left_out_and_too_few_are_a_skip() -> None:
    gone = DataMissing("imagenet-r is not here", fix="put it there")
    case = live(lambda cell: gone if cell.model.id == "wit0" else score_of(cell), models())
    assert "1 model left out for want of a measurement: wit0" in case.notes
    with pytest.raises(DataMissing, match="imagenet-r is not here"):
        live(lambda cell: gone if cell.model.id.startswith("wit") else score_of(cell), models())
    with pytest.raises(DataMissing, match="0 models of source wit among the models of this run"):
        live(score_of, models()[:6])


def test_a_model_asked_for_by_name_must_be_there() -> None:
    absent = ModelUnavailable("no weights")
    assert "left out" in live(lambda cell: absent if cell.model.id == "wit0" else score_of(cell), models()).notes[0]
    with pytest.raises(SetupError) as caught:
        live(lambda cell: absent if cell.model.id == "wit0" else score_of(cell), models(named=True))
    assert not isinstance(caught.value, ModelUnavailable)


def test_the_seed_comes_from_the_evidence_and_the_check() -> None:
    seeds = {live(score_of, models()).seed for _ in range(2)}
    assert len(seeds) == 1
    assert gather(CORRELATION, seed=1).seed != gather(CORRELATION, seed=2).seed


def test_a_book_answers_for_every_cell_of_a_group(tmp_path: Path) -> None:
    refs = models()[:2]
    cells = [Cell(ref, R) for ref in refs]
    book = EvidenceBook(Bench(MeasureSettings(tmp_path)), "published")
    found = book.scores(cells)
    assert list(found) == cells
    assert all(isinstance(error, DataMissing) for error in found.values())


def test_margins_are_amounts() -> None:
    assert above("p").margin == parse_amount("0")
