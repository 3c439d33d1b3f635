"""Does the program pass the problem's tests? For HumanEval and its kin.

`key.extra` has `prompt`, `test` and `entry_point`. The program is assembled from the answer by `assemble`,
and run by a sandbox that the caller brings (`run_code`); this module itself runs nothing.
"""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

from phi4eval.graders.empty import is_refusal
from phi4eval.types import Grade, Key, Verdict

VERSION = "3"
EXECUTES = True

_NAME = f"code@{VERSION}"
CHARACTERS = 60_000
"""A longer answer is not assembled: no solution has that size."""
_FENCE = re.compile(r"^[ \t]{0,8}(```+|~~~+)[ \t]{0,3}([\w+.#-]{0,20})[^\n]{0,80}\n", re.MULTILINE)
_PYTHON = frozenset({"", "python", "py", "python3", "py3", "code", "python2"})
_CODE_LINE = re.compile(r"(?:import |from \w[\w.]* import |def \w|class \w|@\w|async def \w)")
_LOOKS_LIKE_CODE = re.compile(
    r"^[ \t]*(?:return\b|def |for |while |if .+:|[\w\[\], .]+ ?[-+*/]?= ?\S|print\(|import |from "
    r"|pass\b|raise |yield )",
    re.MULTILINE,
)


class CodeOutcome(Protocol):
    """What a sandbox says about one program."""

    @property
    def verdict(self) -> str:
        """pass, wrong, exception, timeout, memory, crashed, protocol or sandbox-error."""
        ...

    @property
    def detail(self) -> str:
        """One line for people."""
        ...

    @property
    def tier(self) -> int:
        """How strong the sandbox was, 0 (none) to 4."""
        ...


class RunCode(Protocol):
    """Runs a program against a problem's tests. timeout: seconds for the whole problem."""

    def __call__(self, problem: Mapping[str, str], program: str, *, timeout: float) -> CodeOutcome:
        """The outcome; never raises for any program."""
        ...


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The code found in an answer: its text, where, and by which rule."""

    text: str
    span: tuple[int, int]
    rule: str


def grade(text: str, key: Key, options: Mapping[str, str], *, run_code: RunCode | None = None) -> Grade:
    """Run the answer's code. Options: timeout, seconds for a whole problem (default 3.0).

    The strength of the box it ran in is a flag of the grade, sandbox_tier_0 to sandbox_tier_4. The option
    sandbox (require, best or none) is for who opens the sandbox and changes nothing here.
    """
    source = find_source(text, key)
    if source is None:
        if is_refusal(text):
            return make_grade("refused", "refusal", "the model declined to answer")
        return make_grade("no_answer", "none", "no code found")
    return run(assemble(text, key), source, key, options, run_code)


def run(
    program: str, source: Source, key: Key, options: Mapping[str, str], run_code: RunCode | None
) -> Grade:
    """Run an assembled program in the caller's sandbox, and say what its outcome means as a grade."""
    if run_code is None:
        return make_grade(
            "error", f"{source.rule}/no_sandbox", "no sandbox was given to run the code in", source
        )
    outcome = run_code(key.extra, program, timeout=float(options.get("timeout", "3.0")))
    verdict: Verdict = {"pass": "correct", "sandbox-error": "error"}.get(outcome.verdict, "incorrect")  # type: ignore[assignment]
    explanation = "all tests passed" if verdict == "correct" else f"{outcome.verdict}: {outcome.detail}"[:700]
    flags = (f"sandbox_tier_{outcome.tier}", *(("timeout",) if outcome.verdict == "timeout" else ()))
    return make_grade(verdict, f"{source.rule}/{outcome.verdict}", explanation, source, flags)


def make_grade(
    verdict: Verdict, rule: str, explanation: str, source: Source | None = None, flags: tuple[str, ...] = ()
) -> Grade:
    """A grade whose evidence is the code that was run."""
    return Grade(
        verdict=verdict,
        score=1.0 if verdict == "correct" else 0.0,
        extracted=source.text if source else None,
        span=source.span if source else None,
        rule=rule,
        explanation=explanation,
        grader=_NAME,
        flags=flags,
    )


def find_source(text: str, key: Key) -> Source | None:
    """The code in an answer.

    The last fenced block that defines the entry point; else the first fenced Python block; else, without any
    fence, the answer itself: from the first line of code around the function's definition, or all of it if it
    reads like a function body. None: no code.
    """
    if len(text) > CHARACTERS:
        return None
    blocks = [block for block in _fenced(text) if block.text.strip()]
    if blocks:
        defining = [block for block in blocks if _defines(block.text, key)]
        return defining[-1] if defining else blocks[0]
    if _defines(text, key):
        return _from_first_code_line(text, key)
    if _LOOKS_LIKE_CODE.search(text):
        return Source(text=text, span=(0, len(text)), rule="body")
    return None


def _fenced(text: str) -> Iterator[Source]:
    position = 0
    while head := _FENCE.search(text, position):
        close = re.compile(rf"^[ \t]{{0,8}}{head[1]}", re.MULTILINE).search(text, head.end())
        end = close.start() if close else len(text)
        if head[2].lower() in _PYTHON:
            yield Source(
                text=text[head.end() : end],
                span=(head.end(), end),
                rule="closed_fence" if close else "open_fence",
            )
        if close is None:
            return
        position = close.end()


def _defines(code: str, key: Key) -> bool:
    name = re.escape(key.extra.get("entry_point", ""))
    return bool(name) and re.search(rf"^[ \t]*(?:async )?def {name}\s*\(", code, re.MULTILINE) is not None


def _from_first_code_line(text: str, key: Key) -> Source:
    """Prose in front and behind taken off: whole lines, until the rest parses."""
    lines = text.splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if _CODE_LINE.match(line.lstrip()))
    for last in range(len(lines), max(first, len(lines) - 100), -1):
        body = "".join(lines[first:last])
        if _parses(textwrap.dedent(body)) and _defines(body, key):
            start = len("".join(lines[:first]))
            return Source(text=body, span=(start, start + len(body)), rule="function")
    start = len("".join(lines[:first]))
    return Source(text=text[start:], span=(start, len(text)), rule="function")


def assemble(text: str, key: Key) -> str:
    """The program to test: the problem's prompt, then the answer's code.

    A whole function redefines the one the prompt begins, so the prompt's imports and helpers are there. A
    bare body continues the prompt, at whatever indent it was written. Of the possible readings the first that
    parses is taken; if none does, the plain concatenation.
    """
    prompt, source = key.extra.get("prompt", ""), find_source(text, key)
    code = source.text if source else text
    for program in _readings(prompt, code, key):
        if _parses(program):
            return program
    return f"{prompt}{code}"


def _readings(prompt: str, code: str, key: Key) -> Iterator[str]:
    whole = textwrap.dedent(code)
    if _defines(code, key):
        yield f"{prompt.rstrip()}\n    pass\n\n\n{whole}"
        yield whole
        return
    if not prompt.endswith("\n"):
        prompt = f"{prompt}\n"
    if code[:1].isspace():
        yield prompt + code.lstrip("\n")
    yield prompt + textwrap.indent(whole.strip("\n"), "    ") + "\n"
    first, _, rest = code.strip("\n").partition("\n")
    yield f"{prompt}    {first.strip()}\n{textwrap.indent(textwrap.dedent(rest), '    ')}\n"
    yield f"{prompt}    {first.strip()}\n{rest}\n"


def _parses(program: str) -> bool:
    """Compiled, not run: parsing alone would let a `return` outside its function pass."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(program, "candidate.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
