"""What was chosen in answer to questions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from robustcheck.protocols.multiple_choice.parsing import How
from robustcheck.protocols.multiple_choice.questions import rotated
from robustcheck.values import Pairs

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What was chosen in answer to each question.

    rows: (n,) the samples; options: (n, 4) their classes in the order of the first rotation; chosen: (n, R) the place
    of the chosen letter in each rotation, -1 for none; hows: (n, R) how a written answer was told; facts say more.
    """

    rows: Ints
    options: Ints
    chosen: Ints
    hows: tuple[tuple[How, ...], ...] = ()
    facts: Pairs = ()

    @property
    def classes(self) -> Ints:
        """The chosen class (n, R); -1 for none."""
        turned = np.stack([rotated(self.options, turn) for turn in range(self.chosen.shape[1])], axis=1)
        found = np.take_along_axis(turned, np.maximum(self.chosen, 0)[:, :, None], axis=2)[:, :, 0]
        return np.where(self.chosen < 0, -1, found)

    def about(self, rows: Ints) -> Choices:
        """Return the answers about some of the samples."""
        inside = np.isin(self.rows, rows)
        hows = tuple(how for how, is_inside in zip(self.hows, inside, strict=False) if is_inside)
        return replace(
            self, rows=self.rows[inside], options=self.options[inside], chosen=self.chosen[inside], hows=hows
        )

    def right_places(self, labels: Ints) -> Ints:
        """The place (n, R) of the right letter in each rotation."""
        turned = np.stack([rotated(self.options, turn) for turn in range(self.chosen.shape[1])], axis=1)
        return np.asarray((turned == labels[:, None, None]).argmax(axis=2))
