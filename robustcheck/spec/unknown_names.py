"""A name that nothing is known by: what is known, what was most likely meant, and what else the name stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from robustcheck.errors import did_you_mean
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.names import Kind, KnownNames
from robustcheck.spec.problems import list_known
from robustcheck.spec.source import Loc
from robustcheck.spec.suggestions import suggest, tell_kinds

# What names of a kind, each by the word that messages have for it.
_KINDS: Mapping[str, Kind] = {
    "metric": "metric",
    "dataset": "data set",
    "transform": "transform",
    "prompt set": "prompt set",
    "population": "population",
}


def check_known(
    scope: Scope,
    loc: Loc,
    what: str,
    name: str,
    known: Iterable[str],
    names: KnownNames,
    mistakes: Mistakes,
    also: str = "",
) -> None:
    """Report a name that is not known."""
    known = frozenset(known)
    if name in known:
        return
    expected = f"{list_known(known)}; {also}" if also else list_known(known)
    told = tell_kinds(name, names.kinds_of(name), _KINDS[what]) if what in _KINDS else ""
    hint = "\n  ".join(filter(None, (told, suggest(name, known))))
    mistakes.at_value(scope, loc, f"unknown {what} {name!r}", expected=expected, hint=hint)


def check_model(
    scope: Scope, loc: Loc, text: str, names: KnownNames, mistakes: Mistakes, *, is_single: bool = False
) -> None:
    """Report a model text that stands for no model, or for several where one is meant."""
    message = names.is_model(text) or (names.is_one_model(text) if is_single else None)
    if message is None:
        return
    summary, *details = message.splitlines() or [f"unknown model {text!r}"]
    is_known = "did you mean" in message or text in names.model_sets
    near = "" if is_known else did_you_mean(text, names.model_sets)
    told = tell_kinds(text, names.kinds_of(text), "model")
    lines = [*(detail.strip().removeprefix("to do: ") for detail in details), *filter(None, (near, told))]
    mistakes.at_value(scope, loc, summary, hint="\n  ".join(lines))
