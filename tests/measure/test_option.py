"""Options of metrics: each value has one form, and what is not a value says what would be."""

from __future__ import annotations

import doctest

import pytest

from robustcheck.measure import option as module
from robustcheck.measure.option import (
    ChoiceOption,
    DatasetOption,
    FractionOption,
    MetricOption,
    ModelOption,
    NumberOption,
    SwitchOption,
)

SCORE = ChoiceOption(name="score", description="", values=("mcm", "msp"))
BINS = NumberOption(name="bins", description="", whole=True, low=1)
SHARE = NumberOption(name="share", description="", low=0.5, high=1)
LEAST = NumberOption(name="least", description="", high=9)
RATE = NumberOption(name="rate", description="")
EPSILON = FractionOption(name="epsilon", description="", low=0, high=1)
TARGETED = SwitchOption(name="targeted", description="")
REFERENCE = DatasetOption(name="reference", description="", against=True)
SOURCE = ModelOption(name="source", description="")


@pytest.mark.parametrize(
    ("option", "text", "form"),
    [
        (SCORE, "msp", "msp"),
        (BINS, "15", "15"),
        (BINS, " 015 ", "15"),
        (SHARE, "0.990", "0.99"),
        (SHARE, "1", "1"),
        (RATE, "1e-3", "0.001"),
        (RATE, "-2.50", "-2.5"),
        (EPSILON, "8/255", "8/255"),
        (EPSILON, "16 / 510", "8/255"),
        (EPSILON, "0.5", "1/2"),
        (EPSILON, "0", "0"),
        (TARGETED, "Yes", "true"),
        (TARGETED, "off", "false"),
        (REFERENCE, "../laion", "../laion"),
        (SOURCE, "openclip:ViT-B-32/openai", "openclip:ViT-B-32/openai"),
    ],
)
def test_a_value_has_one_form(option: MetricOption, text: str, form: str) -> None:
    assert option.canonical(text) == form
    assert option.canonical(form) == form


@pytest.mark.parametrize(
    ("option", "texts", "expected"),
    [
        (SCORE, ("energy", "MSP", ""), "mcm, msp"),
        (BINS, ("0", "-1", "1.5", "x", "", "nan"), "a whole number of 1 or more"),
        (SHARE, ("0.4", "1.01", "x", "nan", "inf"), "a number from 0.5 to 1"),
        (LEAST, ("10", "inf"), "a number of at most 9"),
        (RATE, ("inf", "-inf", "nan", "8/255"), "a number"),
        (
            EPSILON,
            ("1/0", "8/", "9/8", "-1/255", "nan", "inf", "x"),
            "a number or a fraction such as 8/255 from 0 to 1",
        ),
        (TARGETED, ("1", "", "maybe"), "true or false"),
    ],
)
def test_what_is_not_a_value(option: MetricOption, texts: tuple[str, ...], expected: str) -> None:
    for text in texts:
        with pytest.raises(ValueError):  # noqa: PT011 - callers make the message, from `expected`
            option.canonical(text)
    assert option.expected == expected


def test_what_an_option_is() -> None:
    options = (SCORE, BINS, EPSILON, TARGETED, REFERENCE, SOURCE)
    sorts = ["choice", "number", "fraction", "switch", "data set", "model"]
    assert [option.sort for option in options] == sorts
    assert [option.is_other_side for option in options] == [False, False, False, False, True, False]
    assert [option.choices for option in options] == [("mcm", "msp"), (), (), (), (), ()]
    assert (REFERENCE.expected, SOURCE.expected, TARGETED.default) == ("a data set", "a model", "false")


def test_doctests() -> None:
    results = doctest.testmod(module)
    assert results.failed == 0
    assert results.attempted >= 6
