"""A kernel on disk gives what the compiler's own gives; a damaged file is never run, and nothing heavy is
imported for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from phi4eval.contamination import compiled, machine_code, tokens
from phi4eval.contamination.compiled import Kernel, has_compiler, kept_arrays
from phi4eval.contamination.machine_code import Unsuitable, flatten

pytestmark = pytest.mark.skipif(
    not has_compiler() or not machine_code.is_supported(), reason="numba's own files are used here"
)


class Pair(NamedTuple):
    left: Any
    right: Any


def total(pair: Pair, factor: int, start: np.uint64) -> tuple[int, int]:
    found = 0
    for i in range(pair.left.shape[0]):
        found += pair.left[i] * pair.right[i, 0]
    return found * factor, pair.left.shape[0] if start > 5 else -1


def fill(array: Any, value: int) -> None:
    for i in range(array.shape[0]):
        array[i] = value


PAIR = Pair(np.arange(5, dtype=np.int32), np.ones((5, 2), np.uint8))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compiled, "cache_folder", lambda: str(tmp_path))
    return tmp_path


def test_a_kernel_is_compiled_once_and_gives_the_same_from_disk(folder: Path) -> None:
    assert Kernel(total)(PAIR, 3, np.uint64(2**64 - 1)) == (30, 5)
    (file,) = folder.iterdir()
    again = Kernel(total)
    assert again(PAIR, 3, np.uint64(2**64 - 1)) == (30, 5)
    assert "dispatcher" not in vars(again)
    assert file.name.startswith("test_machine_code.total-")


def test_a_kernel_writes_into_its_arrays_and_negative_numbers_stay_negative(folder: Path) -> None:
    array = np.zeros(3, np.int64)
    for _ in range(2):
        assert Kernel(fill)(array, -5) is None
        assert array.tolist() == [-5, -5, -5]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-3], lambda data: data[:40] + b"x" + data[41:], lambda data: b""]
)
def test_a_damaged_file_is_compiled_again(folder: Path, damage: Any) -> None:
    Kernel(total)(PAIR, 1, np.uint64(2))
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert Kernel(total)(PAIR, 1, np.uint64(2)) == (10, -1)
    assert len(file.read_bytes()) == len(whole)


def test_a_file_of_somebody_else_is_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Kernel(total)(PAIR, 1, np.uint64(2))
    (file,) = folder.iterdir()
    assert machine_code.load(file, 18) is not None
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    owned_by_root = file.stat().st_uid == 0
    assert (machine_code.load(file, 18) is not None) == owned_by_root
    if owned_by_root:
        os.chown(file, 4322, -1)
        assert machine_code.load(file, 18) is None


def test_a_folder_that_cannot_be_written_only_costs_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = folder / "file"
    blocked.write_text("")
    monkeypatch.setattr(compiled, "cache_folder", lambda: str(blocked / "inside"))
    assert Kernel(total)(PAIR, 1, np.uint64(2)) == (10, -1)


def test_what_only_the_compiler_can_take_goes_to_the_compiler(folder: Path) -> None:
    gaps = np.zeros(6, np.int64)[::2]
    Kernel(fill)(gaps, 7)
    assert gaps.tolist() == [7, 7, 7]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("argument", [1.5, "text", True, np.int32(3), None, np.zeros(4)[::2]])
def test_arguments_of_other_kinds_are_unsuitable(argument: object) -> None:
    with pytest.raises(Unsuitable):
        flatten((argument,))


def test_kinds_tell_arrays_apart_by_type_shape_and_whether_they_may_be_written() -> None:
    fixed = np.zeros(2, np.int32)
    fixed.flags.writeable = False
    kinds = {flatten((each,))[1] for each in (PAIR.left, PAIR.right, fixed, PAIR, 3, np.uint64(3))}
    assert len(kinds) == 6


def test_a_table_is_made_once_and_again_where_its_file_is_damaged(folder: Path) -> None:
    made = []

    def make() -> dict[str, Any]:
        made.append(1)
        return {"a": np.arange(4000)}

    for _ in range(2):
        assert kept_arrays("numbers", make)["a"].tolist() == list(range(4000))
    assert len(made) == 1
    file = folder / "numbers.npz"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    for damaged in (bytes(data), bytes(data[:100]), b""):
        file.write_bytes(damaged)
        assert kept_arrays("numbers", make)["a"].tolist() == list(range(4000))
    assert len(made) == 4


@pytest.mark.parametrize("rule", ["align", "words"])
def test_the_kept_tables_are_those_that_python_makes(folder: Path, rule: tokens.Rule) -> None:
    made = tokens.make_tables(rule)
    for _ in range(2):
        kept = kept_arrays(f"tables-{rule}", lambda: tokens.make_tables(rule)._asdict())
        assert all(np.array_equal(kept[name], array) for name, array in made._asdict().items())


SCAN = """
import sys
from pathlib import Path
from phi4eval.contamination import ScanItem, ScanRequest, run_scan
from tests.contamination.samples import ITEMS
run_scan(ITEMS, ScanRequest(corpora=(sys.argv[1],), out=sys.argv[2]))
heavy = ("numba", "pandas", "scipy", "pyarrow.compute", "rich", "numpy.ma", "email")
print(*[name for name in heavy if name in sys.modules])
"""


def test_a_second_scan_imports_neither_the_compiler_nor_pandas(tmp_path: Path) -> None:
    corpus = tmp_path / "a.jsonl"
    corpus.write_text('{"id": "a", "text": "%s"}\n' % ("the ferry leaves the harbour " * 9))
    for out in ("one", "two"):
        done = subprocess.run(
            [sys.executable, "-c", SCAN, str(corpus), str(tmp_path / out)],
            capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": os.getcwd()},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert done.stdout == "\n"
