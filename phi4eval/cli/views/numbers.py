"""How many digits a number gets: those that its interval supports."""

from __future__ import annotations

from math import isfinite
from typing import Literal

from phi4eval.types import Interval

Unit = Literal["share", "points"]

AMC_POINTS = 150


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as percent."""
    return f"{100 * share:.{decimals}f} %"


def dollars(cost: float) -> str:
    """US dollars: cents, and four decimals below a dollar, where cents would hide the difference."""
    return f"${cost:,.2f}" if cost >= 1 or cost == 0 else f"${cost:.4f}"


def decimals_for(half_width: float) -> int:
    """Decimals (0 to 2) that leave two significant digits of a half-width; 1 where it says nothing."""
    if not isfinite(half_width) or half_width <= 0:
        return 1
    # 9.97 shown with two digits is 10
    return 0 if half_width >= 9.95 else 1 if half_width >= 0.995 else 2


def _scale(unit: Unit) -> float:
    return 100.0 if unit == "share" else 1.0


def interval_decimals(interval: Interval, unit: Unit) -> int:
    """Decimals of everything that is shown on this interval's scale."""
    return decimals_for(_scale(unit) * (interval.high - interval.low) / 2)


def score_text(interval: Interval, unit: Unit) -> str:
    """`56.1 % [52.0, 60.2]`, or `91.8 ± 4.2 of 150` for AMC points, with both ends where uneven."""
    scale, digits = _scale(unit), interval_decimals(interval, unit)
    mean = f"{scale * interval.mean:.{digits}f}"
    if not isfinite(interval.high - interval.low):
        mean = f"{mean} %" if unit == "share" else f"{mean} of {AMC_POINTS}"
        return f"{mean} (one unit: no interval)"
    if unit == "points":
        half = (interval.high - interval.low) / 2
        if abs(interval.low + half - interval.mean) <= half / 8:
            return f"{mean} ± {half:.{digits}f} of {AMC_POINTS}"
        return f"{mean} of {AMC_POINTS} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
    return f"{mean} % [{scale * interval.low:.{digits}f}, {scale * interval.high:.{digits}f}]"


def short_score(interval: Interval, unit: Unit, *, like: Interval | None = None) -> str:
    """The mean alone, with the digits of `like`'s interval (its own where None)."""
    digits = interval_decimals(like or interval, unit)
    return f"{_scale(unit) * interval.mean:.{digits}f}{' %' if unit == 'share' else ''}"


def gap_text(score: Interval, other: Interval, unit: Unit) -> str:
    """`+0.4`, `−1.2` or `0.0`: other minus score, on the unit's scale, with the digits of score."""
    digits = interval_decimals(score, unit)
    gap = round(_scale(unit) * (other.mean - score.mean), digits)
    return f"{'−' if gap < 0 else '+' if gap > 0 else ''}{abs(gap):.{digits}f}"


def extra_text(name: str, value: float, unit: Unit) -> str:
    """A further figure of a task on the scale that its name says."""
    if name.startswith(("pass@", "maj@", "share_")) or name.endswith("_rate"):
        return percent(value)
    if name.startswith("sd_"):
        return f"{_scale(unit) * value:.1f}"
    if value == int(value) and not name.startswith("points"):
        return str(int(value))
    return f"{value:.1f}"


def count(number: int) -> str:
    """An integer with thousands separators."""
    return f"{number:,}"


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 05 min`."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
