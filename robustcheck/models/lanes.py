"""The way of pixels to a device and of rows back, beside what the device computes.

To a card, crops go from page-locked memory on a stream of their own: while one batch is computed, the next is copied.
Rows come back in the background as well, and are waited for when they are asked for, which a pass does one batch late.
On the processor both happen at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from robustcheck.models.encoders import Features
from robustcheck.models.geometry import Crop

if TYPE_CHECKING:
    import torch

# One is copied from while the other is filled.
_BUFFERS = 2

Later = Callable[[], Features]


class Lane(Protocol):
    """Brings crops to a device, and rows back."""

    def bring(self, crops: Sequence[Crop]) -> torch.Tensor:
        """Return crops of one shape as (n, H, W, 3) of uint8 on the device; computing on them waits for the copy."""

    def fetch(self, rows: torch.Tensor, count: int) -> Later:
        """Begin to fetch the first rows as float32; call what is returned for them."""


class Waitable(Protocol):
    """Something that happens on a device, such as a ``torch.cuda.Event``."""

    def synchronize(self) -> None:
        """Wait until it has happened."""


class Streams(Protocol):
    """What a lane needs of a card."""

    def page_locked(self, shape: tuple[int, ...], like: torch.dtype) -> torch.Tensor:
        """Return memory of this machine that the card can copy from and to in the background."""

    def upload(self, source: torch.Tensor) -> tuple[torch.Tensor, Waitable]:
        """Begin to copy to the card, before what is computed from now on; tell when the source may change."""

    def download(self, source: torch.Tensor, target: torch.Tensor) -> Waitable:
        """Begin to copy from the card, behind what is computed so far; tell when the target holds it."""


@dataclass(frozen=True, slots=True)
class HostLane:
    """The lane of a processor, and of devices that have no streams; ``fill`` says how rows are filled up."""

    device: torch.device
    fill: Callable[[Sequence[Crop]], Sequence[Crop]]

    def bring(self, crops: Sequence[Crop]) -> torch.Tensor:
        """Return crops as one tensor on the device, filled up."""
        import torch

        return torch.from_numpy(np.stack(self.fill(crops))).to(self.device)

    def fetch(self, rows: torch.Tensor, count: int) -> Later:
        """Fetch the first rows at once."""
        found = np.asarray(rows.float().cpu().numpy()[:count], dtype=np.float32)
        return lambda: found


@dataclass(slots=True)
class _Buffer:
    memory: torch.Tensor
    is_free: Waitable | None = None


@dataclass(slots=True, eq=False)
class CardLane:
    """The lane of a card: two page-locked buffers for each shape of crop, used in turn."""

    streams: Streams
    _buffers: dict[tuple[int, ...], list[_Buffer]] = field(default_factory=dict)

    def bring(self, crops: Sequence[Crop]) -> torch.Tensor:
        """Begin to copy crops to the card."""
        buffer = self._next_buffer(crops[0].shape, len(crops))
        if buffer.is_free is not None:
            buffer.is_free.synchronize()
        used = buffer.memory[: len(crops)]
        np.stack(crops, out=used.numpy())
        on_card, buffer.is_free = self.streams.upload(used)
        return on_card

    def fetch(self, rows: torch.Tensor, count: int) -> Later:
        """Begin to copy rows back."""
        wanted = rows[:count].float()
        target = self.streams.page_locked(tuple(wanted.shape), wanted.dtype)
        arrived = self.streams.download(wanted, target)

        def wait() -> Features:
            arrived.synchronize()
            return np.array(target.numpy(), dtype=np.float32)

        return wait

    def _next_buffer(self, shape: tuple[int, ...], rows: int) -> _Buffer:
        """Return the buffer that was used longest ago, of the right size."""
        import torch

        ring = self._buffers.setdefault(shape, [])
        if len(ring) < _BUFFERS:
            ring.append(_Buffer(self.streams.page_locked((rows, *shape), torch.uint8)))
        else:
            ring.append(ring.pop(0))
        if len(ring[-1].memory) < rows:
            ring[-1] = _Buffer(self.streams.page_locked((rows, *shape), torch.uint8))
        return ring[-1]


@dataclass(frozen=True, slots=True)
class CudaStreams:
    """The streams of a CUDA card: the current one computes, ``side`` copies to the card."""

    device: torch.device
    side: Any

    def page_locked(self, shape: tuple[int, ...], like: torch.dtype) -> torch.Tensor:
        """Return page-locked memory."""
        import torch

        return torch.empty(shape, dtype=like, pin_memory=True)

    def upload(self, source: torch.Tensor) -> tuple[torch.Tensor, Waitable]:
        """Copy on the side stream; the computing stream waits for it, on the card."""
        cuda = _cuda()
        computing = cuda.current_stream(self.device)
        with cuda.stream(self.side):
            target = source.to(self.device, non_blocking=True)
            done = cuda.Event()
            done.record(self.side)
        computing.wait_event(done)
        # The memory belongs to the side stream: it must not be given away before the computing one is done with it.
        target.record_stream(computing)
        return target, done

    def download(self, source: torch.Tensor, target: torch.Tensor) -> Waitable:
        """Copy on the computing stream, so behind what makes the source."""
        cuda = _cuda()
        target.copy_(source, non_blocking=True)
        done: Waitable = cuda.Event()
        cuda.current_stream(self.device).record_event(done)
        return done


def lane_to(device: torch.device, fill: Callable[[Sequence[Crop]], Sequence[Crop]]) -> Lane:
    """Return the lane of a device."""
    if device.type != "cuda":
        return HostLane(device, fill)
    return CardLane(CudaStreams(device, _cuda().Stream(device)))


def _cuda() -> Any:
    """Return torch.cuda, whose classes have no types."""
    import torch

    return torch.cuda
