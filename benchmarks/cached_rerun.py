"""How long does a run take whose every answer another run has paid for?

    python benchmarks/cached_rerun.py [--items 10000] [--concurrency 256]

The first command asks a mock endpoint for every item and fills the completion cache. The second has another
results directory, so that nothing is there but the cache; the endpoint counts that it is asked nothing.
Prints wall seconds of the whole second command, start to summary.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from whole_command import Endpoint, ours, timed, write_items


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, Endpoint(0.0) as endpoint:
        directory = Path(scratch)
        data = write_items(directory, args.items)
        paid, _, _ = timed(ours(data, endpoint.port, directory / "paid", args.concurrency), directory)
        print(f"{args.items} items asked for: {paid:.2f} s", flush=True)
        for number in range(args.rounds):
            command = ours(data, endpoint.port, directory / f"free-{number}", args.concurrency)
            seconds, peak, _ = timed(command, directory)
            print(f"{args.items} items from the cache: {seconds:.2f} s, peak {peak} MiB", flush=True)
    assert endpoint.requests == args.items, "the second command asked the endpoint"


if __name__ == "__main__":
    main()
