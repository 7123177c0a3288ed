"""Workers of xdist that die, as by the kernel when memory runs out: what they were at is tried once more.

A worker that dies says nothing, and several models share its pass. So those that take its place measure each model by
itself. An item that ends such a worker too is an error, and the other items of its model are not tried again: they
would end a worker each. Every other model is judged.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from robustcheck.errors import ModelError
from robustcheck.values.checks import PlannedCheck

# An item may be handed to workers that share their passes more than once.
_TRIES = 3
_LOST = "robustcheck_lost"


@dataclass(slots=True)
class Crashes:
    """What the process that hands out items remembers of workers that died.

    ``lost`` are the items that a worker died of which was at nothing else.
    """

    has_any: bool = False
    lost: list[str] = field(default_factory=list)
    _tries: Counter[str] = field(default_factory=Counter)

    def tries_again(self, nodeid: str, node: Any, scheduler: Any) -> bool:
        """Have an item tried again that ended its worker; return False where that has been done."""
        self._tries[nodeid] += 1
        if node.workerinput.get(_LOST) is not None:
            self.lost.append(nodeid)
        elif self._tries[nodeid] < _TRIES:
            try:
                scheduler.mark_test_pending(nodeid)
                return True
            except NotImplementedError:  # that of --dist loadfile and its kin
                pass
        return False

    def tell(self, workerinput: dict[str, Any]) -> None:
        """Tell a worker that takes the place of another one."""
        if self.has_any:
            workerinput[_LOST] = list(self.lost)


def lost_items(config: pytest.Config) -> list[str] | None:
    """Return the items that no worker of this run came back from; None in a worker that was there from the start."""
    found: list[str] | None = getattr(config, "workerinput", {}).get(_LOST)
    return found


def lost_with_its_worker(item: PlannedCheck) -> ModelError:
    """Return the error of an item whose worker died each time."""
    return ModelError(
        "each process that measured it died: killed by the system, most likely because memory ran out, or by a crash "
        "of a library",
        where=item.name if item.check.is_about_groups else item.model.text,
        fix="take less memory: fewer workers (-n), --robust-batch 8, --robust-workers 1, or --robust-memory 2GB; "
        "dmesg says whether the kernel killed it",
    )
