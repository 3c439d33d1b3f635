"""Is transformers' continuous batching faster than the hf backend's own batches?

    python benchmarks/hf_continuous.py [--model phi-tiny] [--prompts 128]

The same rendered prompts, greedy decoding and one thread in one process: the hf backend (length-sorted
batches, finished rows leave) and `model.generate_batch`. Prints seconds, CPU seconds and how many answers
agree.
"""

from __future__ import annotations

import argparse
import threading
import time
from typing import Any

from hf_overhead import make_prompts

from phi4eval.backends import hf, hf_text
from phi4eval.backends.options import BackendOptions
from phi4eval.models import find_model


def continuous(backend: hf.HfBackend, prompts: list[Any], max_tokens: int) -> list[str]:
    from transformers import GenerationConfig

    decoder, codec = backend._load(), backend._codec
    ids = [hf_text.encode(codec, hf_text.render(codec, prompt)) for prompt in prompts]
    config = GenerationConfig(
        max_new_tokens=max_tokens,
        do_sample=False,
        eos_token_id=sorted(decoder.ends),
        pad_token_id=decoder.pad,
    )
    found = decoder.model.generate_batch(ids, generation_config=config)
    outputs = sorted(found.values(), key=lambda each: int(each.request_id.rpartition("_")[2]))
    return [
        hf_text.decode(codec, [each for each in output.generated_tokens if each not in decoder.ends])
        for output in outputs
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="phi-tiny")
    parser.add_argument("--prompts", type=int, default=128)
    parser.add_argument("--max-tokens", type=int, default=64)
    options = parser.parse_args()
    prompts = make_prompts(options.prompts, options.max_tokens)
    backend = hf.open(find_model(options.model), BackendOptions(args={"threads": "1"}))
    backend._load()
    wall, cpu = time.perf_counter(), time.process_time()
    ours = {each.item: each.text for each in backend.generate(prompts, threading.Event())}
    print(
        f"hf backend          {time.perf_counter() - wall:6.2f} s, CPU {time.process_time() - cpu:6.2f} s",
        flush=True,
    )
    wall, cpu = time.perf_counter(), time.process_time()
    theirs = continuous(backend, prompts, options.max_tokens)
    print(f"continuous batching {time.perf_counter() - wall:6.2f} s, CPU {time.process_time() - cpu:6.2f} s")
    same = sum(ours[prompt.item] == text for prompt, text in zip(prompts, theirs, strict=True))
    print(f"{same} of {len(prompts)} answers the same")


if __name__ == "__main__":
    main()
