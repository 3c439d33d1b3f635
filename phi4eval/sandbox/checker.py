"""Runs a problem's own `check` with the candidate as a remote call, and decides.

The asserts see real builtin values on this side of the wire, so Python's own `==` decides. A pass needs every
assert done and at least one call. Runs inside a box too: tests are third-party code. The verdict leaves on a
pipe that the candidate does not have, with a nonce that it never saw.
"""

from __future__ import annotations

import builtins
import json
import os
import socket
from typing import Any

from phi4eval.sandbox.codec import ProtocolError, Unsendable, decode, encode, receive, send
from phi4eval.sandbox.explain import describe_failure, show_call
from phi4eval.sandbox.numpy_checks import refuse_nothing_for_something

DETAIL = 900
"""Longest detail, in characters."""
_NOT_TO_RAISE = (AssertionError, StopIteration, StopAsyncIteration)


class _BoxError(Exception):
    """The candidate's box was not shut, or the tests ask for what cannot be asked: no score."""


class _Remote:
    """The candidate as the tests call it. `fault` is what went wrong on its side, as (verdict, detail).

    broken: it did something other than return or raise; tests that catch every exception cannot excuse that.
    """

    def __init__(self, wire: socket.socket, name: str) -> None:
        self._wire = wire
        self._name = name
        self.calls = 0
        self.fault: tuple[str, str] | None = None
        self._last: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
        self.got: Any = None
        self.broken = False
        self.__name__ = name

    def load(self) -> bool:
        """Whether the program is there; _BoxError if its box was not shut before it came."""
        reply = self._reply()
        if reply != ["boxed"]:
            raise _BoxError(str(reply[1:2]))
        reply = self._reply()
        if reply[0] != "loaded":
            self._fail(reply)
        return bool(reply[0] == "loaded")

    @property
    def call(self) -> str:
        """The last call as text."""
        return show_call(self._name, *self._last) if self.calls else ""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        self.calls += 1
        try:
            asked = ["call", encode(arguments), encode(keywords)]
            self._last = (arguments, keywords)
            send(self._wire, asked)
        except Unsendable as error:
            if self.calls == 1:
                raise _BoxError(f"the tests call with {error}") from error
            # tests may pass on what the candidate returned: it must not be able to stop the run by that
            self.broken = True
            self.fault = ("protocol", f"after an answer of the candidate the tests call with {error}")
            raise ProtocolError(str(error)) from error
        except OSError as error:
            self.broken = True
            self.fault = ("crashed", "the program ended before it had answered every call")
            raise ProtocolError(str(error)) from error
        reply = self._reply()
        if reply[0] == "value" and len(reply) == 2:
            try:
                self.got = decode(reply[1])
            except MemoryError as error:
                self.broken = True
                self.fault = ("memory", "the candidate sent a value that does not fit into memory")
                raise ProtocolError(str(error)) from error
            except Exception as error:
                self.broken = True
                self.fault = ("protocol", "the candidate sent something that is no value")
                raise ProtocolError(str(error)) from error
            return self.got
        raise self._fail(reply)

    def _reply(self) -> list[Any]:
        try:
            reply = receive(self._wire)
        except (ProtocolError, OSError) as error:
            ended = getattr(error, "ended", True)
            self.broken = True
            self.fault = (
                ("crashed", "the program ended before it had answered every call")
                if ended
                else ("protocol", f"the candidate sent {error}")
            )
            raise ProtocolError(str(error)) from error
        if type(reply) is not list or not reply or type(reply[0]) is not str:
            self.broken = True
            self.fault = ("protocol", "the candidate sent something that is no reply")
            raise ProtocolError("not a reply")
        return reply

    def _fail(self, reply: list[Any]) -> BaseException:
        """The exception that the tests see; a test may expect it, so the fault is kept, not decided, here."""
        self.broken = reply[0] != "raised"
        if reply[0] == "unsendable" and len(reply) == 2:
            self.fault = ("wrong", f"{self.call} returned {str(reply[1])[:200]}, which no test can compare")
            return ProtocolError("not a value")
        if reply[0] != "raised" or len(reply) != 3:
            self.broken = True
            self.fault = ("protocol", "the candidate sent something that is no reply")
            return ProtocolError("not a reply")
        name, text = str(reply[1])[:80], str(reply[2])[:500]
        where = f"; called {self.call}" if self.calls else "; while loading"
        self.fault = ("memory" if name == "MemoryError" else "exception", f"{name}: {text}"[:500] + where)
        kind = getattr(builtins, name, None)
        # a StopIteration would end a test's own loop, as in all(map(candidate, cases)), before its last case
        if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, _NOT_TO_RAISE):
            try:
                return kind(text)
            except Exception:
                return RuntimeError(text)
        return RuntimeError(f"{name}: {text}")


def run_checker(wire: socket.socket, verdict_pipe: int, problem: dict[str, str], nonce: str) -> None:
    """Decide, and write one verdict frame: nonce, verdict, detail."""
    remote = _Remote(wire, problem["entry_point"])
    try:
        verdict, detail = _decide(remote, problem)
    except _BoxError as error:
        verdict, detail = "sandbox-error", f"the program's box was not shut: {error}"
    os.write(verdict_pipe, json.dumps([nonce, verdict, detail[:DETAIL]]).encode() + b"\n")


def _decide(remote: _Remote, problem: dict[str, str]) -> tuple[str, str]:
    try:
        if not remote.load():
            return remote.fault or ("exception", "the program did not load")
    except ProtocolError:
        return remote.fault or ("crashed", "the program ended while loading")
    refuse_nothing_for_something()
    space: dict[str, Any] = {"__name__": "checker"}
    try:
        exec(compile(problem["prompt"] + "\n    pass\n", "prompt.py", "exec", dont_inherit=True), space)
        space[problem["entry_point"]] = remote
        exec(compile(problem["test"], "test.py", "exec", dont_inherit=True), space)
        check = space["check"]
    except _BoxError:
        raise
    except Exception as error:
        return "sandbox-error", f"the problem's tests do not load: {type(error).__name__}: {error}"
    try:
        check(remote)
    except _BoxError as error:
        return "sandbox-error", str(error)
    except ProtocolError:
        return remote.fault or ("protocol", "the candidate sent something that is no value")
    except BaseException as error:
        if not isinstance(error, AssertionError) and remote.fault is not None:
            return remote.fault
        names = frozenset({"candidate", problem["entry_point"]})
        return "wrong", describe_failure(error, problem["test"], remote.call, remote.got, names)
    if remote.broken and remote.fault is not None:
        return remote.fault
    return ("pass", "") if remote.calls else ("sandbox-error", "the tests never called the function")
