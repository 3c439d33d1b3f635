"""The only place where a model's program runs: it gets its source and call arguments, and no tests.

Everything this process says is hearsay: the checker decodes it and decides. Runs inside the box.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import types
from typing import Any

from phi4eval.sandbox.codec import ProtocolError, Unsendable, decode, encode, receive, send


def run_candidate(wire: socket.socket, program: str, entry_point: str) -> None:
    """Load the program, then answer calls until the checker closes its end."""
    module = types.ModuleType("candidate")
    sys.modules[module.__name__] = module  # where dataclasses, pickle and typing look
    try:
        exec(compile(program, "candidate.py", "exec", dont_inherit=True), vars(module))
        function = vars(module)[entry_point]
    except BaseException as error:
        send(wire, _raised(error))
        return
    send(wire, ["loaded"])
    while True:
        try:
            _, arguments, keywords = receive(wire)
        except ProtocolError:
            return
        _reply(wire, _answer(function, arguments, keywords))


def _reply(wire: socket.socket, answer: list[Any]) -> None:
    try:
        send(wire, answer)
    except Unsendable as error:
        send(wire, ["unsendable", str(error)])


def _answer(function: Any, arguments: Any, keywords: Any) -> list[Any]:
    try:
        value = function(*decode(arguments), **decode(keywords))
    except BaseException as error:
        return _raised(error)
    try:
        return ["value", encode(value)]
    except Unsendable as error:
        return ["unsendable", str(error)]
    except BaseException as error:
        return _raised(error)


def _raised(error: BaseException) -> list[Any]:
    name, text = "Exception", "an exception that cannot be shown"
    with contextlib.suppress(BaseException):
        name = type(error).__name__[:80]
        text = str(error)[:500].encode("utf-8", "replace").decode()
    return ["raised", name, text]
