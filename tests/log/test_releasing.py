"""Entries kept long enough leave the record: only those, to a file that proves them, and the log verifies as before."""

import contextlib
import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.storage import release_file, releasing
from adapters.storage.log_opening import Places
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_index import INDEX_FILE
from adapters.storage.record_reader import SqliteReader
from adapters.storage.redis.rebuilding import Problem, told_of
from adapters.verifier.command import Question, ask
from adapters.verifier.copies import RecordCopy, open_copy
from sidecar.cli.commands import app
from sidecar.decision_log.findings import Kind
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.released import Release
from sidecar.decision_log.tiles import entries_in
from sidecar.decision_log.verifier import Trust, verify
from sidecar.errors import LogBrokenError, QuanhengError, ReleasedError, SecondWriterError, SettingsError, StoreError
from sidecar.ports.records import Filter
from sidecar.service.log_keeper import Keeping
from tests.e2e.processes import ROOT
from tests.log.logs import Kept, TestClock, a_kept_log, change, copied, decided, fill, keeping, made, opened, places_in, verified
from tests.log.one_releaser import STEPS
from tests.log.test_http import Logged
from tests.log.test_keeper import OneWitness

BASIS = "网络安全法第二十三条"
RULES = """
retention:
  closed: [c1, c3, c4]
  holds: [{case: c4, basis: 行政复议}]
"""
GONE = (5, 7, 10, 12, 15)  # of twelve decisions behind log, key and start; those of c1 and c3


class Cut(BaseException):
    """The machine stops here."""


@pytest.fixture
def log(tmp_path: Path) -> Places:
    where = a_kept_log(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    return where


def run(log: Places, *arguments: object, code: int = 0) -> Any:
    ran = CliRunner().invoke(app, ["log", *map(str, arguments), "--data", str(log.data), "--json"])
    if isinstance(ran.exception, QuanhengError | Cut):
        raise ran.exception
    assert ran.exit_code == code, ran.output
    return json.loads(ran.stdout)


def release(log: Places, to: str = "old.sqlite3", rules: str = "rules.yaml") -> Any:
    folder = log.data.parent
    return run(log, "release", "--to", folder / to, "--basis", BASIS, "--rules", folder / rules)


def reader_of(log: Places) -> contextlib.closing[SqliteReader]:
    return contextlib.closing(SqliteReader(log.data / RECORD_FILE))


def emptied(log: Places) -> list[int]:
    return [row.seq for row in RecordCopy(log.data / RECORD_FILE).rows() if not row.body]


def identifiers(log: Places) -> dict[int, str]:
    return {row.seq: row.columns[0] for row in RecordCopy(log.data / RECORD_FILE).rows() if row.columns}


def test_only_what_is_due_leaves_and_everything_still_proves(log: Places) -> None:
    before = verified(log)
    held = log.head.read_bytes()
    done = release(log)
    assert (done["entries"], done["first"], done["last"], done["resumed"]) == (len(GONE), GONE[0], GONE[-1], False)
    assert tuple(emptied(log)) == GONE
    after = verified(log, Trust(held=[held]))
    assert (after.findings, after.released, after.size) == ([], len(GONE), before.size + 1)
    assert after.released_to == [done["file"]] == [release_file.digest_of(log.data.parent / "old.sqlite3")]
    filled = ask(Question(log.data, released=[log.data.parent / "old.sqlite3"], chains=True))
    assert (filled.findings, filled.released, filled.root) == ([], 0, after.root)
    assert run(log, "verify")["released"] == len(GONE)
    proof = log.data.parent / "7.tlog-proof"
    CliRunner().invoke(app, ["log", "prove", "--seq", "7", "--out", str(proof), "--data", str(log.data)], catch_exceptions=False)
    assert ask(Question(log.data, held=[proof])).findings == []
    with reader_of(log) as reader:
        entry = reader.event("release", "release-1")
    assert entry
    told = json.loads(entry.body)
    assert (told["numbers"], told["basis"], told["file"]) == (" ".join(map(str, GONE)), BASIS, done["file"])
    assert release(log, "more.sqlite3")["entries"] == 0
    assert not (log.data.parent / "more.sqlite3").exists()


def test_a_log_goes_on_behind_what_was_released(log: Places) -> None:
    """A case that comes back rests on its last entry; the log is signed, shown consistent, and verifies."""
    release(log)

    async def use(kept: Kept) -> None:
        await fill(kept.log.store, 3, start=12)
        again = decided(16)  # of c1, which was released
        await kept.log.store.commit(again._replace(expected_version=3))

    keeping(log, use)
    assert verified(log).findings == []
    with reader_of(log) as reader:
        (again,) = [json.loads(stored.body) for stored in reader.query(Filter(case_id="c1"), limit=10)]
    last = next(RecordCopy(log.data / RECORD_FILE).rows(GONE[-1] - 1))
    assert last.leaf
    assert again["prev_case"] == last.leaf.hex()
    assert ask(Question(log.data, case="c1")).findings == []


def test_nothing_is_left_on_the_disk(log: Places) -> None:
    wanted = [row.body for row in RecordCopy(log.data / RECORD_FILE).rows() if row.seq in GONE]
    release(log)
    kept = [path.read_bytes() for path in log.data.rglob("*") if path.is_file()]
    assert not [body for body in wanted for data in kept if body in data]
    assert not (log.data / INDEX_FILE).exists()


def test_held_open_and_recent_entries_stay(log: Places) -> None:
    (log.data.parent / "long.yaml").write_text(RULES + "  default: {months: 240, basis: x}\n", "utf-8")
    assert release(log, rules="long.yaml")["entries"] == 0
    assert emptied(log) == []


def test_nothing_leaves_that_no_checkpoint_vouches_for(log: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed up to the seventh entry only: c1 and c3 reach further, so neither goes, not even in part."""
    vouched = releasing._vouched
    monkeypatch.setattr(releasing, "_vouched", lambda *asked: vouched(*asked)._replace(size=7))
    assert release(log)["entries"] == 0


def test_witnesses_that_are_asked_for_must_have_cosigned(log: Places) -> None:
    with pytest.raises(StoreError, match="cosigned by 1"):
        run(log, "release", "--to", log.data.parent / "x", "--basis", BASIS, "--quorum", 1)


def test_a_running_sidecar_keeps_everything(log: Places) -> None:
    held = opened(log)
    try:
        with pytest.raises(SecondWriterError):
            release(log)
    finally:
        held.close()
    assert emptied(log) == []


def test_a_file_that_is_there_is_not_overwritten(log: Places) -> None:
    (log.data.parent / "old.sqlite3").write_bytes(b"mine")
    with pytest.raises(SettingsError, match="is there already"):
        release(log)
    assert (log.data.parent / "old.sqlite3").read_bytes() == b"mine"


def test_a_changed_entry_is_not_released(log: Places) -> None:
    change(log, "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'v\":1', 'v\":2') AS BLOB) WHERE seq = 7")
    with pytest.raises(LogBrokenError, match="entry 7"):
        release(log)
    assert emptied(log) == []
    assert not (log.data.parent / "old.sqlite3").exists()


@pytest.mark.parametrize("at", ["_entry", "_sign", "_empty", "_empty_rows"])
def test_cut_short_anywhere_nothing_is_lost_and_it_goes_on(log: Places, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> None:
        raise Cut

    with monkeypatch.context() as broken:
        broken.setattr(releasing, at, cut)
        with pytest.raises(Cut):
            release(log)
    assert emptied(log) == []
    keeping(log, lambda kept: fill(kept.log.store, 1, start=14))  # the sidecar starts and works meanwhile
    assert verified(log).findings == []
    begun = at != "_entry"
    if begun:
        with pytest.raises(SettingsError, match="was cut short"):
            release(log, "another.sqlite3")
    done = release(log, "old.sqlite3" if begun else "again.sqlite3")
    assert (done["entries"], done["resumed"]) == (len(GONE), begun)
    assert tuple(emptied(log)) == GONE
    assert verified(log).findings == []
    assert verified(log).released == len(GONE)


def test_cut_short_while_the_rows_are_emptied_all_or_none_are(log: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(connection: sqlite3.Connection, spans: Sequence[tuple[int, int]]) -> None:
        connection.execute("BEGIN")
        connection.execute("UPDATE entries SET body = x'' WHERE seq = ?", (spans[0][0],))
        raise Cut

    with monkeypatch.context() as broken:
        broken.setattr(releasing, "_empty_rows", half)
        with pytest.raises(Cut):
            release(log)
    assert emptied(log) == []
    assert release(log)["resumed"]


def release_killed_at_each_step(folder: Path) -> dict[str, str]:
    """How the process ended behind each step."""
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.log.one_releaser", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return dict(line.split(": ") for line in ran.stdout.splitlines())


@pytest.mark.slow
def test_killed_between_any_two_steps_nothing_is_lost_and_it_is_finished(tmp_path: Path) -> None:
    """SIGKILL, as no handler sees it. The log verifies each time, its sidecar starts, all bodies or none are gone, what is gone
    is in the file, and the same command ends what was begun."""
    where = a_kept_log(tmp_path)
    assert release_killed_at_each_step(tmp_path) == dict.fromkeys(STEPS, "SIGKILL")
    for step in STEPS:
        log, file = places_in(tmp_path / step), tmp_path / step / "old.sqlite3"
        gone = tuple(emptied(log))
        assert gone in ((), GONE), step
        assert not gone or ask(Question(log.data, released=[file])).findings == [], step
        keeping(log, nothing)
        assert verified(log).findings == [], step
        begun = bool(releases(log))
        if not begun:
            file.unlink(missing_ok=True)
        release(log)
        if step == "one entry of two is durable":  # the others are still due
            assert 0 < len(emptied(log)) < len(GONE)
            release(log, "rest.sqlite3")
        assert tuple(emptied(log)) == GONE, step
        assert (verified(log).findings, verified(log).released) == ([], len(GONE)), step
        assert ask(Question(log.data, released=[file])).findings == [], step
        assert [path.name for path in log.data.iterdir() if "smaller" in path.name] == [], step
    assert emptied(where) == []


def releases(log: Places) -> list[Release]:
    with reader_of(log) as reader:
        return reader.releases()


def closed(folder: Path) -> Path:
    """Rules by which every case is over."""
    rules = folder / "all.yaml"
    rules.write_text("retention:\n  closed: [c0, c1, c2, c3, c4]\n", "utf-8")
    return rules


def test_the_file_is_smaller_behind_a_release(tmp_path: Path) -> None:
    """Not where that is not wanted; whoever reads meanwhile sees the whole log; readable by its owner alone, as before."""
    where = a_kept_log(tmp_path, 100)
    record, rules = where.data / RECORD_FILE, closed(tmp_path).name
    before = record.stat().st_size
    with reader_of(where) as reader:
        assert len(reader.query(Filter(kind="decision"), limit=200)) == 100
        whole = [stored.seq for stored in reader.query(Filter(), limit=200)]
        told = run(where, "release", "--to", tmp_path / "a", "--basis", BASIS, "--rules", tmp_path / rules)
        assert (told["entries"], told["freed"] > 100 * 500) == (100, True)
        assert record.stat().st_size <= before - told["freed"] + 2 * 4096
        assert {stored.seq for stored in reader.query(Filter(), limit=200)} == set(whole) - set(range(4, 104)) | {105}
    assert (verified(where).findings, verified(where).released) == ([], 100)
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    again = run(where, "release", "--to", tmp_path / "b", "--basis", BASIS, "--rules", tmp_path / rules)
    assert (again["entries"], again["freed"]) == (0, 0)


def test_the_file_stays_as_it_is_where_that_is_asked_for_or_there_is_no_room(
    log: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = log.data.parent
    asked = ("--basis", BASIS, "--rules", folder / "rules.yaml")
    told = run(copied(log, folder / "one"), "release", "--to", folder / "one" / "a", *asked, "--no-shrink")
    assert (told["entries"], told["freed"]) == (len(GONE), None)

    def full(_: Path, __: sqlite3.Connection) -> None:
        fault = sqlite3.OperationalError("database or disk is full")
        fault.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise fault

    monkeypatch.setattr(releasing, "_copy_back", full)
    told = run(log, "release", "--to", folder / "a", *asked)
    assert (told["entries"], told["freed"]) == (len(GONE), None)
    assert tuple(emptied(log)) == GONE
    assert verified(log).findings == []
    assert [path.name for path in log.data.iterdir() if "smaller" in path.name] == []


def test_what_is_held_from_outside_must_fit_before_anything_leaves(log: Places) -> None:
    """A checkpoint of another history, of a longer log than this copy, or a root on paper that is not the log's."""
    folder = log.data.parent
    asked = ("--to", folder / "a", "--basis", BASIS, "--rules", folder / "rules.yaml")
    early, other = copied(log, folder / "early"), copied(log, folder / "other")
    mine = folder / "mine"
    mine.write_bytes(log.head.read_bytes())
    keeping(log, lambda kept: fill(kept.log.store, 2, start=12))
    keeping(other, lambda kept: fill(kept.log.store, 2, start=14))
    for wrong in (other, log):
        with pytest.raises(LogBrokenError, match="nothing was released"):
            run(early if wrong is log else log, "release", *asked, "--held", wrong.head)
    size = verified(early).size
    with pytest.raises(LogBrokenError, match="nothing was released"):
        run(log, "release", *asked, "--printed", f"{size}:{'0' * 64}")
    with pytest.raises(SettingsError, match="no checkpoint, receipt or evidence"):
        run(log, "release", *asked, "--held", folder / "rules.yaml")
    assert (emptied(log), emptied(early), (folder / "a").exists()) == ([], [], False)
    assert run(log, "release", *asked, "--held", mine, "--held", log.head)["entries"] > 0


def test_a_body_emptied_without_a_release_is_missing(log: Places) -> None:
    change(log, "UPDATE entries SET body = x'' WHERE seq IN (5, 6)")
    first = verified(log).first
    assert first
    assert (first.kind, first.first, first.last) == (Kind.MISSING, 5, 6)


def test_a_body_emptied_beside_a_release_is_missing(log: Places) -> None:
    release(log)
    change(log, "UPDATE entries SET body = x'' WHERE seq = 6")
    first = verified(log).first
    assert first
    assert (first.kind, first.first, first.last) == (Kind.MISSING, 6, 6)


def test_a_released_leaf_cannot_be_changed(log: Places) -> None:
    release(log)
    change(log, "UPDATE entries SET leaf = zeroblob(32) WHERE seq = 7")
    first = verified(log).first
    assert first
    assert (first.kind, first.first) == (Kind.CHANGED, 7)


def test_a_forged_release_covers_nothing(log: Places) -> None:
    """An entry that nothing signed stands at the end and says that another was released."""
    last = verified(log).size
    body = json.dumps({"kind": "release", "numbers": "6", "seq": last + 1, "file": "sha256:x"}, sort_keys=True)
    change(log, "UPDATE entries SET body = x'' WHERE seq = 6")
    change(
        log, "INSERT INTO entries VALUES (?, 'release-1', 'release', 0, '', '', '', '', '', zeroblob(32), ?)", (last + 1, body)
    )
    report = verified(log)
    assert report.released == 0
    assert (Kind.MISSING, 6) in [(found.kind, found.first) for found in report.findings]


def test_a_file_is_known_when_it_was_changed(log: Places) -> None:
    release(log)
    file = log.data.parent / "old.sqlite3"
    assert ask(Question(file)).sound
    key = str(opened_key(log))
    assert ask(Question(file, keys=[key])).signers
    connection = sqlite3.connect(file)
    with contextlib.closing(connection), connection:
        connection.execute("UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'v\":1', 'v\":2') AS BLOB) WHERE seq = 7")
    alone, with_log = ask(Question(file)).first, ask(Question(log.data, released=[file])).first
    assert alone
    assert with_log
    assert (alone.kind, alone.first) == (with_log.kind, with_log.first) == (Kind.CHANGED, 7)


def test_a_file_whose_tiles_were_changed_proves_nothing(log: Places) -> None:
    release(log)
    file = log.data.parent / "old.sqlite3"
    body = next(row.body for row in RecordCopy(file).rows() if row.seq == 7).replace(b'"v":1', b'"v":2')
    leaves = RecordCopy(file).tile(0, 0) or b""
    forged = leaves[: 6 * 32] + tree_hash("sha256").leaf(body) + leaves[7 * 32 :]
    connection = sqlite3.connect(file)
    with contextlib.closing(connection), connection:
        connection.execute("UPDATE entries SET body = ? WHERE seq = 7", (body,))
        connection.execute("UPDATE tiles SET hashes = ? WHERE place = 0", (forged,))
    report = ask(Question(file))
    assert [found.first for found in report.findings] == list(GONE)


def opened_key(log: Places) -> object:
    held = opened(log)
    try:
        return held.identity.key
    finally:
        held.close()


def test_static_files_of_a_released_log_verify(log: Places, tmp_path: Path) -> None:
    release(log)
    keeping(log, nothing)
    CliRunner().invoke(app, ["log", "tiles", "--data", str(log.data), "--out", str(tmp_path / "tiles")], catch_exceptions=False)
    report = verify(open_copy(tmp_path / "tiles"), chains=True)
    assert (report.findings, report.released) == ([], len(GONE))


async def nothing(kept: Kept) -> None:
    del kept


def test_readers_say_where_it_went_or_leave_it_out(log: Places) -> None:
    names = identifiers(log)
    file = release(log)["file"]
    with reader_of(log) as reader:
        for ask_for in (lambda: reader.find(names[7]), lambda: reader.at(7)):
            _says_where(ask_for, file)
        seen = [stored.seq for stored in reader.since(Filter(kind="decision"), after=0, limit=100)]
        assert seen == [stored.seq for stored in reader.query(Filter(kind="decision"), limit=100)][::-1]
        assert set(seen) == set(range(4, 16)) - set(GONE)
        assert sum(total.allowed + total.denied for total in reader.totals(Filter(), "item")) == len(seen)
        assert reader.released(Filter()) == len(GONE)
        assert reader.released(Filter(case_id="c1")) == 3
        assert reader.released(Filter(case_id="c0")) == 0
        problem = told_of("c1", reader.case_entries("c1"))
        assert isinstance(problem, Problem)
        assert problem.kind == "released"
    CliRunner().invoke(app, ["log", "reindex", "--data", str(log.data)], catch_exceptions=False)
    with reader_of(log) as reader:
        assert [stored.seq for stored in reader.since(Filter(kind="decision"), after=0, limit=100)] == seen
        assert sum(total.allowed + total.denied for total in reader.totals(Filter(), "item")) == len(seen)


def _says_where(ask_for: Callable[[], object], file: str) -> None:
    with pytest.raises(ReleasedError) as fault:
        ask_for()
    assert (fault.value.seq, fault.value.file) == (7, file)
    assert file in fault.value.message


def test_a_replay_counts_what_was_released_by_itself(log: Places) -> None:
    release(log)
    ran = CliRunner().invoke(app, ["log", "replay", "--data", str(log.data), "--json"])
    assert json.loads(ran.stdout)["causes"]["released"] == len(GONE)


def test_nothing_leaves_behind_what_witnesses_cosigned(tmp_path: Path) -> None:
    """Without being asked for, the log's own signature is enough; asked for, a case that reaches further stays whole."""
    where, witness = made(tmp_path), OneWitness()
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")

    async def watched(kept: Kept) -> None:
        await fill(kept.log.store, 6)
        await kept.keeper.tick()

    keeping(where, watched, witnesses=[witness], keeping=Keeping(quorum=1))
    keeping(where, lambda kept: fill(kept.log.store, 1, start=6))  # of c1, and nobody looks on
    asked = ("--basis", BASIS, "--rules", tmp_path / "rules.yaml")
    done = run(where, "release", "--to", tmp_path / "a", *asked, "--witness", witness.key, "--quorum", 1)
    with reader_of(where) as reader:
        assert {stored["case_id"] for stored in decisions(reader)} == {"c0", "c1", "c2", "c4"}
    assert done["entries"] == 1
    assert run(where, "release", "--to", tmp_path / "b", *asked)["entries"] == 2
    report = verified(where, Trust(witnesses=[witness.key]))
    assert (report.findings, report.released, len(report.released_to)) == ([], 3, 2)
    whole = ask(Question(where.data, released=[tmp_path / "a", tmp_path / "b"]))
    assert (whole.findings, whole.released) == ([], 0)


def decisions(reader: SqliteReader) -> list[dict[str, Any]]:
    return [json.loads(stored.body) for stored in reader.since(Filter(kind="decision"), after=0, limit=1000)]


@pytest.mark.slow
@pytest.mark.parametrize("hash_", ["sha256", "sm3"])
def test_more_than_one_tile_in_either_hash(tmp_path: Path, hash_: str) -> None:
    """Of a longer log, the file alone, the log alone and both together verify; over HTTP an entry's place is left, and nothing
    in it."""
    where = a_kept_log(tmp_path, 300, hash_=hash_)
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    assert release(where)["entries"] == 120
    file = tmp_path / "old.sqlite3"
    assert ask(Question(file, keys=[str(opened_key(where))])).findings == []
    assert (verified(where).findings, verified(where).released) == ([], 120)
    assert ask(Question(where.data, released=[file], chains=True)).findings == []
    log = opened(where)
    try:
        service = Logged(log, TestClock())
        bodies = entries_in(service.get("/v1/log/tile/entries/000").content)
    finally:
        log.close()
    assert [n for n, body in enumerate(bodies, 1) if not body] == [n for n in emptied(where) if n <= 256]
    assert [json.loads(body)["seq"] for body in bodies if body] == [n for n in range(1, 257) if n not in emptied(where)]
