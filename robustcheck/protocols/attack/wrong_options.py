"""Settings of an attack that do not go with each other: a suite that has them is refused when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from robustcheck.measure.metric import Metric
from robustcheck.measure.option import fractions_of
from robustcheck.protocols.attack.attacks import ATTACKS, TAKES
from robustcheck.protocols.attack.spaces import SPACES
from robustcheck.values import Pairs, WrongOption

_FOR_SOME = ("steps", "step", "restarts", "loss", "loss_scale", "queries", "candidates")
# What the ways of a sweep take, whatever the attack is.
_OF_SWEEPS = frozenset({"steps", "queries"})
_LEVELS = 255


def find_wrong_options(metric: Metric, given: Pairs) -> Iterator[WrongOption]:
    """Yield what is wrong with the options of a check, each known to be possible by itself."""
    yield from _wrong_settings(metric, given)
    yield from _wrong_places(metric, given)
    yield from _wrong_sizes(metric, given)
    images = int(metric.option("images", given))
    if 0 < images < metric.n_min:
        # It would be said of the score, after all of them were attacked.
        yield WrongOption("images", f"{images} images", f"{metric.n_min} or more, or 0 for all")


def _wrong_settings(metric: Metric, given: Pairs) -> Iterator[WrongOption]:
    """Yield the settings that the attack does not take: they would be passed over in silence."""
    attack = metric.option("attack", given)
    takes = TAKES[attack] | (_OF_SWEEPS if metric.name == "masking_gap" else frozenset())
    able = ", ".join(name for name in _FOR_SOME if name in takes) or "none of the settings of an attack"
    for name in _FOR_SOME:
        value = metric.option(name, given)
        if name not in takes and value != metric.option(name, ()):
            yield WrongOption(name, f"{attack} takes no {name}", able)
        elif name == "queries" and name in takes and int(value) % 2:
            yield WrongOption(name, f"{value} queries", "pairs: an even number")


def _wrong_places(metric: Metric, given: Pairs) -> Iterator[WrongOption]:
    """Yield a substitute or a space in which the attack does not work."""
    attack, space = metric.option("attack", given), metric.option("space", given)
    kind = ATTACKS[attack]
    if metric.option("substitute", given):
        if metric.name == "masking_gap":
            yield WrongOption("substitute", "a sweep for masked gradients is of the model itself", "no substitute")
        elif not kind.by_transfer:
            able = ", ".join(name for name, each in ATTACKS.items() if each.by_transfer)
            yield WrongOption("substitute", f"{attack} has no form that attacks by transfer", able)
    if kind.package and space != "pixel":
        yield WrongOption("space", f"{attack} moves pixels between 0 and 1 only", "space: pixel")


def _wrong_sizes(metric: Metric, given: Pairs) -> Iterator[WrongOption]:
    """Yield an eps that is wider than the box, as 8 for 8/255 is, and a size that is looked for where it is not."""
    text = metric.option("eps", given)
    sizes = fractions_of(text) if text else ()
    space = SPACES[metric.option("space", given)]
    if sizes and metric.option("norm", given) == "linf" and sizes[-1] > space.high - space.low:
        found = f"eps {sizes[-1]} is more than the whole range of a pixel, {space.low:g} to {space.high:g}"
        yield WrongOption("eps", found, "a part of that range", _in_grey_levels(sizes))
    if sizes and not sizes[-1] and metric.name == "median_min_eps":
        yield WrongOption("eps", "a search for the smallest eps among 0 alone", "sizes above 0")
    at = metric.option("at", given) if metric.name == "robust_accuracy" else ""
    if at and Fraction(at) not in sizes:
        yield WrongOption("at", f"at {at} is none of eps", " ".join(map(str, sizes)))


def _in_grey_levels(sizes: tuple[Fraction, ...]) -> str:
    """Suggest the same numbers as grey levels, where they can be that."""
    if any(size.denominator != 1 or size > _LEVELS for size in sizes):
        return "write grey levels as a fraction: 8/255"
    is_range = len(sizes) > 2 and sizes[-1] - sizes[0] == len(sizes) - 1
    levels = f"{sizes[0]}..{sizes[-1]}/{_LEVELS}" if is_range else " ".join(f"{size}/{_LEVELS}" for size in sizes)
    return f"did you mean '{levels}'?"
