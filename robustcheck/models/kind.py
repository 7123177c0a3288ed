"""A kind of model is one value: how it is named, which files decide its outputs, how it is loaded, what it can do.

Kinds are found by entry points of the group ``robustcheck.model_kinds``, ours in the same way as others'.
Nothing here imports torch: a kind names the function that loads its models, and that function imports.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from robustcheck.errors import ModelError, SetupError, did_you_mean
from robustcheck.files.user_paths import user_path
from robustcheck.printing import one_line
from robustcheck.registry import named, registered
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    from robustcheck.models.encoders import LoadedModel, Precision
    from robustcheck.models.output_names import OutputNames
    from robustcheck.models.torch_models import TorchModel

Capability = Literal["embeds images", "embeds text", "scores classes", "gives feature maps", "has gradients", "answers"]
Load = Callable[[ModelRef, str, "Precision"], "LoadedModel"]
Build = Callable[[ModelRef, "Precision"], "TorchModel"]
FindMemory = Callable[[ModelRef, "Precision"], int]
_LONGEST_ID = 200
_UNSAFE = re.compile(r"[\s|\[\]:]+")


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference as it was written: ``text`` is all of it, ``rest`` what follows the scheme.

    The paths in it are relative to ``base``.
    """

    rest: str
    text: str
    base: Path

    def path(self, written: str) -> Path:
        """Return the absolute path that a part of the reference means."""
        return user_path(written, self.base, ModelError, where=self.text).resolve()

    def file(self, written: str) -> Path:
        """Return the checkpoint file that a part of the reference means; raise ModelError where there is none."""
        path = self.path(written)
        if not os.path.isfile(path):
            raise ModelError(
                f"there is no file {path}", where=self.text, expected="the checkpoint file of a training run"
            )
        return path


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What the key of an encoder says of a model beside the digest of its weights.

    ``libraries`` are the installed packages whose version can change an output; there is no default,
    because a wrong one would make keys that lie.
    """

    kind: str
    architecture: str
    tag: str
    libraries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """How a model is built with empty weights, to foresee what it takes.

    ``build`` is the function, or its place as ``module:function``: of the reference and the precision it makes the
    loaded model, a ``TorchModel``, on torch's meta device. ``facts`` decide all shapes: equal facts, equal memory.
    """

    facts: str
    build: Build | str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelKind:
    """A kind of model, complete.

    name          what ``ModelRef.kind`` says
    schemes       the words before the colon of a reference; empty for a kind that no user names
    example       a reference, for messages; empty to be left out of them
    parse         the reference as a model, or None when it belongs to another kind of the same scheme
    files         every file, by name, that decides outputs; empty when they are not on this machine
    content       for a kind without files: the text whose digest stands for the weights
    key           what the key of the encoder says beside that digest
    capabilities  what its models can do, known without loading them
    load          the function that loads a model, or its place as ``module:function``; None where
                  outputs were saved elsewhere and nothing can be run
    needs_hub     whether loading may ask the Hugging Face hub
    output_names  of a classifier: what its outputs are called, where something beside its weights tells
    holds         whether a path is a model of this kind, for globs such as ``SCHEME:runs/*``
    is_bare       whether a path that it holds is a reference by itself, without the scheme
    outline       how a model is built with empty weights, to foresee its memory; None where it cannot be
    memory        the bytes that a model takes on its device, known without loading it, where that is not the size of
                  its files; 0 where they are not on this machine
    """

    name: str
    schemes: tuple[str, ...]
    example: str
    parse: Callable[[Reference], ModelRef | None]
    files: Callable[[ModelRef], Mapping[str, Path]]
    key: Callable[[ModelRef], KeyFacts]
    capabilities: Callable[[ModelRef], frozenset[Capability]]
    load: Load | str | None
    needs_hub: bool
    content: Callable[[ModelRef], str] | None = None
    output_names: Callable[[ModelRef], OutputNames | None] | None = None
    holds: Callable[[Path], bool] | None = None
    is_bare: bool = False
    memory: FindMemory | None = None
    outline: Callable[[ModelRef], Outline | None] | None = None


def model_kinds() -> tuple[ModelKind, ...]:
    """Return every registered kind of model."""
    return cast(tuple[ModelKind, ...], registered("model_kinds"))


def model_kind(ref: ModelRef) -> ModelKind:
    """Return the kind of a model; raise SetupError for one that no installed package registers."""
    known: Mapping[str, ModelKind] = named("model_kinds")
    if ref.kind not in known:
        raise SetupError(
            f"no installed package knows the kind of model {ref.kind!r}",
            where=ref.text,
            expected=", ".join(sorted(known)),
            fix=did_you_mean(ref.kind, known) or "install the package that adds it",
        )
    return known[ref.kind]


def kinds_of_scheme(scheme: str) -> tuple[ModelKind, ...]:
    """Return the kinds whose references begin with a scheme."""
    return tuple(kind for kind in model_kinds() if scheme in kind.schemes)


def schemes() -> tuple[str, ...]:
    """Return the schemes of all kinds, each once."""
    return tuple(dict.fromkeys(scheme for kind in model_kinds() for scheme in kind.schemes))


def reference_examples() -> str:
    """Return an example of each way to refer to a model, for messages."""
    return ", ".join(kind.example for kind in model_kinds() if kind.example)


def capabilities(ref: ModelRef) -> frozenset[Capability]:
    """Return what a model can do, without loading it."""
    return model_kind(ref).capabilities(ref)


def always(*words: Capability) -> Callable[[ModelRef], frozenset[Capability]]:
    """Return the capabilities of a kind whose models can all do the same."""
    return lambda ref: frozenset(words)


def safe_id(name: str) -> str:
    """Return a name without what a pytest id must not hold."""
    return one_line(_UNSAFE.sub("_", name), _LONGEST_ID)
