"""Responses without a stated answer: what a worked solution concludes with. Rows (gold, response, right).

Written beside the rules that read them, in the manner of published solutions and of forgotten boxes.
"""

from __future__ import annotations

CLASSES: dict[str, list[tuple[str, str, bool]]] = {
    "the last member of a chain": [
        ("89", "Then $a^3 + b^3 = 125 - 36 = 89$.", True),
        ("36", "Then $a^3 + b^3 = 125 - 36 = 89$.", False),
        (
            "\\frac{7}{4}",
            "We simplify:\n\\begin{align*}\n\\frac{21 + 14}{8 + 12} &= \\frac{35}{20} "
            "\\\\\n&= \\frac{7}{4}.\n\\end{align*}",
            True,
        ),
        (
            "\\frac{35}{20}",
            "We simplify:\n\\begin{align*}\n\\frac{21 + 14}{8 + 12} &= \\frac{30}{20} "
            "\\\\\n&= \\frac{3}{2}.\n\\end{align*}",
            False,
        ),
        (
            "61",
            "So \\[\\begin{aligned} N &= 64 - 3 \\\\ &= 61 & \\text{by the above.} \\end{aligned}\\]",
            True,
        ),
        (
            "64",
            "So \\[\\begin{aligned} N &= 64 - 3 \\\\ &= 61 & \\text{by the above.} \\end{aligned}\\]",
            False,
        ),
        ("16", "Reducing, $3^8 \\equiv 9^4 \\equiv 16 \\pmod{17}$.", True),
        ("9", "Reducing, $3^8 \\equiv 9^4 \\equiv 16 \\pmod{17}$.", False),
        ("\\sqrt{3}", "The height is therefore $h = \\sqrt{3} \\approx 1.73$.", True),
        ("1.73", "To two places the height is $h = \\sqrt{3} \\approx 1.73$.", True),
        ("\\sqrt{2}", "The height is therefore $h = \\sqrt{3} \\approx 1.73$.", False),
        ("y = 2x + 3", "The line through both points is $y = 2x + 3$.", True),
        ("2x + 3", "The line through both points is $y = 2x + 3$.", True),
        ("y = 3x + 2", "The line through both points is $y = 2x + 3$.", False),
        ("12", "From the second equation $4x = 20 \\implies x = 5 \\implies x + 7 = 12$.", True),
        ("5", "From the second equation $4x = 20 \\implies x = 5 \\implies x + 7 = 12$.", False),
        ("(2,5)", "\\begin{align*} x &= 2 \\\\ y &= 5 \\end{align*}", True),
        ("(5,2)", "\\begin{align*} x &= 2 \\\\ y &= 5 \\end{align*}", False),
        ("4200", "He pays $\\frac{7}{5} \\cdot \\$3,\\!000 = \\$4,\\!200$.", True),
        ("3000", "He pays $\\frac{7}{5} \\cdot \\$3,\\!000 = \\$4,\\!200$.", False),
    ],
    "a reason that the sentence goes on from": [
        ("4", "Hence we have $2x = 8$, which implies $x = 4$.", True),
        ("8", "Hence we have $2x = 8$, which implies $x = 4$.", False),
        (
            "6",
            "If she buys $c$ boxes she gets $20c$ pens, so since she needs 120, she must buy $c = 6$ boxes.",
            True,
        ),
        (
            "120",
            "If she buys $c$ boxes she gets $20c$ pens, so since she needs 120, she must buy $c = 6$ boxes.",
            False,
        ),
        ("7", "Therefore $(x - 7)^2 - 46$ is minimized when $x = 7$.", True),
        ("46", "Therefore $(x - 7)^2 - 46$ is minimized when $x = 7$.", False),
        ("12", "Adding all three gives $6(x + y + z) = 72$, from which $x + y + z = 12$.", True),
        ("72", "Adding all three gives $6(x + y + z) = 72$, from which $x + y + z = 12$.", False),
        ("3", "The roots round to 1 and 3, the product of which is $3$.", True),
        (
            "\\frac{1}{4}",
            "So $S$ is the triangle with corners $(1,0)$ and $(1,1)$, which has area $\\frac{1}{4}$.",
            True,
        ),
        ("2", "Now we need only the remainder of 20 when divided by 9, which is $2$.", True),
        ("9", "Now we need only the remainder of 20 when divided by 9, which is $2$.", False),
        ("23", "Ben is 23 years old, which is 4 more than Ann.", True),
        ("4", "Ben is 23 years old, which is 4 more than Ann.", False),
        ("15", "The area is 15 since the base is 6 and the height is 5.", True),
        ("5", "The area is 15 since the base is 6 and the height is 5.", False),
    ],
    "what stands behind the value": [
        ("5", "In all we have $5$ values of $x$ such that $\\cos x = 0.3$.", True),
        ("0.3", "In all we have $5$ values of $x$ such that $\\cos x = 0.3$.", False),
        ("10", "The eighth grade should send $10$ of the $18$ members.", True),
        ("18", "The eighth grade should send $10$ of the $18$ members.", False),
        ("9", "Three quarters of the 12 eggs is 9.", True),
        ("-3", "Only the solution $x = -3$ satisfies $x < 0$.", True),
        ("0", "Only the solution $x = -3$ satisfies $x < 0$.", False),
        ("49", "We see that $49$ is the first number with remainder $4$ on division by $5$.", True),
        ("4", "We see that $49$ is the first number with remainder $4$ on division by $5$.", False),
        ("132", "She needed 132 spoons of flour to make 16 muffins.", True),
        ("16", "She needed 132 spoons of flour to make 16 muffins.", False),
        ("48", "There are $48$ integers from $5$ to $52$.", True),
        ("52", "There are $48$ integers from $5$ to $52$.", False),
        (
            "6",
            "So the largest degree of $q(x)$ is $6$. (The leading terms then cancel at infinity in 2 ways.)",
            True,
        ),
        (
            "2",
            "So the largest degree of $q(x)$ is $6$. (The leading terms then cancel at infinity in 2 ways.)",
            False,
        ),
    ],
    "arithmetic in prose": [
        ("26", "A crocodile grows 13*2 = 26 inches in 13 years.", True),
        ("13", "A crocodile grows 13*2 = 26 inches in 13 years.", False),
        ("18", "Therefore, Emma needs to do 72 - 54 = 18 more vlogs to complete the 72 vlogs.", True),
        ("72", "Therefore, Emma needs to do 72 - 54 = 18 more vlogs to complete the 72 vlogs.", False),
        ("1596", "The total amount paid at the end of the year is $840+$756 = $1596", True),
        ("840", "The total amount paid at the end of the year is $840+$756 = $1596", False),
        ("180", "That means they make $90*2=$180 a week", True),
        ("288", "They began with 300 and had 12 left which means they threw 300-12 = 288 balloons.", True),
        ("12", "They began with 300 and had 12 left which means they threw 300-12 = 288 balloons.", False),
        ("45", "She still has to save $320 – $200 – $75 = $45.", True),
        ("75", "She still has to save $320 – $200 – $75 = $45.", False),
        ("3", "Since 4 * 6 = 24, the 72 pupils fill 3 buses.", True),
        ("24", "Since 4 * 6 = 24, the 72 pupils fill 3 buses.", False),
    ],
    "a list or not": [
        ("1.4", "Since $AM = 5$, $XM = 5 - 3.6 = 1.4$ centimeters.", True),
        ("5", "Since $AM = 5$, $XM = 5 - 3.6 = 1.4$ centimeters.", False),
        (
            "118",
            "As neighbours add up to $180^{\\circ}$, $ADC = 180^{\\circ} - 62^{\\circ} = 118^{\\circ}$.",
            True,
        ),
        ("2,-3", "Its roots are $x = 2$ and $x = -3$.", True),
        ("2", "Its roots are $x = 2$ and $x = -3$.", False),
        ("7", "There is no carry in the last two columns, so $6_b + 1_b = 10_b$ and $b = 7$.", True),
        ("10", "There is no carry in the last two columns, so $6_b + 1_b = 10_b$ and $b = 7$.", False),
    ],
    "the sentence that counts": [
        (
            "2",
            "The solutions are $x = 7$ and $x = 5$. So the two numbers are 7 and 5, and "
            "their difference is $2$.",
            True,
        ),
        ("5", "The solution is $x = 5$. Check: $2 \\cdot 5 + 3 = 13$.", True),
        ("13", "The solution is $x = 5$. Check: $2 \\cdot 5 + 3 = 13$.", False),
        (
            "87",
            "One solution is $z = \\frac{3}{4}$. It shows that equality is possible, so the maximum is $87$.",
            True,
        ),
        (
            "\\frac{3}{4}",
            "One solution is $z = \\frac{3}{4}$. It shows that equality is possible, so the maximum is $87$.",
            False,
        ),
        ("729", "So the volume is at most $729$. Equality holds when $a = b = c = 9$.", True),
        ("9", "So the volume is at most $729$. Equality holds when $a = b = c = 9$.", False),
        (
            "40",
            "The axis has length $7.$ Since the foci are $3$ apart, the other has length "
            "\\[7^2 - 3^2 = 40.\\]",
            True,
        ),
        (
            "7",
            "The axis has length $7.$ Since the foci are $3$ apart, the other has length "
            "\\[7^2 - 3^2 = 40.\\]",
            False,
        ),
        (
            "4",
            'So there are $4$ such points.\n\n[asy]\ndraw((0,0)--(3,5));\nlabel("$B$",(3,5),E);\n[/asy]',
            True,
        ),
        (
            "5",
            'So there are $4$ such points.\n\n[asy]\ndraw((0,0)--(3,5));\nlabel("$B$",(3,5),E);\n[/asy]',
            False,
        ),
        ("7", "Because the\nproduct is $(a +\nb)^2 = 49$, the sum is $7$.", True),
        ("49", "Because the\nproduct is $(a +\nb)^2 = 49$, the sum is $7$.", False),
    ],
    "counts, matrices, a statement taken back": [
        ("20", "By this we find that there are $20$ pints in $2\\frac{1}{2}$ gallons.", True),
        ("2\\frac{1}{2}", "By this we find that there are $20$ pints in $2\\frac{1}{2}$ gallons.", False),
        ("5", "So there are $5$ multiples of $17$ that are greater than $-50$ and less than $50$.", True),
        ("50", "So there are $5$ multiples of $17$ that are greater than $-50$ and less than $50$.", False),
        ("24", "There are 12 eggs in a dozen, so there are 24 in two.", True),
        ("1,3", "Therefore there are two solutions: $1$ and $3$.", True),
        (
            "\\begin{pmatrix} 3 \\\\ 4 \\end{pmatrix}",
            "Thus, \\[\\mathbf{v} = 2 \\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix} + "
            "\\begin{pmatrix} 1 \\\\ 0 \\end{pmatrix} = \\begin{pmatrix} 3 \\\\ 4 \\end{pmatrix}.\\]",
            True,
        ),
        (
            "\\begin{pmatrix} 1 \\\\ 0 \\end{pmatrix}",
            "Thus, \\[\\mathbf{v} = 2 \\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix} + "
            "\\begin{pmatrix} 1 \\\\ 0 \\end{pmatrix} = \\begin{pmatrix} 3 \\\\ 4 \\end{pmatrix}.\\]",
            False,
        ),
        (
            "\\begin{pmatrix} 3 & 6 \\\\ 2 & 7 \\end{pmatrix}",
            "\\begin{align*}\nA + B &= \\begin{pmatrix} 1 & 2 \\\\ 0 & 3 \\end{pmatrix} + "
            "\\begin{pmatrix} 2 & 4 \\\\ 2 & 4 \\end{pmatrix} \\\\\n"
            "&= \\begin{pmatrix} 3 & 6 \\\\ 2 & 7 \\end{pmatrix}.\n\\end{align*}",
            True,
        ),
        (
            "5",
            "One is tempted to say that the answer is $10$. But each is counted twice, so it is $5$.",
            True,
        ),
        (
            "10",
            "One is tempted to say that the answer is $10$. But each is counted twice, so it is $5$.",
            False,
        ),
        ("44", "Thus $x = 44$. We may check our answer: $17 \\cdot 44 = 748$.", True),
        ("25", "We have $BC = 5$, $AB = 20$, and $AC = 5 + 20 = 25$.", True),
        ("20", "We have $BC = 5$, $AB = 20$, and $AC = 5 + 20 = 25$.", False),
    ],
}
