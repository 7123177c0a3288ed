"""What a plan says of the memory that models take: weights, a batch beside them, one question of those that answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from robustcheck.listing import name_first
from robustcheck.measure import MeasureSettings, is_card
from robustcheck.models.digests import weights_bytes
from robustcheck.models.encoders import TEXTS_AT_ONCE
from robustcheck.models.foreseen_memory import ForeseenMemory, foresee_memory
from robustcheck.models.kind import model_kind
from robustcheck.values import ModelRef

_MIB = 2**20


def say_memory(
    models: Collection[ModelRef], texts: Mapping[ModelRef, Collection[str]], settings: MeasureSettings
) -> Iterator[str]:
    """Yield lines on the memory that models need; ``texts`` are those that a model is to embed."""
    ordered = sorted(models, key=lambda ref: ref.id)
    asked = {ref: list(texts.get(ref.encoder, ())) for ref in ordered if model_kind(ref).memory is None}
    fits = settings.fits_batch and not is_card(settings.device)
    found = foresee_memory(asked, settings.precision, settings.batch_size, settings.local, fits=fits)
    yield from _weights(ordered, found, settings)
    counts = {ref: min(TEXTS_AT_ONCE, len(each)) for ref, each in asked.items()}
    yield from _batches(found, counts, settings)
    if unknown := [ref.id for ref in asked if ref not in found]:
        yield f"beside them, not known what a batch takes: {name_first(unknown, 4)}"
    yield from _answering(ordered, settings)


def _weights(
    models: Collection[ModelRef], found: Mapping[ModelRef, ForeseenMemory], settings: MeasureSettings
) -> Iterator[str]:
    known = {ref: one.weights for ref, one in found.items()}
    sizes = sorted(((known.get(ref) or weights_bytes(ref, settings.precision), ref.id) for ref in models), reverse=True)
    if sizes and sizes[0][0]:
        said = [f"{name} {size / _MIB:,.0f} MiB" for size, name in sizes]
        yield f"weights, {sum(size for size, _ in sizes) / _MIB:,.0f} MiB in all: {name_first(said, 4)}"


def _batches(
    found: Mapping[ModelRef, ForeseenMemory], counts: Mapping[ModelRef, int], settings: MeasureSettings
) -> Iterator[str]:
    """Yield what a batch takes beside the weights; models run one after the other, so the largest counts."""
    if not found:
        return
    ref, largest = max(found.items(), key=lambda item: (item[1].batch, item[0].id))
    rows = f"{counts[ref]} texts" if largest.texts > largest.images else f"{largest.rows} images"
    size = f"{largest.at_work / _MIB:,.0f} MiB"
    yield f"beside them, a batch of {rows} in {settings.precision}: about {size} ({ref.id}), one model at a time"


def _answering(models: Collection[ModelRef], settings: MeasureSettings) -> Iterator[str]:
    """Yield what each model needs that is loaded in the precision of the run, with the question that it works on."""
    for ref in models:
        if model_kind(ref).memory is not None and (size := weights_bytes(ref, settings.precision)):
            fits = "" if size <= settings.memory_budget else ": more than --robust-memory, so it is loaded alone"
            yield f"memory of {ref.id} in {settings.precision}, with one question: {size / _MIB:,.0f} MiB{fits}"
