r"""What does a formula in LaTeX or plain text say, as a tree?

A small reader for the part of mathematics that most answers are written in: numbers, letters, the four
operations, powers, roots, binomials, factorials, elementary functions. It reads the spelling of
`normal.normalised`. A `\log` without a base has the symbol `log` for one: nobody said which it is. What the
reader does not know, or what can be read in two ways (`1/2x`, `f(x)`), is Unreadable: then the algebra
system decides. Nothing is evaluated here, and depth and size are bounded.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

Node: TypeAlias = tuple[object, ...]
"""("num", Fraction), ("sym", name), ("const", "e" | "i" | "pi"), or an operation and its operands:
add, mul, div, pow (two), neg, fact, abs, floor, ceil, conj (one), root (radicand, index), binom (two),
fn (name, operand), log (base, operand)."""

LIMITS = {"characters": 600, "nodes": 300, "depth": 25, "digits": 1_200}
"""How large a formula may be, by name; a larger one is Unreadable."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)|\\(?P<command>[a-zA-Z]+)|(?P<sign>[-+*/^_!()\[\]{}|a-zA-Z]))"
)
_GREEK = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "kappa",
    "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Sigma", "Phi", "Psi", "Omega", "ell",
))  # fmt: skip
_FUNCTIONS = frozenset((
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "arccot", "arcsec", "arccsc",
    "sinh", "cosh", "tanh", "coth", "sech", "csch", "arcsinh", "arccosh", "arctanh", "ln", "exp", "cis",
))  # fmt: skip
_INVERSE = {name.removeprefix("arc"): name for name in _FUNCTIONS if name.startswith("arc")}
SOME_BASE = "log"
"""The symbol that stands for the base of a logarithm without one."""
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_FLOORS = {"lfloor": ("rfloor", "floor"), "lceil": ("rceil", "ceil")}
_CALLED = frozenset("fghFGHPQ")
"""Letters in front of a parenthesis that are rather functions than factors."""
_DEGREE: Node = ("div", ("const", "pi"), ("num", Fraction(180)))


class Unreadable(Exception):
    """The text is no formula that this reader knows, or has more than one reading."""


@lru_cache(maxsize=8192)
def read_formula(text: str) -> Node | None:
    """The tree of a normalised formula, None where it cannot be read."""
    if len(text) > LIMITS["characters"]:
        return None
    try:
        reader = _Reader(text)
        tree = reader.sum()
        return tree if reader.at_end() else None
    except Unreadable:
        return None


@lru_cache(maxsize=8192)
def symbols_of(node: Node) -> frozenset[str]:
    """Names of the variables of a tree."""
    if node[0] == "sym":
        return frozenset((str(node[1]),))
    parts = [symbols_of(part) for part in node[1:] if isinstance(part, tuple)]
    return frozenset().union(*parts)


class _Reader:
    """A cursor over the tokens of one formula."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position, text = 0, text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise Unreadable(text[position : position + 10])
            kind = match.lastgroup or ""
            self._tokens.append((kind, match[kind]))
            position = match.end()
        self._place = self._depth = self._nodes = 0
        self._angle = 0

    def at_end(self) -> bool:
        return self._place == len(self._tokens)

    def sum(self) -> Node:
        self._depth += 1
        if self._depth > LIMITS["depth"]:
            raise Unreadable("nesting")
        sign = self._take("-", "+")
        total = self._product()
        if sign == "-":
            total = ("neg", total)
        while sign := self._take("-", "+"):
            self._count()
            term = self._product()
            total = ("add", total, ("neg", term) if sign == "-" else term)
        self._depth -= 1
        return total

    # ------------------------------------------------------------ tokens

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else ("end", "")

    def _take(self, *values: str) -> str:
        kind, value = self._peek()
        if kind in ("sign", "command") and value in values and not (kind == "command" and len(value) == 1):
            self._place += 1
            return value
        return ""

    def _want(self, value: str) -> None:
        if not self._take(value):
            raise Unreadable(f"no {value}")

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > LIMITS["nodes"]:
            raise Unreadable("nodes")

    # ------------------------------------------------------------ products

    def _product(self) -> Node:
        result, divided = self._factor(), False
        while True:
            self._count()
            if self._take("*", "cdot", "times"):
                result, divided = ("mul", result, self._signed_factor()), False
            elif self._take("/", "div"):
                result, divided = ("div", result, self._signed_factor()), True
            elif self._starts_factor():
                if divided and not (self._peek() == ("sign", "i") and _is_fraction(result)):
                    raise Unreadable("1/2x")
                result = ("mul", result, self._implied(result))
            else:
                return result

    def _signed_factor(self) -> Node:
        sign = self._take("-")
        factor = self._factor()
        return ("neg", factor) if sign else factor

    def _implied(self, before: Node) -> Node:
        """A factor without a sign: `2x`, `3^n 2^n`, but not `2 3` or the mixed number `2\\frac13`."""
        kind, value = self._peek()
        last = before[2] if before[0] == "mul" else before
        powered = isinstance(last, tuple) and last[0] == "pow" and symbols_of(last[2])
        if kind == "number" and not powered:
            raise Unreadable("a number behind a factor")
        factor = self._factor()
        if value == "frac" and before[0] == "num" and _is_fraction(factor):
            raise Unreadable("a mixed number")
        return factor

    def _starts_factor(self) -> bool:
        kind, value = self._peek()
        if kind == "command":
            return value not in ("cdot", "times", "div", "rfloor", "rceil", "circ")
        return kind == "number" or (kind == "sign" and (value.isalpha() or value in "([{"))

    def _factor(self) -> Node:
        base = self._base()
        raised = False
        while True:
            if self._peek() == ("sign", "!"):
                self._place += 1
                base = ("fact", base)
            elif self._peek() == ("sign", "^"):
                self._place += 1
                if self._peek() == ("command", "circ"):
                    self._place += 1
                    if not self._angle:
                        raise Unreadable("degrees outside of a function")
                    base = ("mul", base, _DEGREE)
                elif raised:
                    raise Unreadable("a tower")
                else:
                    base, raised = ("pow", base, self._script()), True
            else:
                return base

    def _script(self) -> Node:
        """The operand of `^`: one token, with a sign in plain text, or braces."""
        sign = self._take("-")
        kind, value = self._peek()
        if kind == "command" and value in (*_FUNCTIONS, "log") and self._peek(1) == ("sign", "("):
            inner = self._base()  # `x^ln(y)`
            return ("neg", inner) if sign else inner
        plain = kind == "number" or (kind == "sign" and (value in "{(" or value.isalpha()))
        if not plain and (kind != "command" or value not in ("frac", "pi", "sqrt", *_GREEK)):
            raise Unreadable("exponent")
        inner = self._base()
        return ("neg", inner) if sign else inner

    # ------------------------------------------------------------ atoms

    def _base(self) -> Node:
        self._count()
        kind, value = self._peek()
        self._place += 1
        if kind == "number":
            if len(value) > LIMITS["digits"] or self._peek() == ("sign", "_"):
                raise Unreadable("a long number, or one with a base")
            return ("num", Fraction(value))
        if kind == "command":
            return self._command(value)
        if kind == "sign" and value in _PAIRS:
            inner = self.sum()
            self._want(_PAIRS[value])
            return inner
        if kind == "sign" and value == "|":
            inner = self.sum()
            self._want("|")
            return ("abs", inner)
        if kind == "sign" and value.isalpha():
            return self._letter(value)
        raise Unreadable(value or "end")

    def _letter(self, letter: str) -> Node:
        following = [self._peek(ahead) for ahead in range(3)]
        if all(kind == "sign" and value.isalpha() for kind, value in following):
            raise Unreadable("a word")
        if following[0] == ("sign", "(") and letter in _CALLED:
            raise Unreadable("f(x)")
        if following[0] == ("sign", "_"):
            return ("sym", f"{letter}_{self._subscript()}")
        if letter in "ei":
            return ("const", letter)
        return ("sym", letter)

    def _subscript(self) -> str:
        self._place += 1
        kind, value = self._peek()
        self._place += 1
        if kind == "number" or (kind == "sign" and value.isalpha()) or kind == "command":
            return value
        if value != "{":
            raise Unreadable("subscript")
        parts: list[str] = []
        while (token := self._peek()) != ("sign", "}"):
            if token[0] == "end" or token[1] in "{(" or len(parts) > 6:
                raise Unreadable("subscript")
            parts.append(token[1])
            self._place += 1
        self._place += 1
        return "".join(parts)

    def _command(self, name: str) -> Node:
        name = name.removeprefix("var") if name in _GREEK else name  # two shapes of one letter
        if name == "pi":
            return ("const", "pi")
        if name in _GREEK:
            return ("sym", f"{name}_{self._subscript()}" if self._peek() == ("sign", "_") else name)
        if name in ("frac", "binom"):
            operands = (self._braced(), self._braced())
            return ("div" if name == "frac" else "binom", *operands)
        if name == "sqrt":
            index: Node = ("num", Fraction(2))
            if self._take("["):
                index = self.sum()
                self._want("]")
            return ("root", self._braced(), index)
        if name in _FLOORS:
            closer, kind = _FLOORS[name]
            inner = self.sum()
            self._want(closer)
            return (kind, inner)
        if name in ("overline", "bar"):
            inner = self._braced()
            if ("const", "i") not in _leaves(inner) or symbols_of(inner):
                raise Unreadable("a line over it")
            return ("conj", inner)
        if name == "log":
            if self._peek() != ("sign", "_"):
                return self._function(name)
            base = self._log_base()
            return ("log", base, self._argument())
        if name in _FUNCTIONS:
            return self._function(name)
        raise Unreadable(name)

    def _braced(self) -> Node:
        self._want("{")
        inner = self.sum()
        self._want("}")
        return inner

    def _log_base(self) -> Node:
        self._place += 1
        return self._base()

    def _function(self, name: str) -> Node:
        r"""`\sin x`, `\sin(x)`, `\sin^2 x`, `\sin^{-1} x`."""
        power: Node | None = None
        if self._peek() == ("sign", "^"):
            self._place += 1
            power = self._script()
            if power == ("neg", ("num", Fraction(1))):
                name, power = _INVERSE.get(name, ""), None
                if not name:
                    raise Unreadable("an inverse function")
        argument = self._argument()
        value: Node = ("log", ("sym", SOME_BASE), argument) if name == "log" else ("fn", name, argument)
        return ("pow", value, power) if power is not None else value

    def _argument(self) -> Node:
        """What a function applies to: parentheses, or factors up to a sign or the next function."""
        self._angle += 1
        kind, value = self._peek()
        closed = kind == "sign" and value in "({"
        sign = self._take("-")
        # `\sin(x)^2` is the square of the sine
        result = self._base() if closed and value == "(" else self._factor()
        while not closed and self._starts_factor() and not self._another_function():
            self._count()
            result = ("mul", result, self._implied(result))
        self._angle -= 1
        return ("neg", result) if sign else result

    def _another_function(self) -> bool:
        kind, value = self._peek()
        return (kind == "command" and value in (*_FUNCTIONS, "log")) or value == "("


def _is_fraction(node: Node) -> bool:
    """3/2, in front of an imaginary unit: `3/2 i` is rather half of 3i than 3 by 2i."""
    return node[0] == "div" and all(isinstance(part, tuple) and part[0] == "num" for part in node[1:])


def _leaves(node: Node) -> list[Node]:
    inner = [part for part in node[1:] if isinstance(part, tuple)]
    return [node] if not inner else [leaf for part in inner for leaf in _leaves(part)]
