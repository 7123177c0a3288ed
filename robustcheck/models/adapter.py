"""Adapters: what is put on a model, as a part of its reference: ``BASE+NAME[@ARGUMENT][:option=value]...``.

An adapter is one value, found by an entry point of the group ``robustcheck.adapters``. One of sort ``head`` leaves the
outputs of its base as they are, and scores them in another way; one of sort ``encoder`` has outputs of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import numpy as np
import numpy.typing as npt

from robustcheck.errors import ModelError, SetupError, did_you_mean
from robustcheck.models.kind import Capability
from robustcheck.models.model_errors import as_model_error, reason_of
from robustcheck.registry import named
from robustcheck.values import AdapterUse, Pairs

if TYPE_CHECKING:
    import torch

    from robustcheck.models.encoders import LoadedModel, Precision

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Setting(Protocol):
    """An option of an adapter, as the options of metrics are (``robustcheck.measure.option``)."""

    @property
    def name(self) -> str:
        """The word before the ``=``."""

    @property
    def default(self) -> str:
        """The canonical value that holds where none is given; empty where one must be given."""

    @property
    def always_keyed(self) -> bool:
        """Whether it is in the key with its default too; one that a later version adds is not."""

    @property
    def expected(self) -> str:
        """Say which values there are."""

    def canonical(self, text: str) -> str:
        """Return the one text that stands for a value; raise ValueError where it cannot be one."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadBasis:
    """What a head adapter may be made from.

    weights (C, D) have unit rows and are empty (C, 0) without texts, ``names`` are those of the classes and
    ``texts[c]`` the texts of class c. ``features`` (n, D) at unit norm and ``labels`` (n,) are those of the set to
    learn from, and None for an adapter that does not learn. ``held_out`` says of each row whether it is there to choose
    settings on. ``model`` is the loaded base where the adapter needs it.
    """

    weights: Floats
    logit_scale: float
    logit_bias: float
    texts: tuple[tuple[str, ...], ...]
    features: Features | None = None
    labels: npt.NDArray[np.int64] | None = None
    model: LoadedModel | None = None
    names: tuple[str, ...] = ()
    held_out: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HeadState:
    """What is stored of a head adapter once it is made: one array, and facts that JSON can hold."""

    array: npt.NDArray[Any]
    facts: Mapping[str, Any]


Adapt = Callable[["LoadedModel", AdapterUse, str, "Precision"], "LoadedModel"]
MakeHead = Callable[[HeadBasis, AdapterUse], HeadState]
Pick = Callable[[Ints, AdapterUse], tuple[Ints, Ints]]
FindReading = Callable[[AdapterUse], object]


@dataclass(frozen=True, slots=True, eq=False)
class LearntHead:
    """A head adapter that is ready: what it is, what it was made from, and what it learnt."""

    use: AdapterUse
    basis: HeadBasis
    state: HeadState


TensorLogits = Callable[["torch.Tensor", HeadBasis, HeadState, AdapterUse], "torch.Tensor"]
Export = Callable[[HeadBasis, AdapterUse], bytes]
HeadLogits = Callable[[Features, HeadBasis, HeadState, AdapterUse], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """An adapter, complete.

    name          the word after the ``+``
    sort          ``head`` or ``encoder``
    argument      what follows an ``@``: nothing, a file, or a second model
    settings      its options, beside ``train`` for one that learns
    requires      what its base must be able to do
    learns        whether it learns from a labelled set (``train=SET``)
    needs_model   of a head adapter: whether it is made with the loaded base
    rereads       of a head adapter: whether its logits need the features that it learnt from again
    pick          of one that learns: (labels, use) -> the places to learn from and those to choose settings on;
                  all of the set, and none, without it
    reading       of one that learns: use -> the reading of the images that it learns from, which the features of its
                  basis are then; None for embeddings
    libraries     the installed packages whose version can change a score; there is no default
    schema        a number that is raised when the same adapter comes to make something else of the same things
    adapt         of sort ``encoder``: (base, use, device, precision) -> model
    make_head     of sort ``head``: (basis, use) -> state, which is stored
    head_logits   of sort ``head``: (features (n, D), basis, state, use) -> logits (n, C): arithmetic, without model

    tensor_logits of sort ``head``: the same on tensors, differentiable; without it attacks do not reach through
    export        of one that learns: (basis, use) -> the content of a file that holds what it learnt

    The last ones are functions, or their places as ``module:function``.
    """

    name: str
    sort: Literal["head", "encoder"]
    argument: Literal["nothing", "file", "model"]
    settings: tuple[Setting, ...]
    requires: frozenset[Capability]
    learns: bool
    libraries: tuple[str, ...]
    schema: int = 1
    needs_model: bool = False
    rereads: bool = False
    pick: Pick | str | None = None
    reading: FindReading | str | None = None
    adapt: Adapt | str | None = None
    make_head: MakeHead | str | None = None
    head_logits: HeadLogits | str | None = None
    tensor_logits: TensorLogits | str | None = None
    export: Export | str | None = None

    def option(self, use: AdapterUse, name: str) -> str:
        """Return the canonical value of an option: as the reference says, else its default."""
        defaults = {setting.name: setting.default for setting in self.settings}
        return {**defaults, **dict(use.options)}[name]

    def keyed_options(self, use: AdapterUse) -> Pairs:
        """Return the options that are in keys: not the set it learns from, which is there by its fingerprint."""
        given = {name: value for name, value in use.options if name != "train"}
        always = {setting.name: setting.default for setting in self.settings if setting.always_keyed}
        return tuple(sorted({**always, **given}.items()))


def adapter_named(name: str) -> Adapter:
    """Return a registered adapter; raise SetupError naming those there are."""
    known = known_adapters()
    if name not in known:
        raise SetupError(
            f"no installed package has the adapter {name!r}",
            expected=", ".join(known) or "an installed package that registers adapters",
            fix=did_you_mean(name, known) or "install the package that adds it",
        )
    return known[name]


def known_adapters() -> Mapping[str, Adapter]:
    """Return the registered adapters by name."""
    return cast(Mapping[str, Adapter], named("adapters"))


def adapt_model(base: LoadedModel, use: AdapterUse, device: str, precision: Precision) -> LoadedModel:
    """Return what an encoder adapter makes of a loaded base."""
    adapt = adapter_named(use.name).adapt
    assert adapt is not None, "an encoder adapter has adapt"
    return cast(Adapt, _function(adapt))(base, use, device, precision)


def make_head(basis: HeadBasis, use: AdapterUse) -> HeadState:
    """Return what is to be stored of a head adapter."""
    make = adapter_named(use.name).make_head
    assert make is not None, "a head adapter has make_head"
    with _told_as_its_own(use):
        return cast(MakeHead, _function(make))(basis, use)


def pick_samples(labels: Ints, use: AdapterUse) -> tuple[Ints, Ints]:
    """Return which samples of a set an adapter learns from, and on which it chooses settings."""
    pick = adapter_named(use.name).pick
    if pick is None:
        return np.arange(len(labels)), np.zeros(0, dtype=np.int64)
    with _told_as_its_own(use):
        return cast(Pick, _function(pick))(labels, use)


def reading_of(use: AdapterUse) -> object | None:
    """Return the reading by which an adapter learns; None where it learns from embeddings."""
    find = adapter_named(use.name).reading
    if find is None:
        return None
    with _told_as_its_own(use):
        return cast(FindReading, _function(find))(use)


def head_logits(features: Features, basis: HeadBasis, state: HeadState, use: AdapterUse) -> Floats:
    """Return the logits (n, C) that a head adapter gives features of its base."""
    logits = adapter_named(use.name).head_logits
    assert logits is not None, "a head adapter has head_logits"
    with _told_as_its_own(use):
        return cast(HeadLogits, _function(logits))(features, basis, state, use)


def tensor_logits(features: torch.Tensor, basis: HeadBasis, state: HeadState, use: AdapterUse) -> torch.Tensor:
    """Return the logits (n, C) of a head adapter as a differentiable tensor."""
    logits = adapter_named(use.name).tensor_logits
    assert logits is not None, "an attack looks whether it has them"
    return cast(TensorLogits, _function(logits))(features, basis, state, use)


def export_head(basis: HeadBasis, use: AdapterUse) -> bytes:
    """Return the content of the file that holds what a head adapter learns; raise SetupError where it has no file."""
    export = adapter_named(use.name).export
    if export is None:
        able = ", ".join(name for name, adapter in known_adapters().items() if adapter.export is not None)
        raise SetupError(f"{use.name} learns nothing that a file holds", expected=f"one of {able}")
    with _told_as_its_own(use):
        return cast(Export, _function(export))(basis, use)


@contextmanager
def _told_as_its_own(use: AdapterUse) -> Iterator[None]:
    """Raise whatever an adapter raises as the error of its model, a lack of memory too."""
    try:
        with as_model_error(use.base, f"the adapter {use.name}"):
            yield
    except MemoryError as error:
        raise ModelError(
            f"the adapter {use.name} does not fit into memory ({reason_of(error)})",
            where=use.base.text,
            fix="free some memory, or measure it on another device (--robust-device)",
        ) from error


def _function(place: object) -> object:
    return resolve_name(place) if isinstance(place, str) else place
