"""`quanheng explain`: the decision, its grounds, and the nearest rows, for a folder and for a plain policy."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from sidecar.cli.commands import app
from sidecar.errors import SettingsError
from tests.e2e.processes import ROOT
from tests.unit.engine.test_examples import EXAMPLES

EXAMPLE = ROOT / "docs" / "examples" / "food_licence"
ITEM = "cn-xk-food-business-licence"


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(
        app, ["explain", "--policies", str(ROOT / "policies"), "--item", ITEM, "--day", "2026-01-05", *arguments]
    )


def test_a_refusal_shows_what_failed() -> None:
    """A post that does not hold the step: the rows of the item, nearest first, with the terms that failed."""
    run = explain("--step", "decide", "--post", "approval.window_clerk", "--outcome", "grant", "--lang", "en")
    assert run.exit_code == 1
    lines = run.output.splitlines()
    assert lines[0] == "拒绝 denied   NO_POWER"
    assert any("Your post does not hold step" in line for line in lines)
    assert "  ✗ p.sub == '*' or g(r.sub, p.sub)" in lines
    assert any(line.startswith(f"{ITEM}.decide.a1  binhe/powers.yaml:") for line in lines)


def test_an_allow_names_its_row() -> None:
    """The first row shown failed nothing."""
    facts = ("--fact", "only_prepackaged_food=false", "--fact", "edible_farm_produce=false")
    run = explain("--step", "accept", "--post", "approval.window_clerk", *facts, "--json")
    assert run.exit_code == 0
    told = json.loads(run.output)
    assert (told["allowed"], told["nearest"][0]["failed"]) == (True, [])


def test_officers_of_the_registers() -> None:
    """With the personnel folder, as the service would see them."""
    run = explain("--step", "review", "--officer", "o-1006", "--personnel", str(EXAMPLE / "personnel"), "--lang", "zh")
    assert "STEP_OUT_OF_ORDER" in run.output
    assert "尚未完成“受理”" in run.output


def test_a_question_without_item_or_step_is_told_so() -> None:
    """It is no item '' that is on no list."""
    for arguments in ((), ("--step", "accept"), ("--item", ITEM)):
        fault = CliRunner().invoke(app, ["explain", "--policies", str(ROOT / "policies"), *arguments]).exception
        assert isinstance(fault, SettingsError)
        assert "--item and --step" in fault.hint


def test_words_that_do_not_exist_are_named() -> None:
    """A misspelt post, credential, fact or value."""
    for arguments, told in (
        (("--post", "approval.nobody"), "no such post"),
        (("--credential", "driving"), "no such credential"),
        (("--fact", "amount"), "NAME=VALUE"),
    ):
        fault = explain("--step", "accept", *arguments).exception
        assert isinstance(fault, SettingsError)
        assert told in fault.message


def test_a_plain_policy(tmp_path: Path) -> None:
    """Values in the order of the request definition; objects in JSON; too few are told by name."""
    example = EXAMPLES["rules in cells"]
    (tmp_path / "m.conf").write_text(example.model)
    (tmp_path / "p.csv").write_text(example.rows)
    plain = ["explain", "--model", str(tmp_path / "m.conf"), "--policy", str(tmp_path / "p.csv"), "--rows", "1"]
    run = CliRunner().invoke(app, [*plain, '{"age": 16, "name": "wang"}', "file", "read"])
    assert run.exit_code == 1
    assert run.output.splitlines() == [
        "拒绝 denied   没有相符的行 no row matches",
        "",
        "p.csv:1  r.sub.age > 18, file, read",
        "  ✗ eval(p.rule)",
        "  ✓ r.obj == p.obj",
        "  ✓ r.act == p.act",
    ]
    assert CliRunner().invoke(app, [*plain, '{"age": 30}', "file", "read"]).exit_code == 0
    fault = CliRunner().invoke(app, [*plain, "file"]).exception
    assert isinstance(fault, SettingsError)
    assert fault.hint == "give: sub obj act"
