"""Run outlines: models with empty weights, whose towers work on a batch each while what they hold is counted.

This happens in a process of its own. Libraries keep tensors for later (the positions of a grid, a mask), and one
without numbers must not meet a model that is loaded to be measured.
"""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from robustcheck.child_process import answering_output, child_command, child_environment
from robustcheck.errors import RobustcheckError
from robustcheck.models.batch_sizes import fitting_batch
from robustcheck.models.encoders import Precision
from robustcheck.models.foreign_code import refuse_foreign_code
from robustcheck.models.hub import hub_cache
from robustcheck.models.kind import Build, model_kind
from robustcheck.models.live_bytes import most_bytes
from robustcheck.models.model_errors import as_model_error
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    import torch

    from robustcheck.models.torch_models import TorchModel

_CODE = "from robustcheck.models.outlined import answer_requests; answer_requests()"
# Processes that die one after the other without an answer: then it is no single rehearsal that kills them.
_DEATHS = 2


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a model is to do: embed so many images at once, and these texts; ``fits`` means no more than suit it."""

    ref: ModelRef
    precision: Precision
    images: int
    texts: tuple[str, ...] = ()
    fits: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """Bytes of the weights of a model, and the most beside them of a batch of ``rows`` images and of one of texts."""

    weights: int
    images: int
    texts: int = 0
    rows: int = 0


# An outline that cannot be built or run: it holds nothing.
UNCOUNTABLE = Counted(0, 0)


def count_elsewhere(rehearsals: Sequence[Rehearsal]) -> list[Counted | None]:
    """Return what each rehearsal takes, from a process of its own that sees no card; None where it came to no end.

    Where the process is killed, as for lack of memory, another goes on after the rehearsal that it was at.
    """
    found: list[Counted | None] = []
    deaths = 0
    while len(found) < len(rehearsals) and deaths < _DEATHS:
        told = _counted_elsewhere(rehearsals[len(found) :])
        found += told
        if len(found) < len(rehearsals):
            found.append(None)
            deaths = 1 if told else deaths + 1
    return found + [None] * (len(rehearsals) - len(found))


def _counted_elsewhere(rehearsals: Sequence[Rehearsal]) -> list[Counted | None]:
    """Return what a process says of rehearsals, in order, for as long as it lives."""
    done = subprocess.run(
        child_command(_CODE),
        input=pickle.dumps(list(rehearsals)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(CUDA_VISIBLE_DEVICES=""),
        check=False,
    )
    told: list[Counted | None] = []
    stream = io.BytesIO(done.stdout)
    with suppress(pickle.UnpicklingError, EOFError):
        while True:
            told.append(pickle.load(stream))
    return told


def answer_requests() -> None:
    """Read rehearsals from the standard input, and write what they take to the standard output."""
    with answering_output() as answers:
        rehearsals: list[Rehearsal] = pickle.load(sys.stdin.buffer)
        for rehearsal in rehearsals:
            pickle.dump(count(rehearsal), answers)
            answers.flush()


def count(rehearsal: Rehearsal) -> Counted | None:
    """Return what a rehearsal takes: ``UNCOUNTABLE`` where an outline cannot be built, or not be run without numbers.

    None where there is no outline, and where memory ran out: another time there may be more of it.

    It leaves tensors without numbers in the caches of libraries: see ``count_elsewhere``.
    """
    kind = model_kind(rehearsal.ref)
    outline = None if kind.outline is None else kind.outline(rehearsal.ref)
    if outline is None:
        return None
    try:
        with as_model_error(rehearsal.ref, "foreseeing its memory"), hub_cache():
            refuse_foreign_code(rehearsal.ref, kind.files(rehearsal.ref))
            build: Build = resolve_name(outline.build) if isinstance(outline.build, str) else outline.build
            return _counted(build(rehearsal.ref, rehearsal.precision), rehearsal)
    except MemoryError:
        return None
    except RobustcheckError:
        # Loading it says what is wrong with it.
        return UNCOUNTABLE


def _counted(outlined: TorchModel, rehearsal: Rehearsal) -> Counted:
    import torch

    model = replace(outlined, device=torch.device("cpu"))
    rows = fitting_batch(model, rehearsal.images) if rehearsal.fits else rehearsal.images
    crops = model.grey_crops(rows)

    def running(take: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
        def run() -> torch.Tensor:
            # Inference mode would show operations whole that are made of others. In it no cast of a weight is kept.
            with model.running(gradients=True), torch.no_grad():
                torch.set_autocast_cache_enabled(False)
                return take()

        return run

    runs = [running(lambda: model.outputs(crops))]
    if rehearsal.texts and (embed := getattr(model, "embed_texts", None)) is not None:
        runs.append(running(lambda: embed(list(rehearsal.texts))))
    images, *texts = most_bytes(model.model, runs)
    return Counted(model.memory_bytes, images, sum(texts), rows)
