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
    "the unit that is asked for": [
        ("What is its speed in inches per second?", "4", "Its speed is 4 feet per second.", False),
        ("What is its speed in inches per second?", "4", "Its speed is 4 inches per second.", True),
        ("What is its speed in inches per second?", "4", "Its speed is 4.", True),
        ("What is its speed in inches per second?", "48", "Its speed is 4 feet per second.", True),
        ("What is its speed?", "4", "Its speed is 4 feet per second.", True),
        ("How many hours does it take?", "2", "It takes 120 minutes.", True),
        ("How many hours does it take?", "120", "It takes 120 minutes.", False),
        ("How many square units is its area?", "12", "Its area is 12 square centimeters.", True),
        ("How many cookies are left?", "12", "There are 12 cookies left.", True),
        (
            "Let $h$ be its height in feet. How many seconds does it fly?",
            "3",
            "It flies for 3 seconds.",
            True,
        ),
    ],
    "a percentage": [
        ("What percentage of them wear purple?", "50", "So it is 2 out of 4, or 50%.", True),
        ("What percentage of them wear purple?", "2/4", "So it is 2 out of 4, or 50%.", True),
        ("What percent was lost?", "28\\%", "It is down $28 out of $100, a 28 percent loss.", True),
        ("How many dollars were lost?", "28", "It is down 28 percent, which is $28.", True),
    ],
    "a number that the problem gives": [
        (
            "How many can she catch in $4\\frac{1}{2}$ hours?",
            "27",
            "She can catch 27 of them in 4 1/2 hours.",
            True,
        ),
        (
            "How many can she catch in $4\\frac{1}{2}$ hours?",
            "4.5",
            "She can catch 27 of them in 4 1/2 hours.",
            False,
        ),
        ("How long does she need for 40 pages?", "5", "She can read the 40 pages in 5 hours.", True),
        ("How long does she need for 40 pages?", "40", "She can read the 40 pages in 5 hours.", False),
        ("How much do 17 balloons cost?", "1105", "He paid 17 * $65 = $1105 to fill 17 balloons.", True),
        ("How many of the 9 have 4 red faces?", "6", "So, 6 of the cubes have exactly 4 red faces.", True),
        (
            "He has 3 friends. How many sweets does each get?",
            "3",
            "Of the 9 sweets each friend gets 3.",
            True,
        ),
        ("She has 3 cats. How many cats does she keep?", "3", "She keeps all of her 3.", True),
    ],
    "whose number it is": [
        ("How much did Ann get?", "44", "Ann received $44, Bob received $22, and Cleo received $11.", True),
        ("How much did Bob get?", "22", "Ann received $44, Bob received $22, and Cleo received $11.", True),
        ("How much did Bob get?", "11", "Ann received $44, Bob received $22, and Cleo received $11.", False),
        ("How much did they all get?", "11", "Ann received $44 and Dan received $11.", True),
    ],
    "an option as the gold": [
        (
            "Which is the largest? (A) 1/3 (B) 2/3",
            "\\text{(B)}",
            "So 2/3 is larger, which means option B.",
            True,
        ),
        (
            "Which is the largest? (A) 1/3 (B) 2/3",
            "\\text{(A)}",
            "So 2/3 is larger, which means option B.",
            False,
        ),
        (
            "Which can be nonzero?",
            "\\text{E}",
            "So the only such quantity is **(E)** $\\sum_{k=1}^{20} c_k$.",
            True,
        ),
    ],
    "a calculation that was cut off": [
        ("What is 60% of 420?", "252", "Step 2: Find 60% of that.\n0.60 × 420 =", False),
        ("What is 60% of 420?", "252", "Step 2: Find 60% of that.\n0.60 × 420 = 252", True),
        ("What is the sum?", "5", "Adding the two gives 2 +", False),
    ],
    "a value in a line of its own": [
        (
            "What is the value of $a$?",
            "20",
            "$$a = 20$$\n\nThen $b = 21$, and $2(20) - 3(21) = -23$. ✓",
            True,
        ),
        (
            "What is the value of $a$?",
            "-23",
            "$$a = 20$$\n\nThen $b = 21$, and $2(20) - 3(21) = -23$. ✓",
            False,
        ),
        ("What is the value of $x$?", "48", "x = 48\n\nThe two angles are then 74° and 106°.", True),
        (
            "What is $n$?",
            "11",
            "It is below for $n = 10$ and above for $n = 11$.\nI suspect that it is 10 or 11.",
            False,
        ),
        (
            "Compute $\\sin 30^\\circ$.",
            "1/2",
            "sin 30° = 1/2. The side opposite the 30° angle is half as long.",
            True,
        ),
        (
            "Compute $\\sin 30^\\circ$.",
            "30",
            "sin 30° = 1/2. The side opposite the 30° angle is half as long.",
            False,
        ),
        (
            "What is $f(2023)$?",
            "-1536",
            "$f(2023) = -6\\cdot 256 = -1536.$\n\nBut $f(7\\cdot 17) = 96$.",
            True,
        ),
    ],
    "a value that is worked out on the next lines": [
        ("What is $2 * 6$?", "100", "2 * 6 = 2^6 + 6^2\n= 32 + 36\n= 68", False),
        ("What is $2 * 6$?", "68", "2 * 6 = 2^6 + 6^2\n= 32 + 36\n= 68", True),
    ],
    "what only looks like another unit, or like a given number": [
        ("How many miles does it go in one hour?", "72", "It travels 72 miles per hour.", True),
        ("What is the price in euros?", "100", "The price is 100 dollars.", False),
        ("She has 5 tables. How many tables are used?", "5", "She moved 12 of them to 5 tables.", True),
        ("She has 5 tables. How many tables are used?", "12", "She moved 12 of them to 5 tables.", False),
    ],
}
