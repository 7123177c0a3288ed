"""The members of populations, with their published figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import nan

from robustcheck.judge import NO_SUPPORT, Member, Support
from robustcheck.measure import metric_named
from robustcheck.populations import Figure, Population, load_population
from robustcheck.run.members.gathered import FoundModel, Gathered
from robustcheck.run.members.membership import Membership
from robustcheck.values.checks import Check


def gather_published_members(check: Check, membership: Membership) -> Gathered:
    """Return the members of a check's populations that have the figures it needs."""
    expect = check.group_expectation
    populations = [load_population(name) for name in expect.populations]
    gathered = Gathered(evidence=", ".join(population.name for population in populations))
    gathered.source = "; ".join(dict.fromkeys(each.source for each in populations if each.source))
    gathered.licence = "; ".join(dict.fromkeys(each.licence for each in populations if each.licence))
    gathered.notes += _note_populations_without_figures(check, populations)
    axes: dict[str, list[Figure]] = {}
    for population in populations:
        figures = list(_add_members(check, population, membership, gathered))
        axes[population.name] = [x for x in figures if x is not None]
    gathered.notes += _note_differing_axes(axes)
    return gathered


def _note_populations_without_figures(check: Check, populations: Sequence[Population]) -> list[str]:
    """Name the populations that lack a quantity; raise RecordError where all of them do."""
    notes = []
    for quantity in filter(None, dict.fromkeys(check.quantities)):
        lacking = [population for population in populations if not population.has(quantity)]
        if len(lacking) == len(populations):
            raise lacking[0].no_figure(quantity)
        notes += [f"{population.name} has no {quantity.label}" for population in lacking]
    return notes


def _add_members(
    check: Check, population: Population, membership: Membership, gathered: Gathered
) -> Iterator[Figure | None]:
    """Add the members of a population that count; yields their figures on the x axis."""
    taken = {each.member.model for each in gathered.found}
    columns = [None if quantity is None else population.figures_of(quantity) for quantity in check.quantities]
    for model, facets in population.facets.items():
        if model in taken or not membership.has(model, facets):
            continue
        figures = [None if column is None else column.get(model) for column in columns]
        if any(column is not None and figure is None for column, figure in zip(columns, figures, strict=True)):
            gathered.left_out.append(model)
            continue
        keys = tuple("|".join(map(str, figure.key)) for figure in figures if figure is not None)
        gathered.found.append(FoundModel(_member(model, figures), facets, keys))
        yield figures[1]


def _member(model: str, figures: Sequence[Figure | None]) -> Member:
    y, x, start, start_x = (nan if figure is None else figure.value for figure in figures)
    return Member(model, y, x, "", _support(figures[0]), start, start_x, _support(figures[2]))


def _support(figure: Figure | None) -> Support:
    """Return the n of a figure that is a share of it; others tell nothing of how sure they are."""
    is_share = figure is not None and metric_named(figure.metric).is_share
    return Support(figure.n) if figure is not None and is_share else NO_SUPPORT


def _note_differing_axes(axes: Mapping[str, Sequence[Figure]]) -> list[str]:
    """Say where the populations' x figures do not rest on the same images or classes."""
    kinds = {name: {(each.class_set or "its own", each.n) for each in figures} for name, figures in axes.items()}
    kinds = {name: found for name, found in kinds.items() if found}
    if len(set().union(*kinds.values())) <= 1:
        return []
    told = "; ".join(
        f"{name} has {' and '.join(f'n = {n:,} of the class set {classes}' for classes, n in sorted(found))}"
        for name, found in kinds.items()
    )
    return [f"the x axes differ: {told}"]
