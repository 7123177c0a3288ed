"""The names that a suite may use."""

from __future__ import annotations

from pathlib import Path

from robustcheck.run.known_names import known_names


def test_a_population_that_is_not_known_has_no_facets_and_no_data_sets(tmp_path: Path) -> None:
    names = known_names(tmp_path)
    assert (names.population_facets("mine.csv"), names.population_datasets("mine.csv")) == ({}, frozenset())
    assert "imagenet-val" in names.population_datasets("openclip")


def test_models_that_cannot_be_resolved_leave_it_open_which_names_there_are(tmp_path: Path) -> None:
    names = known_names(tmp_path)
    assert names.model_names(("openclip:no-such/thing",)) is None
    found = names.model_names(("openclip:ViT-B-32/openai",))
    assert found is not None
    assert {"ViT-B-32/openai", "openclip:ViT-B-32/openai"} <= found
