"""Count the bytes that a torch module holds at work, on tensors that have shapes and no numbers.

What runs is the real code of the model and its library, under torch's own fake tensors: they say that they are on the
processor, so that every choice is made as there (which attention, which fast path), and nothing is computed. Each
operation is seen, and the storage that it makes is counted until it is freed. Whole numbers are real: the code of
models looks into tokens, masks and shapes to decide what to do.

What a kernel needs within itself is not seen. In float32 only convolutions need much: oneDNN copies what goes in and
what comes out between layouts, which is added here. In half precision kernels of a processor may need several times
the rest.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class LiveBytes:
    """The bytes of the storages that are alive, and the most that they have been; ``own`` are not counted."""

    own: frozenset[Any] = frozenset()
    now: int = 0
    most: int = 0
    _sizes: dict[weakref.ref[Any], int] = field(default_factory=dict)

    def count(self, storage: Any) -> None:
        """Count a storage, once, until it is freed."""
        if storage in self.own:
            return
        # Hashed and compared as the storage that it refers to.
        reference = weakref.ref(storage, self._drop)
        if reference not in self._sizes:
            self._sizes[reference] = storage.nbytes()
            self.now += storage.nbytes()
            self.most = max(self.most, self.now)

    def count_within(self, size: int) -> None:
        """Count bytes that an operation held beside its result, and has freed."""
        self.most = max(self.most, self.now + size)

    def _drop(self, reference: weakref.ref[Any]) -> None:
        self.now -= self._sizes.pop(reference, 0)


def most_bytes(module: torch.nn.Module, runs: Sequence[Callable[[], object]]) -> list[int]:
    """Return the most bytes beside its weights that are held while a module works, for each thing that it does.

    ``module`` is on the meta device, and does not stay there: before ``runs`` are called, its weights become fake ones
    of the processor.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        module.to_empty(device="cpu")
        weights = (*module.parameters(), *module.buffers())
        own = frozenset(weight.untyped_storage() for weight in weights)
        return [_most_of(run, LiveBytes(own)) for run in runs]


def _most_of(run: Callable[[], object], live: LiveBytes) -> int:
    with _counting(live):
        run()
    return live.most


def _counting(live: LiveBytes) -> Any:
    """Return the mode of torch in which storages are counted, above the mode of fake tensors."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensor, unset_fake_temporarily
    from torch.utils import _python_dispatch
    from torch.utils._pytree import tree_leaves

    plain_mode: Any = _python_dispatch.TorchDispatchMode

    def tensors_in(values: object) -> list[torch.Tensor]:
        return [leaf for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor)]

    class Counting(plain_mode):  # type: ignore[misc]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            given, options = tensors_in((args, kwargs)), kwargs or {}
            if given and all(map(is_whole, given)):
                found = for_real(func, args, options)
            else:
                found = func(*args, **options)
                if not given and are_whole(tensors_in(found)):
                    found = for_real(func, args, options)
            for tensor in tensors_in(found):
                live.count(tensor.untyped_storage())
            if func is torch.ops.aten.convolution.default:
                live.count_within(_copied_by_convolution(args[0], args[1], found))
            return found

    def is_whole(tensor: torch.Tensor) -> bool:
        return not isinstance(tensor, FakeTensor) and not tensor.is_floating_point()

    def are_whole(tensors: Iterable[torch.Tensor]) -> bool:
        return not any(tensor.is_floating_point() for tensor in tensors)

    def for_real(func: Any, args: Any, options: Any) -> Any:
        with unset_fake_temporarily():
            return func(*args, **options)

    return Counting()


def _copied_by_convolution(images: torch.Tensor, weights: torch.Tensor, result: torch.Tensor) -> int:
    # The copies of what goes in are freed before the result is copied back.
    return max(images.nbytes + weights.nbytes, result.nbytes)
