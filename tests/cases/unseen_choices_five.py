"""Choices as language models end their responses, fifth set: the held-out one.

Rows (gold, response, right), labelled by hand before the grader was run on them. Of the rows that the
first run judged otherwise one false positive was mended, and one right answer is still not read: OPEN.
"""

from __future__ import annotations

PLANETS = ("Mercury", "Venus", "Mars", "Jupiter", "Saturn")
OXIDATION = ("+2", "+3", "+6", "+7")
LIMITS = (r"$0$", r"$1$", r"$e$", r"$\infty$")
VOLTS = ("1.5 V", "3 V", "6 V", "12 V")
STACKS = ("push", "pop", "peek", "enqueue")
DNA = (
    "It unwinds the double helix",
    "It joins Okazaki fragments",
    "It adds nucleotides to the 3' end",
    "It removes RNA primers",
)
PROBS = ("1/6", "1/4", "1/3", "1/2", "2/3")
TEN = ("carbon", "silicon", "germanium", "tin", "lead", "boron", "gallium", "indium", "iodine", "neon")
GAS = ("P only", "Q only", "Both P and Q", "None of the above")

CLASSES: dict[str, tuple[tuple[str, ...], list[tuple[str, str, bool]]]] = {
    "planets": (
        PLANETS,
        [
            ("D", "The largest planet is Jupiter.\n\n**Answer: (D)**", True),
            ("D", "Jupiter is by far the largest planet in the solar system.", True),
            ("D", "The largest planet here is **Jupiter**, larger than Saturn.", True),
            ("E", "The largest planet here is **Jupiter**, larger than Saturn.", False),
            ("D", "Thus the correct choice is **D. Jupiter**.", True),
            ("D", "✔️ D. Jupiter", True),
            ("D", "The choice is clear: D.", True),
            ("D", "We choose D.", True),
            ("D", "We therefore select option D.", True),
            ("D", "I will answer (D).", True),
            ("D", "Given this, (D) is the best answer among the five.", True),
            ("D", "Out of the five, D is largest.", True),
            ("D", "Correct: D", True),
            ("D", "Solution: D", True),
            ("D", "D - Jupiter.", True),
            ("D", "(d) Jupiter", True),
            ("D", "Option (d)", True),
            ("D", "option d", True),
            ("D", "The correct answer is\n\n(D)", True),
            ("D", "The answer is: **D) Jupiter**. Jupiter has more mass than the rest.", True),
            ("D", "The final answer is $\\boxed{\\text{D) Jupiter}}$.", True),
            ("D", "Final Answer: \\(\\boxed{D}\\)", True),
            ("D", "The best answer is D.", True),
            ("D", "Answer:\n\n```\nD\n```", True),
            ("D", "Answer: **D**. Explanation: A, B and C are terrestrial; E is smaller.", True),
            ("E", "Answer: **D**. Explanation: A, B and C are terrestrial; E is smaller.", False),
            ("E", 'Answer: D. Hmm, actually the question says "rings". It should be E.', True),
            ("D", 'Answer: D. Hmm, actually the question says "rings". It should be E.', False),
            ("E", "D? The rings suggest otherwise. E.", True),
            ("E", "Sorry, I made a mistake above. The correct answer is E, not D.", True),
            ("D", "Sorry, I made a mistake above. The correct answer is E, not D.", False),
            ("E", "Between D and E, E has rings, so E.", True),
            ("D", "Between D and E, I prefer E.", False),
            ("E", "Between D and E, I prefer E.", True),
            ("D", "D or E", False),
            ("D", "Could be D. Could be E.", False),
            ("D", "Possibly D or E; hard to say.", False),
            ("A", "A, B, C, D, E", False),
            ("D", "Answer: D and E", False),
            ("D", "D, because it is the largest.", True),
            ("D", "D because Jupiter is the most massive.", True),
            ("D", "Not D.", False),
            ("D", "D can be excluded.", False),
            ("D", "Everything except D.", False),
            ("D", "I am not sure.", False),
            ("D", "I'm unable to answer that.", False),
            ("D", "Answer: ____", False),
            ("D", "Answer: \\boxed{?}", False),
            ("A", "Answer: A/B", False),
            ("A", "A planet orbits a star.", False),
            ("C", "Mars is the red planet.", True),
            ("B", "Mars is the red planet.", False),
            ("D", "<think>\nEarth? no. E has rings... A is small.\n</think>\n\nJupiter, so D.", True),
            ("A", "<think>\nEarth? no. E has rings... A is small.\n</think>\n\nJupiter, so D.", False),
            ("D", '{\n  "explanation": "Jupiter is largest",\n  "answer": "D"\n}', True),
            ("D", "<response><answer>D</answer></response>", True),
            ("D", "| A | B | C | D | E |\n|---|---|---|---|---|\n\nAnswer: D", True),
            ("D", "故答案为:D", True),
            ("D", "本题答案:D", True),
            ("D", "所以答案是(D)。", True),
            ("D", "Richtig ist D.", True),
            ("D", "La respuesta es D) Júpiter.", True),
            ("D", "Réponse : D", True),
            ("D", "答えは(D)です。", True),
            ("D", "답: D", True),
            ("D", "Ответ: D.", True),
            ("D", "Resposta: D", True),
        ],
    ),
    "oxidation": (
        OXIDATION,
        [
            ("D", "In KMnO4, Mn has an oxidation state of +7.", True),
            ("D", "x - 8 + 1 = 0 gives x = +7.", True),
            ("D", "x = 7", True),
            ("C", "x = 7", False),
            ("D", r"\boxed{+7}", True),
            ("D", r"The oxidation number is $+7$, i.e. (D).", True),
            ("B", "Answer: +3", True),
            ("B", "Answer: -3", False),
            ("C", "Cr goes from +3 to +6, so the final state is +6.", True),
            ("C", "Answer: C (+6)", True),
        ],
    ),
    "limits": (
        LIMITS,
        [
            ("A", "The limit is zero.", True),
            ("C", r"The limit is $e$.", True),
            ("C", r"\boxed{e}", True),
            ("D", r"The limit diverges to $\infty$.", True),
            ("D", r"\boxed{\infty}", True),
            ("A", "The limit is 0.", True),
            ("B", "By L'Hopital's rule the limit equals 1.", True),
            ("A", "By L'Hopital's rule the limit equals 1.", False),
            ("B", r"$\lim_{x\to 0} \frac{\sin x}{x} = 1$", True),
            ("B", r"$\lim_{x\to 0} \frac{\sin x}{x} = 1$, so the answer is B.", True),
        ],
    ),
    "volts": (
        VOLTS,
        [
            ("C", "V = IR = 2 A × 3 Ω = 6 V", True),
            ("C", "The voltage is 6 volts.", True),
            ("C", r"$V = IR = 6\ \text{V}$", True),
            ("B", "The voltage is 6 volts.", False),
            ("D", "The total is 12V. Option D.", True),
            ("A", "1500 mV", True),
            ("A", "So a current of 2 A flows and the voltage is 3 V.", False),
            ("B", "So a current of 2 A flows and the voltage is 3 V.", True),
            ("C", "The answer is 6 A.", False),
        ],
    ),
    "stacks": (
        STACKS,
        [
            ("B", "The operation is `pop`.", True),
            ("B", "`pop()` removes the top element.", True),
            ("C", "You can look at the top with peek.", True),
            ("D", "enqueue is not a stack operation, so the answer is D.", True),
            ("D", "push, pop and peek are stack operations; enqueue is not. Hence (D).", True),
            ("A", "push or pop", False),
            ("A", "push, pop", False),
        ],
    ),
    "dna": (
        DNA,
        [
            ("A", "Helicase unwinds the double helix.", True),
            ("B", "Ligase joins Okazaki fragments, so B.", True),
            ("C", "DNA polymerase adds nucleotides to the 3' end.", True),
            ("D", "It removes RNA primers.", True),
            ("B", "It removes RNA primers.", False),
            ("A", "It does not join Okazaki fragments.", False),
            ("A", "The answer is that it unwinds the double helix.", True),
        ],
    ),
    "probabilities": (
        PROBS,
        [
            ("D", "The probability is one half.", True),
            ("C", "The probability is 2/6 = 1/3.", True),
            ("C", r"$P = \frac{2}{6} = \frac{1}{3}$", True),
            ("C", r"P = \boxed{\tfrac13}", True),
            ("D", "0.5", True),
            ("D", "The probability is 50%.", True),
            ("C", "The probability is 0.33.", False),
            ("A", "P = 1/2 × 1/3 = 1/6. Answer: A", True),
            ("D", "P = 1/2 × 1/3 = 1/6.", False),
            ("E", "1 - 1/3 = 2/3", True),
        ],
    ),
    "ten": (
        TEN,
        [
            ("I", "The halogen is iodine.", True),
            ("I", "The halogen is I.", True),
            ("I", "I would say the answer is J.", False),
            ("J", "I would say the answer is J.", True),
            ("I", "I think so.", False),
            ("E", "Pb is lead, so E.", True),
            ("F", "The only metalloid in group 13 is boron (F).", True),
            ("A", "A metal is required.", False),
            ("H", "Answer: (H)", True),
            ("G", "So the element must be gallium; that's option G.", True),
        ],
    ),
    "gas": (
        GAS,
        [
            ("C", "Both P and Q hold.", True),
            ("C", "The answer is both P and Q.", True),
            ("A", "P only", True),
            ("A", "Only P is true, hence (A).", True),
            ("D", "Neither P nor Q is true, so none of the above.", True),
            ("B", "P fails and Q holds, so the answer is B: Q only.", True),
        ],
    ),
}

OPEN: list[tuple[tuple[str, ...], str, str]] = [
    (PLANETS, "D", "Cevap D'dir."),
]
"""Right answers that the grader calls `no_answer`."""
