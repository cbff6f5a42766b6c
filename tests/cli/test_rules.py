"""`quanheng rules`: the catalogue, computed against a policy folder."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.storage.policy_folder import SHIPPED
from sidecar.cli.commands import app
from sidecar.errors import SettingsError

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policies, to be changed."""
    return Path(shutil.copytree(SHIPPED, tmp_path_factory.mktemp("policies") / "p"))


def test_one_rule_in_full() -> None:
    """Article, places, items, figures and both kinds of expectations; nothing is missing, so the status is 0."""
    run = RUNNER.invoke(app, ["rules", "--rule", "AL-48", "--lang", "en"])
    assert run.exit_code == 0
    for part in (
        "行政许可法第四十八条",
        "licensing.yaml:",
        "controls: distinct",
        "cn-xk-cylinder-filling",
        "licence_hearing_notice = 7 workday",
    ):
        assert part in run.output
    assert "✗ 审查人不得主持听证" in run.output
    assert "✓ 没有参与审查的人可以主持听证" in run.output


def test_for_programs() -> None:
    """Every rule of the phase that was asked for, with the places of its words."""
    run = RUNNER.invoke(app, ["rules", "--json", "--phase", "c"])
    found = {rule["id"]: rule for rule in json.loads(run.output)}
    assert "AL-14" in found
    assert "AL-36" not in found
    assert found["AL-14"]["implemented"]["checks"] == ["BASIS_TOO_LOW", "TEMPORARY_LICENCE"]
    assert found["AL-24"]["catalogue"].startswith("catalogue.yaml:")


@pytest.mark.parametrize(("options", "told"), [(["--rule", "XX-1"], "XX-1"), (["--phase", "E"], "E")])
def test_what_the_catalogue_does_not_have_is_a_usage_error(options: list[str], told: str) -> None:
    """Status 2, with the word that is wrong."""
    run = RUNNER.invoke(app, ["rules", *options])
    assert isinstance(run.exception, SettingsError)
    assert told in run.exception.message


def test_a_rule_that_nothing_follows_is_told(folder: Path) -> None:
    """Taken out of its profile it is nowhere, and the status is 1."""
    profiles = {path: path.read_text("utf-8") for path in (folder / "profiles").glob("penalty*.yaml")}
    for path, text in profiles.items():
        path.write_text(text.replace("rule: AP-44", "rule: AP-42"), "utf-8")
    run = RUNNER.invoke(app, ["rules", str(folder), "--rule", "AP-44", "--lang", "en"])
    for path, text in profiles.items():
        path.write_text(text, "utf-8")
    assert run.exit_code == 1
    assert "NOWHERE" in run.output
    assert RUNNER.invoke(app, ["rules", str(folder), "--rule", "AP-44"]).exit_code == 0


def test_a_folder_with_mistakes_is_not_judged(folder: Path) -> None:
    """What does not compile stands nowhere; the person is sent to `check`."""
    powers = folder / "binhe" / "powers.yaml"
    text = powers.read_text("utf-8")
    powers.write_text(text.replace("power_class: penalty", "power_class: punish", 1), "utf-8")
    run = RUNNER.invoke(app, ["rules", str(folder)])
    powers.write_text(text, "utf-8")
    assert run.exception is not None
    assert "quanheng check" in getattr(run.exception, "hint", "")


def test_profiles_alone_can_be_asked(tmp_path: Path) -> None:
    """As they are installed: no organ, so no items, but every profile with its rules."""
    for name in ("catalogue.yaml", "model.conf"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    shutil.copytree(SHIPPED / "profiles", tmp_path / "profiles")
    run = RUNNER.invoke(app, ["rules", str(tmp_path), "--rule", "AP-42", "--lang", "en"])
    assert (run.exit_code, "penalty.yaml:" in run.output, "items" in run.output) == (0, True, False)
