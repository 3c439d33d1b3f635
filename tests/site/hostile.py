"""A site in which every foreign string is a payload."""

from __future__ import annotations

from pathlib import Path

import msgspec

from phi4eval.contamination.records import Finding, ItemRow, Measures
from phi4eval.contamination.report import CorpusFile, ScanSummary
from phi4eval.site.build import build_site
from phi4eval.types import Grade, GraderSpec, ModelSpec, SourceSpec, Task
from tests.runs import made_task
from tests.site.made import Answers, prompts_of, write_run
from tests.site.payloads import PAYLOADS


def hostile_task(name: str, payload: str) -> Task:
    """A task whose every text is the payload."""
    return made_task(
        name,
        title=payload,
        description=payload,
        licence=payload,
        paper=payload,
        published=payload,
        protocol=payload,
        template=payload,
        version=payload,
        notes=(payload, payload),
        tags=(payload,),
        sources=(SourceSpec(kind="file", path=payload, split=payload, config=payload),),
        grader=GraderSpec(name=payload, options={payload: payload}),
    )


def hostile_grade(payload: str) -> Grade:
    """A grade whose every text is the payload."""
    return Grade(
        verdict="incorrect",
        score=0.0,
        extracted=payload,
        span=(0, len(payload)),
        rule=payload,
        explanation=payload,
        grader=payload,
        flags=(payload,),
    )


def hostile_scan(folder: Path, items: dict[str, str], digests: dict[str, str]) -> Path:
    """A contamination scan that found every item, in documents that are payloads. items: id -> payload."""
    folder.mkdir(parents=True)
    how = Measures(
        coverage=0.9, lcs=0.9, run=9, run_nats=9, matched=9, length=9, span=9, words=1, numbers=1,
        numbers_total=0, changed=0, nats=50,
    )  # fmt: skip
    rows = [
        ItemRow(
            item_id=item,
            verdict="exact",
            side="question",
            score=1.0,
            documents=1,
            rules={payload: payload},
            evidence=(
                Finding(
                    doc_id=payload,
                    item_id=item,
                    score=1.0,
                    verdict="exact",
                    rule="align",
                    start=0,
                    end=1,
                    file=payload,
                    record=0,
                    measures=how,
                    excerpt=payload,
                    diff=(("=", payload), ("-", payload), ("+", payload)),
                ),
            ),
            wording=payload,
            question=digests[item],
        )
        for item, payload in items.items()
    ]
    files = tuple(
        CorpusFile(
            file=payload,
            size=1,
            lines=1,
            documents=1,
            text_bytes=1,
            broken=0,
            repaired=0,
            empty=0,
            complete=True,
        )
        for payload in PAYLOADS[:5]
    )
    summary = ScanSummary(
        index=PAYLOADS[0], tokens=PAYLOADS[0], items=len(rows), cut_items=(), rules=("align",), parameters={},
        verdicts={}, findings={}, dirty_documents=1, documents=1, text_bytes=1, empty_documents=0, crowded=0,
        files=files, share_read=1.0, problems=(), problem_count=0, common_seeds=0, common_examples=(),
    )  # fmt: skip
    (folder / "items.jsonl").write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    (folder / "summary.json").write_bytes(msgspec.json.encode(summary))
    return folder


def _answers(number: int) -> Answers:
    """Payloads, right on every seventh item."""
    return lambda index, _: (PAYLOADS[index], "correct" if index % 7 == number else "incorrect")


def build_hostile(root: Path) -> Path:
    """The site's folder. Items are payloads; models, tasks and runs are named by some of them."""
    from phi4eval.contamination.items import question_digests, scan_item

    task = hostile_task("odd", PAYLOADS[0])
    rows = [
        {"id": f"{i} {payload}", "problem": payload, "answer": payload, "solution": payload}
        for i, payload in enumerate(PAYLOADS)
    ]
    asked = [
        msgspec.structs.replace(
            stored,
            item=msgspec.structs.replace(
                stored.item, subset=payload, paper=payload, gold="0", choices=(payload, "b")
            ),
        )
        for stored, payload in zip(prompts_of(task, rows), PAYLOADS, strict=True)
    ]
    names = (PAYLOADS[6], PAYLOADS[60], "twin", "twin")
    for number, name in enumerate(names):
        spec = ModelSpec(
            name=name, release=PAYLOADS[1], cutoff=PAYLOADS[2], licence=PAYLOADS[3], notes=PAYLOADS[4],
            parameters=PAYLOADS[5],
        )  # fmt: skip
        write_run(
            root / "runs",
            model=f"weights {number} {PAYLOADS[number]}",
            spec=spec,
            tasks=[(task, tuple(asked))],
            answers=_answers(number),
            grade=lambda grade: msgspec.structs.replace(
                hostile_grade(grade.extracted or "x"), verdict=grade.verdict
            ),
        )
    second = hostile_task("second odd \" task' <b>", PAYLOADS[50])
    write_run(
        root / "runs",
        model="other",
        tasks=[(second, prompts_of(second, rows[:3]))],
        answers=lambda index, _: (PAYLOADS[index], "incorrect"),
    )
    torn = root / "runs" / "<img src=x onerror=window.__hits.push(1)>"
    torn.mkdir()
    (torn / "manifest.json").write_text(PAYLOADS[0], encoding="utf-8")
    digests = question_digests([scan_item(stored.item).question for stored in asked])
    ids = {f"odd/{stored.item.id}": payload for stored, payload in zip(asked, PAYLOADS, strict=True)}
    scan = hostile_scan(root / "scan", ids, dict(zip(ids, digests, strict=True)))
    build_site(out=root / "site", results=root / "runs", contamination=scan, title=PAYLOADS[0])
    return root / "site"
