"""What a check asks of an attack that makes no sense: it is refused before an image is decoded."""

from __future__ import annotations

from robustcheck.errors import DataError
from robustcheck.measure.metric import metric_of
from robustcheck.protocols.attack.attack_losses import FEWEST_CLASSES
from robustcheck.protocols.attack.attacks import ATTACKS, Asked
from robustcheck.protocols.attack.autoattack import require_package
from robustcheck.protocols.attack.readings import Setup
from robustcheck.values import Cell


def require_sense(cell: Cell, asked: Asked, setup: Setup) -> None:
    """Raise SetupError or DataError where an attack cannot do what is asked of it, or would do something else."""
    where = cell.quantity.label
    metric_of(cell).require_fit(cell.quantity.options, where)
    if ATTACKS[asked.name].package:
        require_package()
    fewest = 4 if asked.name in ("apgd-t", "autoattack") else FEWEST_CLASSES[asked.loss]
    if setup.classes < fewest:
        raise DataError(f"{asked.name} on {setup.classes} classes", where=where, expected=f"{fewest} or more")
