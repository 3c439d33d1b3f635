"""What does a judge model get asked about two expressions, and what does its reply mean?

The published protocol for MATH asks a model whether two expressions are equivalent under trivial
simplifications. TEMPLATE is its prompt, byte for byte: openai/simple-evals, EQUALITY_TEMPLATE, unchanged from
the first version of its math_eval.py to its common.py of 2025 and so also at a8e85cc (2024-11-20), the last
state before the report. The rest of the protocol is kept too: no system message, temperature 0.5, gold first,
right if and only if the stripped lower-case reply is `yes`, and an answer that could not be extracted goes to
the judge as the text None. Its judge was gpt-4-turbo-preview; another model gives another judge's verdicts.
"""

from __future__ import annotations

from phi4eval.graders.extract import Candidate
from phi4eval.graders.simple_evals import find_answer
from phi4eval.seeds import content_hash
from phi4eval.types import Draw, Grade, Key, Message, Prompt, Sampling

VERSION = "2"

TEMPLATE = """\
Look at the following two expressions (answers to a math problem) and judge whether they are equivalent. \
Only perform trivial simplifications

Examples:

    Expression 1: $2x+3$
    Expression 2: $3+2x$

Yes

    Expression 1: 3/2
    Expression 2: 1.5

Yes

    Expression 1: $x^2+2x+1$
    Expression 2: $y^2+2y+1$

No

    Expression 1: $x^2+2x+1$
    Expression 2: $(x+1)^2$

Yes

    Expression 1: 3245/5
    Expression 2: 649

No
(these are actually equal, don't mark them equivalent if you need to do nontrivial simplifications)

    Expression 1: 2/(-3)
    Expression 2: -2/3

Yes
(trivial simplifications are allowed)

    Expression 1: 72 degrees
    Expression 2: 72

Yes
(give benefit of the doubt to units)

    Expression 1: 64
    Expression 2: 64 square feet

Yes
(give benefit of the doubt to units)

---

YOUR TASK


Respond with only "Yes" or "No" (without quotes). Do not include a rationale.

    Expression 1: %(expression1)s
    Expression 2: %(expression2)s"""

SAMPLING = Sampling(temperature=0.5, max_tokens=16)
"""The protocol allows 1,024 tokens; what is longer than 16 is no `yes`, so the verdict is the same."""


def judge_prompt(text: str, key: Key, *, task: str, item: str, sample: int, seed: int) -> Prompt:
    """The question about one completion: its extracted answer against the gold."""
    found = find_answer(text)
    content = TEMPLATE % {"expression1": key.gold, "expression2": found.text if found else None}
    messages = (Message(role="user", content=content),)
    return Prompt(
        task=task,
        item=item,
        messages=messages,
        sampling=SAMPLING,
        draws=(Draw(sample=sample, seed=seed),),
        hash=content_hash([messages, SAMPLING]),
    )


def read_reply(reply: str) -> bool | None:
    """True for yes, False for no, None for anything else (which the protocol counts as no)."""
    word = reply.strip().lower()
    return True if word == "yes" else False if word.rstrip(".") == "no" else None


def judged_grade(text: str, reply: str, symbolic: Grade, model: str) -> Grade:
    """The judge's verdict on a completion, with the symbolic grader's opinion of it as a flag."""
    found: Candidate | None = find_answer(text)
    said = read_reply(reply)
    right = said is True
    agrees = right == (symbolic.verdict == "correct")
    flags = ("judge_agrees" if agrees else "judge_differs", *(() if said is not None else ("judge_unclear",)))
    return Grade(
        verdict="correct" if right else "incorrect" if found else "no_answer",
        score=float(right),
        extracted=found.text if found else None,
        span=found.span if found else None,
        rule="judge/yes" if right else "judge/no",
        explanation=(
            f'{model} replied "{reply.strip()[:40]}"; the symbolic grader says {symbolic.verdict}'
            f" ({'agrees' if agrees else 'differs'})"
        ),
        grader=f"judge@{VERSION}",
        flags=flags,
    )
