"""Schema 2 of ``run.json``: what many results share stands once, in tables that the results refer to by place.

A run of 119 models and 50 checks has 5,950 results, which between them have 119 models, 50 texts of checks
and about 300 scores on x axes. Written out in each result these were nine tenths of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pydantic_core

Plain = dict[str, Any]

# What all results of one check have in common.
_OF_THE_CHECK = (
    "suite",
    "check_id",
    "check_key",
    "title",
    "why",
    "tags",
    "sentence",
    "position",
    "yaml",
    "claim",
    "source",
    "expect_finding",
    "quantity",
    "about_candidates",
)
# Control characters, which stand in no node id, path or model reference.
_NODEID, _MODEL = "\x01", "\x02"
_POINT = ("model", "x", "y", "group")
_PAST = ("suite", "check_key", "model")
_OF_A_PAST = ("status", "compared", "low", "high", "limit", "origin")


@dataclass(slots=True)
class _Table:
    """Distinct values in the order in which they were first met."""

    rows: list[Any] = field(default_factory=list)
    places: dict[bytes, int] = field(default_factory=dict)

    def place(self, value: Any) -> int:
        """Return the place of a value, which is added when it is new."""
        key = pydantic_core.to_json(value, inf_nan_mode="strings")
        if key not in self.places:
            self.places[key] = len(self.rows)
            self.rows.append(value)
        return self.places[key]


@dataclass(slots=True)
class _Tables:
    """The tables of a record while it is folded."""

    checks: _Table = field(default_factory=_Table)
    models: _Table = field(default_factory=_Table)
    quantities: _Table = field(default_factory=_Table)
    scores: _Table = field(default_factory=_Table)
    pairs: _Table = field(default_factory=_Table)
    texts: _Table = field(default_factory=_Table)

    def plain(self) -> Plain:
        """Return the rows of all tables."""
        names = ("checks", "models", "quantities", "scores", "pairs", "texts")
        return {name: getattr(self, name).rows for name in names}


def fold(run: Plain) -> Plain:
    """Move what results and trends share into tables; ``run`` is a record as plain values, and is changed."""
    tables = _Tables()
    run["results"] = [_folded(result, tables) for result in run["results"]]
    run["trends"] = [_with_rows(figure, tables) for figure in run.get("trends", ())]
    _swap(run, "past", lambda pasts: [_past_row(past, tables.texts) for past in pasts])
    long = ("results", "trends")
    head = {name: value for name, value in run.items() if name not in long}
    return head | {"tables": tables.plain()} | {name: run[name] for name in long}


def unfold(run: Plain, read: Callable[[str, list[Any]], list[Any]]) -> Plain:
    """Put what stands in the tables back into results and trends; raises LookupError, TypeError or ValueError.

    ``read`` makes values of the rows of the tables ``models``, ``quantities`` and ``scores``: once, for all results.
    """
    tables = run.pop("tables")
    tables |= {name: read(name, tables[name]) for name in ("models", "quantities")}
    tables["scores"] = read("scores", [_unfolded_score(score, tables) for score in tables["scores"]])
    run["results"] = [_unfolded(result, tables) for result in run["results"]]
    run["trends"] = [_with_points(figure, tables["texts"]) for figure in run["trends"]]
    _swap(run, "past", lambda pasts: [_whole_past(past, tables["texts"]) for past in pasts])
    return run


def _folded(result: Plain, tables: _Tables) -> Plain:
    nodeid, model = result["nodeid"], result["model"]
    row: Plain = {"check": tables.checks.place({name: result.pop(name) for name in _OF_THE_CHECK if name in result})}
    row["model"] = tables.models.place(result.pop("model"))
    result["nodeid"] = tables.texts.place(nodeid.replace(model["id"], _MODEL))
    if "rerun" in result:
        result["rerun"] = tables.texts.place(_pattern(result["rerun"], nodeid, model["text"]))
    for name in ("score", "x"):
        if result.get(name) is not None:
            result[name] = tables.scores.place(_folded_score(result[name], tables))
    _fold_verdict(result["verdict"], tables)
    return row | result


def _folded_score(score: Plain, tables: _Tables) -> Plain:
    cell = score["cell"]
    own = {"model": tables.models.place(cell["model"]), "quantity": tables.quantities.place(cell["quantity"])}
    _swap(score, "provenance", lambda pairs: [tables.pairs.place(pair) for pair in pairs])
    _swap(score, "source", tables.texts.place)
    return score | {"cell": {**cell, **own}}


def _fold_verdict(verdict: Plain, tables: _Tables) -> None:
    _swap(verdict, "reason", tables.texts.place)
    _swap(verdict, "notes", lambda notes: [tables.texts.place(note) for note in notes])
    _swap(verdict, "facts", lambda pairs: [tables.pairs.place(pair) for pair in pairs])


def _unfolded_score(score: Plain, tables: Plain) -> Plain:
    cell = score["cell"]
    whole = {"model": tables["models"][cell["model"]], "quantity": tables["quantities"][cell["quantity"]]}
    _swap(score, "provenance", _each(tables["pairs"]))
    _swap(score, "source", tables["texts"].__getitem__)
    return score | {"cell": {**cell, **whole}}


def _unfolded(row: Plain, tables: Plain) -> Plain:
    check, model = tables["checks"][row.pop("check")], tables["models"][row.pop("model")]
    texts = tables["texts"]
    nodeid = texts[row["nodeid"]].replace(_MODEL, model.id)
    result = {**check, "model": model, **row, "nodeid": nodeid}
    if "rerun" in result:
        result["rerun"] = texts[result["rerun"]].replace(_MODEL, model.text).replace(_NODEID, nodeid)
    for name in ("score", "x"):
        if result.get(name) is not None:
            result[name] = tables["scores"][result[name]]
    _swap(result["verdict"], "reason", texts.__getitem__)
    _swap(result["verdict"], "notes", _each(texts))
    _swap(result["verdict"], "facts", _each(tables["pairs"]))
    return result


def _pattern(rerun: str, nodeid: str, model: str) -> str:
    """Write a command with signs for its node id and its model, so that the commands of a run are one text."""
    pattern = rerun.replace(nodeid, _NODEID)
    return pattern.replace(model, _MODEL) if model else pattern


def _with_rows(figure: Plain, tables: _Tables) -> Plain:
    """Write the points as rows: the model and the group by the places of their names."""
    texts = tables.texts
    points = [[texts.place(p["model"]), p["x"], p["y"], texts.place(p["group"])] for p in figure["points"]]
    return figure | {"points": points}


def _with_points(figure: Plain, texts: list[str]) -> Plain:
    rows = ((texts[model], x, y, texts[group]) for model, x, y, group in figure["points"])
    return figure | {"points": [dict(zip(_POINT, row, strict=True)) for row in rows]}


def _past_row(past: Plain, texts: _Table) -> list[Any]:
    """Write the past of a check as a row: the places of its names, then a row for each run."""
    verdicts = [[texts.place(one["run"]), *(one.get(name) for name in _OF_A_PAST)] for one in past["verdicts"]]
    return [*(texts.place(past[name]) for name in _PAST), verdicts]


def _whole_past(row: list[Any] | Plain, texts: list[str]) -> Plain:
    if isinstance(row, dict):
        # Records were written so before their past stood in rows.
        return row
    *places, verdicts = row
    names = dict(zip(_PAST, (texts[place] for place in places), strict=True))
    # Rows were shorter by the origin once.
    runs = [{"run": texts[run], **dict(zip(_OF_A_PAST, told, strict=False))} for run, *told in verdicts]
    return {**names, "verdicts": runs}


def _each(rows: list[Any]) -> Callable[[Iterable[int]], list[Any]]:
    return lambda places: [rows[place] for place in places]


def _swap(record: Plain, name: str, change: Callable[[Any], Any]) -> None:
    if name in record:
        record[name] = change(record[name])
