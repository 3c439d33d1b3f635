"""What would another project's grader say? math-verify, and lm-eval's two for MATH, as installed, unchanged.

For comparison only. They use SIGALRM and catch their own failures, so they run where this module is called in
a process that may be killed (the grade pool's workers).
"""

from __future__ import annotations

from collections.abc import Mapping

from phi4eval.errors import MissingError, UsageError, did_you_mean
from phi4eval.types import Grade, Key

VERSION = "1"
PEERS = ("hendrycks_math", "math_verify", "minerva_math")
GRADES_TRUNCATED = True

_OLDER_PARSER = "lm-eval's minerva_math asserts antlr4-python3-runtime==4.11, and another one is installed"


def preload() -> None:
    """lm-eval's task modules take seconds to import; that is not on a job's clock."""
    import math_verify  # noqa: F401


def grade(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    """Judge by the peer named in the options. Options: peer, one of PEERS."""
    peer = options.get("peer", "")
    if peer not in PEERS:
        raise UsageError(
            f'no peer grader "{peer}"', did_you_mean(peer, PEERS, f"there are {', '.join(PEERS)}")
        )
    judge = {"math_verify": _math_verify, "minerva_math": _minerva, "hendrycks_math": _hendrycks}[peer]
    try:
        same = judge(text, key.gold)
    except (ImportError, AssertionError) as error:  # lm-eval asserts the version of a parser it needs
        assertion = peer == "minerva_math" and "antlr4" in str(error)
        why = _OLDER_PARSER if assertion else f"{peer} needs a package: {error}"
        raise MissingError(why, "pip install lm-eval math-verify") from error
    return Grade(
        verdict="correct" if same else "incorrect",
        score=float(same),
        rule=peer,
        explanation=f"{peer} says {'right' if same else 'wrong'}",
        grader=f"peers@{VERSION}",
    )


def _math_verify(text: str, gold: str) -> bool:
    """Its own README's use, with the gold as LaTeX: the best of its configurations on bare golds."""
    from math_verify import parse, verify

    return bool(verify(parse(f"${gold}$"), parse(text)))


def _minerva(text: str, gold: str) -> bool:
    """lm-eval's minerva_math, its math_verify figure left out: normalised strings and sympy."""
    from lm_eval.tasks.minerva_math import utils

    answer = utils.normalize_final_answer(utils.get_unnormalized_answer(text))
    return bool(utils.is_equiv(answer, utils.normalize_final_answer(gold)))


def _hendrycks(text: str, gold: str) -> bool:
    """lm-eval's hendrycks_math: what stands between the first and the last dollar sign, as a string."""
    from lm_eval.tasks.hendrycks_math import utils

    return bool(utils.process_results({"solution": f"\\boxed{{{gold}}}"}, [text])["exact_match"])
