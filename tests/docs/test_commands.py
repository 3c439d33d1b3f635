"""Every command that the README and the docs show is run, on a small model and small files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from phi4eval.cli.main import main
from tests.docs.pages import Shown, shown_commands
from tests.docs.workplace import Workplace, endpoint, told

ANSWERS = {"gate": {0, 1, 6}, "contamination": {0, 1}, "report": {0, 1}, "watch": {0, 1, 6}}
"""Exit codes of verbs for which no, or undecided, is an answer too."""


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    with endpoint() as url:
        yield Workplace(tmp_path_factory.mktemp("docs"), url)


def made_by(shown: Shown) -> str:
    """The file or folder that a command makes itself, and that must not be there before."""
    if shown.words[:2] == ("gate", "init"):
        return "gate.yaml"
    return shown.words[shown.words.index("--out") + 1] if "--out" in shown.words else ""


@pytest.mark.slow
@pytest.mark.parametrize("shown", shown_commands(), ids=str)
def test_a_shown_command_does_what_the_page_says(
    shown: Shown, workplace: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    room = workplace.room(
        f"{shown.page}-{shown.line}".replace("/", "-"),
        without=made_by(shown),
    )
    monkeypatch.chdir(room)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    words = workplace.runnable(shown.words)
    code = main(words)
    assert code in ANSWERS.get(words[0], {0}), f"{told(words)} -> {code}\n{capsys.readouterr().err}"


def test_the_pages_show_commands() -> None:
    pages = {shown.page for shown in shown_commands()}
    assert {"README.md", "docs/gate.md", "docs/grading.md"} <= pages


def test_a_comment_is_no_part_of_a_command() -> None:
    assert not any("#" in word for shown in shown_commands() for word in shown.words)


def test_every_name_in_a_command_stands_for_something(workplace: Workplace) -> None:
    left = [
        str(shown)
        for shown in shown_commands()
        for word in workplace.runnable(shown.words)
        if word.isupper() and not (workplace.folder / word).exists()
    ]
    assert left == []
