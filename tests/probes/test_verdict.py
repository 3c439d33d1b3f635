"""A probe finds what is there, seldom what is not, and says when it could not have found it."""

from __future__ import annotations

import random

import msgspec
import pytest

from phi4eval.probes.records import Familiarity, ProbeResult
from phi4eval.probes.verdict import LEAST_UNITS, adjusted, advantage, probe_result


def units(count: int, *, shift: float = 0.0, controls: int = 4, seed: int = 0) -> list[Familiarity]:
    draw = random.Random(seed)
    return [
        Familiarity(
            name=str(k),
            original=draw.gauss(shift, 1),
            controls=tuple(draw.gauss(0, 1) for _ in range(controls)),
        )
        for k in range(count)
    ]


def result(found: list[Familiarity], reference: list[Familiarity] | None = None) -> ProbeResult:
    made = probe_result("twin", "t", found, statistic="s", unit="nats", alpha=0.01, reference=reference or ())
    return adjusted([made])[0]


@pytest.mark.parametrize(
    ("original", "controls", "value"),
    [(2.0, (1.0, 1.0), 1.0), (0.0, (1.0, 1.0), -1.0), (1.0, (1.0, 1.0), 0.0), (2.0, (1.0, 3.0), 0.0)],
)
def test_advantage_is_how_much_more_often_the_original_wins(
    original: float, controls: tuple[float, ...], value: float
) -> None:
    assert advantage(original, controls) == value


def test_a_shift_of_one_deviation_is_caught() -> None:
    made = result(units(100, shift=1.0))
    assert made.found == "caught"
    assert made.value is not None
    assert made.value > 0.3
    assert made.control_p is not None
    assert made.control_p > 0.01
    assert made.effect == pytest.approx(1.0, abs=0.35)


def test_no_shift_is_seldom_caught() -> None:
    found = [result(units(40, seed=seed)).found for seed in range(300)]
    # 1 % by right; 9 or more of 300 would happen once in 300 tries
    assert found.count("caught") <= 9
    assert found.count("control failed") <= 9


def test_what_is_less_familiar_is_not_caught() -> None:
    assert result(units(100, shift=-1.0)).found == "no sign"


def test_a_probe_of_few_units_says_what_it_could_not_find() -> None:
    made = result(units(LEAST_UNITS))
    assert made.found == "too weak to tell"
    assert made.detectable is not None
    assert made.detectable > 0.5


def test_below_the_least_number_nothing_is_tried() -> None:
    made = result(units(LEAST_UNITS - 1, shift=9.0))
    assert (made.found, made.p) == ("not possible", None)
    assert made.note == "9 usable units, it takes 10"


def test_what_a_reference_prefers_too_is_no_sign() -> None:
    biased = units(200, shift=1.0)
    assert result(biased).found == "caught"
    assert result(biased, reference=units(200, shift=1.0, seed=5)).found != "caught"
    assert result(units(200, shift=2.5), reference=units(200, shift=0.3, seed=5)).found == "caught"


def test_a_control_that_finds_something_forbids_a_verdict() -> None:
    rigged = [
        msgspec.structs.replace(each, controls=(each.controls[0] + 3, *each.controls[1:]))
        for each in units(100, shift=1.0)
    ]
    assert result(rigged).found == "control failed"


def test_many_probes_share_their_error() -> None:
    one = probe_result("twin", "t", units(40, shift=0.75, seed=3), statistic="s", unit="nats", alpha=0.01)
    alone = adjusted([one])[0]
    crowd = adjusted([one, *(msgspec.structs.replace(one, p=0.9) for _ in range(19))])[0]
    assert alone.p_holm == one.p
    assert crowd.p_holm == pytest.approx(20 * (one.p or 0))
