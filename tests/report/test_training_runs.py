"""Checkpoints of one training run stand in their order, whatever became of them."""

from __future__ import annotations

from report_dimensions import training_run
from report_fixtures import made_up_run

from robustcheck.report.checkpoints import are_one_run, checkpoint
from robustcheck.report.grid import grid


def test_a_checkpoint_is_known_by_its_number() -> None:
    assert checkpoint("local@epoch_10") == ("local@epoch_", 10)
    assert checkpoint("ViT-B-32@runs/42/step-2000.pt") == ("ViT-B-32@runs/42/step-.pt", 2000)
    assert checkpoint("ViT-B-32/laion2b_s34b_b79k") is None


def test_one_run_is_told_from_several_and_from_other_models() -> None:
    assert are_one_run(["a/epoch_1", "a/epoch_2"])
    assert not are_one_run(["a/epoch_1", "b/epoch_2"])
    assert not are_one_run(["a/epoch_1", "a/final"])
    assert not are_one_run([])


def test_the_rows_of_a_training_run_stand_in_its_order() -> None:
    (block,) = grid(training_run().results, {}).blocks
    assert [row.model for row in block.rows] == [f"ViT-B-32@runs/42/epoch_{number}.pt" for number in range(1, 13)]


def test_one_model_under_many_checks_is_a_list_and_many_are_a_table() -> None:
    assert grid(made_up_run(1, 20).results, {}).blocks[0].is_listed
    assert not grid(made_up_run(1, 3).results, {}).blocks[0].is_listed
    assert not grid(made_up_run(6, 20).results, {}).blocks[0].is_listed
