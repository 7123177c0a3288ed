"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from robustcheck.numerals import write_difference, write_level, write_p, write_signed, write_value


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
    assert written == pytest.approx(value, rel=1e-3, abs=5e-4 if unit else 5e-5)


def test_a_small_difference_keeps_a_digit() -> None:
    assert write_signed(-0.0004, "%") == "-0.04 pp"
    assert write_value(0.0003, "%") == "0.03%"
    assert write_value(0.63271, "%", decimals=2) == "63.27%"


def test_numbers_side_by_side_have_as_many_decimals() -> None:
    assert [write_value(value, "", bare=3) for value in (0.4, 0.45, 1.31, 0.0003)] == [
        "0.400",
        "0.450",
        "1.310",
        "0.0003",
    ]
    assert write_difference(0.0497, "", bare=3) == "0.050"
    assert write_value(0.45, "") == "0.4500"
    assert [write_value(value, "") for value in (12.345678, 123.45678, 1234567.8)] == ["12.346", "123.46", "1,234,568"]


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (1.0, "1"),
        (0.5, "0.5"),
        (0.0304, "0.03"),
        (0.0166738, "0.017"),
        (2.58e-05, "0.000026"),
        (0.05 / 20 / 100, "0.000025"),
        (1.2e-6, "0.0000012"),
        (2.58e-08, "2.6e-8"),
        (2.0e-9, "2e-9"),
        (1e-9, "< 1e-9"),
        (0.0, "< 1e-9"),
    ],
)
def test_a_p_value_is_written_as_people_read_it(p: float, text: str) -> None:
    assert write_p(p) == text
    assert write_p(p, equals="= ") == (text if text.startswith("<") else f"= {text}")


def test_levels_and_digits_that_count() -> None:
    assert write_level(1e-12) == "1e-12"
    assert write_p(0.0166738, 3) == "0.0167"


def test_no_number_is_said_to_be_none() -> None:
    assert write_value(math.nan, "") == "nan"
    assert write_signed(-math.inf, "%") == "-inf pp"
