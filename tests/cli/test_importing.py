"""`quanheng import workbook` as a clerk runs it: what is said, in what language, and how much of it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sidecar.cli.commands import app
from sidecar.errors import QuanhengError
from tests.unit.importers.workbooks import FILE, HEADINGS, row, workbook

ROWS = [["某局权责清单"], HEADINGS, *[row(f"事项{n}", units="建管科、质安科") for n in range(8)], row("甲", units=""), ["小标题"]]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / FILE
    path.write_bytes(workbook(ROWS))
    return path


def run(book: Path, *options: str, organ: str = "demo") -> Result:
    return CliRunner().invoke(
        app, ["import", "workbook", str(book), "--organ", organ, "--out", str(book.parent / "out"), *options]
    )


def test_many_warnings_of_one_kind_are_folded_into_one_with_their_places(book: Path) -> None:
    """Eight items without a lead: the first in full, the number of the others and where they begin."""
    lines = run(book, "--lang", "en").output.splitlines()
    first = next(n for n, line in enumerate(lines) if "SEVERAL_UNITS_NO_LEAD" in line)
    assert lines[first].startswith(f"  {FILE} [Sheet] G3: several units")
    assert (
        lines[first + 1]
        == "    … and 7 more of this kind: G4, G5, G6, G7, G8 …; to see each, import into another --out with --all"
    )
    assert sum("SEVERAL_UNITS_NO_LEAD" in line for line in lines) == 1
    assert any("UNIT_MISSING" in line for line in lines)


def test_all_and_json_hold_every_warning(book: Path) -> None:
    """Folding is for the screen; nothing is left out where everything is asked for."""
    every = run(book, "--lang", "zh", "--all").output
    assert every.count("SEVERAL_UNITS_NO_LEAD") == 8
    assert "…另有" not in every
    warnings = json.loads(run(book, "--json", "--replace").output)["warnings"]
    assert sum(warning["code"] == "SEVERAL_UNITS_NO_LEAD" for warning in warnings) == 8


def test_each_line_says_where_in_one_language(book: Path) -> None:
    """File, sheet and cell or row; what concerns the whole organ stands in organ.yaml."""
    said = run(book, "--lang", "zh").output.splitlines()
    assert said[0] == f"{FILE}: 9 个事项"
    notices = [line for line in said if line.startswith("  ") and "…另有" not in line]
    assert all(line.startswith((f"  {FILE}", "  organ.yaml: ")) and "——" in line for line in notices)
    assert not any(" row " in line for line in said)
    assert any("第 1 行" in line or "A1" in line for line in notices)


def test_a_reserved_identifier_is_refused_before_anything_is_written(book: Path) -> None:
    """profiles/ and compiled/ hold other files; the organ must be called otherwise."""
    refused = run(book, organ="compiled").exception
    assert isinstance(refused, QuanhengError)
    assert "compiled/" in refused.message
    assert not (book.parent / "out").exists()
