"""Which assertion failed, and how? The call, the expected and the returned value, for people.

Nothing is run again that could call the candidate: values come from the frame in which the assertion failed.
Runs inside the checker's box, and so may evaluate the tests' own expressions.
"""

from __future__ import annotations

import ast
from types import FrameType, TracebackType
from typing import Any

SOURCE, VALUE = 160, 120
"""Longest quotation of an assertion and of a value, in characters."""
_EXPECTED_NAMES = ("exp", "expected", "expect", "ref", "want")
_NOTHING = object()


def describe_failure(error: BaseException, test: str, call: str, got: Any, names: frozenset[str]) -> str:
    """One line. test: source of test.py; call: the last call as text; got: what it returned; names: how the
    tests call the candidate."""
    frame, line = _innermost(error.__traceback__)
    statement = _assertion(test, line)
    parts = []
    if statement is not None:
        parts.append(quote(" ".join(ast.unparse(statement.test).split()), SOURCE, head="assert "))
    expected = _expected(statement, frame, got, names) if frame is not None else _NOTHING
    if call:
        parts.append(f"called {call}")
        parts.append(
            (f"expected {show(expected)}, " if expected is not _NOTHING else "") + f"got {show(got)}"
        )
    said = " ".join(str(error).split())
    if said and not isinstance(error, AssertionError):
        said = f"{type(error).__name__}: {said}"
    return "; ".join([*parts, *([f"says: {said[:SOURCE]}"] if said else [])]) or "an assertion failed"


def show_call(name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    """A call as it would be written."""
    texts = [show(value) for value in arguments] + [f"{key}={show(value)}" for key, value in keywords.items()]
    return quote(f"{name}({', '.join(texts)})", 2 * VALUE)


def show(value: Any) -> str:
    """A value, capped before and after it becomes text."""
    if isinstance(value, str):
        return quote(repr(value[: VALUE + 1]), VALUE)
    if isinstance(value, list | tuple) and len(value) > VALUE:
        value = value[:VALUE]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 4 * VALUE:
        return f"an integer of {value.bit_length()} bits"
    try:
        return quote(repr(value), VALUE)
    except Exception as error:
        return f"a {type(value).__name__} that cannot be shown ({type(error).__name__})"


def quote(text: str, limit: int, head: str = "") -> str:
    """Text cut to a length, with a sign that it was."""
    return head + (text if len(text) <= limit else f"{text[: limit - 3]}...")


def _innermost(trace: TracebackType | None) -> tuple[FrameType | None, int]:
    frame, line = None, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "test.py":
            frame, line = trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
    return frame, line


def _assertion(test: str, line: int) -> ast.Assert | None:
    try:
        tree = ast.parse(test)
    except (SyntaxError, RecursionError):
        return None
    found = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]  # fmt: skip
    return found[-1] if found else None


def _expected(statement: ast.Assert | None, frame: FrameType, got: Any, names: frozenset[str]) -> Any:
    """The other side of an equality; else a local variable that is named so; else nothing."""
    test = statement.test if statement is not None else None
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is):
        for side in (test.comparators[0], test.left):
            value = _value(side, frame, names)
            if value is not _NOTHING and value is not got:
                return value
    for name in _EXPECTED_NAMES:
        if name in frame.f_locals:
            return frame.f_locals[name]
    return _NOTHING


def _value(node: ast.expr, frame: FrameType, names: frozenset[str]) -> Any:
    """The value of a side that has no call in it."""
    if _mentions(node, names) or any(isinstance(part, ast.Call | ast.Await) for part in ast.walk(node)):
        return _NOTHING
    try:
        code = compile(ast.Expression(body=node), "test.py", "eval", dont_inherit=True)
        return eval(code, frame.f_globals, frame.f_locals)
    except Exception:
        return _NOTHING


def _mentions(node: ast.AST, names: frozenset[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))
