"""What does phi4eval cost on top of vLLM, and when is the first completion on disk?

    VLLM_CPU_KVCACHE_SPACE=1 .venv-vllm/bin/python benchmarks/vllm_overhead.py [--prompts 2000] [--rounds 3]

The same prompts through `LLM.generate` and through the vllm backend into a run directory, with the same
engine arguments and greedy sampling, in turns in one process with both engines up. Both sides tokenize and
detokenize; rendering the chat template and storing every completion count for ours alone. Engine starts count
for neither. Prompts differ from round to round, so that no prefix cache helps the later ones. Bar: ratio
(bare seconds / ours) of 0.97. On a machine that others use too, read the ratio of the fastest rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from phi4eval.planning import Work, make_work
from phi4eval.store import RunWriter
from phi4eval.types import RunRequest

ENGINE: dict[str, str] = {
    "dtype": "float32",
    "max_model_len": "1024",
    "max_num_seqs": "128",
    "enforce_eager": "on",
}
MAX_TOKENS = 64

TASK = """task: overhead
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
doc_to_text: "{{problem}}"
doc_to_target: "{{answer}}"
metadata:
  version: 1
  phi4eval: {title: Overhead, description: Sums, grader: integer}
"""


def planned(folder: Path, prompts: int, turn: int) -> Work:
    """A run of `prompts` sums that no other turn asks for."""
    folder.mkdir()
    numbers = [(17 * n + 1009 * turn, 31 * n + 7 * turn) for n in range(prompts)]
    rows = [{"problem": f"What is {a} + {b}? Think of it.", "answer": str(a + b)} for a, b in numbers]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "overhead.yaml").write_text(TASK, encoding="utf-8")
    return make_work(
        RunRequest(
            model="phi-tiny",
            tasks=(str(folder / "overhead.yaml"),),
            backend="vllm",
            backend_args=ENGINE,
            max_tokens=MAX_TOKENS,
            temperature=0,
            results=str(folder / "runs"),
        )
    )


def cpu_seconds() -> float:
    """Of this process and all under it: what to read on a machine that others use too."""
    import psutil

    mine = psutil.Process()
    times = [each.cpu_times() for each in (mine, *mine.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def start_bare(work: Work) -> Any:
    from vllm import LLM

    backend: Any = work.backend
    return LLM(
        model=str(backend._checkpoint.directory),
        dtype=ENGINE["dtype"],
        max_model_len=int(ENGINE["max_model_len"]),
        max_num_seqs=int(ENGINE["max_num_seqs"]),
        enforce_eager=True,
        enable_prefix_caching=True,
        generation_config="vllm",
        use_tqdm_on_load=False,
        disable_log_stats=True,
    )


def bare(llm: Any, work: Work) -> tuple[float, float, int]:
    """Seconds and CPU seconds of LLM.generate over the rendered texts, and the tokens it wrote."""
    from vllm import SamplingParams

    backend: Any = work.backend
    texts = [backend.tokens(stored.prompt).text for stored in work.prompts]
    params = SamplingParams(temperature=0, max_tokens=MAX_TOKENS, stop_token_ids=sorted(backend._ends()))
    started, cpu = time.perf_counter(), cpu_seconds()
    found = llm.generate(texts, params, use_tqdm=False)
    seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    return seconds, cpu, sum(len(each.outputs[0].token_ids) for each in found)


def ours(backend: Any, work: Work, directory: Path) -> tuple[float, float, float, int]:
    """Seconds and CPU seconds until the last completion is stored, seconds until the first, and tokens."""
    prompts, never = [stored.prompt for stored in work.prompts], threading.Event()
    first, tokens = 0.0, 0
    with RunWriter(directory, work.manifest, work.prompts) as writer:
        started, cpu = time.perf_counter(), cpu_seconds()
        for completion in backend.generate(prompts, never):
            writer.add_completion(completion)
            first = first or time.perf_counter() - started
            tokens += completion.completion_tokens or 0
        seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    return seconds, cpu, first, tokens


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        works = [planned(Path(folder) / str(turn), options.prompts, turn) for turn in range(options.rounds)]
        backend: Any = works[0].backend
        llm = start_bare(works[0])
        warm = planned(Path(folder) / "warm", 64, 77)
        bare(llm, warm)
        ours(backend, warm, Path(folder) / "run-warm")
        theirs, mine, cpus, firsts = [], [], [], []
        for turn, work in enumerate(works):
            seconds, cpu, tokens = bare(llm, work)
            our_seconds, our_cpu, first, our_tokens = ours(backend, work, Path(folder) / f"run-{turn}")
            theirs.append(seconds)
            mine.append(our_seconds)
            cpus.append(cpu / our_cpu)
            firsts.append(first)
            print(
                f"LLM.generate {options.prompts / seconds:,.0f} prompts/s, {tokens:,} tokens; phi4eval"
                f" {options.prompts / our_seconds:,.0f} prompts/s, {our_tokens:,} tokens; ratio"
                f" {seconds / our_seconds:.3f}, of CPU seconds {cpus[-1]:.3f};"
                f" first completion stored after {first:.3f} s",
                flush=True,
            )
        backend.close()
        llm.llm_engine.engine_core.shutdown(timeout=30)
    ratios = [bare_seconds / seconds for bare_seconds, seconds in zip(theirs, mine, strict=True)]
    print(
        f"ratio: median {statistics.median(ratios):.3f}, of the fastest rounds {min(theirs) / min(mine):.3f},"
        f" of CPU seconds {statistics.median(cpus):.3f} (bar 0.97); first completion {min(firsts):.3f} s"
    )


if __name__ == "__main__":
    main()
