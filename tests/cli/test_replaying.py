"""`quanheng replay events` as an inspector runs it, and on a real permit log that nobody here wrote."""

import csv
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sidecar.cli.commands import app
from sidecar.cli.replay_findings import FIELDS
from sidecar.errors import EventLogError
from tests.e2e.processes import ROOT, quanheng
from tests.real_data import real_data
from tests.unit.event_log.logs import HEADING, MAPPING, log_of

EXAMPLE = ROOT / "docs" / "examples" / "permit_log" / "receipt.yaml"
ROWS = ("A,审核,甲,2026-01-05 09:00:00", "A,核准,甲,2026-01-05 10:00:00", "B,登记,乙,2026-01-05", "B,审核,乙,昨天")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["replay", "events", *map(str, arguments)])


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.yaml"
    path.write_text(MAPPING, "utf-8")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(log_of(*ROWS), "utf-8")
    return path


@pytest.mark.parametrize(("mode", "flagged", "steps"), [("observe", 1046, (3, 1043)), ("enforce", 1044, (1, 1043))])
def test_the_real_permit_log(mode: str, flagged: int, steps: tuple[int, int]) -> None:
    """T02 Check and T04 Determine by different persons: the figures that were computed without this product."""
    ran = run(real_data("permit-log", "receipt.csv"), "--mapping", EXAMPLE, "--mode", mode, "--json")
    told = json.loads(ran.stdout)
    assert ran.exit_code == 1
    assert (told["cases_flagged"], told["events_flagged"]) == (1042, flagged)
    assert {step["step"]: (step["events"], step["flagged"]) for step in told["by_step"]} == {
        "check": (1368, steps[0]),
        "determine": (1307, steps[1]),
    }
    (pair,) = [rule for rule in told["by_rule"] if rule["control"] == "distinct"]
    assert (pair["cases_concerned"], pair["cases_flagged"], pair["events_flagged"]) == (1303, 1042, flagged)
    assert (told["events_read"], told["cases"], told["unreadable"], told["repeated"]) == (8577, 1434, 0, 0)
    assert len(told["unmapped"]) == 25
    assert told["events_read"] == told["events_replayed"] + sum(told["unmapped"].values())
    assert sum(officer["flagged"] for officer in told["by_officer"]) == flagged
    assert told["by_code"] == {"SAME_PERSON_PRIOR_STEP": flagged}
    assert len(told["flagged"]) == 1000


# one step of the log, another → cases with both, cases in which one person did both
PAIRS = {
    ("Confirmation of receipt", "T02 Check confirmation of receipt"): (1316, 1099),
    ("Confirmation of receipt", "T04 Determine confirmation of receipt"): (1303, 946),
    ("T04 Determine confirmation of receipt", "T05 Print and send confirmation of receipt"): (1299, 880),
    ("T06 Determine necessity of stop advice", "T10 Determine necessity to stop indication"): (1283, 1261),
}


@pytest.mark.parametrize(("pair", "figures"), PAIRS.items(), ids=lambda value: str(value)[:40])
def test_other_pairs_of_the_real_log(tmp_path: Path, pair: tuple[str, str], figures: tuple[int, int]) -> None:
    """The rule is data: another pair, its own known figures."""
    text = EXAMPLE.read_text("utf-8")
    for old, new in zip(("T02 Check confirmation of receipt", "T04 Determine confirmation of receipt"), pair, strict=True):
        text = text.replace(f"activity: {old}, step", f"activity: @{new}, step")
    mapping = tmp_path / "pair.yaml"
    mapping.write_text(text.replace("activity: @", "activity: "), "utf-8")
    told = json.loads(run(real_data("permit-log", "receipt.csv"), "--mapping", mapping, "--mode", "observe", "--json").stdout)
    (rule,) = [rule for rule in told["by_rule"] if rule["control"] == "distinct"]
    assert (rule["cases_concerned"], rule["cases_flagged"]) == figures


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_an_inspector_reads(log: Path, mapping: Path, lang: str) -> None:
    """Totals, the rule, step, officer, the first refused events, what is no step and what cannot be read."""
    ran = run(log, "--mapping", mapping, "--mode", "observe", "--lang", lang)
    words = {
        "zh": (
            "日志共 4 行、2 案",
            "应当拒绝 1 条，涉及 1 案",
            "不同人员: 核准 ↔ 审核",
            "不属于任何环节的活动（1 种）",
            f"{log}:5:4: “昨天”不是",
        ),
        "en": (
            "4 rows, 2 cases",
            "1 would have been refused, in 1 cases",
            "different persons",
            "no step (1)",
            f"{log}:5:4: 昨天 is not a time",
        ),
    }
    assert ran.exit_code == 1
    for expected in words[lang]:
        assert expected in ran.stdout, expected
    assert "2026-01-05 10:00:00  A" in ran.stdout
    assert f"{mapping}:11" in ran.stdout


def test_show_says_how_many(log: Path, mapping: Path) -> None:
    """None when none are asked for."""
    assert "10:00:00" not in run(log, "--mapping", mapping, "--mode", "observe", "--show", "0").stdout


def test_status_0_when_there_is_nothing_to_look_at(log: Path, mapping: Path) -> None:
    """Refused events, events by nobody and unreadable rows are each something; a row that is no step is not."""
    for rows, status in (
        (["A,审核,甲,2026-01-05", "A,登记,甲,2026-01-05"], 0),
        (["A,审核,甲,2026-01-05", "A,核准,甲,2026-01-06"], 1),
        (["A,审核,甲,2026-01-05", "A,审核,,2026-01-06"], 1),
        (["A,审核,甲,2026-01-05", "A,审核,甲,"], 1),
    ):
        log.write_text(log_of(*rows), "utf-8")
        assert run(log, "--mapping", mapping, "--mode", "observe").exit_code == status, rows


def test_every_finding_goes_into_a_file(log: Path, mapping: Path, tmp_path: Path) -> None:
    """As CSV a spreadsheet opens, and as JSON Lines; neither overwrites without being told."""
    table, lines = tmp_path / "found.csv", tmp_path / "found.jsonl"
    for out in (table, lines):
        run(log, "--mapping", mapping, "--mode", "observe", "--out", out)
        refusal = run(log, "--mapping", mapping, "--mode", "observe", "--out", out).exception
        assert isinstance(refusal, EventLogError)
        assert str(out) in refusal.message
        assert run(log, "--mapping", mapping, "--mode", "observe", "--out", out, "--replace").exit_code == 1
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    found = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert list(rows[0]) == list(FIELDS)
    for kinds in (rows, found):
        assert [(f["kind"], f["code"], str(f["line"])) for f in kinds] == [
            ("look", "BAD_TIME", "5"),
            ("refused", "SAME_PERSON_PRIOR_STEP", "3"),
        ]
    assert found[1]["source"] == f"{mapping}:11"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["found.csv", "found.jsonl", "log.csv", "mapping.yaml"]


def test_what_is_read_is_never_written_over(log: Path, mapping: Path) -> None:
    """Not even when told to replace."""
    before = log.read_bytes()
    refusal = run(log, "--mapping", mapping, "--mode", "observe", "--out", log, "--replace").exception
    assert isinstance(refusal, EventLogError)
    assert log.read_bytes() == before


@pytest.mark.slow
def test_a_pipe_is_read_as_it_comes(log: Path, mapping: Path) -> None:
    """There is no position in it, and none is asked for."""
    rows = "".join(f"{n},登记,甲,2026-01-05\n" for n in range(3_000))
    command = quanheng("replay", "events", "/dev/stdin", "--mapping", str(mapping), "--mode", "observe", "--json")
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, input=log.read_bytes() + rows.encode(), check=False, timeout=60)
    assert json.loads(ran.stdout)["events_read"] == 3_004


def test_a_run_that_fails_leaves_no_file(log: Path, mapping: Path, tmp_path: Path) -> None:
    """Half a file of findings would be taken for all of them."""
    log.write_text(log_of("A,另一个,甲,2026-01-05"), "utf-8")
    assert isinstance(run(log, "--mapping", mapping, "--mode", "observe", "--out", tmp_path / "f.csv").exception, EventLogError)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.csv", "mapping.yaml"]


def test_text_of_the_log_is_harmless(log: Path, mapping: Path, tmp_path: Path) -> None:
    """No formula in a spreadsheet, no escape sequence on a terminal."""
    log.write_text(log_of("=cmd(),审核,\x1b[2J甲,2026-01-05", "=cmd(),核准,\x1b[2J甲,2026-01-06"), "utf-8")
    out = tmp_path / "found.csv"
    ran = run(log, "--mapping", mapping, "--mode", "observe", "--out", out)
    assert "\x1b" not in ran.stdout
    assert "�[2J甲" in ran.stdout
    assert next(csv.DictReader(out.read_text("utf-8-sig").splitlines()))["case"] == "'=cmd()"


@pytest.mark.parametrize(
    ("encoding", "bytes_in", "delimiter"),
    [("utf-8", "utf-8-sig", ","), ("gbk", "gb18030", ";"), ("gb2312", "gb18030", ","), ("utf-16", "utf-16", "\t")],
)
def test_encodings_and_delimiters(log: Path, mapping: Path, encoding: str, bytes_in: str, delimiter: str) -> None:
    """As offices export: with a byte order mark, in GBK, with semicolons, as Unicode text with tabs."""
    log.write_bytes(log_of(*ROWS).replace(",", delimiter).encode(bytes_in))
    text = MAPPING.replace("  zone:", f"  encoding: {encoding}\n  delimiter: {json.dumps(delimiter)}\n  zone:")
    mapping.write_text(text, "utf-8")
    told = json.loads(run(log, "--mapping", mapping, "--mode", "observe", "--json").stdout)
    assert (told["events_flagged"], told["unreadable"], told["by_officer"][0]["officer"]) == (1, 1, "甲")


def test_another_encoding_is_said(log: Path, mapping: Path) -> None:
    """A heading that cannot be read stops; a row that cannot is told."""
    log.write_bytes(log_of(*ROWS).encode("gb18030"))
    refusal = run(log, "--mapping", mapping, "--mode", "observe").exception
    assert isinstance(refusal, EventLogError)
    assert "gb18030" in refusal.hint
    log.write_bytes(f"{HEADING}\n".encode() + "A,审核,甲,2026-01-05\n".encode("gb18030") + "A,审核,甲,2026-01-05\n".encode())
    assert f"{log}:2:2" in run(log, "--mapping", mapping, "--mode", "observe").stdout


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"PK\x03\x04....", "workbook"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><log/>", "XES"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"", "empty"),
    ],
)
def test_other_formats_are_refused_by_name(log: Path, mapping: Path, data: bytes, word: str) -> None:
    """With what to do instead."""
    log.write_bytes(data)
    refusal = run(log, "--mapping", mapping, "--mode", "observe").exception
    assert isinstance(refusal, EventLogError)
    assert word in refusal.message
    assert "CSV" in refusal.hint or "heading" in refusal.hint


@pytest.mark.slow
def test_a_bar_on_a_terminal_and_none_in_a_pipe(log: Path, mapping: Path) -> None:
    """Programs read what is written; a person sees that something goes on."""
    command = quanheng("replay", "events", str(log), "--mapping", str(mapping), "--mode", "observe", "--json")
    piped = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert piped.stderr == b""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=follower, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(follower)
        assert process.stdout
        told = json.loads(process.stdout.read())
        shown = os.read(leader, 65_536)
    os.close(leader)
    assert told["events_flagged"] == 1
    assert b"\x1b[" in shown


def test_a_policy_folder_is_named_from_the_mapping_file(tmp_path: Path, log: Path) -> None:
    """The shipped organ, replayed: who accepted may not decide."""
    item = "cn-xk-food-business-licence"
    mapping = tmp_path / "food.yaml"
    activities = "".join(f"  - {{activity: {step}, step: {step}}}\n" for step in ("accept", "review", "decide"))
    facts = "{only_prepackaged_food: {value: false}, edible_farm_produce: {value: false}}"
    columns = f"    case: c\n    activity: a\n    person: p\n    time: t\n    facts: {facts}\n"
    folder = os.path.relpath(ROOT / "policies", tmp_path)
    mapping.write_text(
        f"log:\n  zone: Asia/Shanghai\n  columns:\n{columns}activities:\n{activities}policies: {folder}\n"
        f"item: {item}\nassumed: [posts, evidence, outcome]\n",
        "utf-8",
    )
    log.write_text("c,a,p,t\nA,accept,o1,2026-01-05\nA,review,o2,2026-01-06\nA,decide,o2,2026-01-07\n")
    told = json.loads(run(log, "--mapping", mapping, "--mode", "observe", "--json").stdout)
    assert told["by_code"] == {"SAME_PERSON_PRIOR_STEP": 1}
    assert told["assumed"] == ["posts", "evidence", "outcome"]
    assert "powers.yaml" in told["flagged"][0]["source"] or "profiles/licensing.yaml" in told["flagged"][0]["source"]
