"""The lane of a card, on a fake card whose copies happen as late as they may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from robustcheck.models.batch_sizes import probe_batch
from robustcheck.models.crop_batch import CropBatch
from robustcheck.models.lanes import CardLane, HostLane, lane_to
from robustcheck.models.torch_running import (
    as_pixels,
    fill_rows,
    has_channels_last,
    is_convolutional,
    on_device,
    running,
)

torch = pytest.importorskip("torch")


@dataclass
class Copy:
    """A copy that is made when somebody waits for it."""

    act: Callable[[], object]
    is_done: bool = False

    def synchronize(self) -> None:
        if not self.is_done:
            self.act()
            self.is_done = True


@dataclass
class LateStreams:
    """A card that copies only when it is waited for: whoever does not wait finds zeros, or other bytes."""

    copies: list[Copy] = field(default_factory=list)
    page_locked_bytes: int = 0

    def page_locked(self, shape: tuple[int, ...], like: Any) -> Any:
        made = torch.zeros(shape, dtype=like)
        self.page_locked_bytes += made.numel() * made.element_size()
        return made

    def upload(self, source: Any) -> tuple[Any, Copy]:
        target = torch.zeros_like(source)
        return target, self._later(lambda: target.copy_(source))

    def download(self, source: Any, target: Any) -> Copy:
        return self._later(lambda: target.copy_(source))

    def _later(self, act: Callable[[], object]) -> Copy:
        self.copies.append(Copy(act))
        return self.copies[-1]

    def finish(self) -> None:
        for copy in self.copies:
            copy.synchronize()


def crops(seed: int, rows: int = 4, side: int = 3) -> list[np.ndarray[Any, Any]]:
    return list(np.random.default_rng(seed).integers(0, 256, (rows, side, side, 3), dtype=np.uint8))


def test_crops_arrive_though_every_copy_is_late() -> None:
    streams = LateStreams()
    lane = CardLane(streams)
    batches = [crops(seed, rows) for seed, rows in enumerate((4, 4, 3, 4, 1, 4))]
    brought = [lane.bring(batch) for batch in batches]
    assert not streams.copies[-1].is_done, "the last two are still under way"
    assert not streams.copies[-2].is_done
    streams.finish()
    for on_card, batch in zip(brought, batches, strict=True):
        np.testing.assert_array_equal(on_card.numpy(), np.stack(batch))
    assert streams.page_locked_bytes == 2 * 4 * 27, "two buffers, used in turn"


def test_a_larger_batch_and_another_shape_have_buffers_of_their_own() -> None:
    streams = LateStreams()
    lane = CardLane(streams)
    batches = [crops(0, 2), crops(1, 5), crops(2, 2, side=4), crops(3, 6), crops(4, 5)]
    brought = [lane.bring(batch) for batch in batches]
    streams.finish()
    for on_card, batch in zip(brought, batches, strict=True):
        np.testing.assert_array_equal(on_card.numpy(), np.stack(batch))


def test_rows_are_waited_for_when_they_are_asked_for() -> None:
    streams = LateStreams()
    lane = CardLane(streams)
    rows = torch.arange(12, dtype=torch.bfloat16).reshape(4, 3)
    later, other = lane.fetch(rows, 3), lane.fetch(rows + 1, 4)
    assert not streams.copies[0].is_done
    found = later()
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.arange(9, dtype=np.float32).reshape(3, 3))
    assert not streams.copies[1].is_done
    np.testing.assert_array_equal(other(), np.arange(1, 13, dtype=np.float32).reshape(4, 3))


def test_a_processor_fills_rows_up_and_fetches_at_once() -> None:
    device = torch.device("cpu")
    lane = lane_to(device, lambda rows: fill_rows(rows, device))
    assert isinstance(lane, HostLane)
    batch = crops(0, 5)
    brought = lane.bring(batch)
    assert brought.shape == (16, 3, 3, 3)
    np.testing.assert_array_equal(brought[:5].numpy(), np.stack(batch))
    np.testing.assert_array_equal(lane.fetch(torch.ones(16, 2), 5)(), np.ones((5, 2), dtype=np.float32))


def test_models_of_one_geometry_bring_their_crops_once() -> None:
    batch, calls = CropBatch(crops(0)), []

    def bring(given: Any) -> int:
        calls.append(len(given))
        return len(calls)

    assert [batch.brought(device, bring) for device in ("cpu", "cpu", "cuda:0", "cpu")] == [1, 1, 2, 1]
    assert batch[1:3].brought("cpu", bring) == 3
    assert calls == [4, 4, 2]
    assert batch[2] is batch.crops[2]


@pytest.mark.parametrize(
    ("fits", "saturates", "found"),
    [(1000, 1000, 256), (1000, 64, 64), (100, 1000, 64), (1000, 1, 32), (0, 1000, 32)],
)
def test_a_batch_is_as_large_as_it_pays_and_fits(fits: int, saturates: int, found: int) -> None:
    def seconds(rows: int) -> float:
        if rows > fits:
            raise MemoryError("out of memory")
        return max(rows, saturates) / 1000

    assert probe_batch(seconds, 256) == found


def test_convolutions_keep_their_channels_where_they_were_put() -> None:
    wide = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Conv2d(4, 4, 3))
    patches = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 16, stride=16), torch.nn.Linear(4, 4))
    assert is_convolutional(wide)
    assert not is_convolutional(patches)
    assert not has_channels_last(wide)
    assert has_channels_last(wide.to(memory_format=torch.channels_last))
    assert not has_channels_last(on_device(patches, torch.device("cpu"), "bf16"))
    turned = as_pixels(torch.randint(0, 256, (2, 5, 7, 3), dtype=torch.uint8), channels_last=True)
    assert turned.shape == (2, 3, 5, 7)
    assert turned.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(turned.numpy(), turned.contiguous().numpy())


def test_float32_is_whole_inside_and_the_programs_choice_outside() -> None:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        with running(torch.device("cpu"), "fp32"):
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)
