"""Responses whose reading depends on what the problem asks for. Rows (problem, gold, response, right).

Each class also has rows that only look like it, and rows of the same responses under another problem.
"""

from __future__ import annotations

CLASSES: dict[str, list[tuple[str, str, str, bool]]] = {
    "the value of an expression": [
        (
            "Write $x^2-x-1=0$ as $(x+a)^2 = b$. What is $b$?",
            "\\frac54",
            "So $a=-\\frac12$ and $b=\\frac54$.",
            True,
        ),
        (
            "Write $x^2-x-1=0$ as $(x+a)^2 = b$. What is $a$?",
            "-\\frac12",
            "So $a=-\\frac12$ and $b=\\frac54$.",
            True,
        ),
        (
            "Write $x^2-x-1=0$ as $(x+a)^2 = b$. What is $a$?",
            "\\frac54",
            "So $a=-\\frac12$ and $b=\\frac54$.",
            False,
        ),
        ("Find all values of $x$.", "2, -3", "So $x = 2$ or $x = -3$.", True),
        ("Find $x$.", "-3", "So $x = 2$ or $x = -3$.", False),
        ("What is $a+b$?", "7", "Hence $a + b = 3 + 4 = 7$.\n\nThis uses $a = 3$.", True),
        ("What is $a+b$?", "3", "Hence $a + b = 3 + 4 = 7$.\n\nThis uses $a = 3$.", False),
        ("What is $a$?", "3", "We have $2a + b = 10$ and $b = 4$, thus $a = 3$.", True),
        (
            "What is $\\lfloor t \\rfloor$?",
            "6",
            "We conclude $\\lfloor t\\rfloor=6$. You should find $t = 6.17$.",
            True,
        ),
        ("What is $t$?", "6.17", "We conclude $\\lfloor t\\rfloor=6$. You should find $t = 6.17$.", True),
        ("Find the value of $n$.", "9", "We have $n = 2k + 1$. With $k = 4$ this is 9.", True),
        ("Find the value of $n$.", "4", "We have $n = 2k + 1$. With $k = 4$ this is 9.", False),
    ],
    "a count in front of what was counted": [
        (
            "How many solutions are there?",
            "3",
            "Thus there are $3$ solutions: $x = 0$, $x = 9$ and $x = -8$.",
            True,
        ),
        (
            "How many solutions are there?",
            "-8",
            "Thus there are $3$ solutions: $x = 0$, $x = 9$ and $x = -8$.",
            False,
        ),
        (
            "Find all solutions.",
            "0, 9, -8",
            "Thus there are $3$ solutions: $x = 0$, $x = 9$ and $x = -8$.",
            True,
        ),
        ("Find the number of triples.", "1", "So there is only $1$ triple, namely $(1,2,1).$", True),
        ("How many roots does it have?", "2", "This leads to the $2$ solutions $x = 1$ and $x = 5.$", True),
        (
            "How many weeks does it take?",
            "4",
            "It takes 4 weeks. Here is one possible way to sit: $1, 3, 2$",
            True,
        ),
        (
            "How many functions are both?",
            "1",
            "There is exactly $1$ such function, namely the function $f(x) = 0.$",
            True,
        ),
        (
            "How many functions are both?",
            "0",
            "There is exactly $1$ such function, namely the function $f(x) = 0.$",
            False,
        ),
    ],
    "a rounded value": [
        (
            "How much more, rounded to the nearest dollar?",
            "118",
            "It is $13500-13382.255 \\approx 118$ dollars.",
            True,
        ),
        ("How much more, exactly?", "118", "It is $13500-13382.255 \\approx 118$ dollars.", False),
        (
            "To the nearest integer, how far is it?",
            "13",
            "It is $\\sqrt{164} = 12.8$. So they are about 13 miles apart.",
            True,
        ),
        (
            "What is the nearest whole number of degrees?",
            "107",
            "It gets $\\frac{145}{488}\\cdot360\\approx107$ degrees.",
            True,
        ),
    ],
    "cents": [
        ("How much does one cost, in cents?", "25", "Each of the 8 costs $2.00/8 = $0.25 each", True),
        ("How much does one cost, in cents?", "0.25", "Each of the 8 costs $2.00/8 = $0.25 each", False),
        ("How much does one cost?", "0.25", "Each of the 8 costs $2.00/8 = $0.25 each", True),
        ("How much does one cost?", "25", "Each of the 8 costs $2.00/8 = $0.25 each", False),
        ("How many cents are left?", "150", "He has $4.00 - $2.50 = $1.50", True),
    ],
    "an answer in front of its explanation": [
        (
            "Find the minimum value of $4a + 3b$.",
            "12",
            "The minimum value is 12.\n\nBy AM-GM each term is at least 4, and equality holds when $a = 2$.",
            True,
        ),
        (
            "Find the minimum value of $4a + 3b$.",
            "2",
            "The minimum value is 12.\n\nBy AM-GM each term is at least 4, and equality holds when $a = 2$.",
            False,
        ),
        ("What is $n$?", "333", "**333**\n\nThe digit sum is $3a$, and the smallest such digit is 3.", True),
        ("What is $n$?", "3", "**333**\n\nThe digit sum is $3a$, and the smallest such digit is 3.", False),
        ("What is $n$?", "4", "**3 cases**\n\nIn the last one $n = 4$. So $n = 4$.", True),
        (
            "How far?",
            "40",
            "The train goes 40 miles. To see why, take the speed of 20 miles per hour times 2.",
            True,
        ),
        (
            "What is the area?",
            "9",
            "The area is 12. Wait, that is the whole square. The shaded part is 9.",
            True,
        ),
        (
            "What is the area?",
            "9",
            "The area of the square is 12. A quarter of it is not shaded.\n\nSo 9.",
            True,
        ),
        (
            "What is the probability that both are white?",
            "\\frac1{12}",
            "The probability that the first is white is $\\frac13$. The second is in $\\frac14$ of cases."
            "\n\nThe product is $\\frac{1}{12}$.",
            True,
        ),
    ],
}
