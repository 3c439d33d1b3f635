"""A prompt is paid for once, a limit holds and leaves a valid partial result, and the cost is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import phi4eval
from phi4eval.cli.main import main
from phi4eval.completion_cache import cache_path
from phi4eval.errors import UsageError
from phi4eval.store import load_run
from phi4eval.types import Progress, Summary
from phi4eval.verify import verify_run

from .backends.endpoint_tests import server
from .backends.fault_server import FaultServer, Reply

__all__ = ["server"]

PRICE = "2,10"


def counted(body: dict[str, Any], attempt: int) -> Reply:
    """An answer of 100 prompt and 20 completion tokens: 400 millionths of a dollar at PRICE."""
    choice = {"finish_reason": "stop", "message": {"content": "Answer: 7"}}
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "completion_tokens_details": {"reasoning_tokens": 15},
    }
    return Reply(body={"choices": [choice], "usage": usage})


@pytest.fixture(autouse=True)
def _counting(server: FaultServer) -> None:
    server.behave = counted


def run(server: FaultServer, results: Path, **options: Any) -> Summary:
    given: dict[str, Any] = {
        "model": "tested",
        "tasks": "phi_tiny_math",
        "base_url": server.base_url,
        "limit": 30,
        "concurrency": 4,
        "results": results,
        "backend_args": {"price": PRICE},
    }
    return phi4eval.run(**{**given, **options})


def only_run(results: Path) -> Path:
    (manifest,) = results.glob("*/manifest.json")
    return manifest.parent


def test_a_run_says_what_it_cost_and_how_much_was_thinking(server: FaultServer, tmp_path: Path) -> None:
    (task,) = run(server, tmp_path).tasks
    assert task.cost == pytest.approx(30 * 400e-6)
    assert (task.prompt_tokens, task.completion_tokens, task.reasoning_tokens) == (3000, 600, 450)
    manifest = load_run(only_run(tmp_path)).manifest
    assert manifest.model.price is not None
    assert manifest.model.price.output == 10.0


def test_the_cost_of_an_unknown_price_is_not_known(server: FaultServer, tmp_path: Path) -> None:
    assert run(server, tmp_path, backend_args={}).tasks[0].cost is None


def test_another_run_pays_for_no_prompt_twice(server: FaultServer, tmp_path: Path) -> None:
    run(server, tmp_path / "one", limit=20)
    assert len(server.bodies) == 20
    (task,) = run(server, tmp_path / "two").tasks
    assert len(server.bodies) == 30
    assert (task.done, task.from_cache) == (30, 20)
    assert task.cost == pytest.approx(10 * 400e-6)
    assert task.complete
    assert verify_run(only_run(tmp_path / "two")) == ()


def test_a_cached_result_is_the_paid_one(server: FaultServer, tmp_path: Path) -> None:
    (paid,) = run(server, tmp_path / "one").tasks
    (free,) = run(server, tmp_path / "two").tasks
    assert (free.score, free.counts, free.completion_tokens) == (
        paid.score,
        paid.counts,
        paid.completion_tokens,
    )
    assert free.cost == 0.0


def test_another_seed_or_sampling_or_no_cache_asks_again(server: FaultServer, tmp_path: Path) -> None:
    run(server, tmp_path / "0")
    others: list[dict[str, Any]] = [{"seed": 1}, {"temperature": 0.5}, {"max_tokens": 100}, {"cache": False}]
    for number, changes in enumerate(others, start=1):
        before = len(server.bodies)
        run(server, tmp_path / str(number), **changes)
        assert len(server.bodies) == before + 30


def test_without_the_cache_nothing_is_kept(server: FaultServer, tmp_path: Path) -> None:
    run(server, tmp_path, cache=False)
    assert not cache_path().exists()


def test_a_damaged_cache_is_a_warning_and_the_run_is_whole(
    server: FaultServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache_path().parent.mkdir(parents=True)
    cache_path().write_bytes(b"not a database, but long enough to look like one" * 50)
    words = ["run", "--model", "tested", "--tasks", "phi_tiny_math", "--limit", "5"]
    assert main([*words, "--base-url", server.base_url, "--results", str(tmp_path)]) == 0
    assert "warning: the completion cache" in capsys.readouterr().err
    assert len(server.bodies) == 5


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"max_cost": 0.008}, "stopped by --max-cost 0.008 after $0.00"),
        ({"max_tokens_total": 2000}, "stopped by --max-tokens-total 2000 after"),
    ],
)
def test_a_limit_holds_and_leaves_a_valid_partial_result_that_says_so(
    server: FaultServer, tmp_path: Path, limit: dict[str, Any], said: str
) -> None:
    summary = run(server, tmp_path, **limit)
    (task,) = summary.tasks
    assert 0 < task.done < 30
    assert len(server.bodies) == task.done
    assert task.cost is not None
    assert task.cost <= limit.get("max_cost", 1.0)
    assert task.prompt_tokens + task.completion_tokens <= limit.get("max_tokens_total", 10_000)
    assert not summary.complete
    assert task.score is not None
    assert (summary.stopped or "").startswith(said)
    assert said in (task.problem or "")
    assert verify_run(only_run(tmp_path)) == ()


def test_a_limit_counts_all_sessions_and_a_higher_one_continues(server: FaultServer, tmp_path: Path) -> None:
    (first,) = run(server, tmp_path, max_tokens_total=2000).tasks
    (second,) = run(server, tmp_path, max_tokens_total=2000).tasks
    assert second.done == first.done  # nothing more was asked
    summary = run(server, tmp_path)
    assert (summary.complete, summary.stopped) == (True, None)
    assert len(server.bodies) == 30


def test_the_command_ends_with_three_and_names_the_limit(
    server: FaultServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "run",
        "--model",
        "tested",
        "--tasks",
        "phi_tiny_math",
        "--limit",
        "30",
        "--results",
        str(tmp_path),
    ]
    words += ["--base-url", server.base_url, "--max-tokens-total", "2000", "--json"]
    assert main(words) == 3
    out, err = capsys.readouterr()
    assert json.loads(out)["stopped"].startswith("stopped by --max-tokens-total 2000")
    assert "error: stopped by --max-tokens-total 2000 after" in err
    assert "hint: a higher limit continues the run" in err


def test_the_plan_says_what_a_run_will_cost_and_what_the_cache_holds(
    server: FaultServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(server, tmp_path / "one", limit=10)
    words = ["run", "--model", "tested", "--tasks", "phi_tiny_math", "--limit", "30", "--dry-run"]
    words += ["--base-url", server.base_url, "--backend-arg", f"price={PRICE}", "--max-cost", "5"]
    assert main([*words, "--results", str(tmp_path / "two")]) == 0
    plan = capsys.readouterr().out
    assert "holds 10 of the missing samples" in plan
    assert "at most; stops at $5.00" in plan
    assert len(server.bodies) == 10


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_cost": 1.0, "backend_args": {}}, "the price of model .* is not known"),
        ({"max_cost": 0.0}, "max-cost is 0"),
        ({"max_cost": float("nan")}, "max-cost is nan"),
        ({"max_tokens_total": 0}, "max-tokens-total is 0"),
    ],
)
def test_a_limit_that_cannot_hold_is_refused(
    server: FaultServer, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        run(server, tmp_path, **options)
    assert server.bodies == []


def test_the_cache_is_shown_and_cleared(
    server: FaultServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(server, tmp_path, limit=3)
    assert main(["cache", "--json"]) == 0
    (group,) = json.loads(capsys.readouterr().out)["groups"]
    assert (group["model"], group["completions"], group["completion_tokens"]) == ("tested", 3, 60)
    assert main(["cache"]) == 0
    assert "tested" in capsys.readouterr().out
    assert main(["cache", "show", "tested", "--limit", "1"]) == 0
    assert "  | Answer: 7" in capsys.readouterr().out
    assert main(["cache", "show", "other"]) == 5
    capsys.readouterr()
    assert main(["cache", "clear"]) == 0
    assert "forgot 3 completions" in capsys.readouterr().out
    assert main(["cache", "list"]) == 0
    assert "nothing is kept" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_said_once_while_the_run_goes_on(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PHI4EVAL_CACHE", str(tmp_path / "file"))
    notices: list[str] = []

    def note(progress: Progress) -> None:
        if progress.notice:
            notices.append(progress.notice)

    assert run(server, tmp_path / "runs", on_progress=note).complete
    assert len(notices) == 1
    assert "cannot be used" in notices[0]
