"""`quanheng calendar`: a year shown as people and programs read it, filled, and never overwritten unasked."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sidecar.cli.commands import app
from sidecar.errors import PolicyError, SettingsError
from tests.e2e.processes import ROOT

SHIPPED = ROOT / "policies"


def quanheng(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["calendar", *arguments])


def test_a_year_is_shown() -> None:
    """Holidays, weekends worked for them, and the working days of each month."""
    run = quanheng("show", "2026", "--policies", str(SHIPPED), "--lang", "zh")
    lines = run.output.splitlines()
    assert run.exit_code == 0
    assert lines[0].startswith("2026 年：248 个工作日（国务院办公厅关于2026年部分节假日安排的通知")
    assert "  春节：2026-02-15 至 2026-02-23" in lines
    assert any(line.startswith("  调休上班：2026-01-04, 2026-02-14") for line in lines)
    assert lines[-12:] == [f"  {n:>2} 月 {days}" for n, days in enumerate([21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23], 1)]


def test_a_year_for_programs() -> None:
    """The same as JSON."""
    told = json.loads(quanheng("show", "2025", "--policies", str(SHIPPED), "--json").output)
    assert (told["known"], told["workdays"], sum(told["months"])) == (True, 248, 248)
    assert told["holidays"]["2025-10-06"] == "中秋"
    assert told["made_up"]["2025-10-11"] == "国庆节"


def test_a_year_nobody_wrote_is_said() -> None:
    """Status 1, and how to fill it."""
    run = quanheng("show", "2031", "--policies", str(SHIPPED), "--lang", "en")
    assert (run.exit_code, "quanheng calendar fill 2031" in run.output) == (1, True)
    assert json.loads(quanheng("show", "2031", "--policies", str(SHIPPED), "--json").output) == {"year": 2031, "known": False}


def test_a_filled_year_is_checked_built_and_shown(tmp_path: Path) -> None:
    """A folder of its own, with one year more."""
    copy = tmp_path / "policies"
    shutil.copytree(SHIPPED, copy)
    assert quanheng("fill", "2023", "--out", str(copy / "calendar")).exit_code == 0
    assert CliRunner().invoke(app, ["check", str(copy)]).exit_code == 0
    assert CliRunner().invoke(app, ["build", str(copy)]).exit_code == 0
    assert "2023: 249 working days" in quanheng("show", "2023", "--policies", str(copy), "--lang", "en").output
    assert '"2023": {' in (copy / "compiled" / "manifest.json").read_text("utf-8")


def test_what_stands_there_is_not_overwritten_unasked(tmp_path: Path) -> None:
    """A maintainer may have corrected it."""
    written = tmp_path / "2026.yaml"
    written.write_text("mine", "utf-8")
    assert isinstance(quanheng("fill", "2026", "--out", str(tmp_path)).exception, PolicyError)
    assert written.read_text("utf-8") == "mine"
    assert quanheng("fill", "2026", "--out", str(tmp_path), "--replace").exit_code == 0
    assert written.read_bytes() == (SHIPPED / "calendar" / "2026.yaml").read_bytes()


def test_without_its_library_nothing_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named, and every other command does without."""
    monkeypatch.setitem(sys.modules, "chinese_calendar", None)
    monkeypatch.setitem(sys.modules, "chinese_calendar.constants", None)
    fault = quanheng("fill", "2026", "--out", str(tmp_path)).exception
    assert isinstance(fault, SettingsError)
    assert "quanheng[calendar]" in fault.hint
    assert quanheng("show", "2026", "--policies", str(SHIPPED)).exit_code == 0


def test_a_broken_calendar_is_not_shown(tmp_path: Path) -> None:
    """`check` says what is wrong."""
    copy = tmp_path / "policies"
    shutil.copytree(SHIPPED, copy)
    (copy / "calendar" / "2026.yaml").write_text("year: 2026\n", "utf-8")
    assert isinstance(quanheng("show", "2026", "--policies", str(copy)).exception, PolicyError)


def test_check_says_that_this_year_is_missing(tmp_path: Path) -> None:
    """A warning, and the command that helps."""
    copy = tmp_path / "policies"
    shutil.copytree(SHIPPED, copy)
    for path in (copy / "calendar").glob("*.yaml"):
        path.unlink()
    shutil.copy(SHIPPED / "calendar" / "2024.yaml", copy / "calendar")
    run = CliRunner().invoke(app, ["check", str(copy), "--lang", "en", "--all"])
    assert run.exit_code == 0
    assert "CALENDAR_YEAR_MISSING" in run.output
