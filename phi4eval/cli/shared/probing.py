"""What `contamination probe` opens: the tasks, their twins, the model and its reference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from phi4eval.cli.console import tell
from phi4eval.errors import DataError, UsageError, did_you_mean

if TYPE_CHECKING:
    from phi4eval.probes.records import ProbeName, ProbeResult
    from phi4eval.probes.run import Model, Probed


class _Twins(msgspec.Struct, frozen=True):
    item: str
    twins: tuple[str, ...]


def carry_out(
    *,
    model: str,
    tasks: str,
    probes: str,
    reference: str | None,
    twins: int,
    twins_file: str | None,
    samples: int,
    alpha: float,
    limit: int | None,
    data: dict[str, str],
    backend: str,
    backend_arg: dict[str, str],
    seed: int,
) -> list[ProbeResult]:
    """Run the probes that the options ask for."""
    from phi4eval.probes.records import PROBES, ProbeRequest
    from phi4eval.probes.run import probe_tasks

    names = [name.strip() for name in probes.split(",") if name.strip()]
    for name in names:
        if name not in PROBES:
            raise UsageError(
                f'there is no probe "{name}"', did_you_mean(name, PROBES, f"probes: {', '.join(PROBES)}")
            )
    request = ProbeRequest(
        probes=cast("tuple[ProbeName, ...]", tuple(dict.fromkeys(names))), twins=twins, samples=samples,
        alpha=alpha, seed=seed,
    )  # fmt: skip
    brought = _read_twins(Path(twins_file)) if twins_file else {}
    probed = _tasks(tasks, data, limit, brought)
    with _opened(model, backend, backend_arg, "cdd" in names) as ours:
        if reference is None:
            return probe_tasks(ours, probed, request, on_progress=tell)
        with _opened(reference, backend, backend_arg, "cdd" in names) as theirs:
            return probe_tasks(ours, probed, request, reference=theirs, on_progress=tell)


def _tasks(
    names: str, data: dict[str, str], limit: int | None, twins: dict[str, tuple[str, ...]]
) -> list[Probed]:
    from phi4eval.probes.run import Probed
    from phi4eval.task import expand, load_dataset

    made = []
    for task in expand([names]):
        dataset = load_dataset(task, data.get(task.name))
        made.append(Probed(task, dataset, dataset.items[:limit], twins))
    return made


@contextmanager
def _opened(text: str, backend: str, args: dict[str, str], generates: bool, /) -> Iterator[Model]:
    from phi4eval.backends import BackendOptions, open_scorer
    from phi4eval.models import find_model, parse_model
    from phi4eval.probes.run import Model
    from phi4eval.protocols import Backend

    named, _ = parse_model(text)
    scorer = open_scorer(named or backend, find_model(text), BackendOptions(args=args))
    try:
        # what scores is a backend that also answers
        yield Model(scorer, cast(Backend, scorer) if generates else None)
    finally:
        scorer.close()


def _read_twins(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}", "give a file of JSON lines") from error
    twins: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            row = msgspec.json.decode(line, type=_Twins)
        except msgspec.MsgspecError as error:
            raise UsageError(
                f"{path}:{number}: {error}", "rows are {item, twins: [text, text, ...]}"
            ) from error
        twins[row.item] = row.twins
    return twins
