"""Make a population of one's own runs: the CSV that ``on_trend`` reads back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from robustcheck.errors import RecordError
from robustcheck.models.catalogue import facets_of
from robustcheck.populations.figure_tables import OPTIONAL, REQUIRED, Figure, FigureTable, Key, telling_options
from robustcheck.values import ModelRef, Pairs, RunRecord, Score

COLUMNS = (*REQUIRED, *OPTIONAL)


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """The figures of one's own scores; ``left_out`` says in words which scores no table can hold."""

    table: FigureTable
    left_out: tuple[str, ...]


def from_run(run: RunRecord) -> OwnFigures:
    """Return what a run measured of its models, and what it held them against on a trend's x axis."""
    return from_scores(_scores_of(run), source=f"run {run.id}", date=run.started[:10])


def from_scores(scores: Iterable[Score], *, source: str = "", date: str = "") -> OwnFigures:
    """Return scores as figures; where a figure is both measured and published, the measured one counts.

    ``source`` and ``date`` are those of live scores. Raises RecordError for two measured values of one
    figure, such as those of two transform seeds, which a table does not tell apart.
    """
    kept: dict[Key, tuple[Figure, Score]] = {}
    left_out: list[str] = []
    facets: dict[str, Mapping[str, str]] = {}
    for score in sorted(scores, key=lambda score: score.evidence == "live"):
        if (why := _why_not(score)) is not None:
            left_out.append(f"{score.cell.quantity.label} of {score.cell.model.id}: {why}")
            continue
        figure = _figure(score, source, date)
        _refuse_second(score, kept.get(figure.key))
        kept[figure.key] = figure, score
        facets[figure.model] = _own_facets(score.cell.model)
    figures = tuple(figure for _, (figure, _) in sorted(kept.items(), key=lambda item: repr(item[0])))
    return OwnFigures(FigureTable(figures, facets), tuple(dict.fromkeys(left_out)))


def joined(parts: Sequence[OwnFigures]) -> OwnFigures:
    """Join the figures of several runs; of two figures for the same thing the later run's counts."""
    figures = {figure.key: figure for part in parts for figure in part.table.figures}
    facets = {model: facets for part in parts for model, facets in part.table.facets.items()}
    left_out = dict.fromkeys(text for part in parts for text in part.left_out)
    return OwnFigures(FigureTable(tuple(figures.values()), facets), tuple(left_out))


def write_csv(table: FigureTable) -> str:
    """Return a table as the text of its CSV file."""
    facet_columns = sorted({name for facets in table.facets.values() for name in facets})
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *facet_columns])
    for figure in table.figures:
        facets = table.facets.get(figure.model, {})
        writer.writerow([*_cells(figure), *(facets.get(name, "") for name in facet_columns)])
    return text.getvalue()


def _scores_of(run: RunRecord) -> Iterator[Score]:
    for result in run.results:
        if result.score is not None:
            yield result.score
            # The x of another quantity is the model's own; that of the same one is a baseline's or another model's.
            if result.x is not None and result.x.cell.quantity != result.score.cell.quantity:
                yield result.x
            yield from result.further


def _why_not(score: Score) -> str | None:
    quantity = score.cell.quantity
    if quantity.prompts:
        return "a table has no column for prompts"
    if any(";" in value for _, value in (*quantity.where, *quantity.options)):
        return "a ';' in the slice or an option, which separates them in a table"
    return None if isfinite(score.value) and score.n > 0 else f"value {score.value}, n {score.n}"


def _figure(score: Score, source: str, date: str) -> Figure:
    quantity, said = score.cell.quantity, dict(score.provenance)
    where = dict(quantity.where)
    is_live = score.evidence == "live"
    return Figure(
        score.cell.model.id,
        quantity.dataset,
        quantity.metric,
        score.value,
        score.n,
        where.pop("classes", ""),
        source if is_live else score.source,
        "" if is_live else said.get("licence", ""),
        date if is_live else said.get("date", ""),
        quantity.transform,
        tuple(sorted(where.items())),
        telling_options(quantity.metric, quantity.options),
    )


def _refuse_second(score: Score, earlier: tuple[Figure, Score] | None) -> None:
    if earlier is None or earlier[1].evidence != "live" or earlier[1].value == score.value:
        return
    seeds = f"seeds {earlier[1].cell.quantity.seed} and {score.cell.quantity.seed}"
    raise RecordError(
        f"two values for {score.cell.quantity.label} of {score.cell.model.id}: "
        f"{earlier[1].value:g} and {score.value:g} ({seeds})",
        expected="one figure for each model, data set and metric",
        fix="give the checks of the run the same seed",
    )


def _own_facets(model: ModelRef) -> Mapping[str, str]:
    """Return what the catalogue does not say of a model already, as far as a column can be named so."""
    known = facets_of(model.id)
    return {name: value for name, value in model.facets if name not in COLUMNS and known.get(name) != value}


def _cells(figure: Figure) -> list[str]:
    texts = {
        "value": repr(figure.value),
        "n": str(figure.n),
        "transform": figure.transform or "",
        "where": _pairs(figure.where),
        "options": _pairs(figure.options),
    }
    return [texts[name] if name in texts else str(getattr(figure, name)) for name in COLUMNS]


def _pairs(pairs: Pairs) -> str:
    return ";".join(f"{name}={value}" for name, value in pairs)
