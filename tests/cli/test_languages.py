"""Under `QUANHENG_LANG=zh` every command says in Chinese what is wrong with it; under `en` in English."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sidecar.cli import main
from sidecar.cli.commands import app
from tests.e2e.processes import ROOT

CHINESE = re.compile("[\u4e00-\u9fff]")


def commands(family: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, as it is typed."""
    for name, command in family.commands.items():
        yield from commands(command, (*words, name)) if hasattr(command, "commands") else [(*words, name)]


COMMANDS = list(commands(typer.main.get_command(app)))
NOWHERE = "/nope/deeper"
# Questions that are understood and cannot be answered, one of each kind of command.
WRONG = [
    ("check", NOWHERE),
    ("build", NOWHERE),
    ("test", NOWHERE),
    ("rules", "--phase", "x"),
    ("rules", "--rule", "XX-1"),
    ("schema", "nothing"),
    ("explain",),
    ("explain", "--item", "no-item", "--step", "decide", "--post", "no.post", "--policies", str(ROOT / "policies")),
    ("calendar", "fill", "1800"),
    ("case", "repair"),
    ("draw", "run", NOWHERE),
    ("import", "workbook", NOWHERE, "--organ", "a", "--out", NOWHERE),
    ("import", "digit", NOWHERE, "--organ", "a"),
    ("log", "create", "--data", NOWHERE, "--origin", "a b"),
    ("log", "export", "--data", NOWHERE, "--to", "/nope.csv"),
    ("log", "head", "--data", NOWHERE),
    ("token", " "),
    ("log", "key", "new"),
    ("log", "key", "show", "--data", NOWHERE),
    ("log", "open", "d-1", "--data", NOWHERE, "--basis", ""),
    ("log", "query", "--data", NOWHERE),
    ("log", "query", "--data", NOWHERE, "--since", "soon"),
    ("log", "retain", "--data", NOWHERE, "--rules", "nosuch"),
    ("log", "show", "d-1", "--data", NOWHERE),
    ("log", "totals", "--data", NOWHERE, "--by", "nothing"),
    ("log", "verify", NOWHERE),
    ("proxy", "--routes", NOWHERE, "--upstream", "nowhere"),
    ("replay", "events", NOWHERE, "--mapping", NOWHERE),
    ("routes", "lint", NOWHERE),
    ("serve", "--config", NOWHERE),
    ("serve", "--port", "99999"),
    ("serve", "--host", "10.0.0.1"),
    ("witness", "serve", "--dir", NOWHERE),
]


def said(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr("sys.argv", ["quanheng", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("quanheng: "), told
    return told


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_misspelt_option_is_said_in_the_language_of_the_person(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The library that reads the command line speaks English only: ours does not. What to do names the command."""
    monkeypatch.setenv("QUANHENG_LANG", "zh")
    told = said((*words, "--no-such-option"), monkeypatch, capsys)
    assert "没有选项 --no-such-option" in told
    assert f"quanheng {' '.join(words)} --help" in told
    monkeypatch.setenv("QUANHENG_LANG", "en")
    assert not CHINESE.search(said((*words, "--no-such-option"), monkeypatch, capsys))


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_cannot_be_done_is_said_in_the_language_of_the_person(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What is wrong and what to do, each in Chinese or each in English."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUANHENG_LANG", "zh")
    for line in said(words, monkeypatch, capsys).splitlines():
        assert CHINESE.search(line), line
    monkeypatch.setenv("QUANHENG_LANG", "en")
    assert not CHINESE.search(said(words, monkeypatch, capsys).replace("个人信息保护法第四十七条第一款第三项", ""))


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("log", "prov"), "没有命令 'prov'；是否指 'prove'", "No such command 'prov'. Did you mean 'prove'?"),
        (
            ("log", "export", "--to", "x", "--form", "pdf"),
            "--form：应为 'jsonl', 'csv'",
            "--form: 'pdf' is not one of 'jsonl', 'csv'",
        ),
        (("serve", "--port"), "选项 '--port' 需要一个值", "Option '--port' requires an argument"),
        (("log", "query", "--limit", "0"), "--limit：不得小于 1", "--limit: Input should be greater than or equal to 1"),
        (("log", "show"), "缺少 DECISION_ID", "DECISION_ID is missing"),
        (("log", "reindex", "more"), "多余的参数：more", "Got unexpected extra argument"),
    ],
    ids=str,
)
def test_each_kind_of_wrong_command_is_said(
    words: tuple[str, ...], zh: str, en: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the library finds, without its own prefixes."""
    for language, expected in (("zh", zh), ("en", en)):
        monkeypatch.setenv("QUANHENG_LANG", language)
        assert expected in said(words, monkeypatch, capsys).splitlines()[0]


def test_an_option_of_the_command_decides_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--lang` counts even where the command could not begin."""
    monkeypatch.setenv("QUANHENG_LANG", "en")
    assert CHINESE.search(said(("check", NOWHERE, "--lang", "zh"), monkeypatch, capsys))
    assert CHINESE.search(said(("check", NOWHERE, "--lang=zh"), monkeypatch, capsys))


def test_a_family_without_a_command_shows_its_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Help, and status 2, once."""
    monkeypatch.setattr("sys.argv", ["quanheng", "log"])
    with pytest.raises(SystemExit) as stopped:
        main()
    shown = capsys.readouterr()
    assert stopped.value.code == 2
    assert (shown.out + shown.err).count("Usage") == 1
