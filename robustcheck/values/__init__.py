"""The frozen values that the stages hand to each other.

Nothing here computes more than its own label; nothing here imports another room of the
package. Fractions are in [0, 1]; differences of fractions are too (0.02 is two points).
"""

from __future__ import annotations

from robustcheck.values.judged import (
    STATUSES,
    Change,
    Finding,
    Result,
    RunRecord,
    Status,
    SuiteInfo,
    TrendFigure,
    TrendFit,
    TrendPoint,
    Unit,
    Verdict,
)
from robustcheck.values.measured import (
    DEFECTS,
    AdapterUse,
    Amount,
    Cell,
    Ends,
    Evidence,
    EvidenceChoice,
    KnownDeviation,
    ModelRef,
    Pairs,
    Position,
    Problem,
    Quantity,
    Query,
    Samples,
    Score,
    Sureness,
    Task,
    Term,
)

__all__ = [
    "DEFECTS",
    "STATUSES",
    "AdapterUse",
    "Amount",
    "Cell",
    "Change",
    "Ends",
    "Evidence",
    "EvidenceChoice",
    "Finding",
    "KnownDeviation",
    "ModelRef",
    "Pairs",
    "Position",
    "Problem",
    "Quantity",
    "Query",
    "Result",
    "RunRecord",
    "Samples",
    "Score",
    "Status",
    "SuiteInfo",
    "Sureness",
    "Task",
    "Term",
    "TrendFigure",
    "TrendFit",
    "TrendPoint",
    "Unit",
    "Verdict",
]
