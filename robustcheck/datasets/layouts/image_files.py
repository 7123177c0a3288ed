"""The images under a directory: one walk for every layout.

Links are followed, because class folders are often links into a shared disk, but a directory or a file that has been
reached already is passed over and listed: a loop of links must not multiply images. Hidden names, what archives leave
behind (``__MACOSX``) and the notes beside images are left out. A file that should be an image and cannot be one is an
error, for half a set is another set.
"""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.decoding import IMAGE_SUFFIXES
from robustcheck.errors import DataError
from robustcheck.files.regular import irregular
from robustcheck.listing import name_first

UNKNOWN = "unknown"

# Images that are not read: a set that holds some would be read in part.
FOREIGN_SUFFIXES = frozenset(
    ("avif", "avifs", "heic", "heif", "jxl", "jp2", "j2k", "jpf", "jpx", "jxr", "tga", "psd", "dng", "cr2", "cr3",
     "nef", "arw", "exr", "hdr", "dds", "qoi", "svg", "eps", "pcx", "ico")
)  # fmt: skip
_NOTES = frozenset(
    ("txt", "csv", "tsv", "json", "jsonl", "yaml", "yml", "xml", "md", "rst", "html", "htm", "pdf", "db", "ini", "log",
     "mat", "pkl", "py", "ipynb", "sh", "lnk", "url")
)  # fmt: skip
_NOTE_NAMES = frozenset({"readme", "license", "licence", "copying", "notice", "changelog", "authors", "citation"})
_LEFT_BEHIND = frozenset(
    {"__MACOSX", "__pycache__", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information"}
)

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk finds, each name relative to its directory and with ``/``: ``images``, sorted by their parts.

    ``repeats`` are pairs of a name and the name under which the same file or directory was reached before; ``unread``
    are files of which nobody knows what they are.
    """

    images: tuple[str, ...]
    repeats: tuple[tuple[str, str], ...]
    unread: tuple[str, ...]

    @property
    def defects(self) -> tuple[str, ...]:
        """Say what a verdict about these images should say: what is counted once, what is not read."""
        return (*_repeats_in_words(self.repeats), *_unread_in_words(self.unread, len(self.images)))


def unread_beside(directories: Iterable[Path], known: Collection[Path]) -> tuple[str, ...]:
    """Say which files lie in directories beside those that are read, notes and text files left out."""
    found = [path.name for place in directories for path in sorted(place.iterdir()) if path not in known]
    unread = [name for name in found if is_class_like(name) and "." in name and not _is_note(name)]
    return (f"{len(unread)} files beside the data are not read: {name_first(unread, 3)}",) if unread else ()


def is_class_like(name: str) -> bool:
    """Tell whether a folder of this name can be one of a set: not hidden, and not left behind by a program."""
    return not name.startswith(".") and name not in _LEFT_BEHIND


def is_image_name(name: str) -> bool:
    """Tell whether a file of this name is read as an image."""
    return _suffix(name) in IMAGE_SUFFIXES and not name.rpartition("/")[2].startswith(".")


def walk_images(directory: Path, suffixes: Sequence[str] = IMAGE_SUFFIXES) -> Walk:
    """Walk a directory at any depth; raise DataError for what should be an image and cannot be."""
    found = _WalkState(directory, suffixes)
    found.walk()
    if foreign := [name for name in found.others if _suffix(name) in FOREIGN_SUFFIXES]:
        raise _not_read(directory, sorted(foreign), len(found.images))
    return Walk(
        images=tuple(sorted(found.images, key=lambda name: name.split("/"))),
        repeats=tuple(sorted(found.repeats)),
        unread=tuple(sorted(name for name in found.others if not _is_note(name))),
    )


def has_image(directory: Path) -> bool:
    """Tell whether there is any image under a directory."""
    return next(_WalkState(directory).steps(), None) is not None


def image_names(directory: Path) -> tuple[str, ...]:
    """Return the paths of all images under a directory, relative to it, in order."""
    return walk_to_images(directory).images


def walk_to_images(directory: Path) -> Walk:
    """Walk a directory that must hold images."""
    found = walk_images(directory)
    if not found.images:
        raise DataError("no images", where=str(directory), expected="files such as .png or .jpg, at any depth")
    return found


def require_one_meaning(walk: Walk, directory: Path, meaning: Callable[[str], str], what: str) -> None:
    """Refuse a file that is reached under two names which mean different things, such as two classes."""
    for name, first in walk.repeats:
        is_loop = not first or name.startswith(f"{first}/")
        if not is_loop and meaning(name) != meaning(first):
            raise DataError(
                f"{name} and {first} are one and the same, but of two {what}: {meaning(name)} and {meaning(first)}",
                where=str(directory),
                expected=f"each image in one of the {what}",
                fix="take one of the links away, or make it a copy if both are meant",
            )


def told_by_name(name: str) -> str:
    """Return what an image is when its file name tells it: the name without its folders (nothing for a folder)."""
    return name.rpartition("/")[2] if _suffix(name) in IMAGE_SUFFIXES else ""


def is_unlabelled(directory: Path) -> bool:
    """Tell whether a directory holds images and nothing else: what lies beside them may say what they show."""
    if not directory.is_dir():
        return False
    names = [child.name for child in directory.iterdir() if not child.name.startswith(".")]
    return bool(names) and all(map(is_image_name, names))


def read_unlabelled(directory: Path, index_dir: Path | None = None) -> Contents:
    """Read images whose classes nobody knows: one class for all of them."""
    walk = walk_to_images(directory)
    return Contents(
        directory=directory,
        layout="unlabelled",
        ids=np.array(walk.images, dtype=np.str_),
        labels=np.zeros(len(walk.images), dtype=np.int64),
        class_count=1,
        class_names=(UNKNOWN,),
        templates=(),
        groups={},
        files=tuple(directory / name for name in walk.images),
        pictures=ImageFiles(directory, walk.images),
        defects=walk.defects,
    )


@dataclass(slots=True)
class _WalkState:
    """The state of one walk: real directories and files first, then what links lead to."""

    directory: Path
    suffixes: Sequence[str] = IMAGE_SUFFIXES
    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    repeats: list[tuple[str, str]] = field(default_factory=list)
    seen: dict[Identity, str] = field(default_factory=dict)
    folders: deque[str] = field(default_factory=lambda: deque([""]))
    links: deque[str] = field(default_factory=deque)

    def walk(self) -> None:
        """Take every step."""
        for _ in self.steps():
            pass

    def steps(self) -> Iterator[str]:
        """Yield each image as it is found."""
        # A link to where the set lies would bring in the set itself, and all that lies beside it.
        real = self.directory.resolve()
        self.seen = {_identity(place.stat()): "" for place in (real, *real.parents)}
        while self.folders or self.links:
            if self.folders:
                yield from self._folder(self.folders.popleft())
            else:
                yield from self._link(self.links.popleft())

    def _folder(self, inner: str) -> Iterator[str]:
        place = self.directory / inner
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:
            raise DataError(f"cannot read the directory: {error.strerror or error}", where=str(place)) from error
        for entry in entries:
            name = f"{inner}/{entry.name}" if inner else entry.name
            if not is_class_like(entry.name):
                continue
            if entry.is_symlink():
                self.links.append(name)
            else:
                yield from self._entry(name, entry.stat())

    def _link(self, name: str) -> Iterator[str]:
        try:
            status = (self.directory / name).stat()
        except OSError as error:
            if _suffix(name) in self.suffixes:
                raise _no_image(self.directory / name, f"a link that leads nowhere ({error.strerror})") from error
            return
        yield from self._entry(name, status)

    def _entry(self, name: str, status: os.stat_result) -> Iterator[str]:
        is_folder = stat.S_ISDIR(status.st_mode)
        if not is_folder and _suffix(name) not in self.suffixes:
            self.others.append(os.fsencode(name).decode("utf-8", "replace"))
            return
        if not is_folder and (reason := irregular(status)):
            raise _no_image(self.directory / name, reason)
        _require_text(name, self.directory)
        if (first := self._first(name, status)) is not None:
            self.repeats.append((name, first))
        elif is_folder:
            self.folders.append(name)
        else:
            self.images.append(name)
            yield name

    def _first(self, name: str, status: os.stat_result) -> str | None:
        """Return the name under which the same thing was reached before, or remember this one."""
        identity = _identity(status)
        # Some network and FAT file systems count no inodes.
        if not status.st_ino or self.seen.setdefault(identity, name) == name:
            return None
        return self.seen[identity]


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else ""


def _is_note(name: str) -> bool:
    stem = name.rpartition("/")[2].partition(".")[0].lower()
    return _suffix(name) in _NOTES or stem in _NOTE_NAMES


def _require_text(name: str, directory: Path) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(
            f"the file name {os.fsencode(name)!r} is not UTF-8", where=str(directory), fix="rename the file"
        ) from error


def _no_image(path: Path, reason: str) -> DataError:
    return DataError(
        f"called like an image, but {reason}",
        where=str(path),
        expected="a regular file",
        fix="restore it from its source, or take it away",
    )


def _not_read(directory: Path, foreign: Sequence[str], images: int) -> DataError:
    return DataError(
        f"{len(foreign)} of {len(foreign) + images} images are in formats that are not read, the first {foreign[0]}",
        where=str(directory),
        expected="one of " + ", ".join(IMAGE_SUFFIXES),
        fix="convert them (to PNG, say), or move them out of the set if they do not belong to it",
    )


def _repeats_in_words(repeats: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    if not repeats:
        return ()
    name, first = repeats[0]
    shown = f"{name} is {first or 'the set itself'}"
    return (f"{len(repeats)} links lead to what is in the set already and are not followed: {shown}",)


def _unread_in_words(unread: Sequence[str], images: int) -> tuple[str, ...]:
    if not unread:
        return ()
    counts = Counter(f".{_suffix(name)}" if _suffix(name) else "no suffix" for name in unread)
    kinds = ", ".join(f"{kind} ({count})" for kind, count in counts.most_common(3))
    return (f"{len(unread)} files beside the {images} images are not read: {kinds}, the first {unread[0]}",)
