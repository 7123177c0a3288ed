"""The names that a suite may use, collected from the modules that own them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from robustcheck.datasets import has_own_classes, known_class_sets, known_classes, known_datasets
from robustcheck.errors import RobustcheckError
from robustcheck.measure import known_metrics
from robustcheck.models.catalogue import entries, known_facets
from robustcheck.models.model_sets import known_sets, resolve_models, resolve_one
from robustcheck.populations import known_populations, load_population
from robustcheck.prompts import known_prompts
from robustcheck.spec import KnownNames
from robustcheck.transforms import known_transforms


def known_names(base: Path, models: tuple[str, ...] = (), arch: str | None = None) -> KnownNames:
    """Return every name that the validator may accept; model files are relative to ``base``.

    ``models`` are those of the command line, with ``arch``.
    """
    metrics = known_metrics()
    return KnownNames(
        metrics={name: metric.unit for name, metric in metrics.items()},
        nouns={name: metric.words for name, metric in metrics.items()},
        options={name: {option.name: option for option in metric.options} for name, metric in metrics.items()},
        wrong_options={name: metric.find_wrong for name, metric in metrics.items()},
        lower_is_better=frozenset(name for name, metric in metrics.items() if not metric.higher_is_better),
        either_side=frozenset(name for name, metric in metrics.items() if metric.either_side),
        value_ranges={name: metric.value_range for name, metric in metrics.items() if not metric.bounded},
        datasets=frozenset(known_datasets()),
        families={name: entry.subsets for name, entry in known_datasets().items() if entry.subsets},
        columns={name: entry.columns for name, entry in known_datasets().items() if entry.columns is not None},
        tasks={name: entry.task for name, entry in known_datasets().items()},
        scored_tasks={name: metric.tasks for name, metric in metrics.items()},
        class_sets=known_class_sets(),
        class_names=known_classes,
        has_own_classes=has_own_classes,
        populations=known_populations(),
        transforms=known_transforms(),
        prompts=known_prompts(),
        facets=known_facets(),
        population_facets=_facets_of_population,
        population_datasets=_datasets_of_population,
        model_sets=frozenset(known_sets()),
        is_model=partial(_complaint, lambda text: resolve_models((text,), base=base)),
        is_one_model=partial(_complaint, partial(resolve_one, base=base)),
        model_names=partial(_model_names, base=base, given=models, arch=arch),
    )


def _facets_of_population(name: str) -> Mapping[str, frozenset[str]]:
    return load_population(name).known_facets if name in known_populations() else {}


def _datasets_of_population(name: str) -> frozenset[str]:
    return load_population(name).datasets if name in known_populations() else frozenset()


def _complaint(resolve: Callable[[str], object], text: str) -> str | None:
    """Return what is wrong with a text that names models, or None where it resolves."""
    try:
        resolve(text)
    except RobustcheckError as error:
        return str(error)
    return None


def _model_names(
    texts: tuple[str, ...], *, base: Path, given: tuple[str, ...], arch: str | None
) -> frozenset[str] | None:
    """Return the ids and references of the models of a suite, of the command line and of the catalogue."""
    try:
        own = resolve_models(texts, base=base) if texts else ()
        named = resolve_models(given, arch=arch) if given else ()
    except RobustcheckError:
        return None  # reported where the models are named
    listed = [name for entry in entries() for name in (entry.id, entry.text)]
    return frozenset([*listed, *(name for model in (*own, *named) for name in (model.id, model.text))])
