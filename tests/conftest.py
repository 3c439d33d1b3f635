"""What holds for every test: no network beyond this machine, no keys, no clock in property tests."""

from __future__ import annotations

import ipaddress
import socket
import uuid
from typing import Any

import pytest
from hypothesis import settings

# A deadline would make a slow machine a failure; the examples are the same in every run.
settings.register_profile("phi4eval", deadline=None, derandomize=True)
settings.load_profile("phi4eval")

KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HF_TOKEN", "PHI4EVAL_ZIP_PASSWORD")


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test finds, or leaves, a completion in the developer's cache, nor in that of another test."""
    monkeypatch.setenv("PHI4EVAL_CACHE", str(tmp_path_factory.getbasetemp() / f"cache-{uuid.uuid4().hex}"))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting anywhere but to this machine fails at once; keys of the developer's shell are not seen."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(self: socket.socket, address: Any) -> None:
        if not _is_local(address):
            raise ConnectionRefusedError(f"tests may not reach {address}")
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        return connect_ex(self, address) if _is_local(address) else 111

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_ex)
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
