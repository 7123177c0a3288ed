"""Which models are checkpoints of one training run, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CHECKPOINT = re.compile(r"(epoch|step|checkpoint|ckpt|iter|iteration)([-_=]?)(\d+)", re.IGNORECASE)


def checkpoint(model: str) -> tuple[str, int] | None:
    """Return the training run that a model is of and its number in it; None where its name has no such number.

    >>> checkpoint("ViT-B-32@runs/42/epoch_12.pt")
    ('ViT-B-32@runs/42/epoch_.pt', 12)
    """
    found = _CHECKPOINT.search(model)
    return (f"{model[: found.start(3)]}{model[found.end(3) :]}", int(found[3])) if found else None


def are_one_run(models: Iterable[str]) -> bool:
    """Tell whether all of these models are checkpoints of the same training run."""
    runs = {found[0] if (found := checkpoint(model)) else None for model in models}
    return len(runs) == 1 and None not in runs
