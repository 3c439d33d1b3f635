"""A second set of responses in prose, written after the first was mended: rows (gold, response, right).

Run once before it was added; the result is in benchmarks/README.md. Its four wrong rows are right since.
"""

from __future__ import annotations

CLASSES: dict[str, list[tuple[str, str, bool]]] = {
    "prose, set two": [
        ("36\\pi", "So the volume of the sphere is 36π cubic centimeters.", True),
        ("36\\pi", "So the volume of the sphere is 36π² cubic centimeters.", False),
        ("36", "So the surface area of the sphere is 36π.", False),
        ("5\\sqrt{2}", "By the Pythagorean theorem, the diagonal has length 5√2.", True),
        ("5", "By the Pythagorean theorem, the diagonal has length 5√2.", False),
        ("6.02e23", "That works out to about 10 moles, so we have 6.02 × 10^24 molecules.", False),
        ("1.5e8", "Converting, the distance comes to 1.5 × 10^8 km.", True),
        ("3x^2-4x+7", "Collecting like terms, we get 3x^2 - 4x + 7.", True),
        ("3x^2-4x+7", "Collecting like terms, we get 3x^2 + 4x + 7.", False),
        ("7", "Collecting like terms, we get 3x^2 - 4x + 7.", False),
        ("14", "Since the other root, -3, is rejected, the width must be 14 meters.", True),
        ("-3", "Since the other root, -3, is rejected, the width must be 14 meters.", False),
        (
            "28",
            "**Step 3:** Add the remaining pages.\n\n12 + 16 = 28\n\nTherefore, Lena reads **28 "
            "pages** on Sunday.",
            True,
        ),
        (
            "16",
            "**Step 3:** Add the remaining pages.\n\n12 + 16 = 28\n\nTherefore, Lena reads **28 "
            "pages** on Sunday.",
            False,
        ),
        ("96", "Okay, let me recount. 8 rows with 12 chairs is 96 chairs. Yep, 96.", True),
        ("12", "Okay, let me recount. 8 rows with 12 chairs is 96 chairs. Yep, 96.", False),
        ("4", "So $k$ can be 1, 2, 4 or 8, which makes 4 possible values.", True),
        ("8", "So $k$ can be 1, 2, 4 or 8, which makes 4 possible values.", False),
        ("1/8", "There are 8 equally likely outcomes and one is favorable, so the probability is 1/8.", True),
        ("8", "There are 8 equally likely outcomes and one is favorable, so the probability is 1/8.", False),
        ("3/10", "The probability of drawing a red marble is 3 out of 10.", True),
        ("3/10", "The probability of drawing a red marble is 3 out of 11.", False),
        ("$7.25", "In the end Tom has 7 dollars and 25 cents left.", True),
        ("$7.25", "In the end Tom has 7 dollars and 52 cents left.", False),
        ("no", "Therefore, no, the series does not converge.", True),
        ("no", "So yes, the series converges.", False),
        ("Carla", "Thus, Carla is the fastest runner.", True),
        ("Ben", "Thus, Carla is the fastest runner, just ahead of Ben.", False),
        ("15", "The original number might be 15, though I would want to double-check.", False),
        ("15", "It's possibly 15.", False),
        ("15", "I am not certain, but 15 seems plausible.", False),
        ("15", "So Maya has 15 stickers left.\n\nIs there anything else I can help you with?", True),
        ("240", "Plugging in the numbers: 80 km/h * 3 h = 240 km", True),
        ("3", "Plugging in the numbers: 80 km/h * 3 h = 240 km", False),
        (
            "\\frac{7}{12}",
            "Adding the fractions gives us $\\frac{1}{3} + \\frac{1}{4} = \\frac{7}{12}$, which "
            "is a little more than one half.",
            True,
        ),
        (
            "\\frac{1}{2}",
            "Adding the fractions gives us $\\frac{1}{3} + \\frac{1}{4} = \\frac{7}{12}$, which "
            "is a little more than one half.",
            False,
        ),
        ("(4,-1)", "The vertex of the parabola is therefore located at (4, -1).", True),
        ("(4,-1)", "The vertex of the parabola is therefore located at (4, 1).", False),
        ("40", "Dadurch spart sie insgesamt 40 Euro.", True),
        ("24", "Al final, a Pedro le quedan 24 caramelos.", True),
        ("24", "Al final, a Pedro le quedan 42 caramelos.", False),
        ("35", "Il lui reste donc 35 euros, soit 5 de moins que sa sœur.", True),
        ("18", "因此，小明一共有18个苹果。", True),
        ("18", "因此，小明一共有16个苹果，比小红多18个。", False),
        ("650", "So the total revenue that week came to $650.00.", True),
        ("65", "So the total revenue that week came to $650.00.", False),
        ("12.5%", "That is an increase of 12.5% over the previous year.", True),
        ("x=2,y=3", "Substituting back, y = 9 - 6 = 3. So the solution is x = 2 and y = 3.", True),
        ("x=2,y=3", "Substituting back, y = 9 - 6 = 3. So the solution is x = 3 and y = 2.", False),
        (
            "9",
            "We need the number of subsets with sum 10.\n\nCounting carefully: {1,9}, {2,8}, "
            "{3,7}, ... I count 9 in all.",
            True,
        ),
        ("2025", "The year with that property is 2025.", True),
        ("6", "<think>Let me see... 6? no 7.</think>\n\nEach child gets 7 candies, with 6 left over.", False),
        ("7", "<think>Let me see... 6? no 7.</think>\n\nEach child gets 7 candies, with 6 left over.", True),
        ("2\\cos x", "Differentiating 2 sin(x) gives 2cos(x).", True),
        ("\\ln 2", "Evaluating the integral from 1 to 2, we obtain ln 2.", True),
        ("2", "Evaluating the integral from 1 to 2, we obtain ln 2.", False),
        ("45 minutes", "It takes her three quarters of an hour, or 45 minutes, to get there.", True),
        ("17", "The smallest such prime is 17 (the next one is 19).", True),
        ("19", "The smallest such prime is 17 (the next one is 19).", False),
        ("twelve", "In total there are twelve arrangements.", True),
    ],
}
