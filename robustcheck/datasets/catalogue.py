"""The catalogue: every dataset that has a name, with what is known about it; the registry's group ``datasets``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.registry import known
from robustcheck.values import Task

Axes = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What is known about a named dataset; ``count`` and ``classes`` are None where it varies.

    ``benchmark`` is its CLIP_benchmark name; ``layout`` names a layout of the registry, and is empty for a directory
    of labelled images in any of them.
    ``of`` names the dataset whose images a view shows; ``border`` is the frame in pixels that is cut off
    raw image files; ``id_dataset`` is the in-distribution set that an out-of-distribution set goes with, and ``train``
    the set of the same classes that adapters learn from;
    A family has ``subsets``: its axes and their values, in order; ``default`` holds the values that an axis
    has where a suite does not name it, ``folders`` the group directories of the first axis's values.
    An average has ``members``: data sets whose scores are averaged, each with the metrics that stand for others there
    (``top1=pm0``).
    ``columns`` are all that ``where`` can name, each with its values (none listed: any), where that is known
    without the images; a directory may bring columns of its own.
    """

    name: str
    title: str
    licence: str
    homepage: str
    task: Task = "classification"
    layout: str = ""
    benchmark: str = ""
    directories: tuple[str, ...] = ()
    count: int | None = None
    classes: int | None = None
    class_set: str = ""
    prompts: str = ""
    groups: tuple[str, ...] = ()
    note: str = ""
    of: str = ""
    border: int = 0
    id_dataset: str = ""
    train: str = ""
    subsets: Axes = ()
    default: Axes = ()
    folders: Axes = ()
    members: Axes = ()
    columns: Axes | None = None

    def member_metric(self, member: str, metric: str) -> str:
        """Return the metric that stands for another one on a member of an average."""
        stand_ins = dict(text.split("=", 1) for text in dict(self.members)[member])
        return stand_ins.get(metric, metric)

    @property
    def places(self) -> tuple[str, ...]:
        """Return the directory names to look for under a root, most usual first."""
        name, dashed = self.benchmark, self.benchmark.replace("/", "-")
        usual = (f"wds_{dashed}", f"wds_{dashed}_test", f"wds/{name}", name) if name else ()
        return tuple(dict.fromkeys((*usual, *self.directories, self.name)))


def known_datasets() -> Mapping[str, CatalogueEntry]:
    """Return every data set that has a name: ours in the order of our catalogue, then those of other packages."""
    return known("datasets", CatalogueEntry)


def read_catalogue(path: Path) -> tuple[CatalogueEntry, ...]:
    """Read a catalogue: a YAML file with the fields of an entry under the name of each data set."""
    import yaml

    entries: dict[str, dict[str, object]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_entry(name, facts, path) for name, facts in entries.items())


def _entry(name: str, facts: Mapping[str, object], path: Path) -> CatalogueEntry:
    fields = CatalogueEntry.__dataclass_fields__
    for key in facts:
        if key not in fields:
            raise SetupError(
                f"unknown field {key!r} of {name}",
                where=str(path),
                expected="one of " + ", ".join(fields),
                fix=did_you_mean(key, fields),
            )
    return CatalogueEntry(name=name, **{key: _frozen(value) for key, value in facts.items()})  # type: ignore[arg-type]


def _frozen(value: object) -> object:
    """Return lists as tuples, and axes (a mapping of lists) as pairs of text."""
    if isinstance(value, Mapping):
        return tuple((str(key), tuple(str(member) for member in members)) for key, members in value.items())
    return tuple(value) if isinstance(value, list) else value
