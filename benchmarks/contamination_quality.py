"""How many planted leaks does the contamination checker find, and what does it find that is not there?

    python benchmarks/contamination_quality.py --items items.jsonl --background DIR [--decon PYTHON]

Prints recall per kind of edit, pair precision, false documents per 100k, and how well the spans fit. With
--decon, the interpreter of an environment with the package `decontaminate` (Python 3.12), the same corpus
goes through AllenAI's decon.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.contamination_plants import (
    EDITED,
    EXACT,
    MADE_UP,
    NO_LEAK,
    Planted,
    load_background,
    load_items,
    plant,
)
from phi4eval.contamination import LEAKS, Finding, ScanItem, build_index, scan
from phi4eval.contamination.frequency import common_seeds
from phi4eval.contamination.index import SEED
from phi4eval.contamination.report import settled
from phi4eval.contamination.tokens import tokenize

Pair = tuple[str, str]


def ours(documents: Sequence[Planted], items: Sequence[ScanItem], rule: str) -> list[Finding]:
    """Findings of one rule on the corpus, as a report has them: weighed against the whole of it."""
    index = build_index(items, (rule,))  # type: ignore[arg-type]
    batch = pa.record_batch({"text": [d.text for d in documents], "id": [d.doc_id for d in documents]})
    began = time.perf_counter()
    scanned = scan(batch, index, id_field="id", rules=(rule,))  # type: ignore[arg-type]
    counts = scanned.counts
    common = common_seeds(index, counts.seeds, counts.documents)
    found = list(settled(scanned.findings, index, common, counts.documents))
    size = sum(len(d.text) for d in documents) / 1e6
    print(f"\nrule {rule}: {size:.1f} MB in {time.perf_counter() - began:.2f} s")
    return found


def decon(python: str, documents: Sequence[Planted], items: Sequence[ScanItem]) -> set[Pair]:
    """(document, item) pairs that decon reports at its defaults.

    It gets the questions alone, as they are planted: with answers, it wants to see those in the document too.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in ("train", "evals", "report"):
            Path(folder, name).mkdir()
        with Path(folder, "train", "corpus.jsonl").open("w") as out:
            out.writelines(json.dumps({"text": d.text, "id": d.doc_id}) + "\n" for d in documents)
        with Path(folder, "evals", "items.jsonl").open("w") as out:
            for number, item in enumerate(items):
                row = {
                    "eval_key": "items", "eval_instance_index": number, "split": "test",
                    "question": item.question,
                    "answer": "", "passage": "", "doc_id": number, "index": number,
                }  # fmt: skip
                out.write(json.dumps(row) + "\n")
        script = (
            "import decon, sys; f = sys.argv[1]; "
            "decon.detect(decon.Config(training_dir=f+'/train', evals_dir=f+'/evals', "
            "report_output_dir=f+'/report', worker_threads=1))"
        )
        subprocess.run([python, "-c", script, folder], check=True, stdout=subprocess.DEVNULL)
        pairs = set()
        for file in Path(folder, "report").rglob("*.jsonl"):
            for line in file.read_text().splitlines():
                row = json.loads(line)
                document = documents[row["training_line"]].doc_id
                pairs.add((document, items[row["eval_instance_index"]].item_id))
        return pairs


def words_in(text: str) -> int:
    """Words as white space has them."""
    return len(text.split())


def report(
    name: str, documents: Sequence[Planted], items: Sequence[ScanItem], pairs: set[Pair]
) -> dict[str, float]:
    """Print and return recall per kind, precision and false documents of a set of pairs."""
    length = {item.item_id: words_in(item.question) for item in items}
    hits: dict[str, list[bool]] = defaultdict(list)
    for document in documents:
        if document.kind in NO_LEAK:
            hits[document.kind].append((document.doc_id, document.item) in pairs)
        elif document.item:
            found = (document.doc_id, document.item) in pairs
            for kind in [document.kind, *(["exact class"] if document.kind in EXACT else [])]:
                hits[kind].append(found)
                if length[document.item] >= 13:
                    hits[f"{kind}, long"].append(found)
    leaks = {(d.doc_id, d.item) for d in documents if d.item and d.kind not in NO_LEAK}
    templates = {(d.doc_id, d.item) for d in documents if d.kind in NO_LEAK}
    kinds = {d.doc_id: d.kind for d in documents}
    false = {doc for doc, _ in pairs if kinds[doc] == "background"}
    clean = sum(kind == "background" for kind in kinds.values())
    judged = {pair for pair in pairs if pair not in templates and kinds[pair[0]] != "background"}
    results = {kind: sum(found) / len(found) for kind, found in hits.items()}
    results["pair precision"] = len(judged & leaks) / max(1, len(judged))
    results["false documents per 100k"] = 1e5 * len(false) / max(1, clean)
    print(f"\n{name}")
    print(f"  {'kind of edit':34}   all  items of 13 words and more")
    for kind in ["exact class", *EXACT, *EDITED, *NO_LEAK]:
        long = f"{results[f'{kind}, long']:.3f}" if f"{kind}, long" in results else ""
        print(f"  {kind:34} {results.get(kind, float('nan')):.3f}  {long}  of {len(hits[kind])}")
    print(f"  {'pair precision':34} {results['pair precision']:.3f}  of {len(judged)}")
    print(
        f"  {'false documents per 100k':34} {results['false documents per 100k']:.0f}  "
        f"({len(false)} of {clean})"
    )
    return results


def spans_fit(documents: Sequence[Planted], findings: Iterable[Finding]) -> float:
    """Mean intersection over union of the characters planted and found, over correct exact-class pairs."""
    planted = {(d.doc_id, d.item): d for d in documents if d.kind in EXACT}
    values = []
    for finding in findings:
        truth = planted.get((finding.doc_id, finding.item_id))
        if truth is not None:
            both = max(0, min(truth.end, finding.end) - max(truth.start, finding.start))
            values.append(both / (max(truth.end, finding.end) - min(truth.start, finding.start)))
    return sum(values) / max(1, len(values))


def main() -> None:
    """Plant, scan, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=Path, nargs="+", required=True)
    parser.add_argument("--background", type=Path, nargs="*", default=[])
    parser.add_argument("--per-kind", type=int, default=300)
    parser.add_argument("--clean", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rules", default="align,phi4,gpt3,palm")
    parser.add_argument("--decon", help="interpreter of an environment with decontaminate")
    parser.add_argument("--misses", type=int, default=0, help="print this many misses and false pairs")
    options = parser.parse_args()
    items = load_items(options.items)
    background = load_background(options.background) or list(MADE_UP)
    documents = list(
        plant(items, background, per_kind=options.per_kind, clean=options.clean, seed=options.seed)
    )
    print(f"{len(items):,} items, {len(documents):,} documents, {len(background):,} background passages")
    for rule in options.rules.split(","):
        findings = ours(documents, items, rule)
        leaks = {(f.doc_id, f.item_id) for f in findings if f.verdict in LEAKS}
        results = report(f"phi4eval {rule}", documents, items, leaks)
        if rule == "align":
            _details(documents, items, findings, results)
            _print_misses(documents, items, findings, options.misses)
    if options.decon:
        report("decon (defaults)", documents, items, decon(options.decon, documents, items))


def _details(
    documents: Sequence[Planted],
    items: Sequence[ScanItem],
    findings: Sequence[Finding],
    results: dict[str, float],
) -> None:
    numbers = {(d.doc_id, d.item) for d in documents if d.kind == "numbers changed"}
    verdicts = [f.verdict for f in findings if (f.doc_id, f.item_id) in numbers]
    for verdict in ("exact", "near", "partial", "template", "weak"):
        print(f"  {'numbers changed: ' + verdict:34} {verdicts.count(verdict) / max(1, len(numbers)):.3f}")
    print(f"  {'span IoU, exact class':34} {spans_fit(documents, findings):.3f}")
    for kind in ("first half", "second half"):
        planted = [len(tokenize(d.text[d.start : d.end])) for d in documents if d.kind == kind]
        share = sum(words < SEED for words in planted) / max(1, len(planted))
        print(f"  {f'{kind}: of fewer than {SEED} words':34} {share:.3f}")


def _print_misses(
    documents: Sequence[Planted], items: Sequence[ScanItem], findings: Sequence[Finding], count: int
) -> None:
    found = {(f.doc_id, f.item_id): f for f in findings if f.verdict in LEAKS}
    any_finding = {(f.doc_id, f.item_id): f for f in findings}
    question = {item.item_id: item.question for item in items}
    by_id = {d.doc_id: d for d in documents}
    missed = [d for d in documents if d.item and d.kind not in NO_LEAK and (d.doc_id, d.item) not in found]
    for document in missed[:: max(1, len(missed) // max(1, count))][:count]:
        other = any_finding.get((document.doc_id, document.item))
        print(
            "MISS",
            document.kind,
            repr(document.text[document.start : document.end][:300]),
            other and (other.verdict, other.measures),
        )
    wrong = [f for pair, f in found.items() if by_id[pair[0]].item != pair[1]]
    wrong = sorted(wrong, key=lambda f: by_id[f.doc_id].kind != "background")
    for finding in wrong[:count]:
        print(
            "WRONG",
            by_id[finding.doc_id].kind,
            finding.verdict,
            finding.measures,
            "\n  ITEM",
            question[finding.item_id][:300],
            "\n  DOC ",
            finding.excerpt[:300],
        )


if __name__ == "__main__":
    main()
