"""Which option's letter does a sentence commit to, where nothing is labelled as the answer?

The last "option B", "I choose (B)", "B is correct", "so B." in a text that is not denied. "A" and "I" are
words too, and letters also name points and sets, so a letter counts only in a frame that chooses.
"""

from __future__ import annotations

import re

from phi4eval.graders.extract import Candidate

_MARKUP = frozenset("*`✅👉")
TAIL = 2_000
"""Only this many last characters are read."""

_A_LETTER = (
    # not in front of a lower-case word that does not go on about the choice
    r"(?:\(([A-Za-z])\)|([B-HJ-Z]|[AI](?!\s+(?!(?:is|because|as|since|and|which|here|but|over|though|rather)\b)"
    r"[a-z]))(?![\w'’]))"
)
_OPENING, _CLOSING = r"[*_$]{0,3}(?:\\(?:text|textbf|mathrm|mathbf)\{)?", r"[)\]*_$}]{0,5}"
_IS = r"(?:is|would be|must be|has to be)"
_JUDGED = r"(?:correct|right|best|answer|(?:more|most) (?:likely|appropriate|accurate|plausible|reasonable))"
_FRAMES = re.compile(
    r"(?i:\b(?:option|choice|answer|letter|response|antwort|opción|letra|lettre|réponse|respuesta|alternativa|вариант)\s{1,3}"
    r"(?:(?:is|must be|would be|should be|has to be)\s{1,3}(?:(?:therefore|thus|then|clearly|simply)\s{1,3})?"
    r"|:\s{1,3})?"
    r"|^(?:hence|thus|so|therefore|i think|i believe|i guess),?\s{1,3}"
    r"(?:it is |it['’]s )?(?=\([A-Z]\)\W{0,3}$)"
    r"|\b(?:it is|it['’]s|i say|i mean(?:t)?|(?:my |the )?(?:final )?(?:choice|pick|selection)(?: is)?"
    r"|selected|lean(?:ing)? towards?|best (?:option|choice|answer)[^.\n]{0,20} is)[:,]?\s{1,3}"
    r"(?=\(?[A-Z]\)?[.!*)\]\s]{0,4}$)"
    r"|(?:\b(?:so|hence|thus|therefore|only|probably|definitely|certainly|clearly|actually|no"
    r"|most likely|corresponds to|corresponding to|matches)[:,]?\s{1,3}|(?:[:→⇒]|[-=]>)\s{0,2})"
    r"(?=[*_$(]{0,4}[A-Z][)*_$\]]{0,4}(?:[.!]|\s*$))"
    r"|\b(?:if i (?:had|have) to (?:guess|choose|pick)|my (?:best )?guess(?: is| would be)?|best guess)"
    r"[,:]?\s{1,3}"
    r"|\b(?:choos(?:e|ing)|chose|select(?:ing)?|pick(?:ing)?|prefer|go with|going with|settle on"
    r"|opt for)\s{1,3}(?:option\s|choice\s|answer\s)?"
    r"|\b(?:by|based on|given|from|after) [^,.\n]{3,60},\s{1,3}(?=\(?[A-Z]\)?[.!]?\s*$)"
    r"|\b(?:is|are|be)\s{1,3}(?=\(?[A-Z][).:]\s)"
    r"|\b(?:so|hence|thus|therefore),?\sit(?:['’]s| is)\s{1,3}(?=\(?[A-Z]\)?,\s)"
    r"|\bit (?:should|must|has to) be\s{1,3}(?=\(?[A-Z]\)?(?:[.,;!]|\s(?:since|because|as)\b))"
    r"|\bthe\s(?:[a-z-]{2,15}\s){1,3}is\s{1,3}(?=\(?[A-Z]\)?[.!]?\s*\Z)"
    r"|(?:^|[.!?]\s{1,2})(?=[A-Z],\s(?:i\s(?:think|believe|guess|suppose|would|am)|probably|since|because|as)\b)"
    r"|\bnot\s{1,3}\(?[A-Z]\)?,?\s{1,3}but\s{1,3}(?:rather\s{1,3})?"
    r"|\bleft with\s{1,3}|选择\s{0,2}|\b(?:leaves|leaving)(?: us with)?(?: only| just)?[:,]?\s{1,3}"
    r"|\b(?:chang|switch|revis)(?:e|ed|ing) (?:\w+ ){0,3}to\s{1,3}"
    r"|\b(?:all|everything) (?:but|except(?: for)?)\s{1,3}"
    rf"){_OPENING}{_A_LETTER}"
    # a small letter that ends its sentence
    r"|\b(?:option|choice|alternative|statement)\s([a-j])(?=[.!]?\s*$)"
    # a letter that is judged right
    rf"|\(([A-Z])\)\s{{0,2}}{_IS}\s{{1,2}}(?:the\s)?(?:{_JUDGED}|true|only|one|what we)"
    rf"|(?<![\w'’])([A-Z])\s(?:{_IS}\s(?:the\s)?(?:{_JUDGED}|only (?:one|option|choice))"
    r"|(?:works|fits|does)(?=[.!\s]*$)|it is(?=[.!]|\s*$))"
    r"|(?<!not\s)\b[Oo]nly\s[*(]{0,3}([A-Z])[)*]{0,3}\s(?:is|was|can|could|would|will|remains?|fits|works"
    r"|satisf\w+|match\w+|holds|meets|has|gives|makes)\b"
    # one that a sentence speaks of, and the next judges right
    r"|(?i:\b(?:option|choice|answer|statement))\s\(?([A-Z])\)?(?![\w'’])[^.\n]{1,300}[.\"”]{1,2}"
    rf"\sThis\s(?:\w+\s){{0,2}}is\s(?:the\s)?{_JUDGED}"
    # a sentence that ends with a letter and names no other one
    r"|(?:^|[.!?]\s)(?:(?!\b[A-J]\b(?!-))[^\n.!?]){1,200}\s(?:is|be|est|ist|es|è|é|это)\s[*(]{0,3}([A-Z])[)*]{0,3}[.!]?\s*\Z"
    # a last sentence that is nothing but a letter
    r"|(?:\A\s{0,3}|[.!?:][*_]{0,2}\s{1,3}|\n)(?:(?i:probably|definitely|certainly|maybe|perhaps),?\s)?"
    rf"[(\[]?{_OPENING}[(\[]?([A-Z]){_CLOSING}[.!?]?{_CLOSING}\s*\Z",
    re.MULTILINE,
)
_NEGATION = re.compile(
    r"(?:\b(?:can)?not(?!\s(?:\w+\s){1,3}is\s\W{0,3}$)|\bno way|n['’]t|\bneither"
    r"|\beliminate[sd]?|\bwrong|\bincorrect"
    r"|\brule[sd]? out|\btrap (?:in|of|is)|\bdistractor"
    r"|\btempt\w+ to (?:say|choose|pick|think)"
    r"|\b(?:if|unless|whether|suppose)(?=\s(?:you|we|i|one|someone|they)\b))"
    r"[^\w.!?]{0,3}(?:(?!so\b|but\b|leav|therefore|thus|hence)\w+[^\w.!?]{1,3}){0,3}$",
    re.IGNORECASE,
)
_LISTED = re.compile(r"(?<![\w'’])[A-Z]\)?,?\s{0,2}(?:,|/|&|\bor\b|\band\b|\bnor\b)\s{0,2}\(?$")
"""Another letter in front: `A, B, C or D`."""
_AND_MORE = re.compile(
    r"\)?,\s\(?[A-Z]\)?[,)]"
    r"|\)?(?:(?!\b(?:because|since|as|so|which)\b)[^.,;:\n]){1,40},?\sor\s(?:\([A-Z]\)|[A-Z]\))"
    r"|\)?,?\s(?:and|or|but)\s(?:then|also|maybe|possibly|perhaps|even)\s\(?[A-Z]\)?(?![\w'’])"
    r"|\)?,?\s(?:and|or|/|&)\s\(?[A-Z]\)?(?![\w'’])"
    r"(?!\s(?:is|are|was|were|can|must|has|have|do|does|fails?|would)\b)"
)
"""Another letter behind: `D and then B`."""
_DENIED = re.compile(
    r"(?:[)\]}*$]|\.(?!\s)){0,4}\s{0,3}(?:\([^()\n]{1,80}\)\s{0,3}|,[^,.\n]{1,60},\s{0,3})?"
    # an option that would or could be is not one that is
    r"(?:(?:could|might|may)\b|would\b(?!\s(?:then\s|also\s|therefore\s)?(?:be\s(?:(?:the|my)\s)?"
    r"(?:correct|right|best|answer|(?:more|most)\s)|fit|work|match|satisfy|make sense))"
    r"|would\b[^.\n]{1,60}\b(?:if|for|in case|only)\b"
    # what an option says is no choice of it
    r"|(?:says|states|claims|reads|refers|describes|mentions|suggests|talks"
    r"|confuses|mixes|forgets|ignores|neglects|omits|overlooks|reverses|inverts|swaps"
    r"|has (?:the|its) [^.\n]{1,40} (?:upside down|reversed|backwards|swapped|inverted|flipped))\b"
    r"|,\swhich\s(?:is|was|does|would|can)(?:\snot\b|n['’]t\b)"
    r"|is (?:also )?(?:an?|possible)\b"
    r"|(?:[^.\n]|\.(?=\d)){0,60}\b(?:but|although|though|however),?\s(?:it|this|that)\s(?:is|was)"
    r"(?:\snot\b|n['’]t\b)"
    r"|(?:(?:is|was|are|would|would be|can|could|does|seems)\s{0,2})?(?:\w+\s{1,2})?"
    r"(?:not\b|n['’]t\b|incorrect|wrong|false|eliminated|impossible|invalid|too\b|out\b))",
    re.IGNORECASE,
)
_REVISION = re.compile(
    r"\b(?:wait|actually|scratch that|correction|on second thoughts?|hmm|oops|my mistake|let me (?:re|double"
    r"|correct|fix)|i(?:['’]d| would|['’]ll| will) (?:go with|choose|pick|say)"
    r"|i (?:made (?:a|an)|was wrong|misread|miscalculated))",
    re.IGNORECASE,
)
_ALL_BUT = re.compile(r"\b(?:all|everything) (?:but|except(?: for)?)\s{1,3}\W{0,4}$", re.IGNORECASE)
_IN_PARENTHESES = re.compile(r"\((?:choice|option|answer)\s\(?$", re.IGNORECASE)
_DENIED_BEFORE = re.compile(r"(?:\b(?:not|never|unlikely)\b|n['’]t\b)[^.!?\n]{1,150}$")
"""`it is not likely that they were there before (choice B)`."""
_NOTED = re.compile(r"(?:^|[.!?\n]\s{0,3})(?:Note|Notice|(?:Be )?[Cc]areful|Beware)\b[^.!?\n]*$")
"""`Note that 92 (choice A) is the median.`"""
_NEXT = re.compile(r"\sThis\s")
_HEADS = re.compile(r"(?:^|\n)[\s>#-]{0,8}[(\[]?$")
_LABEL = re.compile(r"[\s>#-]{1,8}[(\[]?([A-Z])[)\].:]")
_JUDGES_THE_REST = re.compile(r"\W{0,4}\s(?:is|are|was|were|can|must|has|have|fails?)\b")


def spoken_letter(text: str, letters: str, begin: int = 0) -> Candidate | None:
    """The last letter that a sentence behind `begin` chooses, unless denied or in a list (rule `spoken`)."""
    first = max(len(text) - TAIL, begin)
    places = [place for place in range(first, len(text)) if text[place] not in _MARKUP]
    text = "".join(text[place] for place in places)
    found = None
    for said in _FRAMES.finditer(text):
        place = next(group for group, letter in enumerate(said.groups(), 1) if letter)
        start, end = said.span(place)
        left = text[max(said.start() - 60, 0) : start]
        if (
            said[place].upper() not in letters
            or _LISTED.search(left)
            or _AND_MORE.match(text, end)
            or _labels_a_list(text, start)
        ):
            continue
        before = text[max(said.start() - 160, 0) : start]
        if _NOTED.search(before) and text[end:].strip(" )*_.!"):
            continue
        if _IN_PARENTHESES.search(left) and _DENIED_BEFORE.search(before):
            continue
        if _ALL_BUT.search(left):
            if not _JUDGES_THE_REST.match(text, said.end()):
                continue
        elif _DENIED.match(text, said.end() if _NEXT.search(said[0]) else end) or _NEGATION.search(
            text, max(said.start() - 60, 0), start
        ):
            continue
        found = Candidate(text=said[place].upper(), span=(places[start], places[end - 1] + 1), rule="spoken")
    return found


def _labels_a_list(text: str, place: int) -> bool:
    """Does the letter head its line, with the next letter's line behind it? A list was repeated."""
    if not _HEADS.search(text, max(place - 20, 0), place):
        return False
    behind = text.find("\n", place)
    following = _LABEL.match(text, behind) if behind >= 0 else None
    return following is not None and ord(following[1]) == ord(text[place].upper()) + 1


def revised_letter(text: str, begin: int, letters: str) -> Candidate | None:
    """The letter that a model names after it took back the statement at `begin`, or None."""
    revision = _REVISION.search(text, begin)
    return spoken_letter(text, letters, revision.start()) if revision is not None else None
