"""Which words announce a final answer? Labels, sentences and tags, in the languages of the benchmarks."""

from __future__ import annotations

import re

LABEL = re.compile(
    r"(?<![a-z])(?<!check our )(?<!check the )(?<!check your )(?<!check my )"
    r"(?:answers?|ans\.?|答案|答え|答|정답|답변|답|答复|回答|解答|答案是|故选|故選|réponse|respuesta|antwort|risposta|resposta"
    r"|ответ|відповідь|jibu|คำตอบ|উত্তর|సమాధానం|उत्तर|الإجابة|الجواب|odpowiedź|cevap|antwoord|đáp án"
    r"|jawaban|svar|odpověď|απάντηση|إجابة|الإجابة النهائية|resultado|ergebnis|résultat)"
    r"(?:[ \t]{1,3}(?:is|are))?[ \t*_`]{0,8}(?:[:：=]|(?<=[ \t])[-–—](?=[ \t]))[ \t*_`]{0,8}"
    r"|(?<![a-z])ans\.[ \t]{1,3}(?=[-\d$\\(])"
    r"|^(?:#{1,6}[ \t]*)?[*_]{0,3}(?:final[ \t])?answer[*_]{0,3}[ \t]*:?[*_]{0,3}[ \t]*$"
    r"|(?<![a-z])(?:final[ \t])?result[*_]{0,3}[ \t]*[:=](?=[^\n]{1,80}\s*\Z)",
    re.IGNORECASE | re.MULTILINE,
)
STATEMENT = re.compile(
    r"(?<![a-z])(?:(?P<answer>answers?)|result|solutions?)(?:[ \t]{1,3}(?:to|of"
    r"|for)[^\n.:=$\\]{1,80}?)?[ \t*_]{1,4}"
    r"(?:(?:is not|isn['’]t|was not|wasn['’]t)[ ][^.\n]{1,40}?[,;:—-][ ]{0,2}(?:but[ ]|rather[ ])?"
    r"(?:it(?:['’]s|[ ]is)[ ])?"
    r"|is(?!n['’]t)|are(?!n['’]t)|will be|would be|must be|should be|equals)"
    r"(?:[ \t]{1,3}(?:therefore|thus|then|simply|just|exactly|indeed))?"
    r"[ \t]{0,3}[:：]?\s{0,3}"
    r"|(?<![a-z])(?:our|the|a|an) (?:final )?answer of\s{1,3}(?=[-$\\\d])",
    re.IGNORECASE,
)
FOREIGN = re.compile(
    r"(?<![a-zà-ÿ])(?:(?:正确|最终|最後の|最终的)?(?:答案|选项|選項)(?:应该|应当|应|就)?(?:是|为|為|选|選)"
    r"|故选|故選|应选|选(?=\s?[A-J](?![A-Za-z]))|(?:最終的な)?(?:答え|正解|解答)は|(?:최종 )?(?:정답|답)은"
    r"|(?:antwort|lösung|ergebnis)[ ](?:ist|lautet)|réponse(?:[ ]\w{4,10})?[ ]est"
    r"|respuesta(?:[ ]\w{4,10})?[ ]es|risposta(?:[ ]\w{4,10})?[ ]è|resposta(?:[ ]\w{4,10})?[ ]é"
    r"|ответ(?:[ ]?[—–-](?=[ ])|[ ](?:равен|будет|таков))|відповідь[ ]?[—–-](?=[ ])"
    r"|(?:الإجابة|الجواب)(?:[ ]\w{4,12})?[ ]هي?|คำตอบ(?:ที่ถูกต้อง)?คือ|উত্তর(?:টি)?[ ](?:হল|হলো)|उत्तर[ ]है"
    r"|jibu(?:[ ]sahihi)?[ ]ni|antwoord[ ]is|jawabannya[ ]adalah|đáp án(?:[ ]đúng)?[ ]là"
    r"|odpowiedź[ ]to|svaret[ ]är"
    r"|απάντηση[ ]είναι|因此选|所以选|故答案为)"
    r"\s{0,3}(?:option |la |l['’]|опция |选项|選項)?"
    r"(?:(?:also|daher|somit|donc|dunque|quindi|entonces|portanto)[ ])?[:：]?\s{0,3}",
    re.IGNORECASE,
)
POLITE = re.compile(r"\s?(?:です|である|だ|입니다|이다|番|।|है)$|,\s(?:nicht|et non|y no|e non|não)\s.*$")
TAG = re.compile(
    r"<(?:(?:final_?)?answer|final|choice|option)>([^<]{0,2000})</(?:(?:final_?)?answer|final|choice|option)>|\[answer\]([^\[\]]{0,2000})\[/answer\]"
    r"|(?P<json>\"(?:(?:final|correct)_?)?(?:answer|option|choice)"
    r"(?:_?(?:letter|option|choice|key))?\"[ \t]*:)\s*(?:\{\s*\"\w{1,20}\"[ \t]*:\s*)?"
    r"(?:\"((?:[^\"\\\n]|\\.){0,2000})\""
    r"|(-?\d[\d.,/]{0,40}))"
    r"|^[ \t]*\|[ \t*]*(?:final )?answer[ \t*]*\|[ \t]*([^|\n]{1,200}?)[ \t]*\|",
    re.IGNORECASE | re.MULTILINE,
)
HASHES = re.compile(r"^#{4}[ \t]{1,4}(?=[^#\s])", re.MULTILINE)
NEGATED = re.compile(
    r"\s{0,3}(?:not|never|the same|unchanged|independent|unknown|unclear|neither|that|as follows|given by"
    r"|below|found|obtained|to|in)\b"
    r"|\s{0,3}(?:correct|incorrect|right|wrong|valid|consistent|reasonable|verified|confirmed)\b",
    re.IGNORECASE,
)
TEMPTED = re.compile(
    r"\b(?:tempt\w+|mistaken\w*|wrongly|incorrectly|at first|might|would have)\b[^.\n]{0,50}$", re.IGNORECASE
)
"""In front of a statement that is going to be taken back: `one is tempted to say the answer is 10`."""
