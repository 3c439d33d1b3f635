"""Which completions has this machine paid for already? One SQLite file that all runs share.

A completion is found again by what was asked and of whom (see completion_keys), never by which task asked.
SQLite keeps the file whole whoever writes at the same time and whenever a writer is killed. A cache that
cannot be used (full disk, damaged file, odd file system) costs a warning and never a run.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from phi4eval.errors import StoreError
from phi4eval.seeds import canonical_json
from phi4eval.types import Completion, Fingerprint, Prompt

FILE = "completions.sqlite"
SCHEMA = 1
AT_ONCE = 500
"""Keys looked up in one question to SQLite, which bounds them."""

FLUSH_SECONDS = 0.1
"""A kill -9 loses at most what came within so many seconds; their run has it all the same."""

BUSY_SECONDS = 20.0

_TABLE = """create table if not exists completions (
    key blob primary key, made integer not null, backend text not null, model text not null,
    place text not null, task text not null, prompt_tokens integer, completion_tokens integer,
    body blob not null) without rowid"""
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Completion)


class CacheGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What the cache holds of one model at one place. bytes: of completions; first, last: epoch seconds."""

    backend: str
    model: str
    place: str
    completions: int
    prompt_tokens: int
    completion_tokens: int
    bytes: int
    first: int
    last: int


def cache_path() -> Path:
    """Where the cache lies: $PHI4EVAL_CACHE, else phi4eval in the user's cache directory."""
    given = os.environ.get("PHI4EVAL_CACHE")
    if given:
        return Path(given).expanduser() / FILE
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "phi4eval" / FILE


def completion_keys(fingerprint: Fingerprint, prompt: Prompt, seed: int) -> Iterator[bytes]:
    """The key of each draw of a prompt: 32 bytes, a hash over all that decides which answer may come.

    That is the backend, the model, its weights and the rest of its identity; the messages and the sampling;
    the run's seed and the number of the sample. A draw's own seed is made of these and of the task, which is
    left out so that tasks which ask the same share the answer.
    """
    asked = hashlib.sha256(
        canonical_json(
            [
                SCHEMA,
                fingerprint.backend,
                fingerprint.model,
                fingerprint.weights,
                fingerprint.identity,
                prompt.messages,
                prompt.sampling,
                seed,
                *((prompt.continuations,) if prompt.continuations else ()),
            ]
        )
    ).digest()
    for draw in prompt.draws:
        yield hashlib.sha256(asked + draw.sample.to_bytes(8, "big")).digest()


class CompletionCache:
    """The file, opened when it is needed and made when there is something to keep.

    A thread writes what is kept, ten times a second. Every failure goes to `warn`; the cache is then empty
    and takes nothing.
    """

    def __init__(
        self, path: Path, warn: Callable[[str], None], clock: Callable[[], float] = time.time
    ) -> None:
        self.path = path
        self._warn = warn
        self._clock = clock
        self._pending: list[tuple[object, ...]] = []
        self._db: sqlite3.Connection | None = None
        self._broken = False
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._writer: threading.Thread | None = None

    @property
    def exists(self) -> bool:
        """Something was kept at some time."""
        return self.path.exists()

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Completion]:
        """The completions there are, by key."""
        found: dict[bytes, Completion] = {}
        for key, body in self._rows(keys, "key, body"):
            try:
                found[key] = _DECODER.decode(body)
            except msgspec.MsgspecError:
                continue  # of another version: as good as none
        return found

    def held(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of the keys that there is a completion for."""
        return {key for (key,) in self._rows(keys, "key")}

    def _rows(self, keys: Sequence[bytes], columns: str) -> list[tuple[bytes, ...]]:
        rows: list[tuple[bytes, ...]] = []
        with self._lock:
            db = self._opened() if self.exists else None
            try:
                for begin in range(0, len(keys) if db else 0, AT_ONCE):
                    assert db is not None
                    part = keys[begin : begin + AT_ONCE]
                    marks = ",".join("?" * len(part))
                    rows += db.execute(f"select {columns} from completions where key in ({marks})", part)
            except sqlite3.Error as error:
                self._fail(error)
                return []
        return rows

    def _opened(self) -> sqlite3.Connection | None:
        if self._db is None and not self._broken:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._db = _connect(self.path)
            except (OSError, sqlite3.Error) as error:
                self._fail(error)
        return self._db

    def keep(self, key: bytes, completion: Completion, fingerprint: Fingerprint) -> None:
        """Add a completion that was paid for; one that is there already stays."""
        row = (
            key,
            int(self._clock()),
            fingerprint.backend,
            fingerprint.model,
            fingerprint.identity.get("endpoint") or fingerprint.weights or "",
            completion.task,
            completion.prompt_tokens,
            completion.completion_tokens,
            _ENCODER.encode(completion),
        )
        with self._lock:
            if self._opened() is None:
                return
            self._pending.append(row)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="phi4eval-cache", daemon=True)
                self._writer.start()

    def _write(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            rows, self._pending = self._pending, []
            db = self._opened() if rows else None
            if db is None:
                return
            try:
                db.execute("begin immediate")
                marks = ",".join("?" * len(rows[0]))
                db.executemany(f"insert or ignore into completions values ({marks})", rows)
                db.execute("commit")
            except sqlite3.Error as error:
                self._fail(error)

    def close(self) -> None:
        """Write what is left; safe to call twice."""
        self._closing.set()
        if self._writer is not None:
            self._writer.join()
            self._writer = None
        self._flush()
        if self._db is not None:
            self._db.close()
            self._db = None

    def _fail(self, error: Exception) -> None:
        self._broken = True
        if self._db is not None:
            self._db.close()
            self._db = None
        self._warn(
            f"the completion cache {self.path} cannot be used ({error}): answers are asked and paid for"
            " again; phi4eval cache clear makes a new one, PHI4EVAL_CACHE=DIR puts it elsewhere"
        )


def cache_groups(path: Path) -> tuple[CacheGroup, ...]:
    """What the cache holds, by model and place; () if there is none. Raises StoreError for a damaged one."""
    if not path.exists():
        return ()
    columns = (
        "backend, model, place, count(*) completions, coalesce(sum(prompt_tokens), 0) prompt_tokens,"
        " coalesce(sum(completion_tokens), 0) completion_tokens, sum(length(body)) bytes,"
        " min(made) first, max(made) last"
    )
    rows = _ask(path, f"select {columns} from completions group by backend, model, place order by 1, 2, 3")
    return tuple(msgspec.convert(dict(row), CacheGroup) for row in rows)


def cached_completions(path: Path, model: str, limit: int) -> tuple[Completion, ...]:
    """The newest completions of a model. Raises StoreError for a damaged cache."""
    if not path.exists():
        return ()
    rows = _ask(
        path, "select body from completions where model = ? order by made desc limit ?", (model, limit)
    )
    return tuple(_DECODER.decode(row["body"]) for row in rows)


def clear_cache(path: Path, model: str | None = None) -> int:
    """Forget everything, or one model's completions; returns how many, -1 for a damaged file, now removed."""
    if not path.exists():
        return 0
    where, values = ("", ()) if model is None else (" where model = ?", (model,))
    try:
        db = _connect(path)
        with db:
            count = db.execute(f"delete from completions{where}", values).rowcount
        db.execute("vacuum")
        db.close()
    except sqlite3.DatabaseError as error:
        if model is not None or isinstance(error, sqlite3.OperationalError):
            raise _unreadable(path, error) from error
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return -1
    return count


def _ask(path: Path, question: str, values: Iterable[object] = ()) -> list[sqlite3.Row]:
    try:
        db = _connect(path)
        try:
            db.row_factory = sqlite3.Row
            return db.execute(question, tuple(values)).fetchall()
        finally:
            db.close()
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"the completion cache {path} cannot be read: {error}",
        "phi4eval cache clear removes it; runs are kept",
    )


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        db.execute("pragma journal_mode = wal")
        # the last commits may be lost with the machine's power, with the process alone none is
        db.execute("pragma synchronous = normal")
        db.execute(_TABLE)
        version = db.execute("pragma user_version").fetchone()[0]
        if version > SCHEMA:
            raise sqlite3.DatabaseError(f"written by a newer phi4eval (version {version})")
        db.execute(f"pragma user_version = {SCHEMA}")
    except BaseException:
        db.close()
        raise
    return db
