"""Is each finished checkpoint judged once, against the last good one, whatever happens to the watch?"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path

import msgspec
import pytest

from phi4eval.errors import MissingError, StoreError, UsageError
from phi4eval.history import FILE, History, HistoryWriter, Judged
from phi4eval.watching.commands import parse_command, run_command
from phi4eval.watching.loop import Reports, watch_checkpoints
from tests.gate.made import Spec, line, stored
from tests.watching.made import BROKEN, Made, Stop, checkpoint, judged, request

GOOD, BETTER, BAD = line(150, 50), line(170, 30), line(90, 110)


def checkpoints(folder: Path, *names: str) -> None:
    for name in names:
        checkpoint(folder / "checkpoints", name)


def standings(entries: list[Judged]) -> list[tuple[str, str, str | None]]:
    return [(entry.checkpoint, entry.standing, entry.baseline) for entry in entries]


# ---------------------------------------------------------------- against what


def test_each_is_gated_against_the_last_good_one_in_training_order(tmp_path: Path) -> None:
    made = Made({"step-9": GOOD, "step-10": BETTER, "step-20": BAD, "step-30": BETTER, "final": BETTER})
    checkpoints(tmp_path, *made.lines)
    assert standings(judged(made, request(tmp_path))) == [
        ("step-9", "first", None),
        ("step-10", "pass", "step-9"),
        ("step-20", "fail", "step-10"),
        ("step-30", "pass", "step-10"),  # and not the damaged one
        ("final", "pass", "step-30"),
    ]


def test_an_undecided_checkpoint_is_no_baseline(tmp_path: Path) -> None:
    few = {f"step-{k}": line(12 - k, 8 + k) for k in range(1, 4)}
    checkpoints(tmp_path, *few)
    entries = judged(Made(few), request(tmp_path))
    assert [entry.baseline for entry in entries] == [None, "step-1", "step-1"]
    assert {entry.standing for entry in entries[1:]} == {"inconclusive"}


def test_one_baseline_for_all_stops_small_drops_from_adding_up(tmp_path: Path) -> None:
    release = stored(tmp_path / "runs", GOOD, model="release")
    lines = {f"step-{k}": line(150 - 5 * k, 50 + 5 * k) for k in range(1, 9)}
    checkpoints(tmp_path, *lines)
    entries = judged(Made(lines), request(tmp_path, baseline=str(release)))
    assert {entry.baseline for entry in entries} == {str(release)}
    assert entries[-1].standing == "fail"
    assert all(entry.baseline_run == str(release) for entry in entries)


def test_a_late_checkpoint_is_gated_against_the_one_before_it(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": GOOD, "step-3": BETTER})
    checkpoints(tmp_path, "step-1", "step-3")
    judged(made, request(tmp_path))
    checkpoints(tmp_path, "step-2")
    assert standings(judged(made, request(tmp_path))) == [("step-2", "pass", "step-1")]
    assert [entry.checkpoint for entry in History(tmp_path / "out").current()] == [
        "step-1",
        "step-2",
        "step-3",
    ]


def test_a_checkpoint_before_all_others_is_gated_too(tmp_path: Path) -> None:
    made = Made({"step-1": BAD, "step-2": GOOD})
    checkpoints(tmp_path, "step-2")
    judged(made, request(tmp_path))
    checkpoints(tmp_path, "step-1")
    assert standings(judged(made, request(tmp_path))) == [("step-1", "fail", "step-2")]


def test_a_run_that_was_deleted_is_no_baseline(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": GOOD, "step-3": GOOD})
    checkpoints(tmp_path, "step-1", "step-2")
    *_, second = judged(made, request(tmp_path))
    shutil.rmtree(str(second.run))
    checkpoints(tmp_path, "step-3")
    assert standings(judged(made, request(tmp_path))) == [("step-3", "pass", "step-1")]


def test_the_first_one_must_keep_the_rules_that_look_at_it_alone(tmp_path: Path) -> None:
    policy = tmp_path / "gate.yaml"
    rules = "- {rule: no-regression}\n- {rule: at-least, task: sums, score: 0.6}\n"
    policy.write_text("rules:\n" + rules)
    made = Made({"step-1": BAD, "step-2": GOOD, "step-3": GOOD})
    checkpoints(tmp_path, *made.lines)
    assert standings(judged(made, request(tmp_path, policy=str(policy)))) == [
        ("step-1", "fail", None),
        ("step-2", "first", None),
        ("step-3", "pass", "step-2"),
    ]


def test_an_incomplete_first_one_is_not_good(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD[:-1] + "e", "step-2": GOOD})
    checkpoints(tmp_path, *made.lines)
    entries = judged(made, request(tmp_path))
    assert standings(entries) == [("step-1", "incomplete", None), ("step-2", "first", None)]
    assert (entries[0].exit_code, entries[0].points) == (3, ())


def test_an_entry_holds_scores_deltas_and_the_whole_verdict(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": BAD})
    checkpoints(tmp_path, *made.lines)
    entry = judged(made, request(tmp_path))[-1]
    (point,) = entry.points
    assert (point.score.mean, point.score.n) == (0.45, 200)
    assert point.delta is not None
    assert point.delta.difference == pytest.approx(-0.3)
    verdict = json.loads((tmp_path / "out" / str(entry.report)).read_text())
    assert (verdict["kind"], verdict["outcome"], verdict["exit_code"]) == ("gate", "fail", 1)
    assert verdict["headline"] == entry.headline


# ---------------------------------------------------------------- what is not finished


def test_what_is_half_written_waits_and_is_judged_when_it_is_whole(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": GOOD})
    checkpoints(tmp_path, "step-1", "step-2")
    weights = tmp_path / "checkpoints" / "step-2" / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    said: list[str | None] = []
    reports = Reports(waiting=lambda found: said.append(found.problem))
    assert [e.checkpoint for e in judged(made, request(tmp_path), reports=reports)] == ["step-1"]
    assert len(said) == 1
    assert "not written to its end" in str(said[0])
    weights.write_bytes(whole)
    assert [entry.checkpoint for entry in judged(made, request(tmp_path))] == ["step-2"]


def test_what_still_changes_while_it_settles_waits(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD})
    checkpoints(tmp_path, "step-1")
    made.meanwhile = (tmp_path / "checkpoints" / "step-1" / "more.json").touch
    assert judged(made, request(tmp_path, settle=7.0)) == []
    assert made.waits == [7.0]
    made.meanwhile = lambda: None
    assert len(judged(made, request(tmp_path))) == 1


def test_with_a_marker_nothing_has_to_settle(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD})
    checkpoints(tmp_path, "step-1")
    assert judged(made, request(tmp_path, marker="done")) == []
    (tmp_path / "checkpoints" / "step-1" / "done").touch()
    assert len(judged(made, request(tmp_path, marker="done"))) == 1
    assert made.waits == []


def test_one_that_is_written_anew_while_it_is_evaluated_is_judged_as_it_became(tmp_path: Path) -> None:
    made = Made({"step-1": BAD})
    checkpoints(tmp_path, "step-1")

    def rewritten(name: str) -> None:
        (tmp_path / "checkpoints" / name / "model.safetensors").touch()
        made.during = lambda _: None

    made.during = rewritten
    assert judged(made, request(tmp_path)) == []
    assert History(tmp_path / "out").judged == ()
    assert len(judged(made, request(tmp_path))) == 1


def test_one_that_is_deleted_while_it_is_evaluated_was_judged(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD})
    checkpoints(tmp_path, "step-1")
    made.during = lambda name: shutil.rmtree(tmp_path / "checkpoints" / name)
    assert len(judged(made, request(tmp_path))) == 1


def test_the_same_name_with_other_content_is_judged_again(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": BAD})
    checkpoints(tmp_path, "step-1", "step-2")
    judged(made, request(tmp_path))
    assert judged(made, request(tmp_path)) == []
    made.lines["step-2"] = BETTER
    (tmp_path / "checkpoints" / "step-2" / "model.safetensors").touch()
    assert standings(judged(made, request(tmp_path))) == [("step-2", "pass", "step-1")]
    assert [entry.standing for entry in History(tmp_path / "out").current()] == ["first", "pass"]


def test_it_goes_on_looking_until_it_is_stopped(tmp_path: Path) -> None:
    made, stop = Made({"step-1": GOOD, "step-2": GOOD}), Stop()
    checkpoints(tmp_path, "step-1")
    watch = watch_checkpoints(request(tmp_path, once=False, every=9.0), stop=stop, world=made.world)
    assert next(watch).checkpoint == "step-1"
    there = tmp_path / "checkpoints" / "step-2"
    made.meanwhile = lambda: None if there.exists() else checkpoints(tmp_path, "step-2")
    assert next(watch).checkpoint == "step-2"
    made.meanwhile = lambda: setattr(stop, "set", True)
    assert list(watch) == []
    assert 9.0 in made.waits


# ---------------------------------------------------------------- what goes wrong


def test_one_that_cannot_be_evaluated_is_an_error_and_tried_again_by_the_next_watch(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": BROKEN, "step-3": RuntimeError("shapes differ"), "step-4": GOOD})
    checkpoints(tmp_path, *made.lines)
    entries = judged(made, request(tmp_path))
    assert [entry.standing for entry in entries] == ["first", "error", "error", "pass"]
    assert "its weights are no numbers" in entries[1].headline
    assert "RuntimeError: shapes differ" in entries[2].headline
    made.lines["step-2"] = GOOD
    assert [e.checkpoint for e in judged(made, request(tmp_path))] == ["step-2", "step-3"]


def test_what_the_first_evaluation_lacks_ends_the_watch(tmp_path: Path) -> None:
    made = Made({"step-1": MissingError("torch is not installed", "install it"), "step-2": GOOD})
    checkpoints(tmp_path, *made.lines)
    with pytest.raises(MissingError, match="torch"):
        judged(made, request(tmp_path))
    made.lines |= {"step-1": GOOD, "step-2": MissingError("does not fit on cuda", "a larger device")}
    assert [entry.standing for entry in judged(made, request(tmp_path))] == ["first", "error"]


def test_a_policy_that_names_an_unknown_task_ends_the_watch_and_judges_nothing(tmp_path: Path) -> None:
    policy = tmp_path / "gate.yaml"
    policy.write_text("rules:\n- {rule: no-regression, tasks: [smus]}\n")
    made = Made({"step-1": GOOD, "step-2": GOOD})
    checkpoints(tmp_path, *made.lines)
    with pytest.raises(UsageError, match=r'gate.yaml:2:.*no run has the task "smus"'):
        judged(made, request(tmp_path, policy=str(policy)))
    assert [entry.standing for entry in History(tmp_path / "out").judged] == ["first"]


@pytest.mark.parametrize(
    "change",
    [{"directory": "/no/such"}, {"policy": "/no/such.yaml"}],
)
def test_a_mistake_is_said_before_anything_is_evaluated(tmp_path: Path, change: dict[str, str]) -> None:
    made = Made({"step-1": GOOD})
    checkpoints(tmp_path, "step-1")
    with pytest.raises(UsageError):
        judged(made, request(tmp_path, **change))
    asked = request(tmp_path)
    with pytest.raises(UsageError, match=r"\"gqpa\" not found"):
        judged(made, msgspec.structs.replace(asked, run=msgspec.structs.replace(asked.run, tasks=("gqpa",))))
    assert made.evaluated == []


def test_what_a_killed_watch_left_is_kept_and_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": GOOD, "step-3": GOOD})
    checkpoints(tmp_path, "step-1", "step-2")
    judged(made, request(tmp_path))
    with (tmp_path / "out" / FILE).open("ab") as file:
        file.write(b'{"type":"judged","checkpoint":"step-3","st')
    checkpoints(tmp_path, "step-3")
    assert standings(judged(made, request(tmp_path))) == [("step-3", "pass", "step-2")]
    assert [entry.checkpoint for entry in History(tmp_path / "out").judged] == ["step-1", "step-2", "step-3"]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / FILE).write_text("nonsense\n")
    with pytest.raises(StoreError, match=r"history.jsonl:1: damaged"):
        judged(Made({}), request(tmp_path))
    (tmp_path / "out" / FILE).write_text('{"type":"opened","schema":99,"checkpoints":"x"}\n')
    with pytest.raises(StoreError, match="newer phi4eval"):
        judged(Made({}), request(tmp_path))


def test_two_watches_cannot_write_one_history_nor_one_two_directories(tmp_path: Path) -> None:
    asked = request(tmp_path)
    with HistoryWriter(asked.out, asked.directory), pytest.raises(StoreError, match="another process writes"):
        judged(Made({}), asked)
    (tmp_path / "others").mkdir()
    with pytest.raises(StoreError, match="is the history of"):
        judged(Made({}), msgspec.structs.replace(asked, directory=str(tmp_path / "others")))


# ---------------------------------------------------------------- commands


def noting(folder: Path, code: int = 0) -> tuple[str, ...]:
    """A command that appends what it is told to a file."""
    script = folder / "note.py"
    script.write_text(
        "import json, os, sys\n"
        "told = {k: v for k, v in os.environ.items() if k.startswith('PHI4EVAL_')}\n"
        f"with open({str(folder / 'notes')!r}, 'a') as file:\n"
        "    file.write(json.dumps([sys.argv[1:], told, json.load(sys.stdin)]) + '\\n')\n"
        f"print('said')\nsys.exit({code})\n"
    )
    return parse_command(shlex.join([sys.executable, str(script), "two words", "$HOME"]), "--on-fail")


def notes(folder: Path) -> list[tuple[list[str], dict[str, str], dict[str, object]]]:
    file = folder / "notes"
    return [json.loads(text) for text in file.read_text().splitlines()] if file.exists() else []


def test_a_command_is_told_the_verdict_in_variables_and_as_json(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": BAD})
    checkpoints(tmp_path, *made.lines)
    entry = judged(made, request(tmp_path, commands={"fail": noting(tmp_path)}))[-1]
    ((words, told, shown),) = notes(tmp_path)
    assert words == ["two words", "$HOME"], "no shell looks at them"
    assert (told["PHI4EVAL_VERDICT"], told["PHI4EVAL_CHECKPOINT"], told["PHI4EVAL_STEP"]) == (
        "fail",
        "step-2",
        "2",
    )
    assert told["PHI4EVAL_BASELINE"] == "step-1"
    assert json.loads(Path(told["PHI4EVAL_REPORT"]).read_text())["outcome"] == "fail"
    assert (shown["standing"], shown["headline"]) == ("fail", entry.headline)


def test_each_occasion_has_its_command(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": BAD, "step-3": BROKEN})
    checkpoints(tmp_path, *made.lines)
    words = noting(tmp_path)
    for occasion, expected in (
        ("pass", ["step-1"]),
        ("fail", ["step-2", "step-3"]),
        ("verdict", [*made.lines]),
    ):
        (tmp_path / "notes").unlink(missing_ok=True)
        judged(made, request(tmp_path, commands={occasion: words}, out=str(tmp_path / occasion)))
        assert [told["PHI4EVAL_CHECKPOINT"] for _, told, _ in notes(tmp_path)] == expected


def test_how_a_command_ends_is_noted_and_stops_nothing(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": GOOD})
    checkpoints(tmp_path, *made.lines)
    judged(made, request(tmp_path, commands={"verdict": noting(tmp_path, code=9)}))
    assert [(line.checkpoint, line.on, line.code) for line in History(tmp_path / "out").ran] == [
        ("step-1", "verdict", 9),
        ("step-2", "verdict", 9),
    ]


def test_a_command_whose_end_was_not_seen_is_run_again_and_only_that_one(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD, "step-2": BAD})
    checkpoints(tmp_path, *made.lines)
    asked = request(tmp_path, commands={"verdict": noting(tmp_path)})
    judged(made, asked)
    history = tmp_path / "out" / FILE
    lines = history.read_bytes().splitlines(keepends=True)
    history.write_bytes(b"".join(lines[:-1]))  # killed while the last command ran
    judged(made, asked)
    assert [told["PHI4EVAL_CHECKPOINT"] for _, told, _ in notes(tmp_path)] == ["step-1", "step-2", "step-2"]
    judged(made, asked)
    assert len(notes(tmp_path)) == 3


def test_a_command_that_is_new_is_not_run_on_old_verdicts(tmp_path: Path) -> None:
    made = Made({"step-1": BAD})
    checkpoints(tmp_path, "step-1")
    judged(made, request(tmp_path))
    judged(made, request(tmp_path, commands={"verdict": noting(tmp_path)}))
    assert notes(tmp_path) == []


def test_a_command_that_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD})
    checkpoints(tmp_path, "step-1")
    (entry,) = judged(made, request(tmp_path))
    words = parse_command("sh -c 'sleep 600 & sleep 600'", "--on-pass")
    ended = run_command(words, entry, tmp_path, seconds=0.05)
    assert ended.code is None
    assert "still running" in str(ended.problem)
    killed = run_command(parse_command("sh -c 'kill -9 $$'", "--on-pass"), entry, tmp_path)
    assert killed.problem == "ended by signal 9"


def test_a_command_that_does_not_read_is_no_error(tmp_path: Path) -> None:
    made = Made({"step-1": GOOD})
    checkpoints(tmp_path, "step-1")
    (entry,) = judged(made, request(tmp_path))
    large = msgspec.structs.replace(entry, headline="x" * 1_000_000)
    short = msgspec.structs.replace(entry, headline="x" * 100_000)
    assert run_command(parse_command("true", "--on-pass"), short, tmp_path).code == 0
    assert run_command(parse_command("true", "--on-pass"), large, tmp_path).code is None


@pytest.mark.parametrize(
    ("text", "says"), [("", "is empty"), ("'a", "No closing quotation"), ("no-such-program x", "no program")]
)
def test_a_command_that_cannot_be_run_is_a_usage_error(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse_command(text, "--on-fail")
    assert "--on-fail" in caught.value.message
    assert caught.value.hint


def test_specs_of_several_tasks_give_a_point_each(tmp_path: Path) -> None:
    made = Made({"step-1": Spec(lines=(GOOD,), name="a")})
    checkpoints(tmp_path, "step-1")
    assert [point.task for point in judged(made, request(tmp_path))[0].points] == ["a"]
