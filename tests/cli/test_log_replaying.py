"""`quanheng log replay` as an inspector uses it: the log of an office with its policies and registers kept beside it."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner, Result

from adapters.storage.kept import KeptGrounds
from adapters.storage.policy_folder import PolicyFolder, write_files
from sidecar.cli.commands import app
from tests.http_api.calling import ACCEPT, REVIEW, asking
from tests.log.offices import Office
from tests.log.test_kept import built
from tests.samples import changed, compiled, personnel, policy_files


class Recorded(NamedTuple):
    """A data folder, and the policies by which its five decisions were made."""

    data: Path
    policies: Path


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Accepted, reviewed, refused to the reviewer who also holds the deciding post, decided by another, and a stranger."""
    root = tmp_path_factory.mktemp("recorded")
    folder, office = built(root / "policies"), Office(root)
    policy = folder.snapshot()
    KeptGrounds(office.data).keep_policies(folder, policy)
    office.serve(
        policy, personnel({"clerk": "front.clerk", "reviewer": ["law.reviewer", "front.deputy"], "deputy": "front.deputy"})
    )
    office.allowed(ACCEPT, REVIEW)
    office.sidecar.answer(asking("reviewer", "decide", outcome="grant"))
    office.allowed(asking("deputy", "decide", outcome="grant"))
    office.sidecar.answer(asking("stranger", "issue"))
    office.close()
    return Recorded(office.data, folder.root)


@pytest.fixture
def recorded(original: Recorded, tmp_path: Path) -> Recorded:
    """A copy that may be damaged."""
    shutil.copytree(original.data, tmp_path / "data")
    return original._replace(data=tmp_path / "data")


def replay(recorded: Recorded, *options: str) -> Result:
    return CliRunner().invoke(app, ["log", "replay", "--data", str(recorded.data), *options])


def figures(recorded: Recorded, *options: str) -> Any:
    return json.loads(replay(recorded, "--json", *options).stdout)


def another(folder: Path, powers: str) -> str:
    """A policy folder with other powers, built."""
    write_files(folder, policy_files(powers))
    files = PolicyFolder(folder)
    files.write(compiled(files.sources()))
    return str(folder)


def test_a_log_that_comes_out_the_same(recorded: Recorded) -> None:
    """Status 0, and the figures in both languages."""
    run = replay(recorded, "--lang", "zh")
    assert (run.exit_code, "一致 5，不同 0，无法重放 0" in run.output) == (0, True)
    assert "the same 5, different 0, not replayed 0" in replay(recorded, "--lang", "en").output
    assert figures(recorded)["same"] == 5
    assert figures(recorded, "--officer", "reviewer", "--until", "2026-01-05")["decisions"] == 2


def test_a_separation_that_is_taken_out(recorded: Recorded, tmp_path: Path) -> None:
    """One decision of five changes: by item, officer and rule, listed and counted."""
    looser = another(tmp_path / "looser", changed("separation: [[review, decide]]", "separation: [[review, issue]]"))
    run = replay(recorded, "--lang", "zh", "--with", looser)
    assert run.exit_code == 1
    assert "不变 4，改变 1，无法判断 0" in run.output
    assert "第 3 号  新准许  SAME_PERSON_PRIOR_STEP → ALLOWED" in run.output
    told = figures(recorded, "--with", looser)
    none = {"other_grounds": 0, "other_obligations": 0, "other_flags": 0}
    assert told["changes"] == {"newly_refused": 0, "newly_allowed": 1, **none}
    assert [row["name"] for row in told["by_officer"]] == ["reviewer"]
    assert [(row["name"], row["zh"]) for row in told["by_item"]] == [("permit", "示范许可")]
    assert "permit 示范许可" in run.output
    assert [(one["seq"], one["change"], one["rules"]) for one in told["found"]] == [(3, "newly_allowed", ["ITEM"])]
    assert replay(recorded, "--with", str(recorded.policies)).exit_code == 0


def test_lines_for_a_program_end_with_the_figures(recorded: Recorded, tmp_path: Path) -> None:
    """One line each, as it is found."""
    stricter = another(tmp_path / "stricter", changed("posts: [front.clerk]}", "posts: [front.clerk], requires: [identity]}"))
    *found, last = [json.loads(line) for line in replay(recorded, "--jsonl", "--with", stricter).stdout.splitlines()]
    assert [(one["seq"], one["change"], one["new"]) for one in found] == [(1, "newly_refused", ["MISSING_REQUIREMENT ITEM"])]
    assert last["summary"]["different"] == 1


def test_what_somebody_changed_is_told_place_by_place(recorded: Recorded) -> None:
    """An act that was given to another officer: what is recorded, and what comes out on it."""
    with sqlite3.connect(recorded.data / "record.sqlite3") as connection:
        told = "UPDATE case_events SET event = CAST(replace(event, '\"reviewer\"', '\"stranger\"') AS BLOB) WHERE version = 2"
        connection.execute(told)
    connection.close()
    run = replay(recorded, "--lang", "zh", "--show", "1")
    assert run.exit_code == 1
    assert '    code：记录 "SAME_PERSON_PRIOR_STEP" ｜ 重放 "ALLOWED"' in run.output
    assert '    decision：记录 "deny" ｜ 重放 "allow"' in run.output
    assert "另有" in run.output
    assert figures(recorded)["differing"]["case_digest"] >= 2


def test_policies_that_are_not_kept_may_lie_elsewhere(recorded: Recorded) -> None:
    """It is said that they are missing; with the folder named, all is well."""
    shutil.rmtree(recorded.data / "kept/policies")
    run = replay(recorded, "--lang", "en")
    assert (run.exit_code, "the policies of the day are not at hand, 5" in run.output) == (1, True)
    assert figures(recorded)["causes"] == {"policy_not_kept": 5}
    assert replay(recorded, "--policies", str(recorded.policies)).exit_code == 0


def test_acts_in_the_log_of_another_sidecar(recorded: Recorded, tmp_path: Path) -> None:
    """A shared case is whole with the folders of all."""
    beside = tmp_path / "beside"
    shutil.copytree(recorded.data, beside)
    with sqlite3.connect(recorded.data / "record.sqlite3") as connection:
        connection.execute("DELETE FROM case_events WHERE version = 1")
    connection.close()
    assert figures(recorded)["causes"] == {"history_not_whole": 4}
    assert replay(recorded, "--beside", str(beside)).exit_code == 0


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    assert replay(Recorded(tmp_path / "none", tmp_path)).exception is not None
