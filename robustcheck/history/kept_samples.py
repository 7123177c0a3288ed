"""Per-sample scores, kept under the keys of their cells: beside the run that made them, and in each baseline."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from robustcheck.errors import DataError, RecordError
from robustcheck.files.array_files import parse_arrays
from robustcheck.files.sealed import seal, unseal
from robustcheck.history.kept_files import open_home, read_kept
from robustcheck.listing import name_first
from robustcheck.stats.statistics import statistic_named
from robustcheck.store import Place
from robustcheck.values import Samples

SAMPLES = "samples"
_COLUMNS = ("ids", "scores", "groups", "weights", "counted", "correct", "clusters")
_REQUIRED = frozenset({"ids", "scores", "groups", "bins"})
# 0.1.0 wrote `aggregate` for the statistic, and `partner` for whichever further column that needs.
_OLD = frozenset({"aggregate", "partner"})
_ENDING = ".npz"


class DamagedSamples(RecordError):
    """Per-sample scores whose file is not as it was written."""


def write_samples(place: Place, key: str, samples: Samples) -> None:
    """Keep per-sample scores under their cell's key, whole or not at all."""
    try:
        if read_samples(place, key) is not None:
            return
    except DamagedSamples:
        pass  # it is written anew
    buffer = io.BytesIO()
    columns = {name: getattr(samples, name) for name in _COLUMNS if getattr(samples, name) is not None}
    np.savez_compressed(
        buffer, allow_pickle=False, **columns, statistic=np.array(samples.statistic), bins=np.array(samples.bins)
    )
    open_home(place).write(samples_name(key), [seal(buffer.getvalue(), key)])


def has_samples(directory: Path | str, key: str) -> bool:
    """Say whether a directory has per-sample scores, whole as far as the end of their file says."""
    return zipfile.is_zipfile(Path(directory) / samples_name(key))


def kept_keys(place: Place) -> frozenset[str]:
    """Return the keys that per-sample scores are stored under, as one listing says."""
    names = (kept.name for kept in open_home(place).files())
    return frozenset(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))


def read_samples(place: Place, key: str) -> Samples | None:
    """Return stored per-sample scores, or None when they are not there.

    Raises DamagedSamples when a bit has changed, RecordError where a later version wrote more than this one knows.
    """
    content = read_kept(place, samples_name(key))
    if content is None:
        return None
    where = open_home(place).place(samples_name(key))
    unsealed = unseal(content, key)
    arrays = parse_arrays(unsealed.content) if unsealed is not None else None
    unknown = set(arrays or ()) - _REQUIRED - _OLD - {*_COLUMNS, "statistic"}
    if unknown and unsealed is not None and unsealed.sealed:
        raise RecordError(
            f"the per-image scores in this file have columns that are not known: {name_first(sorted(unknown))}",
            where=where,
            fix="install the later version of robustcheck that wrote them",
        )
    if arrays is None or unknown or not set(arrays) >= _REQUIRED:
        raise _damaged(where)
    columns = {name: arrays[name] for name in _COLUMNS if name in arrays}
    try:
        statistic = statistic_named(str(arrays["statistic" if "statistic" in arrays else "aggregate"]))
        if "partner" in arrays and statistic.column:
            columns[statistic.column] = arrays["partner"]
        return Samples(**columns, statistic=statistic.name, bins=int(arrays["bins"]))
    except (DataError, KeyError, TypeError, ValueError):
        raise _damaged(where) from None


def sealed_samples(place: Place, key: str) -> bytes:
    """Return the file of kept scores with its checksum, to be kept elsewhere: those of earlier versions have none."""
    content = read_kept(place, samples_name(key)) or b""
    kept = unseal(content, key)
    return content if kept is None or kept.sealed else seal(content, key)


def samples_name(key: str) -> str:
    """Return the name of the file of per-sample scores."""
    return f"{key}{_ENDING}"


def _damaged(where: str) -> DamagedSamples:
    return DamagedSamples(
        "the per-image scores in this file are damaged",
        where=where,
        expected="the file as robustcheck wrote it",
        fix="restore the file, or delete it and measure again",
    )
