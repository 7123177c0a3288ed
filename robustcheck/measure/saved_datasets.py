"""The data set that saved predictions are on: one that is known here, or what they say of it themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Dataset, ImageDataset, classes_outside, known_outside, most_samples
from robustcheck.datasets.file_facts import keep, kept
from robustcheck.errors import DataError, DataMissing
from robustcheck.measure.saved_files import SavedFiles
from robustcheck.models.digests import installed_version
from robustcheck.predictions import Predictions, aligned
from robustcheck.store import content_key
from robustcheck.values import Task

Ints = npt.NDArray[np.int64]
# A way to know a data set by its name: its images are here; its annotations are known.
Way = Callable[[str, SavedFiles], Dataset]

_NEED_NO_LABELS: tuple[Task, ...] = ("ood", "sequences")


@dataclass(frozen=True, slots=True)
class _Fit:
    """Which way gave the data set of some predictions: the last of those tried, or none of them.

    ``seen`` are the fingerprints of what the ways gave, None where they gave nothing; ``told`` is that of what the
    predictions say of themselves, and empty where a way served.
    """

    seen: tuple[str | None, ...]
    told: str = ""


@dataclass(slots=True)
class SavedDatasets:
    """The data sets that saved predictions are on; that ids fit is found out once for a content.

    ``ways`` are tried in turn. ``facts`` is the directory of what was found out.
    """

    facts: Path
    ways: Sequence[Way]
    _found: dict[tuple[str, str], Dataset] = field(default_factory=dict)
    _told: dict[str, Dataset] = field(default_factory=dict)

    def of(self, saved: SavedFiles, name: str) -> Dataset:
        """Return the data set that has the samples of saved predictions; raise DataError where none fits.

        That is the first of the ways whose sample ids fit. Where it is not known at all, it is what the predictions
        say of it themselves: models that say the same share it.
        """
        key = (name, saved.digest)
        if key not in self._found:
            _require_no_more(saved, name)
            self._found[key] = self._remembered(saved, name) or self._fitted(saved, name)
        return self._found[key]

    def _remembered(self, saved: SavedFiles, name: str) -> Dataset | None:
        content = kept(self._entry(saved, name))
        if content is None:
            return None
        known = json.loads(content)
        opened = [_tried(way, name, saved) for way in self.ways[: len(known["seen"])]]
        if [_fingerprint(each) for each in opened] != known["seen"]:
            return None
        if known["told"]:
            return self._told.get(known["told"])
        chosen = opened[-1]
        assert not isinstance(chosen, DataError), "a way that served has a fingerprint"
        return _with_remark(chosen, saved)

    def _fitted(self, saved: SavedFiles, name: str) -> Dataset:
        dataset, fit = _fitting(saved, name, self.ways)
        keep(self._entry(saved, name), json.dumps(asdict(fit)).encode())
        return self._told.setdefault(fit.told, dataset) if fit.told else dataset

    def _entry(self, saved: SavedFiles, name: str) -> Path:
        facts = {"digest": saved.digest, "dataset": name, "version": installed_version("robustcheck")}
        return self.facts / f"on-{content_key(facts)[:40]}.json"


def _fitting(saved: SavedFiles, name: str, ways: Sequence[Way]) -> tuple[Dataset, _Fit]:
    tried: list[Dataset | DataError] = []
    misfits: list[DataError] = []
    for way in ways:
        tried.append(found := _tried(way, name, saved))
        if isinstance(found, DataError):
            continue
        try:
            _require_samples(saved.read(), found.ids, name)
        except DataError as error:
            misfits.append(error)
        else:
            return _with_remark(found, saved), _Fit(tuple(map(_fingerprint, tried)))
    # Part of the samples of a data set that is known must not pass for all of it.
    if misfits:
        raise misfits[0]
    class_names = saved.read().class_names or classes_outside(name)
    if not class_names:
        unknown = [each for each in tried if isinstance(each, DataError)]
        # A data set that is here and wrong is worth more words than one that is not here.
        raise next((error for error in unknown if not isinstance(error, DataMissing)), unknown[0])
    told = _as_told(saved.read(), name, class_names)
    return told, _Fit(tuple(map(_fingerprint, tried)), told.fingerprint)


def _tried(way: Way, name: str, saved: SavedFiles) -> Dataset | DataError:
    try:
        return way(name, saved)
    except DataError as error:
        return error


def _fingerprint(found: Dataset | DataError) -> str | None:
    return None if isinstance(found, DataError) else found.fingerprint


def _require_no_more(saved: SavedFiles, name: str) -> None:
    """Refuse more predictions than a data set of the catalogue has images: some of them are of another set."""
    most = most_samples(name)
    if most is not None and saved.count > most:
        raise DataError(
            f"predictions on {saved.count:,} samples",
            where=str(saved.path),
            expected=f"at most {most:,}, the whole of {name}",
            fix="take away the rows that are not of this set",
        )


def _require_samples(saved: Predictions, ids: npt.NDArray[np.str_], name: str) -> None:
    """Raise DataError unless there are predictions on all these samples, whatever their classes are."""
    aligned(replace(saved, kind="classes", values=np.zeros(len(saved)), labels=None), ids, 1, name, others=True)


def _with_remark(dataset: Dataset, saved: SavedFiles) -> Dataset:
    """Return a data set that says how many predictions are on none of its samples; a view shows part of a file."""
    more = saved.count - len(dataset)
    remarks = list(_softmax_in_words(saved))
    if more > 0 and most_samples(dataset.name) is None:
        remarks.append(f"{more} of {saved.count} predictions are on no sample of {dataset.name} and do not count")
    if not remarks or not isinstance(dataset, ImageDataset):
        return dataset
    return replace(dataset, defects=(*dataset.defects, *remarks))


def _softmax_in_words(saved: SavedFiles) -> Iterator[str]:
    """Say that logits look like probabilities: another softmax on top of one flattens every confidence."""
    if saved.is_softmax:
        yield f"the logits in {saved.path.name} are never below 0 and sum to 1, as probabilities do: call them so"


def _as_told(saved: Predictions, name: str, class_names: tuple[str, ...]) -> Dataset:
    """Return a data set as its predictions describe it."""
    labels = np.zeros(len(saved), dtype=np.int64) if saved.labels is None else saved.labels
    # Classes that nobody scores only tell groups of samples apart.
    names = _numbered(labels) if len(class_names) == 1 and labels.max(initial=0) else class_names
    dataset = known_outside(name, saved.ids, labels, names, saved.groups)
    if saved.labels is None and dataset.task not in _NEED_NO_LABELS:
        raise DataMissing(
            f"these predictions have no labels, and {name} is not here",
            where=str(saved.path),
            expected="a column of labels, or the data set",
        )
    return dataset


def _numbered(labels: Ints) -> tuple[str, ...]:
    """Return names for the classes of labels that name none."""
    return tuple(f"class {label}" for label in range(int(labels.max()) + 1))
