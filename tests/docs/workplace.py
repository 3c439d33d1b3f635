"""A folder in which the commands of the docs can be run: what their placeholder names stand for is there."""

from __future__ import annotations

import json
import shlex
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa

import phi4eval
from phi4eval.cli.main import main
from phi4eval.store import load_run
from phi4eval.task import expand
from tests.interop.made import inspect_archive, lm_eval_files
from tests.task.made import MINIMAL, write_rows
from tests.task.test_published_files import PUBLISHED
from tests.task.test_report_protocols import drop_files
from tests.test_prompts import row_for

LOCAL_MODELS = (
    "microsoft/phi-4",
    "phi-4",
    "./checkpoint",
    "./checkpoint-2000",
    "./contaminated",
    "./same_style",
    "MODEL",
)
"""Weights that a reader has and this machine has not: phi-tiny stands in for them."""
SERVED_MODELS = ("gpt-4o", "my-model")
"""Models behind an endpoint: a server on the loopback answers for them."""
SMALL = ("--limit", "2", "--max-tokens", "8")
"""What keeps a shown run short."""


ENDING = ("--once", "--settle", "0")
"""What keeps a shown watch from waiting for more."""
MODELS = Path(phi4eval.__file__).parent / "models"


class Answering(BaseHTTPRequestHandler):
    """Answers every chat with the same line."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": "Answer: B"},
            "finish_reason": "stop",
        }
        usage = {"prompt_tokens": 9, "completion_tokens": 3}
        body = json.dumps({"choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextmanager
def endpoint() -> Iterator[str]:
    """The base URL of a server that is there as long as the context is."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Workplace:
    """The folder, and how a shown command becomes one that runs in it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        (folder / "data").mkdir()
        sums = ("--tasks", "gpqa_sample", "--max-tokens", "4")
        old, new = (self._run("--model", model, *sums) for model in ("phi-tiny-plain", "phi-tiny"))
        item = next(load_run(new).prompts()).item
        self._question = str(item.row["question"])
        self._names = {**_names(old, new, url, item.id), "math500/17": f"gpqa_sample/{item.id}"}
        self._names["hf:org/name:config:train"] = f"hf:{folder / 'hub'}:train"
        gpqa = ("--tasks", "gpqa", "--data", f"gpqa={self._data('gpqa')}", "--base-url", url)
        self._published = self._run("--model", "phi-4", *gpqa)
        self._files()

    def _run(self, *words: str) -> str:
        results = self.folder / "results" / "runs"
        before = set(results.glob("*"))
        assert main(["run", *words, "--results", str(results)]) == 0
        (made,) = set(results.glob("*")) - before
        return str(made)

    def _data(self, task: str) -> str:
        """A file with one row of a task that this machine cannot have."""
        if task == "drop":  # it needs its training file beside it
            return str(drop_files(self.folder / "data")[0])
        return str(write_rows(self.folder / "data" / f"{task}.jsonl", [_row(task)]))

    def _files(self) -> None:
        results = self.folder / "results" / "runs"
        for name in ("corpus", "hub", "more", "logs", "tasks"):
            (self.folder / name).mkdir()
        texts = [{"id": "d", "text": "some words"}, {"id": "e", "text": self._question}]
        for place in ("corpus/part.jsonl", "hub/train.jsonl"):
            write_rows(self.folder / place, texts)
        packed = pa.compress(json.dumps(texts[0]).encode(), codec="zstd", asbytes=True)
        (self.folder / "more" / "part.jsonl.zst").write_bytes(packed)
        write_rows(self.folder / "items.jsonl", [{"item_id": "i", "question": self._question}])
        (self.folder / "tasks" / "sums.yaml").write_text(MINIMAL.replace("task: toy", "task: sums"))
        write_rows(self.folder / "tasks" / "rows.jsonl", [{"question": "1 + 1?", "answer": "2"}])
        lm_eval_files(self.folder / "lm_eval_output")
        inspect_archive(self.folder / "logs" / "2026-01-02_gsm8k.eval")
        pair = {"id": "1", "gold": "1/2", "prediction": "0.5"}
        (self.folder / "FILE").write_text(json.dumps(pair) + "\n")
        write_rows(self.folder / "math500.jsonl", [_row("math500")])
        write_rows(self.folder / "my_papers.jsonl", [_row("amc")])
        write_rows(self.folder / "outputs.jsonl", [{**_row("math500"), "code": ["so 2"] * 4}])
        for place in ("checkpoints", "out/checkpoints"):
            shutil.copytree(MODELS / "phi-tiny", self.folder / place / "step-100")
        (self.folder / "out" / "step-100").symlink_to(self.folder / "out" / "checkpoints" / "step-100")
        script = self.folder / "stop-training.sh"
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
        assert (
            main(["site", "build", "--results", str(results), "--out", str(self.folder / "yesterday")]) == 0
        )
        assert (
            main(["site", "build", "--results", str(results), "--out", str(self.folder / "leaderboard")]) == 0
        )
        data = ("--data", f"math500={self.folder / 'math500.jsonl'}")
        scan = ("--tasks", "gpqa_sample,math500", *data, "--out", str(self.folder / "scan"))
        assert main(["contamination", "scan", str(self.folder / "corpus"), *scan]) == 0
        (self.folder / "gate.yaml").write_text("rules:\n  - {rule: no-regression, margin: 0.5}\n")

    def room(self, name: str, *, without: str = "") -> Path:
        """A folder for one command, with everything of this one in it but what the command itself makes."""
        room = self.folder / "rooms" / name
        room.mkdir(parents=True)
        # the runs are shared; what else a command files under results/ is its own
        (room / "results").mkdir()
        (room / "results" / "runs").symlink_to(self.folder / "results" / "runs")
        for entry in self.folder.iterdir():
            if entry.name not in ("rooms", "results", without):
                (room / entry.name).symlink_to(entry)
        return room

    def runnable(self, words: Sequence[str]) -> list[str]:
        """The words of a shown command with what a reader would put in place of its names."""
        names = dict(self._names)
        if any(word.partition(":")[0] == "report" for word in words):
            # published scores are of published models: the run that is compared with them is phi-4's
            names |= dict.fromkeys(("RUN", "runs/new"), self._published)
        made = [names.get(word, word) for word in words]
        if "--model" in made:
            made = self._modelled(made)
        if made[0] in ("run", "watch"):
            made += SMALL
        if made[0] == "report" and "--model" in made:
            made += ("--limit", "1", "--repeats", "1")
        if made[0] == "watch":
            made += ENDING
        if made[:2] == ["contamination", "probe"]:
            made += ("--limit", "2")
        return [*made, *self._data_for(made)] if "--tasks" in made else made

    def _modelled(self, words: list[str]) -> list[str]:
        model = words[words.index("--model") + 1]
        if model in LOCAL_MODELS:
            return ["phi-tiny" if word == model else word for word in words]
        if model in SERVED_MODELS and "--base-url" not in words:
            return [*words, "--base-url", self.url]
        return words

    def _data_for(self, words: Sequence[str]) -> list[str]:
        """--data for every task whose rows this machine cannot have."""
        given = " ".join(words)
        names = words[words.index("--tasks") + 1]
        tasks = [] if names.endswith(".yaml") else expand(tuple(names.split(",")))
        wanted = [task.name for task in tasks if not task.sources or task.sources[0].kind == "hub"]
        return [
            part
            for name in wanted
            if f"--data {name}=" not in given
            for part in ("--data", f"{name}={self._data(name)}")
        ]


def _names(old: str, new: str, url: str, item: str) -> dict[str, str]:
    return {
        **dict.fromkeys(("RUN_A", "runs/old", "runs/good", "runs/a", "PLAIN_RUN"), old),
        **dict.fromkeys(("RUN_B", "RUN", "runs/new", "runs/b", "runs/phi-4-3f2a", "STEPS_RUN"), new),
        "runs/c": old,
        "base-model": "phi-tiny-plain",
        "ITEM": item,
        "GRADER": "simple_evals",
        "http://localhost:8000/v1": url,
    }


def _row(task: str) -> Mapping[str, Any]:
    """A row of a task's data, laid out as published."""
    return next((row for _, name, row, _ in PUBLISHED if name == task), row_for(task))


def told(words: Sequence[str]) -> str:
    """A command for a failed test's message."""
    return f"phi4eval {shlex.join(words)}"
