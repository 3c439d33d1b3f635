"""How do many machines answer one run? Ray actors each own a backend; their prompts come from one queue.

Ray places, watches and reaches the actors. What is written here is the bookkeeping: which draws went to which
replica, which came back, and which must be asked again because their replica died.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from phi4eval.backends.options import BackendOptions
from phi4eval.errors import IncompleteError, MissingError, UsageError
from phi4eval.protocols import Backend, StopSignal
from phi4eval.types import Completion, Draw, Fingerprint, ModelSpec, Prompt, PromptTokens

START = 1800.0
"""Seconds that all replicas together may take to start: a cluster may have to find machines first."""

STALL = 3600.0
"""Seconds without any answer after which the run gives up."""

POLL = 1.0
"""Seconds between looks at the stop signal while no answer comes."""

LIVES = 3
"""Replicas that a draw may cost before it counts as the cause of their deaths, and ends as an error."""

MOST, LEAST = 512, 16
"""Draws handed to a replica at a time: many keep its batches full, few leave little to do at the end."""

_Key = tuple[str, str, int]


def open_replicas(
    backend: Backend, name: str, model: ModelSpec, options: BackendOptions, count: int
) -> Backend:
    """A backend that has `count` Ray actors answer in place of `backend`, which stays without weights here.

    Connects to the cluster that RAY_ADDRESS names, else starts Ray on this machine. Raises MissingError
    without ray.
    """
    if count < 1:
        raise UsageError(f"--replicas is {count}", "it must be at least 1")
    # read when ray is imported: it prints what its daemons say of dead actors to stdout, and stdout is data
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise MissingError(
            "--executor ray needs ray, which is not installed", "pip install 'phi4eval[ray]'"
        ) from error
    return Replicas(backend, name, model, options, count)


class Replicas:
    """A Backend whose answers come from Ray actors; identity, context and tokens are the local backend's."""

    def __init__(
        self, backend: Backend, name: str, model: ModelSpec, options: BackendOptions, count: int
    ) -> None:
        self._local = backend
        if model.weights is not None and Path(model.weights).is_dir():
            # a replica may work in another directory
            model = msgspec.structs.replace(model, weights=str(Path(model.weights).resolve()))
        self._what = (name, msgspec.json.encode(model), msgspec.json.encode(options))
        self._count = count
        self._actors: list[Any] = []
        self._deaths = 0
        self._ours = False
        self._notes: tuple[str, ...] = ()

    @property
    def cached(self) -> bool:
        """As the local backend says."""
        return bool(getattr(self._local, "cached", False))

    @property
    def chooses(self) -> bool:
        """Whether the local backend answers by likelihood."""
        return bool(getattr(self._local, "chooses", False))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The local backend's, and every replica that died."""
        return (*getattr(self._local, "warnings", ()), *self._notes)

    @property
    def fingerprint(self) -> Fingerprint:
        """What answers: who carries it out is recorded and names no run."""
        made = self._local.fingerprint
        details = {**made.details, "executor": "ray", "replicas": str(self._count)}
        return msgspec.structs.replace(made, details=details)

    @property
    def context(self) -> int | None:
        """The local backend's."""
        return self._local.context

    def tokens(self, prompt: Prompt) -> PromptTokens | None:
        """The prompt as the model will see it."""
        return self._local.tokens(prompt)

    def generate(self, prompts: Sequence[Prompt], stop: StopSignal) -> Iterator[Completion]:
        """Complete every draw; what a dead replica still owed is asked of another.

        Raises IncompleteError where replicas do not start, all of them have died, or none answers any more.
        """
        if not prompts or stop.is_set():
            return
        self._start()
        work = _Work(prompts, len(self._actors))
        asking: dict[Any, tuple[Any, list[Prompt]]] = {}
        try:
            yield from self._ask(work, asking, stop)
        finally:
            for actor, _ in asking.values():
                actor.stop.remote()

    def close(self) -> None:
        """End the replicas, and Ray where it was started here."""
        import ray

        for actor in self._actors:
            ray.kill(actor)
        self._actors = []
        if self._ours:
            ray.shutdown()
            self._ours = False
        self._local.close()

    def _ask(
        self, work: _Work, asking: dict[Any, tuple[Any, list[Prompt]]], stop: StopSignal
    ) -> Iterator[Completion]:
        """asking: answers that are coming (Ray's generators) -> their replica, and what it was asked."""
        import ray

        idle, waited, stopping = list(self._actors), 0.0, False
        while True:
            if stop.is_set() and not stopping:
                stopping = True
                for actor, _ in asking.values():
                    actor.stop.remote()
            while idle and not stopping and (chunk := work.take()):
                actor = idle.pop()
                asking[actor.generate.remote(msgspec.json.encode(chunk))] = (actor, chunk)
            if not asking:
                return
            ready, _ = ray.wait(list(asking), num_returns=1, timeout=POLL)
            waited = 0.0 if ready else waited + POLL
            if waited > STALL:
                raise IncompleteError(
                    f"no replica has given an answer for {STALL:.0f} seconds", "the same command goes on"
                )
            for answers in ready:
                actor, chunk = asking[answers]
                try:
                    completion = msgspec.json.decode(ray.get(next(answers)), type=Completion)
                except StopIteration:
                    del asking[answers]
                    idle.append(actor)
                except ray.exceptions.RayActorError as error:
                    del asking[answers]
                    idle.extend(self._replace(actor, error, others=bool(asking or idle)))
                    yield from work.give_back(chunk, str(error))
                except ray.exceptions.RayTaskError as error:
                    raise _cause(error) from error
                else:
                    work.done(completion)
                    yield completion

    def _start(self) -> None:
        """Replicas that are ready, in a cluster or on this machine."""
        import ray

        if self._actors:
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no reports to its makers
        if not ray.is_initialized():
            local: dict[str, Any] = {}
            if not os.environ.get("RAY_ADDRESS"):
                # Ray knows no passwords: what is started here is for this machine only
                local = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
            ray.init(log_to_driver=False, logging_level="ERROR", **local)
            self._ours = True
        self._actors = [self._actor() for _ in range(self._count)]
        checks = [actor.ready.remote() for actor in self._actors]
        ready, late = ray.wait(checks, num_returns=len(checks), timeout=START)
        if late:
            raise IncompleteError(
                f"{len(late)} of {self._count} replicas did not start within {START:.0f} seconds",
                f"the cluster has {ray.cluster_resources()}; --replicas asks for fewer",
            )
        try:
            ray.get(ready)
        except ray.exceptions.RayTaskError as error:
            raise _cause(error) from error
        except ray.exceptions.RayActorError as error:
            raise IncompleteError(f"a replica did not start: {_first(error)}", "see Ray's logs") from error

    def _actor(self) -> Any:
        import ray

        # three threads: one generates, one may be told to stop, one waits for its turn to generate
        kind = ray.remote(max_concurrency=3, max_restarts=0)(Replica)
        return kind.options(num_cpus=1, num_gpus=self._gpus()).remote(*self._what)

    def _gpus(self) -> int:
        """GPUs of one replica: as many as its engine is laid out for, none where the cluster has none."""
        import ray

        if not ray.cluster_resources().get("GPU"):
            return 0
        args = msgspec.json.decode(self._what[2], type=BackendOptions).args
        sizes = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")
        gpus = 1
        for size in sizes:
            gpus *= int(args.get(size, "1"))
        return gpus

    def _replace(self, dead: Any, error: Exception, *, others: bool) -> list[Any]:
        """A new replica for a dead one, as long as deaths are rare."""
        self._deaths += 1
        self._actors.remove(dead)
        self._notes += (f"a replica died and its prompts went to another: {_first(error)}",)
        if self._deaths <= LIVES * self._count:
            self._actors.append(self._actor())
            return self._actors[-1:]
        if not others:
            raise IncompleteError(
                f"all replicas died, the last with: {_first(error)}",
                "what was answered is stored; the same command goes on",
            )
        return []


class Replica:
    """The actor: a backend of its own, in a process of its own."""

    def __init__(self, name: str, model: bytes, options: bytes) -> None:
        import threading

        self._turn, self._halt = threading.Lock(), threading.Event()
        self._what = (name, model, options)
        self._backend: Backend | None = None

    def ready(self) -> bool:
        """Open the backend. Not in __init__: what is raised there kills the actor and hides its reason."""
        from phi4eval.backends import open_backend

        with self._turn:
            if self._backend is None:
                name, model, options = self._what
                self._backend = open_backend(
                    name,
                    msgspec.json.decode(model, type=ModelSpec),
                    msgspec.json.decode(options, type=BackendOptions),
                )
        return True

    def generate(self, prompts: bytes) -> Iterator[bytes]:
        """Completions of these prompts, each as soon as it is there."""
        self.ready()
        assert self._backend is not None
        with self._turn:  # a closed iterator may still have its last batch under way
            self._halt.clear()
            asked = msgspec.json.decode(prompts, type=list[Prompt])
            for completion in self._backend.generate(asked, self._halt):
                yield msgspec.json.encode(completion)

    def stop(self) -> None:
        """Start nothing new in the generate() under way."""
        self._halt.set()


class _Work:
    """The one queue: draws that nobody has been asked for yet, and how often each was asked."""

    def __init__(self, prompts: Sequence[Prompt], replicas: int) -> None:
        self._left = deque((prompt, draw) for prompt in prompts for draw in prompt.draws)
        self._replicas = replicas
        self._open: set[_Key] = set()
        self._lost: Counter[_Key] = Counter()

    def take(self) -> list[Prompt]:
        """The next draws for one replica, those of one prompt together; [] when there are none."""
        size = min(MOST, max(LEAST, len(self._left) // (4 * self._replicas)))
        chunk: list[tuple[Prompt, list[Draw]]] = []
        while self._left and size > 0:
            prompt, draw = self._left[0]
            lost = self._lost[prompt.task, prompt.item, draw.sample]
            if lost:
                # one of these may be what kills replicas: few at a time, then each alone
                size = min(size, LEAST if lost == 1 else 1)
                if chunk and lost > 1:
                    break
            self._left.popleft()
            size -= 1
            self._open.add((prompt.task, prompt.item, draw.sample))
            if chunk and chunk[-1][0] is prompt:
                chunk[-1][1].append(draw)
            else:
                chunk.append((prompt, [draw]))
        return [msgspec.structs.replace(prompt, draws=tuple(draws)) for prompt, draws in chunk]

    def done(self, completion: Completion) -> None:
        """This draw is answered."""
        self._open.discard((completion.task, completion.item, completion.sample))

    def give_back(self, chunk: Sequence[Prompt], why: str) -> Iterator[Completion]:
        """Ask again what a dead replica owed, first of all; errors for draws that have cost too many."""
        for prompt in chunk:
            for draw in prompt.draws:
                key = (prompt.task, prompt.item, draw.sample)
                if key not in self._open:
                    continue
                self._open.discard(key)
                self._lost[key] += 1
                if self._lost[key] < LIVES:
                    self._left.appendleft((prompt, draw))
                else:
                    yield _given_up(prompt, draw, f"{LIVES} replicas died while they were asked this: {why}")


def _given_up(prompt: Prompt, draw: Draw, why: str) -> Completion:
    return Completion(
        task=prompt.task,
        item=prompt.item,
        sample=draw.sample,
        text="",
        finish="error",
        prompt_hash=prompt.hash,
        seed=draw.seed,
        error=" ".join(why.split()),
        attempts=LIVES,
    )


def _cause(error: Exception) -> Exception:
    """What a replica's backend raised: our own errors keep their hint and exit code."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, Exception) else error


def _first(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
