"""How long entries are kept: what the power list says, in every version that served, and the rules of the record."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.storage.kept import KeptGrounds
from adapters.storage.log_opening import Places
from adapters.storage.policy_folder import PolicyFolder, write_files
from sidecar.cli.commands import app
from sidecar.errors import NotKeptError
from tests.log.logs import a_kept_log
from tests.samples import changed, compiled, policy_files

RULES = "retention:\n  default: {years: 2, basis: 本单位规定}\n  closed: [c1, c3]\n"
ITEM = "  - id: permit\n"
RENAMED = "  - id: item\n"  # of the decisions
LAW = "政府采购法第四十二条"


def serve(where: Places, years: int) -> str:
    """The digest of policies that served here: those of the samples, keeping the records of `item` so long, 0 for unsaid."""
    said = f"    retention: {{years: {years}, from: end, basis: {LAW}}}\n" if years else ""
    folder = where.data.parent / f"policies-{years}"
    write_files(folder, policy_files(changed(ITEM, RENAMED + said)))
    files = PolicyFolder(folder)
    files.write(compiled(files.sources()))
    snapshot = files.snapshot()
    KeptGrounds(where.data).keep_policies(files, snapshot)
    return snapshot.digest


def retained(where: Places, on: str, rules: str = RULES) -> dict[str, Any]:
    """Of the case c1."""
    path = where.data.parent / "record.yaml"
    path.write_text(rules, "utf-8")
    run = CliRunner().invoke(app, ["log", "retain", "--data", str(where.data), "--on", on, "--rules", str(path), "--json"])
    if run.exception:
        raise run.exception
    told: dict[str, Any] = next(kept for kept in json.loads(run.stdout)["kept"] if kept["case"] == "c1")
    return told


def test_the_longest_that_anybody_said_counts(tmp_path: Path) -> None:
    """Also what an earlier version said; a version that says nothing, or less, takes nothing away. The rule is told."""
    where = a_kept_log(tmp_path)
    alone = retained(where, "2040-01-01")
    assert (alone["why"], alone["basis"], alone["source"]) == ("due", "本单位规定", f"{tmp_path / 'record.yaml'}:2")
    long = serve(where, 15)
    for years in (0, 3):
        serve(where, years)
    last = alone["last_day"]
    until = f"{int(last[:4]) + 15}{last[4:]}"
    kept = retained(where, "2030-01-01")
    assert (kept["why"], kept["until"], kept["basis"]) == ("not_due", until, LAW)
    assert kept["source"] == f"office/powers.yaml:3 {long[:19]}"
    assert retained(where, until)["why"] == "due"
    ruled = RULES.replace("years: 2,", "years: 20,")
    assert (retained(where, until, ruled)["why"], retained(where, until, ruled)["basis"]) == ("not_due", "本单位规定")


def test_what_the_power_list_keeps_is_not_released(tmp_path: Path) -> None:
    """The same command with the same rules lets go what was served by a list that says nothing."""
    where = a_kept_log(tmp_path)
    rules = tmp_path / "record.yaml"
    rules.write_text("retention:\n  closed: [c1, c3]\n", "utf-8")

    def release() -> int:
        to, basis = str(tmp_path / "old.sqlite3"), "网络安全法第二十三条"
        options = ["--data", str(where.data), "--to", to, "--basis", basis, "--rules", str(rules), "--json"]
        run = CliRunner().invoke(app, ["log", "release", *options], catch_exceptions=False)
        entries: int = json.loads(run.stdout)["entries"]
        return entries

    serve(where, 15)
    assert release() == 0
    for folder in KeptGrounds(where.data).policies().values():
        folder.rename(tmp_path / "elsewhere")
    assert release() > 0


def test_a_version_that_cannot_be_read_may_have_said_longer(tmp_path: Path) -> None:
    where = a_kept_log(tmp_path)
    digest = serve(where, 15)
    manifest = KeptGrounds(where.data).policies()[digest] / "compiled" / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"years": 15', '"years": 1'), "utf-8")
    with pytest.raises(NotKeptError, match=r"manifest\.json is not the one that was built"):
        retained(where, "2030-01-01")
