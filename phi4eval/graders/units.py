"""Which unit does an answer carry, do two units contradict each other, and how many of one is the other?"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from functools import lru_cache

import msgspec


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of measure.

    dimension: exponents of its quantities (m/s is length 1, time -1), sorted by name; scale: how many of the
    base unit of that dimension one of it is.
    """

    dimension: tuple[tuple[str, int], ...]
    scale: Fraction


COUNTED = Unit(dimension=(("things", 1),), scale=Fraction(1))
"""A counted noun (`12 apples`) or `units`: never in conflict with anything."""
_UNITS = "units"
PERCENT = Unit(dimension=(("percent", 1),), scale=Fraction(1))
DEGREE = Unit(dimension=(("degree", 1),), scale=Fraction(1))
RADIAN = Unit(dimension=(("radian", 1),), scale=Fraction(1))

# dimension -> scale in its base unit -> spellings; a spelling of one or two letters is case-sensitive
_SIMPLE: dict[str, dict[str, str]] = {
    _UNITS: {"1": "unit units"},
    "percent": {"1": "% percent per-cent percentage"},
    "degree": {"1": "^\\circ \\circ degree degrees deg"},
    "radian": {"1": "radian radians rad"},
    "celsius": {"1": "^\\circ-C \\circ-C celsius centigrade degree-celsius degrees-celsius degrees-C"},
    "fahrenheit": {"1": "^\\circ-F \\circ-F fahrenheit degree-fahrenheit degrees-fahrenheit degrees-F"},
    "kelvin": {"1": "K kelvin kelvins"},
    "dollar": {"1": "dollar dollars usd bucks", "1/100": "cent cents ¢"},
    "euro": {"1": "euro euros eur"},
    "rupee": {"1": "rupee rupees"},
    "yen": {"1": "yen"},
    "yuan": {"1": "yuan rmb"},
    "length": {
        "1": "m meter meters metre metres",
        "1000": "km kilometer kilometers kilometre kilometres",
        "1/10": "dm decimeter decimeters",
        "1/100": "cm centimeter centimeters centimetre centimetres",
        "1/1000": "mm millimeter millimeters millimetre millimetres",
        "1/1000000": "μm µm um \\mu-m micrometer micrometers micron microns",
        "1/1000000000": "nm nanometer nanometers nanometre nanometres",
        "0.0254": "in inch inches in.",
        "0.3048": "ft foot feet ft.",
        "0.9144": "yd yard yards",
        "1609.344": "mi mile miles",
    },
    "time": {
        "1": "s sec secs second seconds sec.",
        "1/1000": "ms millisecond milliseconds",
        "1/1000000": "μs µs microsecond microseconds",
        "1/1000000000": "ns nanosecond nanoseconds",
        "60": "min mins minute minutes min.",
        "3600": "h hr hrs hour hours hr.",
        "86400": "day days",
        "604800": "week weeks wk",
    },
    "year": {"1": "year years yr yrs years-old year-old", "1/12": "month months mo"},
    "mass": {
        "1": "kg kilogram kilograms",
        "1/1000": "g gm gms gram grams gramme grammes",
        "1/1000000": "mg milligram milligrams",
        "1/1000000000": "μg µg microgram micrograms",
        "1000": "tonne tonnes",
    },
    "pound": {"1": "lb lbs pound pounds lb. lbs.", "1/16": "oz ounce ounces oz."},
    "current": {"1": "A amp amps ampere amperes", "1/1000": "mA milliampere milliamperes"},
    "mole": {"1": "mol mole moles", "1/1000": "mmol millimole millimoles"},
    "gallon": {"1": "gal gallon gallons", "1/4": "quart quarts", "1/8": "pint pints", "1/16": "cup cups"},
}
_DERIVED = {  # spellings: (scale, what it is made of)
    "N newton newtons": ("1", "kg m s^-2"),
    "kN kilonewton kilonewtons": ("1000", "kg m s^-2"),
    "J joule joules": ("1", "kg m^2 s^-2"),
    "kJ kilojoule kilojoules": ("1000", "kg m^2 s^-2"),
    "MJ megajoule megajoules": ("1000000", "kg m^2 s^-2"),
    "eV electronvolt electronvolts": ("1.602176634e-19", "kg m^2 s^-2"),
    "keV": ("1.602176634e-16", "kg m^2 s^-2"),
    "MeV": ("1.602176634e-13", "kg m^2 s^-2"),
    "GeV": ("1.602176634e-10", "kg m^2 s^-2"),
    "W watt watts": ("1", "kg m^2 s^-3"),
    "mW milliwatt milliwatts": ("1/1000", "kg m^2 s^-3"),
    "kW kilowatt kilowatts": ("1000", "kg m^2 s^-3"),
    "MW megawatt megawatts": ("1000000", "kg m^2 s^-3"),
    "kWh": ("3600000", "kg m^2 s^-2"),
    "Pa pascal pascals": ("1", "kg m^-1 s^-2"),
    "kPa kilopascal kilopascals": ("1000", "kg m^-1 s^-2"),
    "atm atmosphere atmospheres": ("101325", "kg m^-1 s^-2"),
    "Hz hertz": ("1", "s^-1"),
    "kHz kilohertz": ("1000", "s^-1"),
    "MHz megahertz": ("1000000", "s^-1"),
    "GHz gigahertz": ("1000000000", "s^-1"),
    "C coulomb coulombs": ("1", "A s"),
    "μC µC \\mu-C microcoulomb microcoulombs": ("1/1000000", "A s"),
    "nC nanocoulomb nanocoulombs": ("1/1000000000", "A s"),
    "V volt volts": ("1", "kg m^2 s^-3 A^-1"),
    "mV millivolt millivolts": ("1/1000", "kg m^2 s^-3 A^-1"),
    "kV kilovolt kilovolts": ("1000", "kg m^2 s^-3 A^-1"),
    "ohm ohms \\Omega Ω": ("1", "kg m^2 s^-3 A^-2"),
    "k\\Omega kΩ kiloohm kiloohms": ("1000", "kg m^2 s^-3 A^-2"),
    "T tesla teslas": ("1", "kg s^-2 A^-1"),
    "F farad farads": ("1", "A^2 s^4 kg^-1 m^-2"),
    "μF µF \\mu-F microfarad microfarads": ("1/1000000", "A^2 s^4 kg^-1 m^-2"),
    "L l liter liters litre litres": ("1/1000", "m^3"),
    "mL ml milliliter milliliters millilitre millilitres": ("1/1000000", "m^3"),
    "mph": ("0.44704", "m s^-1"),
    "kph kmh": ("5/18", "m s^-1"),
}
_PREFIXES = {"square": 2, "sq": 2, "sq.": 2, "cubic": 3, "cu": 3, "cu.": 3}
_SUFFIXES = {"squared": 2, "cubed": 3}
_PHRASE = (
    r"(?P<unit>(?:[a-zA-ZμµΩ%¢]|\^?\s?\\circ(?![a-zA-Z])|\\(?:Omega|mu)(?![a-zA-Z]))"
    r"(?:[a-zA-ZμµΩ./ ()^{}\d+-]|\\(?:cdot|Omega|mu|circ|times)(?![a-zA-Z])){0,48})"
)
_VALUE_END = r"(?:[\d)}\]π]|(?<![\\a-zA-Z])i(?![a-zA-Z])|\\pi)"
_AMOUNTS = tuple(
    re.compile(rf"(?P<value>{some}{_VALUE_END})\s*{_PHRASE}", re.DOTALL) for some in (r".*?", r".*")
)
"""The longest and the shortest unit that may stand at the end."""
_TOKEN = re.compile(
    r"(?P<name>\^?\s?\\circ(?: ?[CF](?![a-zA-Z]))?|\\mu\s?[a-zA-Z]|k?\\Omega|[a-zA-ZμµΩ]+\.?|%|¢)"
    r"\s?(?:\^\s?\{?\s?(?P<power>[-+]?\s?\d{1,2})\s?\}?|(?P<digit>[23])(?!\d))?"
    r"|(?P<over>/)|(?P<times>\\cdot|\\times|\.)|[ (){}]"
)
_ANGLE_OF = re.compile(r"\\(?:cis|sin|cos|tan|cot|sec|csc)(?![a-zA-Z])")
_SHORT = re.compile(r"[a-zA-Z]{1,2}(?:\s?\^.{1,8})?")
_GLUED = frozenset(("cm", "mm", "km", "kg"))
"""Short units that are hardly ever the product of two letters behind a number."""
_FREE = re.compile(r"(?<![\\a-zA-Z])(?!(?<=\d)[eE][-+]?\d)[a-zA-Z](?![a-zA-Z])")
_COUNTED = re.compile(r"(?:[a-zA-Z]{3,}\.?)(?:\s[a-zA-Z]{2,}){0,3}")
_NO_UNIT = frozenset((
    "and", "or", "pi", "sin", "cos", "tan", "log", "mod", "base", "sqrt", "the", "times", "even",
    "odd", "not", "if", "for", "where", "in", "per", "is", "are", "with", "thousand", "million",
    "billion", "trillion", "dozen", "hundred", "half", "third", "quarter",
))  # fmt: skip


def split_unit(text: str) -> tuple[str, Unit | None]:
    """A normalised answer as (value, unit); the unit is None if there is none, COUNTED for a counted noun."""
    if text[-1:] not in "%¢.})Ω" and not text[-1:].isalnum() and not text.endswith("circ"):
        return text, None
    if "," in text or "=" in text or len(text) > 400:
        return text, None
    for pattern in _AMOUNTS:
        match = pattern.fullmatch(text)
        if match is None or _ANGLE_OF.search(match["value"]) or not re.search(r"[\d\\]", match["value"]):
            return text, None
        unit = _said(match["unit"].strip(), text[match.start("unit") - 1])
        if unit and len(match["unit"].strip()) == 1 and _FREE.search(match["value"]):
            return text, None  # `R^2 h` is a product
        if unit:
            return match["value"].strip(), unit
    return text, None


def _said(phrase: str, before: str) -> Unit | None:
    """What a phrase behind a value says; `before` is the character in front of it."""
    if _SHORT.fullmatch(phrase) and not before.isspace() and phrase[:2] not in _GLUED:
        return None  # a short unit needs a space before it: `5 m`, not the product `5m`
    if (unit := unit_of(phrase)) is not None:
        return unit
    words = phrase.lower().split()
    return COUNTED if _COUNTED.fullmatch(phrase) and not _NO_UNIT & set(words) else None


@lru_cache(maxsize=2048)
def unit_of(said: str) -> Unit | None:
    """What a phrase such as `km per hour`, `m s^{-2}` or `square feet` measures; None for no known unit."""
    names = _names()
    if (whole := _known(said.replace(" ", "-"), names)) is not None:
        return whole
    exponents: Counter[str] = Counter()
    scale, sign, power, position = Fraction(1), 1, 1, 0
    last: Unit | None = None
    for token in _TOKEN.finditer(said):
        if token.start() != position:
            return None
        position, name = token.end(), token["name"]
        if token["over"] or name == "per":
            sign = -1
        elif name is None:
            continue
        elif name.lower() in _PREFIXES:
            power = _PREFIXES[name.lower()]
        elif name.lower() in _SUFFIXES and last is not None:
            _multiply(exponents, last, sign * (_SUFFIXES[name.lower()] - 1))
            scale *= last.scale ** (sign * (_SUFFIXES[name.lower()] - 1))
        elif (last := _known(name.replace(" ", "-"), names)) is None:
            return None
        else:
            raised = sign * power * int((token["power"] or token["digit"] or "1").replace(" ", ""))
            _multiply(exponents, last, raised)
            scale, power = scale * last.scale**raised, 1
    if position != len(said) or last is None:
        return None
    return Unit(dimension=tuple(sorted((k, n) for k, n in exponents.items() if n)), scale=scale)


def _multiply(exponents: Counter[str], unit: Unit, power: int) -> None:
    for quantity, count in unit.dimension:
        exponents[quantity] += count * power


def _known(name: str, names: dict[str, Unit]) -> Unit | None:
    return names.get(name) or (names.get(name.lower()) if len(name) > 2 or name.isupper() else None)


@lru_cache(maxsize=1)
def _names() -> dict[str, Unit]:
    names: dict[str, Unit] = {}
    for quantity, scales in _SIMPLE.items():
        for scale, spellings in scales.items():
            unit = Unit(dimension=((quantity, 1),), scale=Fraction(scale))
            names |= dict.fromkeys(spellings.split(), unit)
    for spelled, (scale, made_of) in _DERIVED.items():
        exponents: Counter[str] = Counter()
        for part in made_of.split():
            base, _, power = part.partition("^")
            _multiply(exponents, names[base], int(power or 1))
        unit = Unit(dimension=tuple(sorted(exponents.items())), scale=Fraction(scale))
        names |= dict.fromkeys(spelled.split(), unit)
    return names


def conflict(gold: Unit | None, said: Unit | None) -> bool:
    """Both name a known unit, and they do not measure the same; `units` is any unit of that power."""
    if gold is None or said is None or COUNTED in (gold, said):
        return False
    if _nameless(gold) != _nameless(said):
        return False
    return gold.dimension != said.dimension


def _nameless(unit: Unit) -> bool:
    return [quantity for quantity, _ in unit.dimension] == [_UNITS]


def conversion(gold: Unit | None, said: Unit | None) -> Fraction:
    """How many of the gold's unit one of the other is: 1 where they do not measure the same."""
    if gold is None or said is None or gold.dimension != said.dimension:
        return Fraction(1)
    return said.scale / gold.scale
