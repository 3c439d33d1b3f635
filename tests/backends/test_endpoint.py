"""Is the right address taken, is the key kept from everything but its headers, and is a proxy found?"""

from __future__ import annotations

import pytest

from phi4eval.backends.endpoint import Endpoint, find_endpoint, proxy_for
from phi4eval.backends.options import BackendOptions
from phi4eval.errors import MissingError
from phi4eval.types import ModelSpec

KEY = "sk-test-0123456789abcdef"
MODEL = ModelSpec(name="m", base_url="http://127.0.0.1:2/v1")


@pytest.mark.parametrize(
    ("given", "own", "environ", "found"),
    [
        ("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1", "http://127.0.0.1:3/v1", "http://127.0.0.1:1/v1"),
        (None, "http://127.0.0.1:2/v1", "http://127.0.0.1:3/v1", "http://127.0.0.1:2/v1"),
        (None, None, "http://127.0.0.1:3/v1", "http://127.0.0.1:3/v1"),
        (" http://[::1]:8/v1/ ", None, "", "http://[::1]:8/v1"),
        ("http://localhost/v1/chat/completions/", None, "", "http://localhost/v1"),
        ("http://x.localhost", None, "", "http://x.localhost"),
        ("http://127.9.9.9/deep/path", None, "", "http://127.9.9.9/deep/path"),
    ],
)
def test_the_flag_counts_before_the_model_and_the_model_before_the_environment(
    given: str | None, own: str | None, environ: str, found: str
) -> None:
    endpoint = find_endpoint(
        ModelSpec(name="m", base_url=own), BackendOptions(base_url=given), {"OPENAI_BASE_URL": environ}
    )
    assert endpoint.base_url == found
    assert not endpoint.has_key


@pytest.mark.parametrize(
    "host", ["api.example.org", "10.0.0.1", "127.0.0.1.example.org", "localhost.example.org", "0.0.0.0"]
)
def test_only_this_machine_needs_no_key(host: str) -> None:
    options = BackendOptions(base_url=f"http://{host}/v1")
    with pytest.raises(MissingError, match="no key for"):
        find_endpoint(MODEL, options, {"OPENAI_API_KEY": "  "})
    assert find_endpoint(MODEL, options, {"OPENAI_API_KEY": "x"}).has_key


def test_the_model_s_own_variable_counts_and_no_other() -> None:
    model = ModelSpec(name="m", base_url="https://api.example.org/v1", key_env="EXAMPLE_KEY")
    with pytest.raises(MissingError, match="no key"):
        find_endpoint(model, BackendOptions(), {"OPENAI_API_KEY": KEY})
    headers = find_endpoint(model, BackendOptions(), {"EXAMPLE_KEY": "mine", "OPENAI_API_KEY": KEY}).headers()
    assert headers["Authorization"] == "Bearer mine"


def test_a_key_shows_in_no_text() -> None:
    endpoint = Endpoint("http://127.0.0.1/v1", "OPENAI_API_KEY", KEY)
    assert KEY not in f"{endpoint!r} {endpoint} {endpoint.place}"
    assert endpoint.scrub(f"a {KEY} b") == "a [key removed] b"
    assert endpoint.scrub_error(f"a\n{KEY}\x00b") == "a [key removed] b"


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://api.example.org/v1", {"https_proxy": "http://proxy:3128"}, "http://proxy:3128"),
        ("https://api.example.org/v1", {"https_proxy": "http://proxy:3128", "no_proxy": "example.org"}, None),
        ("https://api.example.org/v1", {}, None),
        ("http://127.0.0.1:1/v1", {"http_proxy": "http://proxy:3128"}, None),
    ],
)
def test_a_proxy_is_used_for_https_only(
    url: str, environ: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


@pytest.mark.parametrize(
    ("base_url", "own", "args", "variable"),
    [
        ("https://openrouter.ai/api/v1", "OPENAI_API_KEY", {}, "OPENROUTER_API_KEY"),
        ("https://api.openai.com/v1", None, {}, "OPENAI_API_KEY"),
        ("https://api.deepseek.com", None, {}, "DEEPSEEK_API_KEY"),
        ("https://models.example.org/v1", "EXAMPLE_KEY", {}, "EXAMPLE_KEY"),
        ("https://models.example.org/v1", None, {}, "OPENAI_API_KEY"),
        ("https://openrouter.ai/api/v1", "OPENAI_API_KEY", {"key_env": "MINE"}, "MINE"),
    ],
)
def test_each_provider_gets_its_own_key_and_no_other_one_s(
    base_url: str, own: str | None, args: dict[str, str], variable: str
) -> None:
    names = {"OPENAI_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY", "EXAMPLE_KEY", "MINE"}
    environ = {name: f"sk-of-{name}" for name in names}
    endpoint = find_endpoint(
        ModelSpec(name="m", key_env=own), BackendOptions(base_url=base_url, args=args), environ
    )
    assert endpoint.headers()["Authorization"] == f"Bearer sk-of-{variable}"
