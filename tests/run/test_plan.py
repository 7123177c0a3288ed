"""Planning: which check runs on which model, on which cells, at which level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from factories import MODEL, QUANTITY, make_check

from robustcheck.errors import SpecError
from robustcheck.measure import MeasureSettings, metric, metric_named
from robustcheck.measure.option import ModelOption
from robustcheck.models.facets import matches, parse_query
from robustcheck.run.plan import Plan, plan_suite
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Cell, ModelRef, Quantity
from robustcheck.values.checks import Check, Suite
from robustcheck.values.expectations import AtLeast, GroupAbove, NoWorseThan, OnTrend, QuantityModel, parse_amount

CNN = ModelRef("RN50/openai", "openclip:RN50/openai", "openclip", "RN50", "openai", (("architecture", "cnn"),))
VIT = replace(MODEL, facets=(("architecture", "vit"),))
AT_LEAST = AtLeast(limit=parse_amount("40%"))
POINT = parse_amount("1pp")


def check(name: str, applies_to: str = "", expect: object = AT_LEAST, **changes: object) -> Check:
    query = parse_query(applies_to) if applies_to else ()
    return make_check(expect, id=name, applies_to=query, **changes)  # type: ignore[arg-type]


def plan(*checks: Check, models: Sequence[ModelRef] = (VIT, CNN)) -> Plan:
    suite = Suite("a.robust.yaml", "A suite", "", (), checks)
    return plan_suite(suite, models, lambda one, model: matches(one.applies_to, dict(model.facets)), lambda text: CNN)


def test_every_check_meets_every_model_in_order() -> None:
    items = plan(check("one"), check("two", case=(("dataset", "imagenet-r"),))).items
    assert [item.name for item in items] == [
        "one[ViT-B-32/openai]",
        "one[RN50/openai]",
        "two[imagenet-r|ViT-B-32/openai]",
        "two[imagenet-r|RN50/openai]",
    ]


def test_a_pair_that_a_check_is_not_meant_for_is_deselected_and_counted() -> None:
    found = plan(check("all"), check("cnns", "architecture=cnn"), check("none", "architecture=mlp"))
    assert [item.name for item in found.items] == ["all[ViT-B-32/openai]", "all[RN50/openai]", "cnns[RN50/openai]"]
    assert found.deselected == 3


def test_alpha_is_shared_among_the_checks_that_apply_to_a_model() -> None:
    items = plan(check("a"), check("b"), check("c", "architecture=cnn"), check("d", "architecture=cnn")).items
    alphas = {(item.model.id, item.alpha) for item in items}
    assert alphas == {(VIT.id, 0.05 / 2), (CNN.id, 0.05 / 4)}


def test_alpha_does_not_depend_on_the_other_models() -> None:
    alone = plan(check("a"), check("b"), models=[VIT]).items
    assert {item.alpha for item in alone} == {item.alpha for item in plan(check("a"), check("b")).items} == {0.025}


def test_nothing_to_plan() -> None:
    assert plan(models=[VIT]) == Plan((), 0)
    assert plan(check("a", "architecture=mlp")) == Plan((), 2)


def test_cells_of_a_limit_a_trend_and_a_comparison() -> None:
    against = QuantityModel(metric="top1", dataset="imagenet-val", where={"classes": "imagenet-a"})
    trend = OnTrend(population="openclip", against=against, allowed_below=POINT)
    own = Cell(VIT, QUANTITY)
    x = Quantity("top1", "imagenet-val", (("classes", "imagenet-a"),))
    cells = {
        "limit": plan(check("a"), models=[VIT]),
        "trend": plan(check("a", expect=trend), models=[VIT]),
        "baseline": plan(check("a", expect=NoWorseThan(baseline="main", allowed_drop=POINT)), models=[VIT]),
        "model": plan(check("a", expect=NoWorseThan(model="openclip:RN50/openai", allowed_drop=POINT)), models=[VIT]),
    }
    assert {kind: found.items[0].cells for kind, found in cells.items()} == {
        "limit": (own,),
        "trend": (own, Cell(VIT, x)),
        "baseline": (own,),
        "model": (own, Cell(CNN, QUANTITY)),
    }


def test_a_model_that_an_option_names_is_a_cell_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes last, after the other cells of the expectation, and without the option that names it."""
    source = ModelOption(name="source", description="The model that was attacked.")
    attacked = replace(metric_named("top1"), name="attacked", options=(source,))
    monkeypatch.setattr(metric, "known", lambda group, kind: {"attacked": attacked})
    quantity = Quantity("attacked", "digits", options=(("source", CNN.text),))
    expect = NoWorseThan(model="openclip:RN50/openai", allowed_drop=POINT)
    cells = plan(check("a", expect=expect, quantity=quantity), models=[VIT]).items[0].cells
    assert cells == (Cell(VIT, quantity), Cell(CNN, quantity), Cell(CNN, Quantity("attacked", "digits")))


def test_a_model_is_not_held_against_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would pass, or fail an upper limit, whatever it is."""
    source = ModelOption(name="source", description="The other model.")
    top1 = metric_named("top1")
    of_two = replace(top1, name="of_two", options=(source,))
    monkeypatch.setattr(metric, "known", lambda group, kind: {"of_two": of_two, "top1": top1})
    with_option = Quantity("of_two", "digits", options=(("source", CNN.text),))
    asked_otherwise = replace(CNN, text="openclip:RN50/openai@elsewhere", named=True)
    assert asked_otherwise.identity == CNN.identity
    for one in (
        check("a", expect=NoWorseThan(model="openclip:RN50/openai", allowed_drop=POINT)),
        check("a", quantity=with_option),
    ):
        found = plan(one, check("b"), models=[VIT, asked_otherwise])
        assert [(item.check.id, item.model.id) for item in found.items] == [("a", VIT.id), ("b", VIT.id), ("b", CNN.id)]
        assert found.deselected == 1
        assert found.items[-1].alpha == 0.05


@pytest.fixture
def session(tmp_path: Path) -> RobustSession:
    settings = RunSettings(MeasureSettings(tmp_path / "store"), tmp_path / "baselines", tmp_path / "reports")
    return RobustSession(settings, date(2026, 11, 22))


SUITE = """\
robustcheck: 1
title: A suite
models: [openclip:ViT-B-32@new.pt]
checks:
  - id: not-worse
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {no_worse_than: {model: "openclip:ViT-B-32@old.pt", allowed_drop: 1pp}}
"""


def test_files_are_found_beside_the_suite(session: RobustSession, tmp_path: Path) -> None:
    for name in ("old.pt", "new.pt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "a.robust.yaml").write_text(SUITE)
    item = session.plan(session.load(tmp_path / "a.robust.yaml")).items[0]
    assert [cell.model.weights for cell in item.cells] == [str(tmp_path / "new.pt"), str(tmp_path / "old.pt")]


def test_a_comparison_is_with_one_model(session: RobustSession, tmp_path: Path) -> None:
    (tmp_path / "a.robust.yaml").write_text(
        SUITE.replace('"openclip:ViT-B-32@old.pt"', "zoo").replace("@new.pt", "/openai")
    )
    with pytest.raises(SpecError, match="'zoo' names 12 models"):
        session.load(tmp_path / "a.robust.yaml")


def test_the_seed_of_a_check_is_its_transforms_and_nothing_elses(tmp_path: Path) -> None:
    path = tmp_path / "a.robust.yaml"
    path.write_text(
        """
robustcheck: 1
models: zoo
defaults: {seed: 7}
checks:
  - id: noisy
    measure: {metric: top1, dataset: digits, transform: "gaussian_noise:3"}
    expect:
      on_trend: {population: zoo, against: {metric: top1, dataset: digits}, allowed_below: 5pp}
""",
        encoding="utf-8",
    )
    session = RobustSession(RunSettings(MeasureSettings(tmp_path), tmp_path, tmp_path), date(2026, 1, 1))
    own, against = session.plan(session.load(path)).items[0].cells
    assert (own.quantity.seed, against.quantity.seed) == (7, 0)


ABOVE = GroupAbove.model_validate({"higher": {"architecture": "vit"}, "lower": {"architecture": "cnn"}})
PUBLISHED = ABOVE.model_copy(update={"population": "openclip"})


def test_a_check_about_groups_is_one_item_over_all_models() -> None:
    found = plan(check("groups", expect=ABOVE), check("cases", expect=ABOVE, case=(("dataset", "imagenet-r"),)))
    assert [item.name for item in found.items] == ["groups", "cases[imagenet-r]"]
    assert {item.model for item in found.items} == {
        ModelRef("models", "architecture vit, architecture cnn", "group", "")
    }
    assert found.items[0].cells == (Cell(VIT, QUANTITY), Cell(CNN, QUANTITY))
    assert found.deselected == 0


def test_the_cells_of_a_group_hold_both_quantities_of_every_model() -> None:
    against = QuantityModel(metric="top1", dataset="imagenet-val")
    residual = ABOVE.model_copy(update={"by": "residual", "against": against})
    val = Quantity("top1", "imagenet-val")
    cells = plan(check("a", expect=residual)).items[0].cells
    assert cells == (Cell(VIT, QUANTITY), Cell(VIT, val), Cell(CNN, QUANTITY), Cell(CNN, val))


def test_published_groups_need_no_cells_and_no_models() -> None:
    found = plan(check("a", "architecture=mlp", expect=PUBLISHED), check("b", "architecture=mlp", expect=ABOVE))
    assert [(item.name, item.cells) for item in found.items] == [("a", ())]
    assert found.deselected == 1


def test_alpha_is_shared_among_the_checks_about_groups_for_themselves() -> None:
    items = plan(check("a"), check("b", expect=ABOVE), check("c", expect=PUBLISHED), check("d"), check("e")).items
    alphas = {item.name: item.alpha for item in items}
    assert alphas["b"] == alphas["c"] == 0.05 / 2
    assert alphas["a[ViT-B-32/openai]"] == pytest.approx(0.05 / 3)
