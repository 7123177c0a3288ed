"""What a name outside a suite stands for, where a name of another kind is expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import permutations
from pathlib import Path

from robustcheck.errors import RobustcheckError, SetupError, SpecError
from robustcheck.files.suite_files import SUFFIX
from robustcheck.models.reference import is_checkpoint_file
from robustcheck.run.known_names import known_names
from robustcheck.spec import KnownNames, tell_kinds
from robustcheck.spec.problems import list_known
from robustcheck.spec.suggestions import suggest

_LISTED_BY = {
    "model": "robustcheck models lists those of the catalogue",
    "data set": "robustcheck datasets lists those that have a name",
    "metric": "robustcheck metrics lists them",
}


@contextmanager
def expecting(given: Sequence[tuple[str, str]], command: str = "") -> Iterator[None]:
    """Say what the names stand for, each given with the kind that is expected, where what is done with them fails.

    ``command`` is what the names follow in this order: where another order of them would do, it is shown.
    """
    try:
        yield
    except SpecError:
        raise
    except RobustcheckError as error:
        told = _tell(given, str(error), command)
        if told is None:
            raise
        raise told from error


def _tell(given: Sequence[tuple[str, str]], said: str, command: str) -> SetupError | None:
    """Return an error that says which names are of another kind; None where it is not these names that are wrong."""
    if not any(text in said for _, text in given):
        return None
    names = known_names(Path.cwd())
    kinds = {text: _kinds_of(text, names) for _, text in given}
    wrong = {text: told for kind, text in given if (told := tell_kinds(text, kinds[text], kind))}
    if not any(text in said for text in wrong):
        return _unknown_metric(given, said, names)
    expected = [kind for kind, _ in given]
    order = _fitting_order(expected, kinds) if command else None
    if order is None:
        text, told = next(iter(wrong.items()))
        return SetupError(told, fix=_LISTED_BY.get(next(kind for kind, each in given if each == text), ""))
    shape = " ".join(kind.upper().replace(" ", "") for kind in expected)
    return SetupError(
        f"the names look swapped: {next(iter(wrong.values()))}",
        expected=f"{command} {shape}",
        fix=f"{command} {' '.join(order)}",
    )


def _unknown_metric(given: Sequence[tuple[str, str]], said: str, names: KnownNames) -> SetupError | None:
    """Return an error that knows how other tools call a metric; None where it is not the metric that is unknown."""
    metric = next((text for kind, text in given if kind == "metric"), "")
    found = f"unknown metric {metric!r}"
    if not metric or found not in said:
        return None
    return SetupError(found, expected=list_known(names.metrics), fix=suggest(metric, names.metrics))


def _fitting_order(expected: Sequence[str], kinds: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """Return the order of the names in which each is of the kind that is expected; None where there is none."""
    orders = permutations(kinds) if len(kinds) == len(expected) else ()
    return next((each for each in orders if all(map(partial(_fits, kinds), expected, each))), None)


def _fits(kinds: Mapping[str, Sequence[str]], kind: str, text: str) -> bool:
    # Any directory may be a data set; nothing is said of one, as it may be anything else too.
    return kind in kinds[text] or (kind == "data set" and not kinds[text] and Path(text).is_dir())


def _kinds_of(text: str, names: KnownNames) -> tuple[str, ...]:
    """Return what a text certainly stands for, as a name or as a path."""
    place = Path(text)
    if place.name == "run.json" or (place / "run.json").is_file():
        return ("run",)
    if not place.is_file():
        return names.kinds_of(text)
    # A YAML file may hold a list of models, or anything.
    kinds = {"suite": text.endswith(SUFFIX), "model": is_checkpoint_file(text)}
    return tuple(kind for kind, is_one in kinds.items() if is_one)
