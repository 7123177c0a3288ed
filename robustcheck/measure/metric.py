"""A metric is one value: what is known of it, what it reads, and how that becomes one score a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.measure.memo import Memo
from robustcheck.measure.option import MetricOption, ModelOption, ModelsOption
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.registry import known
from robustcheck.stats.statistic import Statistic
from robustcheck.values import UNIT_RANGE, Cell, ModelRef, Pairs, Samples, Task, Unit, WrongOption


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """The samples behind a score, and what is worth knowing of how they came about."""

    samples: Samples
    facts: Pairs = ()


FindRecipes = Callable[[Cell, Shelf], tuple[Recipe, ...]]
MakeSamples = Callable[[Cell, tuple[Recipe, ...], Memo], Sampled]
WrongOptions = Callable[["Metric", Pairs], Iterable[WrongOption]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric that a suite can name; a package adds one by the entry point ``robustcheck.metrics``.

    ``find_recipes`` returns what a cell reads, and raises what is wrong with the question before an image is
    decoded; ``samples`` is arithmetic on what was stored, and returns one score a sample. ``statistic`` says how
    they become the value, for whoever has a value and no samples.

    ``by_image`` says that the value is a mean over single images, each scored by itself, so that some of them, drawn at
    random, estimate the same thing: such a check may be decided early.

    ``either_side`` says that of this metric a low value can be what is asked for as well as a high one (two models that
    err on other images, a model that looks at textures): an upper limit is not doubted. ``higher_is_better`` then says
    which change counts as worse where two values are compared.

    ``noun`` is what people call it, where that is not its name. A value is written as a percentage (``unit`` %) or
    plain; ``value_range`` is the least value and the largest that there can be, shares as fractions. ``n_min`` samples
    are the fewest it needs, and ``counted`` says what n counts. A data set must be for one of ``tasks``, of which
    ``tasks_further`` says more in words. ``options`` are the settings that a check may give it, and ``wrong_options``
    finds those that do not go with each other. ``formula`` says the value in one line, ``source`` who defined it: both
    stand on the reference page.
    """

    name: str
    description: str
    unit: Unit
    higher_is_better: bool
    statistic: Statistic
    tasks: tuple[Task, ...]
    find_recipes: FindRecipes
    samples: MakeSamples
    noun: str = ""
    options: tuple[MetricOption, ...] = ()
    value_range: tuple[float, float] = UNIT_RANGE
    n_min: int = 1
    tasks_further: str = ""
    by_image: bool = False
    formula: str = ""
    source: str = ""
    wrong_options: WrongOptions | None = None
    counted: str = "images"
    either_side: bool = False

    @property
    def bounded(self) -> bool:
        """Whether values lie between 0 and 1."""
        return self.value_range == UNIT_RANGE

    @property
    def is_share(self) -> bool:
        """Whether a value is a share of counted samples, so that the value and n give its interval."""
        return self.unit == "%" and self.bounded and self.statistic.is_share

    @property
    def words(self) -> str:
        """What people call it."""
        return self.noun or self.name.replace("_", " ")

    def option(self, name: str, given: Pairs) -> str:
        """Return the value of an option in its canonical form: the one given, or its default."""
        option = next(option for option in self.options if option.name == name)
        text = dict(given).get(name)
        return option.default if text is None else option.canonical(text)

    def checked_options(self, given: Pairs) -> Pairs:
        """Return the options given, sorted and canonical; raise SetupError for an unknown one or a wrong value."""
        checked = tuple(sorted((name, self._checked(name, text)) for name, text in dict(given).items()))
        self.require_fit(checked, self.name)
        return checked

    def find_wrong(self, given: Pairs) -> tuple[WrongOption, ...]:
        """Return which of the canonical options do not go with the others."""
        return () if self.wrong_options is None else tuple(self.wrong_options(self, given))

    def require_fit(self, given: Pairs, where: str) -> None:
        """Raise SetupError for the first option that does not go with the others."""
        for wrong in self.find_wrong(given):
            raise SetupError(wrong.found, where=where, expected=wrong.expected, fix=wrong.fix)

    def _checked(self, name: str, text: str) -> str:
        names = [option.name for option in self.options]
        option = next((option for option in self.options if option.name == name), None)
        if option is None:
            raise SetupError(
                f"{self.name} has no option {name!r}",
                expected=", ".join(names) or "no options",
                fix=did_you_mean(name, names),
            )
        try:
            return option.canonical(text)
        except ValueError:
            raise SetupError(
                f"the option {name} of {self.name} cannot be {text!r}",
                expected=option.expected,
                fix=did_you_mean(text, option.choices),
            ) from None

    def keyed_options(self, given: Pairs) -> Mapping[str, str]:
        """Return what of the options is part of a score's key.

        A default that is named is the default; one that changes is another setting. An option that came after
        scores were stored is left out while it has its default.
        """
        values = {option: self.option(option.name, given) for option in self.options}
        return {option.name: text for option, text in values.items() if option.always_keyed or text != option.default}


def known_metrics() -> Mapping[str, Metric]:
    """Return every metric that is installed, by name."""
    return known("metrics", Metric)


def metric_named(name: str) -> Metric:
    """Return a metric, or raise SetupError naming the nearest known one."""
    metrics = known_metrics()
    if name in metrics:
        return metrics[name]
    fix = did_you_mean(name, metrics) or "use a known metric"
    raise SetupError(f"unknown metric {name!r}", expected=", ".join(metrics), fix=fix)


def metric_of(cell: Cell) -> Metric:
    """Return the metric of a cell."""
    return metric_named(cell.quantity.metric)


def option_of(cell: Cell, name: str) -> str:
    """Return a setting of a cell's metric: the one that the check names, or the default."""
    return metric_of(cell).option(name, cell.quantity.options)


def models_of_options(cell: Cell, resolve: Callable[[Sequence[str]], tuple[ModelRef, ...]]) -> tuple[ModelRef, ...]:
    """Return the models that the options of a cell name, measured by themselves or not; a list may name sets."""
    kinds = {option.name: type(option) for option in metric_of(cell).options}
    texts = [(kinds[name], text) for name, text in cell.quantity.options if text]
    single = [text for kind, text in texts if kind is ModelOption]
    several = [part for kind, text in texts if kind is ModelsOption for part in text.split(", ")]
    return tuple(model for text in (*single, *several) for model in resolve((text,)))


def cells_of_options(cell: Cell, resolve: Callable[[str], ModelRef]) -> tuple[Cell, ...]:
    """Return a cell for each model that an option names: its own measurement, which the metric may read.

    It is of the same quantity, without the options that name models.
    """
    models = {option.name: option for option in metric_of(cell).options if isinstance(option, ModelOption)}
    names = {name for name, option in models.items() if option.is_measured}
    texts = [text for name, text in cell.quantity.options if name in names and text]
    plain = tuple(pair for pair in cell.quantity.options if pair[0] not in names)
    return tuple(Cell(resolve(text), replace(cell.quantity, options=plain)) for text in texts)
