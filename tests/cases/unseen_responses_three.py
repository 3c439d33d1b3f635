"""A third set of responses in prose: rows (gold, response, right), run once before it was added.

The result is in benchmarks/README.md. Of eight wrong rows seven are right since; the other is OPEN.
"""

from __future__ import annotations

CLASSES: dict[str, list[tuple[str, str, bool]]] = {
    "prose, set three": [
        ("84", "Multiplying the base by the height, 12 × 7, gives an area of 84 square inches.", True),
        ("84", "Multiplying the base by the height, 12 × 7, gives an area of 48 square inches.", False),
        ("3\\sqrt{5}", "Simplifying the radical, we obtain 3√5.", True),
        ("45", "Simplifying the radical, we obtain √45.", False),
        ("4.8e-4", "Therefore the equilibrium constant is 4.8 × 10⁻⁴.", True),
        ("4.8", "Therefore the equilibrium constant is 4.8 × 10⁻⁴.", False),
        ("n(n+1)/2", "The sum of the first n positive integers is n(n+1)/2.", True),
        ("n(n+1)/2", "The sum of the first n positive integers is n(n-1)/2.", False),
        ("2", "The sum of the first n positive integers is n(n+1)/2.", False),
        ("5", "Because $|x-2|=3$ and $x>0$, we must have $x = 5$.", True),
        ("3", "Because $|x-2|=3$ and $x>0$, we must have $x = 5$.", False),
        ("42", "Summing up:\n- Monday: 10\n- Tuesday: 14\n- Wednesday: 18\n\nTotal: 10 + 14 + 18 = 42", True),
        (
            "18",
            "Summing up:\n- Monday: 10\n- Tuesday: 14\n- Wednesday: 18\n\nTotal: 10 + 14 + 18 = 42",
            False,
        ),
        ("13", "Perhaps the answer is around 13.", False),
        ("13", "It could be 13 or 14 depending on how you count.", False),
        ("13", "We find that 13 people can be seated.", True),
        ("31", "So the remaining amount is $50 - $19 = $31.", True),
        ("19", "So the remaining amount is $50 - $19 = $31.", False),
        ("2/9", "The probability of this event works out to be 2/9.", True),
        ("2/9", "The probability of this event works out to be 7/9.", False),
        ("3/8", "So the chance of exactly two heads is 3 in 8.", True),
        ("6", "Daniel is 6 years old, twice as old as his sister, who is 3.", True),
        ("3", "Daniel is 6 years old, twice as old as his sister, who is 3.", False),
        ("160", "Sie zahlt also 160 Euro.", True),
        ("160", "Sie zahlt also 150 Euro, 10 weniger als zuvor.", False),
        ("27", "Donc, Marie a 27 billes au total.", True),
        ("9", "彼は9個のりんごを持っています。", True),
        ("9", "彼は9個のりんごを持っています。彼女は5個です。", False),
        ("(-\\infty,3)", "Thus the solution is $(-\\infty, 3)$.", True),
        ("(-\\infty,3)", "Thus the solution is $(-\\infty, 3]$.", False),
        ("2x+3", "The derivative is 2x + 3.", True),
        ("2x+3", "The derivative is 2x - 3.", False),
        ("64", "So after 6 doublings there are 2^6 = 64 bacteria.", True),
        ("6", "So after 6 doublings there are 2^6 = 64 bacteria.", False),
        ("2^{10}", "Thus there are 2^10 subsets.", True),
        ("10", "Thus there are 2^10 subsets.", False),
        ("50", "They meet after 50 minutes, at which point the first car has gone 75 miles.", True),
        ("75", "They meet after 50 minutes, at which point the first car has gone 75 miles.", False),
        ("100", "Water boils at 100 °C at sea level.", True),
        ("373", "Water boils at 100 °C at sea level.", False),
        ("12", "There were 30 in the beginning; 18 were sold. That leaves 12.", True),
        ("18", "There were 30 in the beginning; 18 were sold. That leaves 12.", False),
        ("7", "x = 7 is the only solution that works.", True),
        ("7", "Hence x = 7 (x = -7 is extraneous).", True),
        ("-7", "Hence x = 7 (x = -7 is extraneous).", False),
        ("9:45", "The bus therefore arrives at 9:45.", True),
        ("1000", "So he saves 1000 dollars a year!", True),
        ("35", "Yes, 35 is right.", True),
        ("8", "So 3 + 5 makes 8.", True),
        ("1/3", "As n grows, the ratio tends to 1/3.", True),
        ("3", "As n grows, the ratio tends to 1/3.", False),
        (
            "11",
            "The remaining number of cookies is 11.\n\nHope this helps! Let me know if you "
            "need anything else.",
            True,
        ),
        ("4i", "Therefore the imaginary part contributes 4i.", True),
        ("4", "Therefore the imaginary part contributes 4i.", False),
        ("50%", "So exactly half of them, or 50%, are blue.", True),
        ("50%", "So exactly 15% are blue.", False),
        ("16", "The answer I get is not 15 but 16.", True),
        ("15", "The answer I get is not 15 but 16.", False),
        ("even", "Since f(-x) = f(x), the function is even.", True),
        ("odd", "Since f(-x) = f(x), the function is even.", False),
    ],
}

OPEN: list[tuple[str, str]] = [
    ("20", "His speed was 20 m/s, or 72 km/h."),
]
"""Right answers that the grader does not read."""
