"""How do MBPP's assertions become a test that can be run?

MBPP has no entry point and no signature: a row has assertions that call a function, and a reference solution
that defines it. MBPP+'s column `test` is a whole script that calls it. Here the function's name is the one
that the reference defines and the assertions call; definitions, imports and assignments of a test stay where
they are, and everything else becomes the body of `check`.
"""

from __future__ import annotations

import ast
import textwrap
from typing import Any

from phi4eval.errors import DataError


def asserted_name(value: Any, choices: tuple[str, ...], where: str) -> str:
    """The name of the function under test. value: [assertions, reference solution]."""
    assertions, code = value
    defined = [node.name for node in ast.walk(_parsed(code, where)) if isinstance(node, ast.FunctionDef)]
    called = {
        node.func.id
        for node in ast.walk(_parsed(_script(assertions), where))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    found = [name for name in defined if name in called]
    if not found:
        raise DataError(f"{where}: the assertions call no function that the solution defines")
    return found[-1]  # helpers come before what uses them


def asserted_head(value: Any, choices: tuple[str, ...], where: str) -> str:
    """A head that stands for the function until an answer defines it. value: as for asserted_name."""
    return f"def {asserted_name(value, choices, where)}(*arguments):\n"


def asserted_check(value: Any, choices: tuple[str, ...], where: str) -> str:
    """A program with a function `check`. value: [test script or assertions, what goes before them]."""
    script, *before = value
    source = "\n".join(filter(None, (*map(_script, before), _script(script))))
    outside: list[ast.stmt] = []
    inside: list[ast.stmt] = []
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    for node in _parsed(source, where).body:
        (outside if isinstance(node, kept) else inside).append(node)
    if not inside:
        raise DataError(f"{where}: the test asserts nothing")
    head = ast.unparse(ast.Module(body=outside, type_ignores=[]))
    body = textwrap.indent(ast.unparse(ast.Module(body=inside, type_ignores=[])), "    ")
    return f"{head}\n\n\ndef check(candidate):\n{body}\n"


def _script(value: Any) -> str:
    """Lines of a list, or a text as it is."""
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _parsed(source: str, where: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(f"{where}: the code cannot be parsed: {error}") from error
