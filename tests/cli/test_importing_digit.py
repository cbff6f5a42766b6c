"""`quanheng import digit` as it is run: the page, JSON, the draft."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sidecar.cli.commands import app
from sidecar.errors import DigitError, PolicyError, SettingsError
from tests.unit.digit.test_digit import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "pb"
    path.mkdir()
    for name, data in files().items():
        (path / name).write_bytes(data)
    return path


def run(folder: Path, *options: str | Path) -> Result:
    return CliRunner().invoke(app, ["import", "digit", str(folder), *map(str, options)])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page(folder: Path, lang: str) -> None:
    """Figures, the table of steps, the findings with file, line and column."""
    ran = run(folder, "--lang", lang)
    words = {
        "zh": ("授权 7 条", "流程 Permit，对照制约模板“行政许可通用程序”", "review 审查", "发现", "没有“受理”"),
        "en": (
            "7 grants",
            "workflow Permit beside the control profile licensing",
            "decide 决定 (grant)",
            "findings",
            "no step accept",
        ),
    }
    assert ran.exit_code == 1
    for expected in words[lang]:
        assert expected in ran.stdout, expected
    assert f"  {folder / 'BusinessService.json'}:5:" in ran.stdout


def test_json_holds_every_finding(folder: Path) -> None:
    """With file, pointer, line, column and both sentences."""
    told = json.loads(run(folder, "--json").stdout)
    assert sum(told["counts"].values()) == len(told["findings"])
    assert {"code", "file", "pointer", "line", "column", "zh", "en", "facts"} == set(told["findings"][0])
    assert [step["step"] for step in told["workflows"][0]["steps"] if step["step"]] == [
        "review",
        "supplement",
        "site",
        "decide",
        "decide",
    ]


def test_many_of_a_kind_are_folded_and_all_shows_each(folder: Path) -> None:
    """Folding is for the screen."""
    grants = [{"rolecode": "VERIFIER", "actionid": n} for n in range(100, 120)]
    (folder / "roleactions.json").write_text(json.dumps({"roleactions": grants}))
    assert run(folder, "--lang", "en").stdout.count("UNDEFINED_ACTION") == 1
    assert "… and 19 more: roleactions.json:1" in run(folder, "--lang", "en").stdout
    assert run(folder, "--all").stdout.count("UNDEFINED_ACTION") == 20


def test_a_draft_can_be_checked_where_it_lies(folder: Path, tmp_path: Path) -> None:
    """And is never written over without being told."""
    out = tmp_path / "out"
    assert run(folder, "--out", out, "--organ", "city").exit_code == 1
    checked = CliRunner().invoke(app, ["check", str(out), "--json"])
    errors = [f["code"] for f in json.loads(checked.stdout)["findings"] if f["severity"] == "error"]
    assert errors == ["MISSING_STEP"] * 3
    assert isinstance(run(folder, "--out", out, "--organ", "city").exception, PolicyError)
    assert run(folder, "--out", out, "--organ", "city", "--replace").exit_code == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [("--organ", "../etc"), ("--organ", "profiles"), ("--level", "9"), ("--region", "x"), ("--power-class", "magic")],
)
def test_what_is_named_is_checked(folder: Path, tmp_path: Path, option: str, value: str) -> None:
    """The organ becomes a folder; nothing is written."""
    assert isinstance(run(folder, "--out", tmp_path / "out", option, value).exception, SettingsError)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    """With what to name."""
    for path in (tmp_path / "nothing", tmp_path):
        refusal = run(path).exception
        assert isinstance(refusal, DigitError)
        assert refusal.hint


def test_text_of_the_configuration_is_harmless(folder: Path) -> None:
    """No escape sequence reaches the terminal."""
    text = (folder / "BusinessService.json").read_text().replace("Permit", "\\u001b[2J")
    (folder / "BusinessService.json").write_text(text)
    assert "\x1b" not in run(folder, "--all").stdout
