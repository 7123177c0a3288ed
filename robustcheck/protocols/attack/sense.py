"""What a check asks of an attack that makes no sense: it is refused before an image is decoded."""

from __future__ import annotations

from robustcheck.errors import DataError, SetupError
from robustcheck.listing import name_any
from robustcheck.measure.metric import metric_of, option_of
from robustcheck.measure.option import fractions_of
from robustcheck.protocols.attack.attack_losses import FEWEST_CLASSES
from robustcheck.protocols.attack.attacks import ATTACKS, TAKES, Asked
from robustcheck.protocols.attack.autoattack import require_package
from robustcheck.protocols.attack.readings import Setup
from robustcheck.protocols.attack.spaces import SPACES
from robustcheck.values import Cell

_FOR_SOME = ("steps", "step", "restarts", "loss", "loss_scale", "queries", "candidates")
# What the ways of a sweep take, whatever the attack is.
_OF_SWEEPS = frozenset({"steps", "queries"})


def require_sense(cell: Cell, asked: Asked, setup: Setup) -> None:
    """Raise SetupError or DataError where an attack cannot do what is asked of it, or would do something else."""
    kind, where = ATTACKS[asked.name], cell.quantity.label
    if asked.is_transfer and not kind.by_transfer:
        able = ", ".join(name for name, each in ATTACKS.items() if each.by_transfer)
        raise SetupError(f"{asked.name} has no form that attacks by transfer", where=where, expected=able)
    if kind.package:
        require_package()
        if setup.space != "pixel":
            raise SetupError(f"{asked.name} moves pixels between 0 and 1 only", where=where, expected="space: pixel")
    fewest = 4 if asked.name in ("apgd-t", "autoattack") else FEWEST_CLASSES[asked.loss]
    if setup.classes < fewest:
        raise DataError(f"{asked.name} on {setup.classes} classes", where=where, expected=f"{fewest} or more")
    _require_settings(cell, asked)
    _require_sizes(cell, setup)


def _require_settings(cell: Cell, asked: Asked) -> None:
    """Refuse a setting that the attack does not take: it would be passed over in silence."""
    takes = TAKES[asked.name] | (_OF_SWEEPS if cell.quantity.metric == "masking_gap" else frozenset())
    default, where = metric_of(cell).option, cell.quantity.label
    chosen = [name for name, text in cell.quantity.options if name in _FOR_SOME and text != default(name, ())]
    given = [name for name in chosen if name not in takes]
    if given:
        raise SetupError(
            f"{asked.name} takes no {name_any(given)}",
            where=where,
            expected=", ".join(name for name in _FOR_SOME if name in takes) or "none of the settings of an attack",
        )
    if "queries" in takes and asked.queries % 2:
        raise SetupError(f"{asked.queries} queries", where=where, expected="pairs: an even number")


def _require_sizes(cell: Cell, setup: Setup) -> None:
    """Refuse an eps that is wider than the box, as 8 for 8/255 is, and a search that has only 0 to find."""
    text, where = option_of(cell, "eps"), cell.quantity.label
    if not text:
        return
    largest, space = fractions_of(text)[-1], SPACES[setup.space]
    if setup.norm == "linf" and largest > space.high - space.low:
        raise SetupError(
            f"eps {largest} is more than the whole range of a pixel, {space.low:g} to {space.high:g}",
            where=where,
            expected="a part of that range",
            fix="write grey levels as a fraction: 8/255",
        )
    if not largest and cell.quantity.metric == "median_min_eps":
        raise SetupError("a search for the smallest eps among 0 alone", where=where, expected="sizes above 0")
