"""Do Ray's replicas answer as one process would, even when one of them is killed in the middle?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from phi4eval import load_run, run
from phi4eval.backends import BackendOptions, open_backend
from phi4eval.backends.replicas import LIVES, Replicas, open_replicas
from phi4eval.errors import IncompleteError, UsageError
from phi4eval.testing import check_backend
from phi4eval.types import Completion, ModelSpec, Prompt
from tests.backends.tiny_phi import ask

ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'phi4eval[ray]'")
pytestmark = [
    pytest.mark.slow,
    # Ray's own: sockets and subprocesses that it closes with the interpreter
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"
    ),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MODEL = ModelSpec(name="words")


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One local Ray, whose workers find the backend `wordy` as an installed entry point."""
    plugin = tmp_path_factory.mktemp("plugin")
    (plugin / "wordy-1.0.dist-info").mkdir()
    (plugin / "wordy-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: wordy\nVersion: 1.0\n")
    (plugin / "wordy-1.0.dist-info/entry_points.txt").write_text(
        "[phi4eval.backends]\nwordy = tests.executors.wordy:open\n"
    )
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(plugin))
    patch.setenv("PYTHONPATH", os.pathsep.join([str(plugin), str(Path(__file__).parents[2])]))
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(
        num_cpus=4,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        _node_ip_address="127.0.0.1",
    )
    yield
    ray.shutdown()
    patch.undo()


def opened(replicas: int = 2, **args: str) -> Replicas:
    options = BackendOptions(args=args)
    local = open_backend("wordy", MODEL, BackendOptions())
    made = open_replicas(local, "wordy", MODEL, options, replicas)
    assert isinstance(made, Replicas)
    return made


@pytest.fixture
def replicas() -> Iterator[Replicas]:
    backend = opened()
    yield backend
    backend.close()


def questions(count: int, samples: int = 2) -> list[Prompt]:
    return [
        ask(f"question {n}", item=f"q{n}", samples=samples, temperature=1.0, max_tokens=8)
        for n in range(count)
    ]


def alone(prompts: list[Prompt]) -> dict[tuple[str, int], str]:
    backend = open_backend("wordy", MODEL, BackendOptions())
    return texts(list(backend.generate(prompts, threading.Event())))


def texts(completions: list[Completion]) -> dict[tuple[str, int], str]:
    found = {(each.item, each.sample): each.text for each in completions}
    assert len(found) == len(completions), "a draw was answered twice"
    return found


def kill(actor: Any) -> None:
    pid = ray.get(actor.__ray_call__.remote(lambda self: os.getpid()))
    os.kill(pid, signal.SIGKILL)


def test_replicas_keep_the_contract_of_all_backends() -> None:
    report = check_backend(opened)
    assert report.observed["the same questions again"] == (
        "greedy: 12 of 12 answers the same; seeded: 12 of 12 answers the same"
    )


def test_the_answers_are_those_of_one_process(replicas: Replicas) -> None:
    prompts = questions(150)
    assert texts(list(replicas.generate(prompts, threading.Event()))) == alone(prompts)


def test_both_replicas_are_asked(replicas: Replicas) -> None:
    list(replicas.generate(questions(40), threading.Event()))
    busy = [
        ray.get(actor.__ray_call__.remote(lambda self: self._halt is not None)) for actor in replicas._actors
    ]
    assert busy == [True, True]


def test_what_a_killed_replica_owed_is_asked_of_another(replicas: Replicas) -> None:
    prompts = questions(300)
    answers = replicas.generate(prompts, threading.Event())
    found = [next(answers)]
    kill(replicas._actors[0])
    found.extend(answers)
    assert texts(found) == alone(prompts)
    assert {each.finish for each in found} == {"length"}
    assert any("a replica died" in warning for warning in replicas.warnings)


def test_a_prompt_that_kills_its_replicas_ends_as_an_error_and_the_rest_is_answered(
    replicas: Replicas,
) -> None:
    prompts = [*questions(30), ask("die", item="deadly"), *questions(60)[30:]]
    found = {(each.item, each.sample): each for each in replicas.generate(prompts, threading.Event())}
    deadly = found.pop(("deadly", 0))
    assert (deadly.finish, deadly.attempts) == ("error", LIVES)
    assert f"{LIVES} replicas died" in (deadly.error or "")
    assert {key: each.text for key, each in found.items()} == alone(questions(60))


def test_stdout_is_left_alone_and_ray_is_started_and_ended_with_the_run() -> None:
    script = """
import threading
from phi4eval.backends import BackendOptions, open_backend
from phi4eval.backends.replicas import open_replicas
from phi4eval.types import ModelSpec
from tests.backends.tiny_phi import ask
local = open_backend("wordy", ModelSpec(name="words"), BackendOptions())
backend = open_replicas(local, "wordy", ModelSpec(name="words"), BackendOptions(), 1)
found = list(backend.generate([ask("die"), ask("live", max_tokens=3)], threading.Event()))
backend.close()
import ray
print(len(found), ray.is_initialized())
"""
    plugin = os.environ["PYTHONPATH"].split(os.pathsep)[0]
    hook = f"import sys; sys.path.insert(0, {plugin!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", hook + script], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout == "2 False\n", done.stderr


def test_when_every_prompt_kills_the_run_ends_and_does_not_start_replicas_for_ever() -> None:
    backend = opened(1)
    deadly = [ask("die", item=f"d{n}") for n in range(40)]
    found: list[Completion] = []
    with pytest.raises(IncompleteError, match="all replicas died"):
        found.extend(backend.generate(deadly, threading.Event()))
    backend.close()


def test_an_error_of_the_backend_ends_the_run_with_its_own_message_and_hint(replicas: Replicas) -> None:
    with pytest.raises(UsageError, match="picky") as caught:
        list(replicas.generate([*questions(3), ask("refuse")], threading.Event()))
    assert caught.value.hint == "ask something else"


def test_a_backend_that_does_not_open_in_the_replica_says_why() -> None:
    backend = opened(2, refuse="yes")
    with pytest.raises(UsageError, match="does not open"):
        list(backend.generate(questions(3), threading.Event()))
    backend.close()


def test_no_replicas_are_refused() -> None:
    with pytest.raises(UsageError, match="--replicas is 0"):
        opened(0)


def test_a_run_over_replicas_is_the_run_of_one_process(tmp_path: Path) -> None:
    told = {}
    names: tuple[tuple[str, Literal["local", "ray"]], ...] = (("one", "local"), ("many", "ray"))
    for name, executor in names:
        summary = run(
            model="phi-tiny",
            tasks="phi_tiny_math",
            limit=40,
            results=tmp_path / name,
            executor=executor,
            replicas=2 if executor == "ray" else None,
        )
        (made,) = (tmp_path / name).rglob("manifest.json")
        records = load_run(made.parent).records()
        told[name] = (
            summary,
            {(each.item.id, each.completion.sample): (each.completion.text, each.grade) for each in records},
        )
    assert told["one"] == told["many"]
    assert told["one"][0].complete
