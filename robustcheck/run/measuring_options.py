"""How to measure, from the texts of options: what pytest and the commands understand alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.measure import (
    CropPlace,
    Decode,
    Decoding,
    MeasureSettings,
    default_batch,
    default_memory,
    local_place,
    usable_cores,
)
from robustcheck.models.encoders import Precision
from robustcheck.store import Place

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])(i?)B?", re.IGNORECASE)
_DEVICE = re.compile(r"auto|cpu|(cuda|mps|xpu)(:\d{1,3})?")
_CARDS = ("gpu", "gpus", "nvidia", "cuda0")


def measure_settings(
    store: Place,
    roots: tuple[Path, ...],
    *,
    device: str = "auto",
    precision: Precision = "fp32",
    decode: Decode = "exact",
    batch: str = "auto",
    workers: str = "auto",
    memory: str = "auto",
    compiled: bool = False,
    crops: CropPlace | None = None,
) -> MeasureSettings:
    """Return the settings that options ask for; raise SetupError for a value that cannot be."""
    device = _device(device)
    images, (hands, decoding) = _batch(batch), _workers(workers)
    return MeasureSettings(
        store=store,
        roots=roots,
        device=device,
        precision=precision,
        decode=decode,
        batch_size=images or default_batch(device),
        fits_batch=images is None,
        compiled=compiled,
        workers=hands or usable_cores(),
        decoding=decoding,
        memory_budget=parse_size(memory, "--robust-memory") or default_memory(device),
        crops=crops,
    )


def crop_place(size: str | None, home: Place, flag: str) -> CropPlace | None:
    """Return where crops are kept, on this machine and up to a size; nowhere without one, or with ``auto``."""
    most = None if size is None else parse_size(size, flag)
    return None if most is None else CropPlace(local_place(home) / "crops", most)


def parse_size(text: str, flag: str) -> int | None:
    """Return bytes, or None for ``auto``; raise SetupError for what is not a size.

    >>> parse_size("1.5KiB", "--robust-memory"), parse_size("auto", "--robust-memory")
    (1536, None)
    """
    text = text.strip()
    if text == "auto":
        return None
    found = _SIZE.fullmatch(text)
    if found is None or not float(found[1]):
        raise SetupError(f"{flag} is {text!r}", expected="a size such as 12GB, 900MB or 1.5TiB, or auto")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** (" KMGT".index(found[2].upper())))


def _batch(text: str) -> int | None:
    """Return a number from 1, or None for ``auto``."""
    text = text.strip()
    if text == "auto":
        return None
    if not text.isdecimal() or not int(text):
        raise SetupError(f"--robust-batch is {text!r}", expected="a whole number from 1, or auto")
    return int(text)


def _workers(text: str) -> tuple[int | None, Decoding]:
    """Return how many workers prepare images, None for ``auto``, and whether on threads or in processes."""
    text = text.strip()
    kind, _, number = text.partition(":")
    if kind not in ("threads", "processes"):
        kind, number = "auto", text
    if number in ("auto", "") and text:
        return None, cast(Decoding, kind)
    if not number.isdecimal() or not int(number):
        raise SetupError(
            f"--robust-workers is {text!r}", expected="a whole number from 1, threads:N, processes:N, or auto"
        )
    return int(number), cast(Decoding, kind)


def _device(text: str) -> str:
    if not _DEVICE.fullmatch(text):
        known = ("auto", "cpu", "cuda", "cuda:1", "mps", "xpu")
        raise SetupError(
            f"--robust-device {text}: no such device",
            expected=", ".join(known),
            fix="did you mean 'cuda'?" if text.lower() in _CARDS else did_you_mean(text, known),
        )
    return text
