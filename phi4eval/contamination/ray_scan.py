"""How is a corpus scanned on many machines? The parts of the same scan through Ray Data, the index shared.

Every worker reads its part from the path that the command was given, so the corpus must lie where all
machines see it. What comes back is the ledger's entry of each part, in any order: the report puts them in
order.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.contamination.corpus import Part
from phi4eval.contamination.index import Index
from phi4eval.contamination.ledger import Entry
from phi4eval.errors import IncompleteError, MissingError

if TYPE_CHECKING:
    from phi4eval.contamination.job import ScanRequest


def scan_parts(left: Sequence[tuple[str, Part]], index: Index, request: ScanRequest) -> Iterator[Entry]:
    """Scan parts on the Ray cluster of RAY_ADDRESS, or on one started on this machine for the scan.

    Raises MissingError where ray is not installed, IncompleteError where a worker could not go on.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingError("--executor ray needs the package ray", "pip install 'phi4eval[ray]'") from error
    ours = not ray.is_initialized()
    if ours:
        _start(request.workers)
    try:
        yield from _mapped(left, index, request)
    except ray.exceptions.RayError as error:
        raise IncompleteError(
            f"a Ray worker could not go on: {str(error).strip().splitlines()[-1][:300]}",
            "run the same command again: it goes on where it stopped",
        ) from error
    finally:
        if ours:
            ray.shutdown()


def _start(workers: int) -> None:
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    if os.environ.get("RAY_ADDRESS"):
        ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)
        return
    ray.init(
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
    )


def _mapped(left: Sequence[tuple[str, Part]], index: Index, request: ScanRequest) -> Iterator[Entry]:
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    # in the object store once; the arrays are mapped by every worker, read-only and without a copy
    shared = ray.put(index)
    rows = [{"key": key, "part": msgspec.json.encode(part).decode()} for key, part in left]
    asked = msgspec.json.encode(request).decode()
    entries = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        scan_rows,
        batch_size=1,
        fn_kwargs={"index": [shared], "digest": index.digest, "request": asked},
        num_cpus=1,
    )
    for row in entries.iter_rows():
        yield msgspec.json.decode(row["entry"], type=Entry)


def scan_rows(batch: dict[str, Any], *, index: list[Any], digest: str, request: str) -> dict[str, list[str]]:
    """Scan the parts of one Ray Data batch. index: its reference, in a list, which Ray passes on as it is."""
    from phi4eval.contamination.job import ScanRequest, scan_part

    asked = msgspec.convert(json.loads(request), ScanRequest)
    held = _fetch(_Reference(index[0], digest))
    made = [
        scan_part(str(key), msgspec.json.decode(str(part), type=Part), held, asked)
        for key, part in zip(batch["key"], batch["part"], strict=True)
    ]
    return {"entry": [msgspec.json.encode(each).decode() for each in made]}


class _Reference:
    """A reference to an index as a cache key: one per content hash."""

    def __init__(self, shared: Any, digest: str) -> None:
        self.shared = shared
        self.digest = digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reference) and other.digest == self.digest


@lru_cache(maxsize=1)
def _fetch(reference: _Reference) -> Index:
    import ray

    index: Index = ray.get(reference.shared)
    return index
