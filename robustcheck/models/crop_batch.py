"""Crops of one geometry on their way to the models that share it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from robustcheck.models.geometry import Crop

Brought = TypeVar("Brought")


@dataclass(frozen=True, slots=True, eq=False)
class CropBatch(Sequence[Crop]):
    """Crops that several models take: what one of them brought to a device, the others find there."""

    crops: Sequence[Crop]
    _brought: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.crops)

    @overload
    def __getitem__(self, place: int) -> Crop: ...
    @overload
    def __getitem__(self, place: slice) -> CropBatch: ...
    def __getitem__(self, place: int | slice) -> Crop | CropBatch:
        """Return one crop, or a batch of some, which is brought by itself."""
        return CropBatch(self.crops[place]) if isinstance(place, slice) else self.crops[place]

    def brought(self, device: str, bring: Callable[[Sequence[Crop]], Brought]) -> Brought:
        """Return what ``bring`` makes of the crops on a device, made once."""
        if device not in self._brought:
            self._brought[device] = bring(self.crops)
        found: Brought = self._brought[device]
        return found
