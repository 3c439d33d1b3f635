"""Does every way of naming a model lead to the right one, and every wrong way to a useful error?"""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import pytest

from phi4eval.errors import UsageError
from phi4eval.models import api_model, find_model, list_models, load_models, parse_model

NAMES = {
    "phi-4",
    "phi-4-mini",
    "phi-4-reasoning",
    "phi-tiny",
    "phi-tiny-plain",
    "gpt-4o",
    "gpt-4o-mini",
    "o3-mini",
    "llama-3.3-70b",
    "qwen2.5-14b",
    "qwen2.5-72b",
}


def test_the_models_of_the_report_and_the_packaged_ones_are_listed() -> None:
    assert {model.name for model in list_models()} == NAMES


@pytest.mark.parametrize("model", list_models(), ids=lambda model: model.name)
def test_an_entry_can_be_run_and_its_dates_are_dates(model: object) -> None:
    from phi4eval.types import ModelSpec

    assert isinstance(model, ModelSpec)
    assert model.weights or model.api_model
    for date in (model.release, model.cutoff):
        assert date is None or datetime.date.fromisoformat(date)
    if model.release and model.cutoff:
        assert model.cutoff <= model.release
    assert find_model(model.name) == model


def test_phi_4_is_as_its_card_says() -> None:
    phi = find_model("phi-4")
    assert (phi.weights, phi.context, phi.licence) == ("microsoft/phi-4", 16384, "MIT")
    assert (phi.release, phi.cutoff) == ("2024-12-12", "2024-06-30")
    assert phi.system is None


def test_gpt_entries_carry_the_published_protocols_system_message() -> None:
    for name in ("gpt-4o", "gpt-4o-mini"):
        assert find_model(name).system == "You are a helpful assistant."
        assert find_model(name).key_env == "OPENAI_API_KEY"


def test_a_name_is_found_in_any_case() -> None:
    assert find_model("PHI-4").name == "phi-4"
    assert find_model(" Qwen2.5-14B ").name == "qwen2.5-14b"


def test_a_revision_after_a_name_pins_it() -> None:
    assert find_model("phi-4@0123abc").revision == "0123abc"
    assert find_model("phi-4").revision is None


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("hf:microsoft/phi-4@abc123", ("hf", "microsoft/phi-4@abc123")),
        ("HF:phi-tiny", ("hf", "phi-tiny")),
        ("replay:runs/a.jsonl", ("replay", "runs/a.jsonl")),
        ("api:gpt-4o", ("api", "gpt-4o")),
        ("phi-4", (None, "phi-4")),
        ("qwen2.5:14b", (None, "qwen2.5:14b")),
        ("hf:", (None, "hf:")),
        ("", (None, "")),
    ],
)
def test_a_backend_before_the_colon_is_split_off(text: str, parsed: tuple[str | None, str]) -> None:
    assert parse_model(text) == parsed


def test_a_caller_may_know_more_backends() -> None:
    assert parse_model("mine:x", backends=("mine",)) == ("mine", "x")
    assert find_model("mine:org/x", backends=("mine",)).weights == "org/x"


@pytest.mark.parametrize("text", ["org/name@abc123", "hf:org/name@abc123"])
def test_a_hub_id_may_be_pinned(text: str) -> None:
    model = find_model(text)
    assert (model.name, model.weights, model.revision) == ("org/name", "org/name", "abc123")


def test_a_hub_id_without_revision_means_the_newest() -> None:
    assert find_model("org/na.me-1_b").revision is None


def test_a_directory_is_named_after_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "step-900"
    directory.mkdir()
    assert find_model(str(directory)).name == "step-900"
    assert find_model(f"hf:{directory}").weights == str(directory)
    monkeypatch.chdir(directory)
    assert find_model(".").name == "step-900"


def test_a_directory_with_the_form_of_a_hub_id_is_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "org" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert find_model("org/name").name == "name"


def test_a_known_name_wins_over_a_directory_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "phi-4").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_model("phi-4").weights == "microsoft/phi-4"
    assert find_model("./phi-4").weights == "phi-4"


def test_a_recording_is_named_after_its_file() -> None:
    model = find_model("replay:some/where/answers.jsonl")
    assert (model.name, model.weights) == ("answers.jsonl", "some/where/answers.jsonl")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("phi4", 'model "phi4" not found', 'did you mean "phi-4"? phi4eval models lists all'),
        ("gtp-4o", 'model "gtp-4o" not found', 'did you mean "gpt-4o"?'),
        ("zzz", 'model "zzz" not found', "phi4eval models lists all"),
        ("./nowhere", 'model directory "./nowhere" not found', "config.json"),
        ("/a/b/c", 'model directory "/a/b/c" not found', "config.json"),
        ("a/b/c", 'model directory "a/b/c" not found', "config.json"),
        ("", "empty", "phi4eval models lists all"),
        ("org/../x", "not found", "config.json"),
        ("-x/y", "not found", "phi4eval models lists all"),
    ],
)
def test_an_unknown_model_is_a_usage_error_that_helps(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_model(text)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


# ---------------------------------------------------------------- endpoints


def test_any_name_passes_to_an_endpoint() -> None:
    model = api_model("qwen2.5:14b", "http://127.0.0.1:11434/v1")
    assert (model.name, model.api_model) == ("qwen2.5:14b", "qwen2.5:14b")
    assert model.base_url == "http://127.0.0.1:11434/v1"
    assert model.key_env is None


def test_a_known_name_keeps_its_facts_at_an_endpoint() -> None:
    model = api_model("Phi-4", "http://127.0.0.1:8000/v1")
    assert (model.name, model.context, model.api_model) == ("phi-4", 16384, "microsoft/phi-4")
    assert api_model("gpt-4o", None).base_url == "https://api.openai.com/v1"
    assert api_model("phi-tiny", "http://127.0.0.1:8000/v1").api_model == "phi-tiny"


def test_the_prefix_of_an_endpoint_model_is_not_part_of_its_name() -> None:
    assert api_model("api:some-model", "http://127.0.0.1:1").api_model == "some-model"
    assert find_model("api:some-model").api_model == "some-model"


def test_an_unknown_name_without_endpoint_is_openais() -> None:
    assert api_model("gpt-9", None).key_env == "OPENAI_API_KEY"


# ---------------------------------------------------------------- the file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m: {weights: 3}", 'models.yaml: entry "m": Expected `str | null`, got `int`'),
        ("m: {weight: a/b}", 'entry "m": unknown field "weight"'),
        ("m: {release: 2024-12-12}", 'entry "m": Expected `str | null`'),
        ('m: {cutoff: "June 2024"}', 'entry "m": cutoff "June 2024" is no date'),
        ("m: {sampling: {temprature: 1}}", 'entry "m": unknown sampling field "temprature"'),
        ("m: {sampling: {max_tokens: many}}", 'entry "m": Expected `int`'),
        ("m: {request_names: {max_token: x}}", 'entry "m": unknown sampling field "max_token"'),
        ("m: {price: {input: -1, output: 1}}", 'entry "m": a price is below 0'),
        ("m: {price: {input: 1}}", 'entry "m": Object missing required field `output`'),
        ("m: {name: other}", 'entry "m": unknown field "name"'),
        ("m: text", 'entry "m": expected facts, got str'),
        ("m: {}\nM: {}", 'entry "M" stands there twice'),
        ("- a", "models.yaml: expected entries by name, got list"),
        ("m: {", "models.yaml: while parsing"),
    ],
)
def test_a_broken_file_names_the_entry(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "models.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_models(file)
    assert expected in caught.value.message


def test_yaml_tags_run_nothing(tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    file.write_text('m: !!python/object/apply:os.system ["true"]', encoding="utf-8")
    with pytest.raises(UsageError, match=r"models\.yaml"):
        load_models(file)


def test_importing_the_package_imports_no_yaml() -> None:
    code = "import sys, phi4eval.models; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
