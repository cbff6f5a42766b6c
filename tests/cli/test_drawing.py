"""`quanheng draw`: a pool that cannot be drawn from is refused, with what is wrong in it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sidecar.cli.commands import app
from sidecar.errors import SettingsError


def draw(pool: Path, text: str, *arguments: str) -> Result:
    pool.write_text(text, "utf-8")
    return CliRunner().invoke(app, ["draw", arguments[0], "--pool", str(pool), *arguments[1:]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("o-1\no-2\n", "2 identifiers, 3 are to be drawn"),
        ("o-1\n张 三\no-2\n", ":2:1: '张 三' holds a space"),
        ("\n \n", "is empty"),
    ],
)
def test_a_pool_that_cannot_be_drawn_from_is_told(tmp_path: Path, text: str, words: str) -> None:
    """Fewer than are to be drawn, a name that would become two, nobody."""
    fault = draw(tmp_path / "pool", text, "make", "--seed", "d1", "-n", "3").exception
    assert isinstance(fault, SettingsError)
    assert words in fault.message


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    """A pool saved by a Windows editor has the digest of the same pool saved by another."""
    told = [draw(tmp_path / "pool", mark + "o-1\no-2\no-3\n", "digest").output for mark in ("", "\ufeff")]
    assert told[0] == told[1]
    made = json.loads(draw(tmp_path / "pool", "\ufeffo-1\n\no-2\n", "make", "--seed", "d1", "-n", "2").output)
    assert sorted(made["drawn"]) == ["o-1", "o-2"]
