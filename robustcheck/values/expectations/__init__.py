"""The kinds of expectation: one frozen class each, shared by the language and the judge.

These pydantic models are the single source of the ``expect:`` part of the YAML language: the
validator, the sentences, the JSON Schema and the reference page are made from them. A kind is added by
its module, a line in ``KINDS``, and its comparison in `judge/comparisons/compare_<kind>.py`.
"""

from __future__ import annotations

from robustcheck.values.expectations.about_groups import GroupExpectation, GroupLine, Pairing, ResidualExpectation
from robustcheck.values.expectations.at_least import AtLeast
from robustcheck.values.expectations.at_most import AtMost
from robustcheck.values.expectations.base import Expectation, Limit, Needs, PopulationLine, PublishedFigure
from robustcheck.values.expectations.between import Between
from robustcheck.values.expectations.correlates import Correlates
from robustcheck.values.expectations.fields import AmountField, QuantityModel, number_text, parse_amount
from robustcheck.values.expectations.group_above import GroupAbove
from robustcheck.values.expectations.improves import Improves
from robustcheck.values.expectations.no_worse_than import BASELINE_NAME, NoWorseThan
from robustcheck.values.expectations.on_trend import OnTrend
from robustcheck.values.expectations.phrases import Subject, query_words
from robustcheck.values.expectations.reproduces import Reproduces
from robustcheck.values.expectations.same_trend import SameTrend
from robustcheck.values.expectations.steeper import Steeper

__all__ = [
    "BASELINE_NAME",
    "KINDS",
    "AmountField",
    "AtLeast",
    "AtMost",
    "Between",
    "Correlates",
    "Expectation",
    "GroupAbove",
    "GroupExpectation",
    "GroupLine",
    "Improves",
    "Limit",
    "Needs",
    "NoWorseThan",
    "OnTrend",
    "Pairing",
    "PopulationLine",
    "PublishedFigure",
    "QuantityModel",
    "Reproduces",
    "ResidualExpectation",
    "SameTrend",
    "Steeper",
    "Subject",
    "number_text",
    "parse_amount",
    "query_words",
]

_IN_ORDER: tuple[type[Expectation], ...] = (
    AtLeast,
    AtMost,
    Between,
    OnTrend,
    NoWorseThan,
    Reproduces,
    GroupAbove,
    Correlates,
    Steeper,
    SameTrend,
    Improves,
)
# By their keys in YAML, in the order of the schema and the reference page.
KINDS: dict[str, type[Expectation]] = {expectation.kind: expectation for expectation in _IN_ORDER}
