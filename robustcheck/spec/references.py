"""Names in a check - metrics, datasets, populations, models - held against what is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel

from robustcheck.errors import did_you_mean
from robustcheck.files.yaml_scalars import scalar_text
from robustcheck.spec.kept_values import is_subset
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.names import KnownNames, KnownOption, file_of, is_path
from robustcheck.spec.problems import list_known
from robustcheck.spec.query_facets import check_facets
from robustcheck.spec.slices import check_column, check_slice
from robustcheck.spec.source import Loc
from robustcheck.spec.suggestions import tell_kinds
from robustcheck.spec.unknown_names import check_known, check_model
from robustcheck.values.expectations import KINDS, Expectation, QuantityModel
from robustcheck.values.expectations.fields import Known, named_by, quantity_in

_TRANSFORM = re.compile(r"([^:]*)(?::(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Mention:
    """A value of the file that names something, and what it names."""

    loc: Loc
    what: Known
    value: object


def check_references(scope: Scope, names: KnownNames, mistakes: Mistakes) -> None:
    """Report every unknown name in ``measure`` and ``expect``."""
    names = _with_figures_datasets(scope, names)
    for mention in _mentions(scope.data):
        _check_mention(scope, mention, names, mistakes)


def _check_mention(scope: Scope, mention: _Mention, names: KnownNames, mistakes: Mistakes) -> None:
    loc, what, value = mention.loc, mention.what, mention.value
    if what == "facets":
        check_facets(scope, loc, value, names, mistakes)
    elif what == "slice" and isinstance(value, dict):
        check_slice(scope, loc, value, names, mistakes)
    elif what == "options" and isinstance(value, dict):
        _check_options(scope, loc, value, names, mistakes)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                _check_name(scope, (*loc, index), what, item, names, mistakes)
    elif isinstance(value, str):
        _check_name(scope, loc, what, value, names, mistakes)
    elif what == "prompt set" and isinstance(value, int | float) and not isinstance(value, bool):
        check_known(scope, loc, what, scalar_text(value), names.prompts, names, mistakes)


def _with_figures_datasets(scope: Scope, names: KnownNames) -> KnownNames:
    """Add the data sets of a population's figures to the names, for a check about its members.

    Nothing is measured for such a check, so an average over data sets, or a set without an adapter, will do.
    """
    added: set[str] = set()
    expect = scope.data.get("expect") if isinstance(scope.data, dict) else None
    for kind, block in expect.items() if isinstance(expect, dict) else ():
        if isinstance(block, dict) and kind in KINDS and KINDS[kind].is_about_groups:
            added.update(*map(names.population_datasets, _texts(block.get("population"))))
    # What a figure is of, its population says: neither columns nor tasks are asked of the catalogue.
    return replace(names, datasets=names.datasets | added, columns={}, tasks={}) if added else names


def _texts(value: object) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _mentions(data: object) -> Iterator[_Mention]:
    assert isinstance(data, dict)
    yield from _mentions_in(QuantityModel, data.get("measure"), ("measure",))
    expect = data.get("expect")
    for kind, block in expect.items() if isinstance(expect, dict) else ():
        yield from _mentions_in(KINDS.get(kind, Expectation), block, ("expect", kind))


def _mentions_in(model: type[BaseModel], block: object, loc: Loc) -> Iterator[_Mention]:
    """Yield what the fields of a block name; in a block of an unknown kind, what its quantities do."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    for key, value in block.items() if isinstance(block, dict) else ():
        field = fields.get(key)
        what = named_by(field) if field else None
        if what is not None:
            yield _Mention((*loc, key), what, value)
        elif (field and quantity_in(field)) or (isinstance(value, dict) and "metric" in value):
            yield from _mentions_in(QuantityModel, value, (*loc, key))
            for index, each in enumerate(value if isinstance(value, list) else ()):
                yield from _mentions_in(QuantityModel, each, (*loc, key, index))


def _check_name(scope: Scope, loc: Loc, what: Known, value: str, names: KnownNames, mistakes: Mistakes) -> None:
    files: dict[Known, frozenset[str]] = {
        "population": names.populations,
        "prompt set": names.prompts,
        "pairs": frozenset(),
    }
    if what == "metric":
        check_known(scope, loc, what, value, names.metrics, names, mistakes)
        _check_required(scope, loc, value, names, mistakes)
    elif what == "dataset":
        _check_dataset(scope, loc, value, names, mistakes)
        _check_task(scope, loc, value, names, mistakes)
    elif what == "transform":
        _check_transform(scope, loc, value, names, mistakes)
    elif what == "model":
        check_model(scope, loc, value, names, mistakes, is_single=True)
    elif what in files:
        _check_file_or_name(scope, loc, what, value, files[what], names, mistakes)


def _check_dataset(scope: Scope, loc: Loc, value: str, names: KnownNames, mistakes: Mistakes) -> None:
    if not is_path(value):
        check_known(scope, loc, "dataset", value, names.datasets, names, mistakes, "or a path with a '/'")
    elif is_subset(value, scope.document.directory, names):
        _check_subset(scope, loc, value, names, mistakes)
    elif not scope.document.directory.joinpath(value).exists():
        told = tell_kinds(value, names.kinds_of(value), "data set")
        if told:
            mistakes.at_value(scope, loc, told, expected=list_known(names.datasets))


def _check_subset(scope: Scope, loc: Loc, value: str, names: KnownNames, mistakes: Mistakes) -> None:
    family, *texts = value.split("/")
    axes = names.families[family]
    if len(texts) != len(axes):
        example = "/".join((family, *(values[0] for _, values in axes)))
        expected = f"{'/'.join((family, *(axis.upper() for axis, _ in axes)))}, such as {example}"
        mistakes.at_value(scope, loc, f"{value!r} is not a subset of {family!r}", expected=expected)
        return
    for (axis, values), text in zip(axes, texts, strict=True):
        check_known(scope, loc, f"{axis} of {family!r}:", text, values, names, mistakes)


def _check_task(scope: Scope, loc: Loc, dataset: str, names: KnownNames, mistakes: Mistakes) -> None:
    """Report a metric that scores data sets for another purpose."""
    metric = scope.block(loc[:-1]).get("metric")
    task, scored = names.tasks.get(dataset.partition("/")[0]), names.scored_tasks.get(str(metric), ())
    if task is None or not scored or task in scored:
        return
    fitting = [name for name, tasks in names.scored_tasks.items() if task in tasks]
    summary = f"{metric} scores sets for {' or '.join(scored)}, and {dataset} is for {task}"
    mistakes.at_value(scope, (*loc[:-1], "metric"), summary, expected=list_known(fitting))


def _check_file_or_name(
    scope: Scope, loc: Loc, what: str, name: str, known: frozenset[str], names: KnownNames, mistakes: Mistakes
) -> None:
    if name in known or not is_path(name):
        file = "or a file beside the suite" + (": a template a line, ./templates.txt" if what == "prompt set" else "")
        check_known(scope, loc, what, name, known, names, mistakes, file)
    elif not (directory := scope.document.directory).joinpath(file_of(name)).is_file():
        beside = sorted(path.name for path in directory.glob(f"*{Path(name).suffix}"))
        mistakes.at_value(
            scope,
            loc,
            f"the {what} file {name!r} does not exist",
            expected="a path relative to the suite's own directory",
            hint=did_you_mean(name, beside),
        )


def _check_transform(scope: Scope, loc: Loc, text: str, names: KnownNames, mistakes: Mistakes) -> None:
    match = _TRANSFORM.fullmatch(text)
    name, variant = (match[1], match[2]) if match else (text, None)
    variants = names.transforms.get(name)
    if variants is None:
        check_known(scope, loc, "transform", name, names.transforms, names, mistakes, "and a variant, such as :3")
    elif variant is None:
        mistakes.at_value(scope, loc, f"the transform {name!r} has no variant", expected=_variants(name, variants))
    elif variant not in variants:
        summary, hint = f"unknown variant {variant!r} of {name!r}", did_you_mean(variant, variants)
        mistakes.at_value(scope, loc, summary, expected=_variants(name, variants), hint=hint)


def _variants(name: str, variants: tuple[str, ...]) -> str:
    if len(variants) > 2 and all(variant.isdigit() for variant in variants):
        return f"{name}:{variants[0]} to {name}:{variants[-1]}"
    return ", ".join(f"{name}:{variant}" for variant in variants)


def _check_required(scope: Scope, loc: Loc, metric: str, names: KnownNames, mistakes: Mistakes) -> None:
    """Report a metric without an option that it has no meaning without."""
    options = scope.block(loc[:-1]).get("options")
    given = options if isinstance(options, dict) else {}
    for name, option in sorted(names.options.get(metric, {}).items()):
        if option.is_required and name not in given:
            summary, fix = f"{metric!r} needs the option {name!r}", f"write options: {{{name}: ...}}"
            mistakes.at_value(scope, loc, summary, expected=option.expected, hint=fix)


def _check_options(scope: Scope, loc: Loc, options: dict[str, object], names: KnownNames, mistakes: Mistakes) -> None:
    metric = scope.block(loc[:-1]).get("metric")
    if not isinstance(metric, str) or metric not in names.metrics:
        return
    known = names.options.get(metric, {})
    if options and not known:
        mistakes.at_key(scope, loc, f"the metric {metric!r} has no options", expected="no 'options'")
        return
    for name, value in options.items():
        place = (*loc, name)
        if name not in known:
            summary, hint = f"unknown option {name!r} of {metric!r}", did_you_mean(name, known)
            mistakes.at_key(scope, place, summary, expected=list_known(known), hint=hint)
        elif isinstance(value, str | int | float):
            _check_option(scope, place, scalar_text(value), known[name], names, mistakes)
    if options.keys() <= known.keys() and metric in names.wrong_options:
        _check_fit(scope, loc, options, metric, names, mistakes)


def _check_fit(
    scope: Scope, loc: Loc, options: dict[str, object], metric: str, names: KnownNames, mistakes: Mistakes
) -> None:
    """Report options that do not go with each other, once each of them is possible by itself."""
    known = names.options[metric]
    try:
        given = tuple(sorted((name, known[name].canonical(scalar_text(value))) for name, value in options.items()))
    except (ValueError, TypeError):
        return
    for wrong in names.wrong_options[metric](given):
        place = (*loc, wrong.name) if wrong.name in options else loc
        mistakes.at_value(scope, place, wrong.found, expected=wrong.expected, hint=wrong.fix)


def _check_option(
    scope: Scope, loc: Loc, text: str, option: KnownOption, names: KnownNames, mistakes: Mistakes
) -> None:
    if option.sort == "data set":
        _check_dataset(scope, loc, text, names, mistakes)
    elif option.sort in ("model", "models"):
        for part in text.split(",") if option.sort == "models" else [text]:
            check_model(scope, loc, part.strip(), names, mistakes, is_single=True)
    elif option.sort == "column":
        check_column(scope, loc, text, names, mistakes)
    else:
        try:
            option.canonical(text)
        except ValueError:
            expected = list_known(option.choices) if option.choices else option.expected
            hint = did_you_mean(text, option.choices)
            mistakes.at_value(scope, loc, f"{loc[-1]!r} cannot be {text!r}", expected=expected, hint=hint)
