"""The run directory: the only writer under results/, and the way to read a run back.

<results>/<model>-<run id>/
  manifest.json      what the run is (types.Manifest)
  prompts.jsonl      every prompt with its item and key (types.StoredPrompt)
  completions.jsonl  append-only (types.Completion); a later line for the same sample supersedes
  grades.jsonl       append-only (types.StoredGrade); a later line for the same sample and role supersedes
  contamination.json what a joined contamination scan says of the items (types.RunContamination)
  summary.json       derived from the above (types.Summary)
  command.txt        every command that worked on the run
  lock               held by the process that writes
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from phi4eval.errors import NothingMatchedError, StoreError, did_you_mean
from phi4eval.frames import records_frame
from phi4eval.lines import LineWriter, read_lines, write_atomically
from phi4eval.seeds import content_hash
from phi4eval.types import (
    SCHEMA,
    Completion,
    Fingerprint,
    Grade,
    Manifest,
    Record,
    RunContamination,
    StoredGrade,
    StoredPrompt,
    Summary,
    TaskManifest,
)

if TYPE_CHECKING:
    import pandas as pd

JOINED = "contamination.json"

T = TypeVar("T")
_ENCODER = msgspec.json.Encoder(order="deterministic")


class SampleKey(NamedTuple):
    """The address of one sample in a run."""

    task: str
    item: str
    sample: int


class _Head(msgspec.Struct, frozen=True):
    schema: int = SCHEMA


class _Slim(msgspec.Struct, frozen=True):
    """The part of a completion's line that an index needs; decoding skips the text."""

    task: str
    item: str
    sample: int
    finish: str


def run_id(fingerprint: Fingerprint, seed: int, tasks: Iterable[TaskManifest]) -> str:
    """The run's name: a hash over everything that decides its completions, and nothing else.

    Graders and versions of libraries are not part of it: a run may be graded again, and is the same run
    after an upgrade (each session's versions are recorded).
    """
    return content_hash(
        {
            "schema": SCHEMA,
            "backend": fingerprint.backend,
            "model": fingerprint.model,
            "weights": fingerprint.weights,
            "identity": fingerprint.identity,
            "seed": seed,
            "tasks": [
                [t.task.name, t.dataset.fingerprint, t.item_set, t.prompt_hash, t.sampling, t.repeats]
                for t in tasks
            ],
        },
        length=12,
    )


def directory_for(results: str | Path, model: str, run: str) -> Path:
    """Where a run lies; the model's name is only for people and is made safe for a file name."""
    slug = re.sub(r"[^a-z0-9.]+", "-", model.lower()).strip("-.")[-48:] or "model"
    return Path(results) / f"{slug}-{run}"


def load_json(path: Path, kind: type[T]) -> T:
    """Decode one JSON file of a run, refusing what a newer version wrote."""
    try:
        data = path.read_bytes()
        schema = msgspec.json.decode(data, type=_Head).schema
        if schema > SCHEMA:
            raise StoreError(
                f"{path} was written by a newer phi4eval (schema {schema}, this one reads up to {SCHEMA})",
                "upgrade phi4eval to read it; nothing was changed",
            )
        return msgspec.json.decode(data, type=kind)
    except FileNotFoundError as error:
        raise StoreError(
            f"{path} does not exist", "is this a run directory? phi4eval runs list shows all"
        ) from error
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}",
            "restore the file, or move the directory away and run the command again",
        ) from error


def dump_json(path: Path, value: Any) -> None:
    """Write key-sorted, indented, newline-terminated JSON, atomically."""
    encoded = msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2)
    write_atomically(path, encoded + b"\n")


def _decoded(path: Path, kind: type[T]) -> Iterator[tuple[int, T]]:
    decoder = msgspec.json.Decoder(kind)
    for number, (offset, line) in enumerate(read_lines(path), start=1):
        try:
            yield offset, decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StoreError(
                f"{path}:{number}: damaged line: {error}",
                "phi4eval runs verify lists what is wrong; without the line the sample is asked again",
            ) from error


def _line_at(path: Path, offset: int, kind: type[T]) -> T:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return msgspec.json.decode(file.readline(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path}: no line to read at byte {offset}: {error}", "phi4eval runs verify lists what is wrong"
        ) from error


class Run:
    """A run read back from disk. Only the index is in memory; completions are read as they are needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = load_json(path / "manifest.json", Manifest)

    @property
    def summary(self) -> Summary | None:
        """The stored result; None while the run has never been summarised."""
        path = self.path / "summary.json"
        return load_json(path, Summary) if path.exists() else None

    @property
    def contamination(self) -> RunContamination | None:
        """What a scan says of the items; None while none was joined."""
        path = self.path / JOINED
        return load_json(path, RunContamination) if path.exists() else None

    def prompts(self) -> Iterator[StoredPrompt]:
        """Every prompt with its item and key."""
        return (prompt for _, prompt in _decoded(self.path / "prompts.jsonl", StoredPrompt))

    def completion_index(self) -> dict[SampleKey, tuple[int, str]]:
        """(byte offset, finish) of the line that counts for each sample: the last one."""
        index: dict[SampleKey, tuple[int, str]] = {}
        for offset, slim in _decoded(self.path / "completions.jsonl", _Slim):
            index[SampleKey(slim.task, slim.item, slim.sample)] = (offset, slim.finish)
        return index

    def prompt_index(self) -> dict[SampleKey, int]:
        """Byte offset of the prompt's line of every sample that was to be drawn."""
        return {
            SampleKey(stored.prompt.task, stored.prompt.item, draw.sample): offset
            for offset, stored in _decoded(self.path / "prompts.jsonl", StoredPrompt)
            for draw in stored.prompt.draws
        }

    def prompt_at(self, offset: int) -> StoredPrompt:
        """The prompt whose line begins at a byte offset."""
        return _line_at(self.path / "prompts.jsonl", offset, StoredPrompt)

    def completion_at(self, offset: int) -> Completion:
        """The completion whose line begins at a byte offset."""
        return _line_at(self.path / "completions.jsonl", offset, Completion)

    def completions(self) -> Iterator[tuple[int, Completion]]:
        """(byte offset, completion) of every sample, superseded lines left out, in the order written."""
        live = {offset for offset, _ in self.completion_index().values()}
        for offset, completion in _decoded(self.path / "completions.jsonl", Completion):
            if offset in live:
                yield offset, completion

    def grades(self) -> dict[tuple[SampleKey, str], Grade]:
        """The grade that counts for each sample and role; grades of superseded completions left out."""
        index = self.completion_index()
        grades: dict[tuple[SampleKey, str], Grade] = {}
        for _, row in _decoded(self.path / "grades.jsonl", StoredGrade):
            key = SampleKey(row.task, row.item, row.sample)
            if key in index and index[key][0] == row.offset:
                grades[key, row.role] = row.grade
        return grades

    def records(self) -> Iterator[Record]:
        """Every sample with all that led to its grade, in the order the completions came."""
        asked = {
            SampleKey(stored.prompt.task, stored.prompt.item, draw.sample): stored
            for stored in self.prompts()
            for draw in stored.prompt.draws
        }
        grades, joined = self.grades(), self.contamination
        verdicts = {} if joined is None else {(row.task, row.item): row.verdict for row in joined.items}
        for _, completion in self.completions():
            key = SampleKey(completion.task, completion.item, completion.sample)
            if key in asked:
                yield Record(
                    item=asked[key].item,
                    prompt=asked[key].prompt,
                    key=asked[key].key,
                    completion=completion,
                    grade=grades.get((key, "main")),
                    protocol_grade=grades.get((key, "protocol")),
                    contamination=None if joined is None else verdicts.get(key[:2], "unknown"),
                )

    def to_pandas(self) -> pd.DataFrame:
        """One row a sample; frames.RECORD_COLUMNS says what each column holds."""
        return records_frame(self.records())


class RunWriter:
    """Exclusive write access to one run directory, from creation or where an earlier process stopped."""

    def __init__(self, path: Path, manifest: Manifest, prompts: Iterable[StoredPrompt]) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot create {path}: {error.strerror}", "choose another place with --results DIR"
            ) from error
        self._lock = _lock(path)
        try:
            self._create(manifest, prompts)
            self.run = Run(path)
            self._completions = LineWriter(path / "completions.jsonl")
            self._grades = LineWriter(path / "grades.jsonl")
        except BaseException:
            os.close(self._lock)
            raise

    def _create(self, manifest: Manifest, prompts: Iterable[StoredPrompt]) -> None:
        # the manifest is written last: a directory without one never began, and is begun again
        target = self.path / "manifest.json"
        if not target.exists():
            write_atomically(
                self.path / "prompts.jsonl", b"".join(_ENCODER.encode(prompt) + b"\n" for prompt in prompts)
            )
            dump_json(target, manifest)
            return
        stored = load_json(target, Manifest)
        # a task's grader may have changed since: the completions stay, the definition is brought up to date
        current = msgspec.structs.replace(manifest, created=stored.created)
        if current != stored:
            dump_json(target, current)

    def add_completion(self, completion: Completion) -> int:
        """Append a completion; returns its byte offset. On disk (in the kernel) when this returns."""
        return self._completions.append(_ENCODER.encode(completion))

    def add_grade(self, grade: StoredGrade) -> None:
        """Append a grade."""
        self._grades.append(_ENCODER.encode(grade))

    def write_summary(self, summary: Summary) -> None:
        """Replace summary.json."""
        dump_json(self.path / "summary.json", summary)

    def write_contamination(self, joined: RunContamination) -> None:
        """Replace contamination.json; the summary does not follow from the run until it is made again."""
        dump_json(self.path / JOINED, joined)

    def note_command(self, line: str) -> None:
        """Add a line to command.txt."""
        log = LineWriter(self.path / "command.txt")
        log.append(line.encode("utf-8", "backslashreplace").replace(b"\n", b" "))
        log.close()

    def close(self) -> None:
        """Flush all files and give the lock back; safe to call twice."""
        if self._lock < 0:
            return
        try:
            self._completions.close()
            self._grades.close()
        finally:
            lock, self._lock = self._lock, -1
            os.close(lock)

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lock(path: Path) -> int:
    """Take the run's lock or say who holds it. The kernel frees it when the holder dies, however it dies."""
    try:
        fd = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(
            f"cannot write in {path}: {error.strerror}", "choose another place with --results DIR"
        ) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(fd, 200).decode("utf-8", "replace").strip() or "another process"
        os.close(fd)
        raise StoreError(
            f"{path} is being written by {holder}",
            "wait for it, or stop it; the same command then continues where it stopped",
        ) from error
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    except OSError:
        pass  # on a full disk the lock still holds, only its label is missing
    return fd


def load_run(path: str | Path) -> Run:
    """Open a run directory for reading. Raises StoreError if it is none, damaged or from a newer version."""
    return Run(Path(path))


def list_runs(results: str | Path) -> list[Run]:
    """All runs under a results directory, oldest first. Directories without a manifest are no runs."""
    root = Path(results)
    runs = [Run(manifest.parent) for manifest in root.glob("*/manifest.json")]
    return sorted(runs, key=lambda run: (run.manifest.created, run.manifest.run_id))


def find_run(text: str, results: str | Path) -> Path:
    """The directory of a run named by path, by run id, or by a unique part of either."""
    if (Path(text) / "manifest.json").is_file():
        return Path(text)
    root = Path(results)
    names = sorted(manifest.parent.name for manifest in root.glob("*/manifest.json"))
    exact = [name for name in names if text == name or name.endswith(f"-{text}")]
    found = exact or [name for name in names if text in name]
    if len(found) == 1:
        return root / found[0]
    if found:
        raise NothingMatchedError(
            f'"{text}" fits {len(found)} runs: {", ".join(found[:5])}', "give more of the run's name"
        )
    hint = did_you_mean(text, names, "phi4eval runs list shows all; --results DIR looks elsewhere")
    raise NothingMatchedError(f'no run "{text}" in {root}', hint)
