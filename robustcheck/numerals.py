"""Numbers as people read them: no exponents, no negative zero, and as many decimals as the numbers beside them.

Files that programs read (``run.json``, CSV, JUnit) hold the numbers themselves.
"""

from __future__ import annotations

import math

# A p value below it is not looked for.
SMALLEST_P = 1e-9
# Beyond a millionth nothing that is measured differs; beyond a thousandth of a point nothing does.
_MOST_DECIMALS = 6
_MOST_SHARE_DECIMALS = 3
# People count no more zeros than this: a smaller p value is written as a power of ten.
_MOST_P_DECIMALS = 6


def write_value(value: float, unit: str, decimals: int = 1, bare: int = 4) -> str:
    """Write a value: a share with ``decimals``, a number without a unit with ``bare`` ones.

    >>> write_value(0.4521, "%"), write_value(0.45, ""), write_value(2.28e-14, ""), write_value(12345.6, "")
    ('45.2%', '0.4500', '0.0000', '12,346')
    """
    return f"{_share(100 * value, decimals)}%" if unit == "%" else _number(value, bare)


def write_difference(value: float, unit: str, decimals: int = 1, bare: int = 4) -> str:
    """Write how large a difference is, without its sign; one that would round to nothing keeps a digit.

    >>> write_difference(-0.0131, "%"), write_difference(-0.0004, "%"), write_difference(-2e-16, "%")
    ('1.3 pp', '0.04 pp', '0.0 pp')
    """
    return f"{_share(100 * abs(value), decimals)} pp" if unit == "%" else _number(abs(value), bare)


def write_signed(value: float, unit: str, decimals: int = 1, bare: int = 4) -> str:
    """Write a difference with its sign, which one that is written as zero does not have.

    >>> write_signed(0.0131, "%"), write_signed(-0.034, ""), write_signed(-2e-16, "%")
    ('+1.3 pp', '-0.0340', '0.0 pp')
    """
    size = write_difference(value, unit, decimals, bare)
    if not size.strip("0. p"):
        return size
    return f"{'-' if value < 0 else '+'}{size}"


def write_range(ends: tuple[float, float], unit: str) -> str:
    """Write which values there can be, in whole numbers where they are; of a unit they are hundredths.

    >>> write_range((0, 1), "%"), write_range((-1, 1), ""), write_range((0, math.inf), "%")
    ('0% to 100%', '-1 to 1', '0% or more')
    """
    least, most = (f"{end * 100 if unit else end:g}{unit}" for end in ends)
    return f"{least} to {most}" if math.isfinite(ends[1]) else f"{least} or more"


def write_p(p: float, digits: int = 2, equals: str = "") -> str:
    """Write a p value, after a sign where one is named: ``0.03``, or ``< 1e-9`` where it is smaller than is looked for.

    >>> write_p(0.0304), write_p(2.58e-05), write_p(0.0304, equals="= "), write_p(1e-12, equals="= ")
    ('0.03', '0.000026', '= 0.03', '< 1e-9')
    """
    return "< 1e-9" if p <= SMALLEST_P else f"{equals}{write_level(p, digits)}"


def write_level(level: float, digits: int = 2) -> str:
    """Write a level, or a share of one, with so many digits that count; one of many zeros as a power of ten.

    >>> write_level(0.05), write_level(0.05 / 2000), write_level(2e-9), write_level(1.0)
    ('0.05', '0.000025', '2e-9', '1')
    """
    if not math.isfinite(level) or level <= 0:
        return str(level)
    mantissa, _, power = f"{level:.{digits - 1}e}".partition("e")
    if int(power) < -_MOST_P_DECIMALS:
        return f"{_without_zeros(mantissa)}e{int(power)}"
    return _without_zeros(f"{level:.{max(digits - 1 - int(power), 0)}f}")


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _share(percent: float, decimals: int) -> str:
    return _fixed(percent, decimals, _MOST_SHARE_DECIMALS)


def _number(value: float, decimals: int) -> str:
    """Write a number; one of several digits before the point has fewer behind it."""
    size = math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0
    return _fixed(value, max(decimals - max(size, 0), 0), _MOST_DECIMALS)


def _fixed(value: float, decimals: int, most: int) -> str:
    """Write a number with so many decimals; with more, up to ``most``, where it would read as zero and is not."""
    if not math.isfinite(value):
        return str(value)
    tries = (f"{value:,.{places}f}" for places in range(decimals, max(decimals, most) + 1))
    return next((text for text in tries if text.strip("-0.")), f"{0:.{decimals}f}")
