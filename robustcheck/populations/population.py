"""A population: the models whose figures draw a trend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from robustcheck.errors import RecordError, SetupError, did_you_mean
from robustcheck.models.facets import matches, query_from_dict
from robustcheck.populations.figure_tables import Figure, Key, figure_key, telling_options
from robustcheck.values import Pairs, Quantity, Query

Point = tuple[str, float, float, str]

# The class set that a data set has by itself; for others it is what the table uses for it.
_OWN_CLASS_SETS = {
    "imagenet-val": "imagenet",
    "imagenet-v2": "imagenet",
    "imagenet-sketch": "imagenet",
    "imagenet-a": "imagenet-a",
    "imagenet-r": "imagenet-r",
    "objectnet": "objectnet",
}
_GROUPED_BY_FAMILY = frozenset({"supervised", "more-data"})


@dataclass(frozen=True)
class Population:
    """Figures of many models, with the facets by which they can be narrowed.

    ``stands_in`` says that a figure may take the place of a measurement that cannot be made; it is
    false for models that ship, which every machine can measure.
    """

    name: str
    figures: tuple[Figure, ...]
    facets: Mapping[str, Mapping[str, str]]
    source: str = ""
    licence: str = ""
    date: str = ""
    homepage: str = ""
    notes: tuple[str, ...] = ()
    stands_in: bool = True

    def figure(self, model_id: str, quantity: Quantity) -> Figure | None:
        """Return a model's figure, or None when the table has none for exactly this quantity."""
        return self.figures_of(quantity).get(model_id)

    def figures_of(self, quantity: Quantity) -> Mapping[str, Figure]:
        """Return the figures of all models for exactly this quantity: looked for once, however many models ask."""
        if quantity not in self._found:
            self._found[quantity] = self._find_figures(quantity)
        return self._found[quantity]

    def _find_figures(self, quantity: Quantity) -> Mapping[str, Figure]:
        if quantity.prompts:
            return {}  # A table says nothing of them, so its figures may rest on others.
        class_set, where = self._slice(quantity)
        options = telling_options(quantity.metric, quantity.options)
        names = ("", class_set) if class_set == self.own_class_set(quantity.dataset) else (class_set,)
        found: dict[str, Figure] = {}
        for name in names:
            key = figure_key("", quantity.dataset, quantity.metric, name, quantity.transform, where, options)
            found |= self._by_key.get(key[1:], {})
        return found

    def points(self, x: Quantity, y: Quantity, among: Mapping[str, str | list[str]] | None = None) -> tuple[Point, ...]:
        """Return (model, x, y, group) of every member that has both figures and the facets asked for.

        The group is the training source; for classifiers of ImageNet it is their family.
        """
        query = self._query(among or {})
        found: list[Point] = []
        all_x, all_y = self.figures_of(x), self.figures_of(y)
        for model, facets in self.facets.items():
            at_x, at_y = all_x.get(model), all_y.get(model)
            if at_x is not None and at_y is not None and matches(query, facets):
                found.append((model, at_x.value, at_y.value, _group(facets)))
        if not found:
            raise self._no_points(x, y, among or {})
        return tuple(found)

    def own_class_set(self, dataset: str) -> str:
        """Return the class set of a data set when no other is asked for."""
        return _OWN_CLASS_SETS.get(dataset) or self._class_sets.get(dataset, "")

    @cached_property
    def datasets(self) -> frozenset[str]:
        """The data sets of the figures."""
        return frozenset(figure.dataset for figure in self.figures)

    @cached_property
    def known_facets(self) -> Mapping[str, frozenset[str]]:
        """The facets of the members and the values they have."""
        values: dict[str, set[str]] = {}
        for facets in self.facets.values():
            for facet, value in facets.items():
                values.setdefault(facet, set()).add(value)
        return {facet: frozenset(found) for facet, found in values.items()}

    def _slice(self, quantity: Quantity) -> tuple[str, Pairs]:
        """Return the class set that a quantity asks for, and the rest of its slice."""
        if not quantity.where:
            return self.own_class_set(quantity.dataset), ()
        where = dict(quantity.where)
        class_set = where.pop("classes", self.own_class_set(quantity.dataset))
        return class_set, tuple(sorted(where.items()))

    def _query(self, among: Mapping[str, str | list[str]]) -> Query:
        try:
            return query_from_dict(among, self.known_facets)
        except SetupError as error:
            raise RecordError(
                error.found, where=f"the population {self.name}", expected=error.expected, fix=error.fix
            ) from error

    def _no_points(self, x: Quantity, y: Quantity, among: Mapping[str, str | list[str]]) -> RecordError:
        missing = next((wanted for wanted in (x, y) if not self.has(wanted)), None)
        if missing:
            return self.no_figure(missing)
        found, expected = f"no member with both figures and {dict(among)}", "a population with members of these facets"
        return RecordError(found, where=f"the population {self.name}", expected=expected)

    def no_figure(self, missing: Quantity) -> RecordError:
        """Return the error that says that no member has this quantity, and which there are."""
        offered = sorted({_label(figure) for figure in self.figures})
        there = sorted({_label(figure) for figure in self.figures if figure.dataset == missing.dataset})
        fix = f"of {missing.dataset} there is {'; '.join(there)}" if there else did_you_mean(missing.label, offered)
        if missing.prompts:
            fix = "leave out prompts: a table does not tell its figures apart by them"
        where, expected = f"the population {self.name}", "one of " + "; ".join(offered)
        return RecordError(f"no figure for {missing.label}", where=where, expected=expected, fix=fix)

    def has(self, quantity: Quantity) -> bool:
        """Say whether any member has a figure for this quantity."""
        return any(model in self.facets for model in self.figures_of(quantity))

    @cached_property
    def _found(self) -> dict[Quantity, Mapping[str, Figure]]:
        return {}

    @cached_property
    def _by_key(self) -> Mapping[Key, Mapping[str, Figure]]:
        """The figures of the models that have one, by what is left of their keys without the model."""
        found: dict[Key, dict[str, Figure]] = {}
        for figure in self.figures:
            found.setdefault(figure.key[1:], {})[figure.model] = figure
        return found

    @cached_property
    def _class_sets(self) -> Mapping[str, str]:
        """The class set of each data set that the table uses with one class set only."""
        used: dict[str, set[str]] = {}
        for figure in self.figures:
            used.setdefault(figure.dataset, set()).add(figure.class_set)
        return {dataset: next(iter(names)) for dataset, names in used.items() if len(names) == 1}


def _label(figure: Figure) -> str:
    return Quantity(figure.metric, figure.dataset, figure.where, figure.transform, options=figure.options).label


def _group(facets: Mapping[str, str]) -> str:
    family = facets.get("family", "")
    if family in _GROUPED_BY_FAMILY:
        return family
    return facets.get("source") or family or "other"
