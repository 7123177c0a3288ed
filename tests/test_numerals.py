"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from robustcheck.numerals import write_difference, write_signed, write_value


@pytest.mark.parametrize("value", [2.28e-14, -2.28e-14, 0.0, -0.0, 1e-300, -5e-324])
@pytest.mark.parametrize("unit", ["%", ""])
def test_an_error_of_rounding_is_zero_without_a_sign(value: float, unit: str) -> None:
    texts = [write_value(value, unit), write_difference(value, unit), write_signed(value, unit)]
    assert not any(sign in text for text in texts for sign in "e+-")
    assert {float(text.rstrip("% p")) for text in texts} == {0.0}


@pytest.mark.parametrize("power", range(-6, 15))
@pytest.mark.parametrize("unit", ["%", ""])
def test_what_is_written_is_near_the_number_and_has_no_exponent(power: int, unit: str) -> None:
    value = 1.2345 * 10.0**power
    text = write_value(value, unit).replace(",", "")
    assert "e" not in text
    written = float(text.rstrip("%")) / (100 if unit else 1)
    assert written == pytest.approx(value, rel=1e-3, abs=5e-4 if unit else 5e-7)


def test_a_small_difference_keeps_a_digit() -> None:
    assert write_signed(-0.0004, "%") == "-0.04 pp"
    assert write_value(0.0003, "%") == "0.03%"
    assert write_value(0.63271, "%", decimals=2) == "63.27%"


def test_no_number_is_said_to_be_none() -> None:
    assert write_value(math.nan, "") == "nan"
    assert write_signed(-math.inf, "%") == "-inf pp"
