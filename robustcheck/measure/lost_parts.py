"""What to say of a part that should be stored by now, and is not, or that memory did not suffice for."""

from __future__ import annotations

from robustcheck.errors import ModelError, RobustcheckError, SetupError
from robustcheck.measure.memo import NotStored
from robustcheck.models.model_errors import out_of_memory
from robustcheck.store import Storage
from robustcheck.values import Cell


def explain_lack(cell: Cell, lacking: NotStored | MemoryError, storage: Storage) -> RobustcheckError:
    """Return the error of a cell that lacks memory, or a part: lost while measuring, or never made here."""
    if isinstance(lacking, MemoryError):
        return out_of_memory(cell.quantity.label, lacking)
    if not storage.is_read_only:
        found = "its outputs were lost from the store while measuring"
        return ModelError(found, where=cell.model.text, fix="run again")
    return SetupError(
        f"{cell.quantity.label} of {cell.model.id} has not been measured (its {lacking.part.kind} are not here), "
        "and the store is read-only",
        where=storage.place(""),
        fix="measure it where the store can be written, or name another: --robust-store DIR",
    )
