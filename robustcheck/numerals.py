"""Numbers as people read them: no exponents, no negative zero, no digits that say nothing.

Files that programs read (``run.json``, CSV, JUnit) hold the numbers themselves.
"""

from __future__ import annotations

import math

# Beyond a millionth nothing that is measured differs; beyond a thousandth of a point nothing does.
_MOST_DECIMALS = 6
_MOST_SHARE_DECIMALS = 3


def write_value(value: float, unit: str, digits: int = 4, decimals: int = 1) -> str:
    """Write a value: a share with ``decimals``, a number without a unit with so many ``digits`` that count.

    >>> write_value(0.4521, "%"), write_value(0.91234, ""), write_value(2.28e-14, ""), write_value(12345.6, "")
    ('45.2%', '0.9123', '0', '12,346')
    """
    return f"{_share(100 * value, decimals)}%" if unit == "%" else _number(value, digits)


def write_difference(value: float, unit: str, digits: int = 3, decimals: int = 1) -> str:
    """Write how large a difference is, without its sign; one that would round to nothing keeps a digit.

    >>> write_difference(-0.0131, "%"), write_difference(-0.0004, "%"), write_difference(-2e-16, "%")
    ('1.3 pp', '0.04 pp', '0.0 pp')
    """
    return f"{_share(100 * abs(value), decimals)} pp" if unit == "%" else _number(abs(value), digits)


def write_signed(value: float, unit: str, digits: int = 3, decimals: int = 1) -> str:
    """Write a difference with its sign, which one that is written as zero does not have.

    >>> write_signed(0.0131, "%"), write_signed(-0.034, ""), write_signed(-2e-16, "%")
    ('+1.3 pp', '-0.034', '0.0 pp')
    """
    size = write_difference(value, unit, digits, decimals)
    if not size.strip("0. p"):
        return size
    return f"{'-' if value < 0 else '+'}{size}"


def _share(percent: float, decimals: int) -> str:
    """Write a percentage; more decimals than asked for where it would read as zero and is not."""
    if not math.isfinite(percent):
        return str(percent)
    tries = (f"{percent:.{places}f}" for places in range(decimals, max(decimals, _MOST_SHARE_DECIMALS) + 1))
    return next((text for text in tries if float(text)), f"{0:.{decimals}f}")


def _number(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return str(value)
    size = math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:,.{min(max(digits - 1 - size, 0), _MOST_DECIMALS)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
