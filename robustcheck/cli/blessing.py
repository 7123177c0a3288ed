"""What `bless` says: which baseline was replaced, and how far the new one lies from where its line started."""

from __future__ import annotations

from collections.abc import Iterator

from robustcheck.history.baselines import Blessing
from robustcheck.history.steps import Step
from robustcheck.listing import counted, name_first
from robustcheck.measure import metric_named
from robustcheck.numerals import write_signed
from robustcheck.values import RunRecord

_MOST = 5


def describe_blessing(name: str, blessing: Blessing) -> Iterator[str]:
    """Yield the place of a new baseline, its ancestors, and its largest steps since the origin."""
    yield f"baseline {name}: {blessing.place}"
    if blessing.run.left_out:
        yield (
            f"  the run left out {counted(blessing.run.left_out, 'verdict')} of its suites (-k, --lf and the like): "
            "this baseline has what it measured and no more"
        )
    ancestors = blessing.run.lineage.ancestors
    if blessing.replaced is None or not ancestors:
        return
    if ancestors[-1].why:
        yield f"it replaces run {blessing.replaced.id}, and begins a new line: {ancestors[-1].why}"
        return
    yield from _gone(blessing.replaced, blessing.run)
    since = blessing.run.lineage.since_origin
    yield f"it replaces run {blessing.replaced.id}; {since:,} blessed since the origin of its line"
    yield from map(_said, blessing.steps[:_MOST])
    if len(blessing.steps) > _MOST:
        yield f"  and {len(blessing.steps) - _MOST:,} more that moved less"


def _gone(before: RunRecord, after: RunRecord) -> Iterator[str]:
    """Say which checks the replaced run judged and this one did not; of a run that left some out that is said."""
    judged = {result.check_key for result in after.results}
    gone = dict.fromkeys(result.check_key for result in before.results if result.check_key not in judged)
    if gone and not after.left_out:
        yield f"  the gate is smaller: it has no {name_first(list(gone), _MOST)}"


def _said(step: Step) -> str:
    unit = metric_named(step.cell.quantity.metric).unit
    value, low, high = (write_signed(one, unit) for one in (step.difference.value, *step.difference.interval(0.95)))
    moved = f"{value} ({low.removesuffix(' pp')} to {high})"
    return f"  since the origin, {step.cell.quantity.label} of {step.cell.model.id}: {moved}"
