"""The names that a suite may use, collected from the modules that own them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from robustcheck.datasets import known_datasets
from robustcheck.errors import RobustcheckError
from robustcheck.metrics import METRICS
from robustcheck.models.catalogue import known_facets
from robustcheck.models.sets import known_sets, resolve_models
from robustcheck.populations import known_populations
from robustcheck.prompts import PROMPT_SETS
from robustcheck.spec import KnownNames
from robustcheck.transforms import known_transforms


def known_names(base: Path) -> KnownNames:
    """Return every name that the validator may accept; model files are relative to ``base``."""
    return KnownNames(
        metrics={name: facts.unit for name, facts in METRICS.items()},
        datasets=frozenset(known_datasets()),
        populations=known_populations(),
        transforms=frozenset(known_transforms()),
        prompts=PROMPT_SETS,
        facets=known_facets(),
        model_sets=frozenset(known_sets()),
        is_model=partial(_wrong_with_model, base=base),
    )


def _wrong_with_model(text: str, *, base: Path) -> str | None:
    try:
        resolve_models((text,), base=base)
    except RobustcheckError as error:
        return str(error)
    return None
