"""What a dataset is to the rest of the house, and the one class that is it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, cast, runtime_checkable

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.decoding import decode_image, read_image_file
from robustcheck.datasets.image_pairs import ImagePairs
from robustcheck.disk import Stamp, file_stamp
from robustcheck.errors import DataError
from robustcheck.values import Task

if TYPE_CHECKING:
    from PIL import Image

# An encoded image, and its place in words.
Encoded = tuple[bytes, str]
StrArray = npt.NDArray[np.str_]
IntArray = npt.NDArray[np.int64]
Read = TypeVar("Read")


class Dataset(Protocol):
    """Images with labels, groups and a fingerprint, in one fixed order."""

    @property
    def name(self) -> str:
        """Return the catalogue name, or the directory's own name."""

    @property
    def fingerprint(self) -> str:
        """Return a hash of the content: another content has another fingerprint."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the class names, indexed by label."""

    @property
    def class_set(self) -> str:
        """Return the name of the class list, or an empty string for a list of its own."""

    @property
    def prompts(self) -> str:
        """Return the default prompt set, or an empty string when ``templates`` are the default."""

    @property
    def templates(self) -> tuple[str, ...]:
        """Return the dataset's own templates with ``{c}`` for the class name; may be empty."""

    @property
    def ids(self) -> StrArray:
        """Return the sample ids (n,), unique."""

    @property
    def labels(self) -> IntArray:
        """Return the labels (n,), indices into ``class_names``."""

    @property
    def groups(self) -> Mapping[str, StrArray]:
        """Return the columns that ``where`` can ask for, each (n,)."""

    @property
    def columns(self) -> IntArray | None:
        """Return which of the 1000 ImageNet logits are the scored names, if they are."""

    @property
    def task(self) -> Task:
        """Return what the set is for."""

    @property
    def vocabulary(self) -> Vocabulary | None:
        """Return the names that models score, where those are not the classes themselves."""

    @property
    def captions(self) -> Captions | None:
        """Return the captions of the images, in a retrieval set."""

    @property
    def pairs(self) -> ImagePairs | None:
        """Return the pairs of images of which it is known what corresponds, in a correspondence set."""

    @property
    def id_dataset(self) -> str:
        """Return the in-distribution set that goes with this one, or an empty string."""

    @property
    def base(self) -> Dataset | None:
        """Return the set whose images this one shows, where it is a view of another."""

    @property
    def rows(self) -> IntArray | None:
        """Return which image of the base each sample is."""

    @property
    def defects(self) -> tuple[str, ...]:
        """Return what a verdict about it must not keep back: what was passed over, what is counted twice."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def image(self, index: int) -> Image.Image:
        """Decode one sample as RGB."""

    def encoded(self, index: int) -> Encoded | None:
        """Return one sample as it is encoded; None where it is cut out, drawn or made."""


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Names that models score, and how their scores become those of the classes.

    ``members[k]`` are the places in ``names`` that stand for class k. With ``max`` the largest logit
    counts; with ``mean_probability`` the mean softmax probability over all names. ``for_classifiers`` says that only
    models with a fixed list of classes score these names; the others score the classes themselves.
    """

    names: tuple[str, ...]
    members: tuple[IntArray, ...]
    merge: Literal["max", "mean_probability"]
    for_classifiers: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Captions:
    """Captions and, for each, the sample whose image it describes; owners: (m,) indices."""

    texts: tuple[str, ...]
    owners: IntArray


class Pictures(Protocol):
    """Random access to the images of a layout."""

    def image(self, index: int) -> Image.Image:
        """Decode one sample as RGB."""


@runtime_checkable
class EncodedPictures(Protocol):
    """Pictures that are shown as they lie encoded in their files."""

    def encoded(self, index: int) -> Encoded | None:
        """Return one sample as it is encoded; None where it is cut out, drawn or made."""


@runtime_checkable
class PicturesInFiles(Protocol):
    """Pictures that come from files, which may change while they are measured."""

    def file(self, index: int) -> Path | None:
        """Return the file that one sample is read from, or None when it is made in memory."""


@runtime_checkable
class PicturesFromSeveral(Protocol):
    """Pictures that are cut out by what further files say, such as a map of depths."""

    def beside(self, index: int) -> tuple[Path, ...]:
        """Return the further files that one sample is made from."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageDataset:
    """The dataset that every layout becomes.

    ``stamps`` are those of the files that the fingerprint covers, taken when it was computed; ``hashes`` gives those
    of their contents.
    """

    name: str
    layout: str
    fingerprint: str
    class_names: tuple[str, ...]
    class_set: str
    prompts: str
    templates: tuple[str, ...]
    ids: StrArray
    labels: IntArray
    groups: Mapping[str, StrArray]
    columns: IntArray | None
    pictures: Pictures
    task: Task = "classification"
    vocabulary: Vocabulary | None = None
    captions: Captions | None = None
    pairs: ImagePairs | None = None
    id_dataset: str = ""
    base: Dataset | None = None
    rows: IntArray | None = None
    defects: tuple[str, ...] = ()
    stamps: Mapping[Path, Stamp] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    hashes: Callable[[], Mapping[Path, str]] = field(default=dict, repr=False)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.labels)

    def image(self, index: int) -> Image.Image:
        """Decode one sample as RGB; raise DataError when its file is not the one that the fingerprint covers."""
        return self.unchanged(self._files_of(index), lambda: self.pictures.image(index))

    def encoded(self, index: int) -> Encoded | None:
        """Return one sample as it is encoded; raise DataError when its file is not the one of the fingerprint."""
        pictures = self.pictures
        if not isinstance(pictures, EncodedPictures):
            return None
        return self.unchanged(self._files_of(index), lambda: pictures.encoded(index))

    def _files_of(self, index: int) -> tuple[Path, ...]:
        in_files, from_several = _read_from(type(self.pictures))
        path = cast(PicturesInFiles, self.pictures).file(index) if in_files else None
        beside = cast(PicturesFromSeveral, self.pictures).beside(index) if from_several else ()
        return beside if path is None else (path, *beside)

    def unchanged(self, paths: Sequence[Path], read: Callable[[], Read]) -> Read:
        """Return what ``read`` reads; raise DataError when a file is not the one that the fingerprint covers."""
        # What is read while a stamp stays the same is what was fingerprinted, even where files are swapped and back.
        self._require_unchanged(paths)
        found = read()
        self._require_unchanged(paths)
        return found

    def _require_unchanged(self, paths: Sequence[Path]) -> None:
        for path in paths:
            if path not in self.stamps or file_stamp(path) == self.stamps[path]:
                continue
            raise DataError(
                "the file changed while it was being measured",
                where=str(path),
                expected="the file that the data set's fingerprint was computed from",
                fix="run again once nothing writes to the data set",
            )


@cache
def _read_from(pictures: type[Pictures]) -> tuple[bool, bool]:
    """Say whether pictures come from files, and from several: asked for each image, and dear to find out."""
    return issubclass(pictures, PicturesInFiles), issubclass(pictures, PicturesFromSeveral)


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What a directory holds, without what only the catalogue knows.

    ``class_names`` is empty when the directory names no classes; ``labels`` then count
    ``class_count`` classes. ``wnids`` are the WordNet ids of the classes, where folders carry them.
    ``files`` is everything that the fingerprint covers. ``captions`` are those of a retrieval set,
    ``pairs`` those of a correspondence set.
    ``vocabulary`` holds the scored names, where those are not the classes, and ``columns`` their places among
    ImageNet's 1000. ``reader`` is the package that read the directory, where it is not robustcheck; ``defects`` say
    what was passed over.
    """

    directory: Path
    layout: str
    ids: StrArray
    labels: IntArray
    class_count: int
    class_names: tuple[str, ...]
    templates: tuple[str, ...]
    groups: Mapping[str, StrArray]
    files: tuple[Path, ...]
    pictures: Pictures
    wnids: tuple[str, ...] = ()
    captions: Captions | None = None
    pairs: ImagePairs | None = None
    vocabulary: Vocabulary | None = None
    columns: IntArray | None = None
    reader: str = ""
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """Images that are files of their own."""

    directory: Path
    names: tuple[str, ...]

    def file(self, index: int) -> Path:
        """Return the file of one sample."""
        return self.directory / self.names[index]

    def image(self, index: int) -> Image.Image:
        """Decode one file as RGB."""
        return decode_image(*self.encoded(index))

    def encoded(self, index: int) -> Encoded:
        """Return the content of one file, and its path."""
        path = self.directory / self.names[index]
        return read_image_file(path), str(path)
