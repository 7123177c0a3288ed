"""The settings of a metric: each has a sort, a default, and one way to write a value.

A value is a text, in a suite as in a key. ``canonical`` returns the one text that stands for a value, so that
``16/510`` and ``8/255`` are one setting and one key.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, lcm
from typing import ClassVar, final

_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})


@dataclass(frozen=True, kw_only=True)
class MetricOption(ABC):
    """A setting of a metric: ``default`` is canonical, or empty where the metric finds its own.

    ``always_keyed`` options are in the key of every score of the metric. Those that a later version adds are
    left out of it while they have their default, so that older scores keep their keys. Without one that
    ``is_required`` the metric has no meaning.
    """

    name: str
    default: str = ""
    description: str
    always_keyed: bool = False
    is_required: bool = False
    sort: ClassVar[str]

    @abstractmethod
    def canonical(self, text: str) -> str:
        """Return the one text that stands for a value; raise ValueError where it cannot be one."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """Say which values there are."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The values by name, where they are few."""
        return ()

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest number, of an option that is one."""
        return -inf, inf

    @property
    def is_other_side(self) -> bool:
        """Whether it names the data set that the measured one is held against."""
        return False


@final
@dataclass(frozen=True, kw_only=True)
class ChoiceOption(MetricOption):
    """One of a few names."""

    values: tuple[str, ...]
    sort: ClassVar[str] = "choice"

    def canonical(self, text: str) -> str:
        """Return the name itself.

        >>> ChoiceOption(name="score", description="", values=("mcm", "msp")).canonical("msp")
        'msp'
        """
        if text not in self.values:
            raise ValueError(text)
        return text

    @property
    def expected(self) -> str:
        """List the names."""
        return ", ".join(self.values)

    @property
    def choices(self) -> tuple[str, ...]:
        """The names."""
        return self.values


@dataclass(frozen=True, kw_only=True)
class Bounded(MetricOption):
    """A number between two bounds, both included."""

    low: float = -inf
    high: float = inf

    @property
    @abstractmethod
    def noun(self) -> str:
        """Say what sort of number it is."""

    @property
    def expected(self) -> str:
        """Say the sort of number and its bounds."""
        if isfinite(self.low) and isfinite(self.high):
            return f"{self.noun} from {self.low:g} to {self.high:g}"
        if isfinite(self.low):
            return f"{self.noun} of {self.low:g} or more"
        return f"{self.noun} of at most {self.high:g}" if isfinite(self.high) else self.noun

    @property
    def bounds(self) -> tuple[float, float]:
        """Both bounds."""
        return self.low, self.high

    def require_inside(self, value: float | Fraction, text: str) -> None:
        """Raise ValueError where a value lies outside the bounds."""
        if not self.low <= value <= self.high:
            raise ValueError(text)


@final
@dataclass(frozen=True, kw_only=True)
class NumberOption(Bounded):
    """A number in decimal notation, or a ``whole`` one."""

    whole: bool = False
    sort: ClassVar[str] = "number"

    @property
    def noun(self) -> str:
        """Say whether it is whole."""
        return "a whole number" if self.whole else "a number"

    def canonical(self, text: str) -> str:
        """Return the shortest decimal notation.

        >>> bins = NumberOption(name="bins", description="", low=1, whole=True)
        >>> bins.canonical("15"), bins.canonical("015"), bins.expected
        ('15', '15', 'a whole number of 1 or more')
        >>> NumberOption(name="precision", description="").canonical("1e-3")
        '0.001'
        """
        value = int(text) if self.whole else float(text)
        self.require_inside(value, text)
        if not isfinite(value):
            raise ValueError(text)
        return repr(value).removesuffix(".0")


@final
@dataclass(frozen=True, kw_only=True)
class FractionOption(Bounded):
    """An exact fraction, such as the 8/255 that an attack may change a pixel by."""

    sort: ClassVar[str] = "fraction"

    @property
    def noun(self) -> str:
        """Give an example."""
        return "a number or a fraction such as 8/255"

    def canonical(self, text: str) -> str:
        """Return the fraction in lowest terms.

        >>> epsilon = FractionOption(name="epsilon", description="", low=0, high=1)
        >>> [epsilon.canonical(text) for text in ("8/255", "16/510", "0.5", "1")]
        ['8/255', '8/255', '1/2', '1']
        """
        try:
            value = Fraction(text.replace(" ", ""))
        except ZeroDivisionError:
            raise ValueError(text) from None
        self.require_inside(value, text)
        return str(value)


@final
@dataclass(frozen=True, kw_only=True)
class FractionsOption(Bounded):
    """Several exact fractions in ascending order, such as the sizes that an attack tries: a list, or a range."""

    sort: ClassVar[str] = "fractions"

    @property
    def noun(self) -> str:
        """Give an example of both forms."""
        return "numbers or fractions such as 1/255 2/255 4/255, or a range such as 1..9/1000, each"

    def canonical(self, text: str) -> str:
        """Return the fractions in lowest terms, or as a range where three or more follow each other.

        >>> sizes = FractionsOption(name="eps", description="", low=0, high=1)
        >>> [sizes.canonical(text) for text in ("8/255", "4/255, 1/255", "1..4/1000", "1/8 2/8 3/8")]
        ['8/255', '1/255 4/255', '1..4/1000', '1..3/8']
        """
        values = fractions_of(text)
        for value in values:
            self.require_inside(value, text)
        steps = lcm(*(value.denominator for value in values))
        places = [int(value * steps) for value in values]
        if len(values) > 2 and places == list(range(places[0], places[-1] + 1)):
            return f"{places[0]}..{places[-1]}/{steps}"
        return " ".join(map(str, values))


def fractions_of(text: str) -> tuple[Fraction, ...]:
    """Return the fractions of a list or a range, ascending and each once; raise ValueError where there are none.

    >>> [str(value) for value in fractions_of("3/8 1..2/8")]
    ['1/8', '1/4', '3/8']
    """
    found = {value for item in text.replace(",", " ").split() for value in _fractions_of_item(item)}
    if not found:
        raise ValueError(text)
    return tuple(sorted(found))


def _fractions_of_item(item: str) -> Iterator[Fraction]:
    first, dots, rest = item.partition("..")
    last, _, steps = rest.partition("/")
    try:
        if not dots:
            yield Fraction(item)
        else:
            yield from (Fraction(place, int(steps or 1)) for place in range(int(first), int(last) + 1))
    except ZeroDivisionError:
        raise ValueError(item) from None


@final
@dataclass(frozen=True, kw_only=True)
class SwitchOption(MetricOption):
    """Whether something is done: true or false."""

    default: str = "false"
    sort: ClassVar[str] = "switch"

    def canonical(self, text: str) -> str:
        """Return true or false.

        >>> SwitchOption(name="targeted", description="").canonical("yes")
        'true'
        """
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError(text)
        return "true" if text.lower() in _TRUE else "false"

    @property
    def expected(self) -> str:
        """Name both."""
        return "true or false"


@final
@dataclass(frozen=True, kw_only=True)
class ColumnOption(MetricOption):
    """A column of the data set's groups, such as region; class stands for the labels."""

    sort: ClassVar[str] = "column"

    def canonical(self, text: str) -> str:
        """Return the name as it is: whether there is such a column is found when the data set is opened."""
        return text

    @property
    def expected(self) -> str:
        """Say that it names a column."""
        return "a column of the data set"


@final
@dataclass(frozen=True, kw_only=True)
class DatasetOption(MetricOption):
    """The name of a data set, or a path; the measured set is held ``against`` it, or it is a setting like others."""

    against: bool = False
    sort: ClassVar[str] = "data set"

    def canonical(self, text: str) -> str:
        """Return the name as it is: whether there is such a set is found when it is opened."""
        return text

    @property
    def expected(self) -> str:
        """Say that it names a data set."""
        return "a data set"

    @property
    def is_other_side(self) -> bool:
        """Whether the measured set is held against it."""
        return self.against


@final
@dataclass(frozen=True, kw_only=True)
class ModelsOption(MetricOption):
    """References to several other models, with commas between them, that the metric reads beside the judged one."""

    sort: ClassVar[str] = "models"

    def canonical(self, text: str) -> str:
        """Return the references in order, each once.

        >>> ModelsOption(name="with", description="").canonical("zoo:b,zoo:a, zoo:b")
        'zoo:a, zoo:b'
        """
        names = sorted({part.strip() for part in text.split(",")} - {""})
        if not names:
            raise ValueError(text)
        return ", ".join(names)

    @property
    def expected(self) -> str:
        """Say that it names models."""
        return "models, with commas between them"


@final
@dataclass(frozen=True, kw_only=True)
class ModelOption(MetricOption):
    """A reference to another model.

    The run plans a cell for it, so that it is measured too, unless ``is_measured`` says that it only takes part.
    """

    is_measured: bool = True
    sort: ClassVar[str] = "model"

    def canonical(self, text: str) -> str:
        """Return the reference as it is: whether there is such a model is found when it is resolved."""
        return text

    @property
    def expected(self) -> str:
        """Say that it names a model."""
        return "a model"
