"""Where the files of a model lie: in a directory, in the cache of the Hugging Face hub."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from robustcheck.errors import ModelError
from robustcheck.files.regular import irregular

_DIRECTORY_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*.bin", "*.pth", "*.npz", "*.npy")
_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*")
# In the keys of files that may hold an averaged copy of their weights: it counts, which it did not in 0.2.0.
AVERAGED_FIRST = "averaged weights first"
_WEIGHTS = (".safetensors", ".bin", ".pth")


def is_repository(text: str) -> bool:
    """Say whether a text may be a repository of the hub: ORG/NAME."""
    return _REPOSITORY.fullmatch(text) is not None


def one_file(path: str | None) -> dict[str, Path]:
    """Return a checkpoint file as ``weights``; nothing where it is not there."""
    return {"weights": Path(path)} if path is not None and Path(path).is_file() else {}


def directory_files(directory: Path) -> dict[str, Path]:
    """Return the files of a model's directory by name; nothing for a directory without weights."""
    found = sorted({path for pattern in _DIRECTORY_FILES for path in directory.glob(pattern)})
    require_regular(found)
    has_weights = any(path.suffix in _WEIGHTS for path in found)
    return {path.name: path for path in found} if has_weights else {}


def require_regular(paths: Iterable[Path]) -> None:
    """Refuse what would hang a reader: a pipe or a device where a file of a model should be."""
    for path in paths:
        if path.exists() and not path.is_dir() and (reason := irregular(path.stat())):
            raise ModelError(f"{path.name} cannot be read: {reason}", where=str(path), expected="a regular file")


def hub_file(repository: str, *names: str) -> Path | None:
    """Return the first of these files that the cache of the hub has, or None."""
    found = hub_files(repository, names)
    return next((found[name] for name in names if name in found), None)


def hub_files(repository: str, names: Iterable[str]) -> dict[str, Path]:
    """Return those of the files of a repository that the cache of the hub has; none for what names no repository."""
    if not is_repository(repository):
        return {}
    from huggingface_hub import try_to_load_from_cache

    places = {name: try_to_load_from_cache(repository, name) for name in names}
    return {name: Path(place) for name, place in places.items() if isinstance(place, str)}
