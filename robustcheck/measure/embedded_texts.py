"""Embeddings of texts by text tower: data sets that ask for the same names, and models with one tower, share them.

A thousand names in eighty templates are a quarter of an hour of a processor. The sets of a suite ask for some of the
same names in the same templates, and fine-tuned image towers often keep the text tower that they began with.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

MIB = 2**20
KEPT_BYTES = 256 * MIB

Rows = npt.NDArray[np.float32]


@dataclass(slots=True)
class EmbeddedTexts:
    """The embeddings that this process made, of the towers that were asked last."""

    _towers: OrderedDict[str, dict[str, Rows]] = field(default_factory=OrderedDict)

    def embed(self, tower: str, texts: Sequence[str], encode: Callable[[list[str]], Rows]) -> Rows:
        """Return the embeddings of texts (n, d); ``encode`` is asked for those that are not known of the tower."""
        known = self._towers.setdefault(tower, {})
        self._towers.move_to_end(tower)
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known.update(zip(new, encode(new), strict=True))
        found = np.stack([known[text] for text in texts])
        self._forget()
        return found

    def _forget(self) -> None:
        """Drop the towers that were asked longest ago, until the rest fits."""
        while self._towers and sum(map(_size, self._towers.values())) > KEPT_BYTES:
            self._towers.popitem(last=False)


def _size(known: dict[str, Rows]) -> int:
    row = next(iter(known.values()), None)
    return 0 if row is None else len(known) * row.nbytes
