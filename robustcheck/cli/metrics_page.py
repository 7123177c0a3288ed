"""The metrics in words: unit, direction, which data sets they score, and their options."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.metrics import METRICS, MetricFacts, metric_facts
from robustcheck.metrics.facts import OptionFacts, Protocol
from robustcheck.values import Pairs

_ROOM = 130
_FURTHER: Mapping[Protocol, str] = {
    "corruption": "in subsets, by corruption and severity",
    "factors": "annotated with factors",
}


def metrics_table(name: str, as_json: bool, console: Console) -> None:
    """Print every metric, or one with its options explained; raise SetupError for an unknown name."""
    chosen = [metric_facts(name)] if name else list(METRICS.values())
    if as_json:
        console.print_json(json.dumps([_plain(facts) for facts in chosen]))
    elif name:
        _print_one(chosen[0], console)
    else:
        _print_all(chosen, console)


def given_options(facts: MetricFacts, given: Pairs) -> Pairs:
    """Return the options given to a metric, sorted; raise SetupError for an unknown one or a value it cannot have."""
    known = {option.name: option for option in facts.options}
    for name, value in given:
        if name not in known:
            raise SetupError(
                f"{facts.name} has no option {name!r}",
                expected=", ".join(known) or "no --option",
                fix=did_you_mean(name, known),
            )
        _require_choice(facts, known[name], value)
    return tuple(sorted(dict(given).items()))


def _require_choice(facts: MetricFacts, option: OptionFacts, value: str) -> None:
    if option.choices and value not in option.choices:
        raise SetupError(
            f"the option {option.name} of {facts.name} cannot be {value!r}",
            expected=", ".join(option.choices),
            fix=did_you_mean(value, option.choices),
        )


def _print_all(metrics: list[MetricFacts], console: Console) -> None:
    # A narrow terminal would break every description into a column of single words.
    is_wide = console.width >= _ROOM
    table = Table(Column("metric", no_wrap=True), "unit", "better", "data sets for", "options", box=None)
    if is_wide:
        table.add_column("what it is")
    for facts in metrics:
        options = "\n".join(map(_with_default, facts.options))
        cells = [facts.name, _unit(facts), _better(facts), _data_sets(facts), options]
        table.add_row(*cells, *[facts.description] * is_wide)
    console.print(table)
    console.print(
        "robustcheck metrics NAME says what one is and explains its options; robustcheck datasets lists the sets"
    )


def _print_one(facts: MetricFacts, console: Console) -> None:
    limit = "45%, and differences as 2.0pp" if facts.unit else "0.12"
    table = Table(box=None, show_header=False)
    for name, text in (
        ("metric", facts.name),
        ("what it is", facts.description),
        ("better", _better(facts)),
        ("unit", f"{_unit(facts)}: limits are written {limit}"),
        ("range", "0 to 1" if facts.bounded and not facts.unit else "0% to 100%" if facts.bounded else "not bounded"),
        ("data sets for", _data_sets(facts)),
        ("samples", f"at least {facts.n_min}"),
    ):
        table.add_row(name, text)
    for option in facts.options:
        table.add_row(f"option {option.name}", "\n".join(_explained(option)))
    console.print(table)


def _data_sets(facts: MetricFacts) -> str:
    further = _FURTHER.get(facts.protocol)
    return ", ".join((*facts.tasks, *([further] if further else [])))


def _explained(option: OptionFacts) -> Iterator[str]:
    yield option.description
    default = f"; default {option.default}" if option.default else ""
    yield f"{' | '.join(option.choices) or 'a data set'}{default}"


def _with_default(option: OptionFacts) -> str:
    return f"{option.name}={option.default}" if option.default else option.name


def _unit(facts: MetricFacts) -> str:
    return facts.unit or "none"


def _better(facts: MetricFacts) -> str:
    return "higher" if facts.higher_is_better else "lower"


def _plain(facts: MetricFacts) -> dict[str, Any]:
    return {
        "name": facts.name,
        "unit": facts.unit,
        "higher_is_better": facts.higher_is_better,
        "bounded": facts.bounded,
        "description": facts.description,
        "tasks": list(facts.tasks),
        "tasks_further": _FURTHER.get(facts.protocol, ""),
        "least_samples": facts.n_min,
        "options": [
            {
                "name": option.name,
                "default": option.default,
                "choices": list(option.choices),
                "is_dataset": option.is_dataset,
                "description": option.description,
            }
            for option in facts.options
        ],
    }
