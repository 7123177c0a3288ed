"""Files of saved predictions, known by a few facts that are kept while the files stay the same.

A run that judges stored scores reads no array of them: the digest of the content is in the keys, and what it was
made from is read when something has to be made.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from os import fsencode
from pathlib import Path
from typing import Any

from robustcheck.datasets.file_facts import keep, kept
from robustcheck.disk import file_stamp, is_settled
from robustcheck.errors import DataError
from robustcheck.models.digests import installed_version
from robustcheck.predictions import Kind, Predictions, looks_like_softmax, read_files

# Arrays that were read are kept until they are more than this; the last ones always.
KEPT_BYTES = 64 * 2**20

Stamps = tuple[tuple[Path, tuple[int, ...]], ...]


@dataclass(slots=True)
class ReadFiles:
    """Saved predictions as they were read, those asked for last; and the directory of what is known of files."""

    facts: Path
    _read: OrderedDict[Stamps, Predictions] = field(default_factory=OrderedDict)

    def open(self, files: Sequence[Path]) -> SavedFiles:
        """Return the predictions in files; raise DataError where they are none, or cannot be read."""
        stamps = _stamps(files)
        entry = self._entry(files)
        content = kept(entry)
        known = {} if content is None else json.loads(content)
        if known.get("stamps") != _as_lists(stamps) or known.get("version") != installed_version("robustcheck"):
            known = self._facts_of(stamps)
            if all(is_settled(file_stamp(file)) for file, _ in stamps):
                keep(entry, json.dumps(known).encode())
        facts = (known["kind"], known["count"], known["softmax"], known["digest"])
        return SavedFiles(stamps, Path(known["path"]), *facts, self)

    def read(self, stamps: Stamps) -> Predictions:
        """Return the arrays; raise DataError where the files are no longer those that were opened."""
        if stamps not in self._read:
            self._read[stamps] = _read_unchanged(stamps)
            while len(self._read) > 1 and sum(map(_size, self._read.values())) > KEPT_BYTES:
                self._read.popitem(last=False)
        self._read.move_to_end(stamps)
        return self._read[stamps]

    def _facts_of(self, stamps: Stamps) -> Mapping[str, Any]:
        found = self.read(stamps)
        return {
            "stamps": _as_lists(stamps),
            "version": installed_version("robustcheck"),
            "path": str(found.path),
            "kind": found.kind,
            "count": len(found),
            "softmax": looks_like_softmax(found),
            "digest": found.digest,
        }

    def _entry(self, files: Sequence[Path]) -> Path:
        names = b"\n".join(fsencode(file.absolute()) for file in files)
        return self.facts / f"{sha256(names).hexdigest()[:40]}.json"


@dataclass(frozen=True, slots=True, eq=False)
class SavedFiles:
    """The predictions of one model on one data set: what is known of them, and where their arrays are.

    ``is_softmax`` tells that logits look like probabilities.
    """

    stamps: Stamps
    path: Path
    kind: Kind
    count: int
    is_softmax: bool
    digest: str
    source: ReadFiles = field(repr=False)

    def read(self) -> Predictions:
        """Return the arrays."""
        return self.source.read(self.stamps)


def _read_unchanged(stamps: Stamps) -> Predictions:
    files = [file for file, _ in stamps]
    found = read_files(files) if _stamps(files) == stamps else None
    if found is None or _stamps(files) != stamps:
        raise DataError("the file changed while it was being read", where=str(files[0]), fix="run again")
    return found


def _stamps(files: Sequence[Path]) -> Stamps:
    return tuple((file, tuple(file_stamp(file))) for file in files)


def _as_lists(stamps: Stamps) -> list[list[int]]:
    return [list(stamp) for _, stamp in stamps]


def _size(found: Predictions) -> int:
    columns = (found.ids, found.values, found.confidence, found.labels, *found.groups.values())
    return sum(column.nbytes for column in columns if column is not None)
