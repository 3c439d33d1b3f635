"""Where does an OpenAI-compatible endpoint live, and which key may be sent there?

The key is read from the environment, sent to this one address, and cut out of every text that comes back.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from phi4eval.backends.options import BackendOptions
from phi4eval.errors import MissingError, UsageError
from phi4eval.types import ModelSpec

REMOVED = "[key removed]"
ERROR_LENGTH = 500

# Placeholders such as "none" or "placeholder" are no secrets, and cutting such a word out of an answer would
# change a score; real keys are longer.
SECRET_LENGTH = 16


KEYS: Mapping[str, str] = {
    "api.anthropic.com": "ANTHROPIC_API_KEY",
    "api.cerebras.ai": "CEREBRAS_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
    "api.fireworks.ai": "FIREWORKS_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.openai.com": "OPENAI_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.x.ai": "XAI_API_KEY",
    "generativelanguage.googleapis.com": "GEMINI_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
}
"""Providers and the variable in which their users keep the key. It wins over the model's own, so that no
provider gets another one's key when a known model is asked elsewhere."""


class Endpoint:
    """An address with its key. The key is in no repr, and leaves only through `headers`."""

    def __init__(self, base_url: str, key_env: str, key: str | None) -> None:
        self.base_url = base_url
        self.key_env = key_env
        self._key = key
        parts = urlsplit(base_url)
        self.place = f"{parts.hostname}{'' if parts.port is None else f':{parts.port}'}{parts.path}"

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r})"

    @property
    def has_key(self) -> bool:
        """A key is sent."""
        return self._key is not None

    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        # Answers are small; without compression one cannot unfold into gigabytes either.
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        return headers

    def scrub(self, text: str) -> str:
        """A model's text without the key, should a server echo it; placeholders are left alone."""
        if self._key is not None and len(self._key) >= SECRET_LENGTH and self._key in text:
            return text.replace(self._key, REMOVED)
        return text

    def scrub_error(self, text: str) -> str:
        """An error text for people: without the key, on one line, printable, cut to a readable length."""
        if self._key is not None and len(self._key) >= 4:
            text = text.replace(self._key, REMOVED)
        line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return line if len(line) <= ERROR_LENGTH else line[: ERROR_LENGTH - 3] + "..."


def find_endpoint(
    model: ModelSpec, options: BackendOptions, environ: Mapping[str, str] = os.environ
) -> Endpoint:
    """The endpoint for a model: `--base-url`, else the model's own, else OPENAI_BASE_URL.

    Its key is in the variable that the argument key_env names, else in the provider's or the model's own.

    Raises MissingError without an address, or without a key for one that is not on this machine.
    """
    given = options.base_url or model.base_url or environ.get("OPENAI_BASE_URL")
    if not given:
        raise MissingError(
            f'model "{model.name}" has no endpoint',
            "give --base-url http://HOST:PORT/v1, or set OPENAI_BASE_URL",
        )
    base_url = _checked(given)
    key_env = (
        options.args.get("key_env")
        or KEYS.get(urlsplit(base_url).hostname or "")
        or model.key_env
        or "OPENAI_API_KEY"
    )
    key = environ.get(key_env, "").strip() or None
    if key is not None and not (key.isascii() and key.isprintable()):
        raise MissingError(f"{key_env} holds characters that no key has", f"set {key_env} again")
    if key is None and not _is_loopback(base_url):
        raise MissingError(
            f"no key for {base_url}",
            f"set {key_env} in the environment (to any word if the server wants no key)",
        )
    return Endpoint(base_url, key_env, key)


def proxy_for(base_url: str) -> str | None:
    """The environment's proxy for an https endpoint (a tunnel, so that it never sees the key)."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(base_url)
    if parts.scheme != "https" or parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    return getproxies().get("https")


def _checked(given: str) -> str:
    try:
        parts = urlsplit(given.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError("the base URL is not an http(s) address", "it looks like http://127.0.0.1:8000/v1")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        # Not repeated in the message: what stands there may be a key.
        raise UsageError(
            f"the base URL of {parts.hostname} carries a user name, a query or a fragment",
            "give scheme, host, port and path only; keys come from the environment",
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
