"""What does phi4eval cost on top of vLLM, and when is the first completion on disk?

    VLLM_CPU_KVCACHE_SPACE=1 .venv-vllm/bin/python benchmarks/vllm_overhead.py [--prompts 2000] [--rounds 2]

The same prompts through `LLM.generate` and through the vllm backend into a run directory, with the same
engine arguments and greedy sampling, the two engines in turns in one command. Both sides tokenize and
detokenize; rendering the chat template and storing every completion count for ours alone. Engine starts count
for neither. Prompts differ from round to round, so that no prefix cache helps the later ones. Bar: ratio
(bare seconds / ours) of 0.97.
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


def bare(work: Work) -> tuple[float, float, int]:
    """Seconds and CPU seconds of LLM.generate over the rendered texts, and the tokens it wrote."""
    from vllm import LLM, SamplingParams

    backend: Any = work.backend
    llm = LLM(
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
    texts = [backend.tokens(stored.prompt).text for stored in work.prompts]
    params = SamplingParams(temperature=0, max_tokens=MAX_TOKENS, stop_token_ids=sorted(backend._ends()))
    llm.generate(texts[:1], params, use_tqdm=False)  # what is compiled or opened at the first use
    started, cpu = time.perf_counter(), cpu_seconds()
    found = llm.generate(texts, params, use_tqdm=False)
    seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    llm.llm_engine.engine_core.shutdown(timeout=30)
    return seconds, cpu, sum(len(each.outputs[0].token_ids) for each in found)


def ours(work: Work, directory: Path) -> tuple[float, float, float, int]:
    """Seconds and CPU seconds until the last completion is stored, seconds until the first, and tokens."""
    prompts, never = [stored.prompt for stored in work.prompts], threading.Event()
    list(work.backend.generate(prompts[:1], never))
    first, tokens = 0.0, 0
    with RunWriter(directory, work.manifest, work.prompts) as writer:
        started, cpu = time.perf_counter(), cpu_seconds()
        for completion in work.backend.generate(prompts, never):
            writer.add_completion(completion)
            first = first or time.perf_counter() - started
            tokens += completion.completion_tokens or 0
        seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    work.backend.close()
    return seconds, cpu, first, tokens


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    ratios, firsts = [], []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(options.rounds):
            work = planned(Path(folder) / str(turn), options.prompts, turn)
            bare_seconds, bare_cpu, bare_tokens = bare(work)
            our_seconds, our_cpu, first, tokens = ours(work, Path(folder) / f"run-{turn}")
            ratios.append(bare_seconds / our_seconds)
            firsts.append(first)
            print(
                f"LLM.generate {options.prompts / bare_seconds:,.0f} prompts/s, {bare_tokens:,} tokens;"
                f" phi4eval {options.prompts / our_seconds:,.0f} prompts/s, {tokens:,} tokens;"
                f" ratio {ratios[-1]:.3f}, in CPU seconds {bare_cpu:.1f} / {our_cpu:.1f} ="
                f" {bare_cpu / our_cpu:.3f}; first completion stored after {first:.3f} s",
                flush=True,
            )
    print(f"median ratio {statistics.median(ratios):.3f} (bar 0.97)")


if __name__ == "__main__":
    main()
