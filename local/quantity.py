"""Kubernetes quantities ("500m", "1.5Gi", "2e3") as exact numbers.

Amounts are rounded up, as the real scheduler does: a pod that asks for a little more than there is does not
fit. Pure, and exact: no floats.
"""

from decimal import ROUND_CEILING, Decimal, InvalidOperation

_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(1000),
    "M": Decimal(1000) ** 2,
    "G": Decimal(1000) ** 3,
    "T": Decimal(1000) ** 4,
    "P": Decimal(1000) ** 5,
    "E": Decimal(1000) ** 6,
    "Ki": Decimal(1024),
    "Mi": Decimal(1024) ** 2,
    "Gi": Decimal(1024) ** 3,
    "Ti": Decimal(1024) ** 4,
    "Pi": Decimal(1024) ** 5,
    "Ei": Decimal(1024) ** 6,
}


def parse(text: str | float) -> Decimal:
    """Read a quantity; ValueError where it is none."""
    plain = str(text).strip()
    suffix = next((unit for unit in (plain[-2:], plain[-1:]) if unit and unit in _FACTORS), "")
    try:
        return Decimal(plain.removesuffix(suffix)) * _FACTORS[suffix]
    except InvalidOperation as error:
        raise ValueError(f"{plain!r} is not a quantity") from error


def milli(text: str | float) -> int:
    """A quantity in thousandths, rounded up, as CPU is counted."""
    return int((parse(text) * 1000).to_integral_value(ROUND_CEILING))


def whole(text: str | float) -> int:
    """A quantity in whole units, rounded up, as bytes are counted."""
    return int(parse(text).to_integral_value(ROUND_CEILING))
