"""Saved predictions are read when something is made of them, and known by a few facts from then on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scoring_data import SIX, World, logits, make_world, painted

from robustcheck.errors import DataError
from robustcheck.measure import saved_files
from robustcheck.models.reference import parse_reference
from robustcheck.predictions import Predictions, read_files, write_predictions
from robustcheck.values import ModelRef, Quantity

pytestmark = pytest.mark.usefixtures("trusted_times")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, painted("known", 60))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which files are read."""
    read: list[str] = []

    def noted(files: Sequence[Path]) -> Predictions:
        read.extend(file.parent.name for file in files)
        return read_files(files)

    monkeypatch.setattr(saved_files, "read_files", noted)
    return read


def save(world: World, directory: Path, **changes: object) -> ModelRef:
    known = painted("known", 60)
    arrays = {
        "ids": known.ids,
        "logits": logits(known),
        "labels": known.labels,
        "class_names": np.array(SIX),
        **changes,
    }
    directory.mkdir(exist_ok=True)
    np.savez(directory / "known.npz", **(arrays | changes))  # type: ignore[arg-type]
    return parse_reference(f"predictions:{directory}")


@pytest.mark.parametrize("is_here", [True, False], ids=["the set is here", "as they say themselves"])
def test_a_stored_score_reads_no_array(world: World, tmp_path: Path, reads: list[str], is_here: bool) -> None:
    model = save(world, tmp_path / "m")
    if not is_here:
        world.datasets.clear()
    first = world.score("top1", "known", model)
    assert reads == ["m"]
    again = world.score("top1", "known", model)
    # What the predictions say of their samples is not kept: the first model that says it is read for all.
    assert reads == ["m"] * (1 if is_here else 2)
    assert (again.key, again.value, again.provenance) == (first.key, first.value, first.provenance)


def test_models_that_say_the_same_of_a_set_share_it(world: World, tmp_path: Path, reads: list[str]) -> None:
    world.datasets.clear()
    shift = np.arange(60)[:, None] == np.arange(6)
    models = [
        save(world, tmp_path / name, logits=logits(painted("known", 60)) + k * shift) for k, name in enumerate("abc")
    ]
    for model in models:
        world.score("top1", "known", model)
    reads.clear()
    bench = world.bench()
    sets = [bench.shelf.dataset_for(model, "known", Quantity("top1", "known")) for model in models]
    assert reads == ["a"]
    assert sets[0] is sets[1] is sets[2]


def test_a_file_that_changes_is_read_again(world: World, tmp_path: Path, reads: list[str]) -> None:
    model = save(world, tmp_path / "m")
    first = world.score("top1", "known", model)
    save(world, tmp_path / "m", logits=-logits(painted("known", 60)))
    second = world.score("top1", "known", model)
    assert reads == ["m", "m"]
    assert second.key != first.key
    assert second.value != first.value


def test_a_file_that_changes_in_a_run_is_an_error(world: World, tmp_path: Path) -> None:
    model = save(world, tmp_path / "m")
    world.score("top1", "known", model)
    opened = world.bench().shelf.predictions(model, "known", Quantity("top1", "known"))
    save(world, tmp_path / "m", logits=-logits(painted("known", 60)))
    with pytest.raises(DataError, match="the file changed while it was being read"):
        opened.read()


def test_a_set_that_turns_up_later_is_held_against_the_samples(world: World, tmp_path: Path) -> None:
    model = save(world, tmp_path / "m")
    world.datasets.clear()
    alone = world.score("top1", "known", model)
    world.add(painted("known", 60))
    assert world.score("top1", "known", model).value == alone.value
    world.add(painted("known", 66))
    assert "no predictions on 6 of 66 samples of known" in world.refusal("top1", "known", model)


def test_the_arrays_of_few_files_are_kept(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_files, "KEPT_BYTES", 1)
    known = painted("known", 60)
    for name in "ab":
        (tmp_path / name).mkdir()
        write_predictions(tmp_path / name, "known", known.ids, logits(known), known.labels, SIX, {})
    shelf = world.bench().shelf
    first, second = (
        shelf.predictions(parse_reference(f"predictions:{tmp_path / name}"), "known", Quantity("top1", "known"))
        for name in "ab"
    )
    kept = second.read()
    assert second.read() is kept
    first.read()
    assert second.read() is not kept
