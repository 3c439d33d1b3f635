"""What doctor looks at: how one thing each stands on this machine, and what to do if it is not well."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Literal

import msgspec

from phi4eval.errors import Phi4evalError
from phi4eval.types import ModelSpec

Status = Literal["ok", "warn", "fail"]

GIB = 1 << 30
LITTLE_DISK = 2 * GIB
LITTLE_MEMORY = 2 * GIB

_PROBLEM = {
    "prompt": "def double(x):\n",
    "entry_point": "double",
    "test": "def check(candidate):\n    assert candidate(3) == 6\n",
}
_PROGRAMS = (("pass", "def double(x):\n    return 2 * x\n"), ("wrong", "def double(x):\n    return x\n"))


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. hint: what to do, for warn and fail."""

    name: str
    status: Status
    detail: str
    hint: str | None = None


def run_checks(results: Path) -> Iterator[Check]:
    """Every finding, as it is made. A check that breaks is itself a failed finding; the others still run."""
    for name, check in _CHECKS.items():
        yield from _guarded(name, check)
    yield from _guarded("results", lambda: check_results(results))


def _guarded(name: str, check: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from check()
    except Phi4evalError as error:
        yield Check(name=name, status="fail", detail=error.message, hint=error.hint)
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        yield Check(
            name=name,
            status="fail",
            detail=detail,
            hint="a package that phi4eval needs is broken, or phi4eval is",
        )


def check_python() -> Iterator[Check]:
    """The interpreter."""
    yield Check(name="python", status="ok", detail=f"{platform.python_version()} ({sys.executable})")


def check_machine() -> Iterator[Check]:
    """Cores, and memory that is free."""
    from phi4eval.sandbox import cores

    yield Check(name="cores", status="ok", detail=str(cores()))
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    available = _available_memory() or free
    yield Check(
        name="memory",
        status="ok" if available >= LITTLE_MEMORY else "warn",
        detail=f"{available / GIB:.1f} of {total / GIB:.1f} GiB free",
        hint=None if available >= LITTLE_MEMORY else "grading code and loading weights may run out of memory",
    )


def _available_memory() -> int | None:
    """Bytes that programs can get, page cache included; None where the kernel does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def check_packages() -> Iterator[Check]:
    """What runs models in this process."""
    for name, what in (("torch", "hf"), ("transformers", "hf"), ("vllm", "vllm")):
        try:
            yield Check(name=name, status="ok", detail=metadata.version(name))
        except metadata.PackageNotFoundError:
            hint = f"pip install 'phi4eval[hf]' for --backend {what}" if what == "hf" else None
            status: Status = "warn" if hint else "ok"
            yield Check(name=name, status=status, detail="not installed", hint=hint)


def check_devices() -> Iterator[Check]:
    """What torch can compute on."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return
    import torch

    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    yield Check(name="devices", status="ok", detail=", ".join(names) or "cpu only")


def check_backends() -> Iterator[Check]:
    """Which backends can be opened."""
    from importlib.util import find_spec

    from phi4eval.backends import list_backends

    needs = {"hf": ("torch", "transformers"), "vllm": ("vllm",)}
    for name in list_backends():
        missing = [module for module in needs.get(name, ()) if find_spec(module) is None]
        yield Check(
            name=f"backend {name}",
            status="warn" if missing else "ok",
            detail=f"needs {', '.join(missing)}" if missing else "usable",
            hint=f"pip install {' '.join(missing)}" if missing else None,
        )


def check_models() -> Iterator[Check]:
    """The checkpoints that are installed with phi4eval."""
    from phi4eval.backends.weights import PACKAGED
    from phi4eval.models import list_models

    for model in list_models():
        if (model.weights or "").startswith(PACKAGED):
            yield from _guarded(f"model {model.name}", partial(_locate, model))


def _locate(model: ModelSpec) -> Iterator[Check]:
    from phi4eval.backends.weights import locate

    locate(model)
    yield Check(name=f"model {model.name}", status="ok", detail="packaged weights are there")


def check_humaneval() -> Iterator[Check]:
    """HumanEval, which is read from an installed package and so works offline."""
    from phi4eval.task import find_task, load_dataset

    info = load_dataset(find_task("humaneval")).info
    yield Check(name="humaneval", status="ok", detail=f"{info.rows} problems, fingerprint {info.fingerprint}")


def check_credentials() -> Iterator[Check]:
    """Whether keys are set; never what they are."""
    for name, use in (("HF_TOKEN", "gated data sets and weights"), ("OPENAI_API_KEY", "models of OpenAI")):
        there = bool(os.environ.get(name))
        hint = None if there else f"only needed for {use}"
        yield Check(
            name=name, status="ok" if there else "warn", detail="set" if there else "not set", hint=hint
        )


def check_code_runner() -> Iterator[Check]:
    """The ladder of the sandbox, then a right and a wrong program, run the way HumanEval's are."""
    from phi4eval.sandbox import Sandbox, choose_tier, probe_ladder

    ladder = probe_ladder()
    for probe in ladder.probes:
        yield Check(
            name=f"sandbox {probe.name}",
            status="warn" if probe.fault else "ok",
            detail=f"{probe.meaning}: {probe.fault}" if probe.fault else probe.meaning,
            hint=probe.mend or None,
        )
    with Sandbox(choose_tier("require", ladder)) as box:
        outcomes = [(wanted, box.run_check(_PROBLEM, program, timeout=10.0)) for wanted, program in _PROGRAMS]
    for wanted, outcome in outcomes:
        if outcome.verdict != wanted:
            yield Check(
                name="code runner",
                status="fail",
                detail=f"a program that should {wanted} gave {outcome.verdict}: {outcome.detail}",
                hint="scores of code tasks would be wrong on this machine; run code tasks elsewhere",
            )
            return
    yield Check(
        name="code runner",
        status="ok",
        detail=f"tells right from wrong, sandbox tier {outcomes[0][1].tier} of 4",
    )


def check_results(results: Path) -> Iterator[Check]:
    """Whether runs can be written, and how much room there is."""
    place = next(p for p in (results.absolute(), *results.absolute().parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        detail = f"cannot write in {place}: {error.strerror}"
        yield Check(
            name="results", status="fail", detail=detail, hint="choose another place with --results DIR"
        )
        return
    free = shutil.disk_usage(place).free
    little = free < LITTLE_DISK
    yield Check(
        name="results",
        status="warn" if little else "ok",
        detail=f"{results} can be written, {free / GIB:.1f} GiB free",
        hint="a run stops when the disk is full (nothing is lost)" if little else None,
    )


_CHECKS: dict[str, Callable[[], Iterator[Check]]] = {
    "python": check_python,
    "machine": check_machine,
    "packages": check_packages,
    "devices": check_devices,
    "backends": check_backends,
    "models": check_models,
    "humaneval": check_humaneval,
    "credentials": check_credentials,
    "code runner": check_code_runner,
}
