"""Keys in the wrong block: one block too high or too low, beside an empty one, or options outside ``options``."""

from __future__ import annotations

from collections.abc import Collection

from robustcheck.files.yaml_nodes import Loc
from robustcheck.spec.schema_parts import Schema, keys_at


def right_place(schema: Schema, loc: Loc, name: str, settings: Collection[str]) -> str:
    """Say where a key belongs that the block at ``loc`` does not have; an empty text where nothing is known.

    ``settings`` are the options of the metric.
    """
    if inner := [key for key in keys_at(schema, loc) if name in keys_at(schema, (*loc, key))]:
        return f"put {name!r} into {inner[0]!r}"
    if loc[-1:] == ("measure",) and name not in keys_at(schema, loc[:-1]):
        return f"a setting of the metric stands in options: {{{name}: ...}}"
    if name in settings:
        return f"a setting of the metric stands in measure: {{..., options: {{{name}: ...}}}}"
    # Of the blocks around this one, the nearest that has such a key.
    above = next((end for end in range(len(loc) - 1, -1, -1) if name in keys_at(schema, loc[:end])), None)
    return "" if above is None else f"put {name!r} beside {str(loc[above])!r}, not into it"


def is_left_outside(schema: Schema, data: object, loc: Loc, lacking: Collection[Loc]) -> bool:
    """Tell whether an unknown key belongs into a block beside it that is empty or lacking, which is reported there."""
    owner = _at(data, loc[:-1])
    empty = {(*loc[:-1], key) for key, value in owner.items() if value is None}
    return any(loc[-1] in keys_at(schema, block) for block in {*empty, *lacking} if block[:-1] == loc[:-1])


def lines_below(schema: Schema, data: object, loc: Loc) -> str:
    """Say which keys beside an empty or lacking block belong into it; an empty text where none does."""
    inside, beside, owner = keys_at(schema, loc), keys_at(schema, loc[:-1]), _at(data, loc[:-1])
    lost = ", ".join(repr(key) for key in owner if key in inside and key not in beside)
    if not lost:
        return ""
    return f"indent {lost} further than {str(loc[-1])!r}" if loc[-1] in owner else f"put {lost} into {str(loc[-1])!r}"


def _at(data: object, loc: Loc) -> dict[str, object]:
    for step in loc:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
    return data if isinstance(data, dict) else {}
