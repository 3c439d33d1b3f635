"""Text made to break a grader comes back quickly, bounded, and never correct."""

from __future__ import annotations

import faulthandler
import random
import resource
import threading
from collections.abc import Iterator

import pytest

from phi4eval.graders.pool import GradeJob, GradePool
from phi4eval.types import Completion, GraderSpec, Key

CPU_SECONDS = 2.0

HOSTILE = {
    "tower": r"\boxed{9^{9^{9^{9}}}}",
    "flat tower": r"\boxed{9^9^9^9}",
    "tower with spaces": r"\boxed{ 9 ^ { 9 ^ { 9 ^ 9 } } }",
    "tower in brackets": r"\boxed{(9)^{(9^9)}}",
    "tower in braces": r"\boxed{9^{{9^{9}}}}",
    "powers of powers": r"\boxed{((9^{999})^{999})^{999}}",
    "long product of powers": r"\boxed{" + r"9^{999} \cdot " * 60 + "1}",
    "huge power": r"\boxed{10^{10^{10}}}",
    "power written with stars": r"\boxed{9**9**9**9}",
    "factorial": r"\boxed{1000000!}",
    "factorial of factorial": r"\boxed{((100!)!)!}",
    "double factorial": r"\boxed{9999!!}",
    "binomial": r"\boxed{\binom{10000000}{5000000}}",
    "power of a sum": r"\boxed{(a+b+c+d+e)^{500}}",
    "long sum": r"\boxed{" + "+".join(f"x_{{{i}}}" for i in range(20_000)) + "}",
    "big sum sign": r"\boxed{\sum_{k=1}^{1000000000} \frac{1}{k^2}}",
    "big product": r"\boxed{\prod_{k=1}^{1000000} k}",
    "hard integral": r"\boxed{\int_0^1 \sin(x^x)^{\cos(x)} e^{x^{x}} dx}",
    "deep brackets": r"\boxed{" + "(" * 5_000 + "5" + ")" * 5_000 + "}",
    "deep braces": "\\boxed" + "{" * 50_000 + "5" + "}" * 50_000,
    "deep fractions": r"\boxed{" + r"\frac{1}{" * 200 + "5" + "}" * 200 + "}",
    "deep roots": r"\boxed{" + r"\sqrt{" * 300 + "5" + "}" * 300 + "}",
    "unclosed box of 1 MB": r"\boxed{" + "5 " * 500_000,
    "unclosed boxes": r"\boxed{5 " * 20_000,
    "100,000 boxes": " ".join(rf"\boxed{{{i}}}" for i in range(100_000)),
    "100,000 equal boxes": r"\boxed{5} " * 100_000,
    "100,000 answer lines": "Answer: 6\n" * 100_000,
    "answer is is is": "the answer is " * 50_000,
    "dollar signs": "$" * 200_000,
    "backslashes": "\\" * 200_000,
    "open braces": "{" * 200_000,
    "long digits": r"\boxed{" + "5" * 100_000 + "}",
    "long decimal": r"\boxed{5." + "0" * 50_000 + "1}",
    "large exponent": r"\boxed{5e999999999}",
    "large power of ten": r"\boxed{5 \times 10^{999999999}}",
    "spaces": "Answer:" + " " * 200_000 + "6",
    "stars": "**" * 100_000 + "Answer",
    "think tags": "<think>" * 50_000 + "5",
    "code": r"\boxed{__import__('os').system('touch /tmp/phi4eval_was_here')}",
    "code in an answer line": "Answer: eval(\"__import__('os').abort()\")",
    "lambda": r"\boxed{(lambda: 5)()}",
    "attribute walk": r"\boxed{().__class__.__base__.__subclasses__()}",
    "reasons": "6, which is since " * 20_000,
    "counts": "so there are 6 " * 20_000,
    "arithmetic": "1 + 1 = " * 20_000,
    "open figures": "[asy]" * 40_000 + "6",
    "rows": "\\begin{align}x &= 1 \\\\" * 10_000,
    "broken formulas": "$6\n" * 50_000,
    "template": "Answer: {{ 7*7 }} ${jndi:ldap://x} {{config}}",
    "sympy names": r"\boxed{factorial(10**9)}",
    "latex input": r"\boxed{\input{/etc/passwd}}",
    "latex def": r"\boxed{\def\x{\x\x}\x}",
    "nul": "\\boxed{\x005\x00}",
    "bidi": "\\boxed{\u202e5\u202c}",
    "surrogates": "\\boxed{\ud800\udfff}",
    "combining": r"\boxed{5" + "\u0301" * 10_000 + "}",
    "wide matrix": r"\boxed{\begin{pmatrix}" + "&".join("5" * 500) + r"\end{pmatrix}}",
    "long list": r"\boxed{" + ",".join(str(i) for i in range(5_000)) + "}",
    "long or": r"\boxed{5" + " or 6" * 5_000 + "}",
    "many plus minus": r"\boxed{" + r"\pm 1 " * 400 + "}",
    "nested sets": r"\boxed{" + r"\{" * 500 + "5" + r"\}" * 500 + "}",
    "shotgun": "Answer: " + ", ".join(str(i) for i in range(10)),
    "everything is equal": r"\boxed{\text{any number } x \text{ with } x = x}",
}


def splices(count: int) -> list[str]:
    """The table's texts, then joins of two of its shorter ones; the same for every call."""
    chance = random.Random(0)
    short = [text for text in HOSTILE.values() if len(text) < 5_000]
    made = list(HOSTILE.values())
    while len(made) < count:
        first, second = chance.choice(short), chance.choice(short)
        made.append(first[: chance.randrange(len(first) + 1)] + second[chance.randrange(len(second) + 1) :])
    return made[:count]


@pytest.fixture(scope="module")
def pool() -> Iterator[GradePool]:
    with GradePool(1, wall_seconds=20) as opened:
        yield opened


def job(item: str, text: str, grader: str, gold: str = "5") -> GradeJob:
    completion = Completion(task="t", item=item, sample=0, text=text, finish="stop", prompt_hash="")
    key = Key(gold="A" if grader == "choice" else gold, choices=("5", "6", "7") if grader == "choice" else ())
    options = {"rule": "math"} if grader == "simple_evals" else {}
    spec = GraderSpec(name=grader, options=options)
    return GradeJob(task="t", item=item, sample=0, role="main", completion=completion, key=key, spec=spec)


@pytest.mark.parametrize("grader", ["math", "integer", "simple_evals"])
def test_hostile_text_is_never_correct_and_the_pool_stays_healthy(pool: GradePool, grader: str) -> None:
    for name, text in HOSTILE.items():
        pool.submit(job(name, text, grader))
    grades = {grade.item: grade.grade for grade in pool.drain()}
    assert grades.keys() == HOSTILE.keys()
    assert [name for name, grade in grades.items() if grade.verdict == "correct"] == []
    assert [name for name, grade in grades.items() if grade.rule in ("wall_limit", "worker_crashed")] == []
    pool.submit(job("healthy", r"\boxed{5}", "math"))
    assert [grade.grade.verdict for grade in pool.drain()] == ["correct"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_costs_little(name: str) -> None:
    """Processor time of this process, so that a busy machine does not fail the test."""
    from phi4eval.graders import grade_completion

    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    faulthandler.dump_traceback_later(60, exit=True)
    try:
        for grader in ("math", "integer", "choice"):
            asked = job(name, HOSTILE[name], grader)
            grade_completion(asked.completion, asked.key, asked.spec)
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 3 * CPU_SECONDS


def test_the_pool_survives_hostile_texts_in_a_row_fed_from_another_thread() -> None:
    """A sample; benchmarks/grading_hostile.py feeds 10,000. No text says -71, so nothing may be correct."""
    texts = splices(1500)
    graders = ("math", "integer", "math", "simple_evals")
    with GradePool(2, wall_seconds=2) as pool:

        def feed() -> None:
            for number, text in enumerate(texts):
                pool.submit(job(str(number), text, graders[number % 4], gold="-71"))

        thread = threading.Thread(target=feed)
        thread.start()
        thread.join()
        verdicts = {graded.item: graded.grade.verdict for graded in pool.drain()}
        pool.submit(job("healthy", r"\boxed{(x-1)(x+1)}", "math", gold="x^2-1"))
        (healthy,) = pool.drain()
    assert len(verdicts) == len(texts)
    assert [texts[int(item)][:80] for item, verdict in verdicts.items() if verdict == "correct"] == []
    assert healthy.grade.verdict == "correct"
