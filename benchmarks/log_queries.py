"""Asking the log: first pages, totals, the size of the index, and how quickly it follows.

    python benchmarks/log_queries.py [ENTRIES]          (1,000,000 by default)

The entries are made up, of the shape of real ones: three hundred officers of forty units, two hundred items, some rules and
codes that are frequent and some that are rare, parties of seven entries each, two years. The index is written by its own
statements, a block at a time; the record beside it holds short bodies, because a page reads fifty of them at most. the index
follows is measured on 50,000 entries of full length in a record of their own. Needs half a kilobyte of disk an entry, where it
runs, and clears it away. Each time is the median of five runs, of which each opens the files anew, and the slowest.
"""

import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.storage.asked_fields import FIELDS
from adapters.storage.places import BLOCK, base_of
from adapters.storage.record_file import RECORD_FILE, open_writer
from adapters.storage.record_index import INDEX_FILE, RecordIndex, seal
from adapters.storage.record_reader import SqliteReader
from sidecar.decision_log.canonical import leaf_hash
from sidecar.decision_log.entry import DecisionEntry, entry_bytes
from sidecar.ports.records import Filter

RUNS = 5
FOLLOWED = 50_000
START = datetime.fromisoformat("2024-11-01T08:00:00.000+08:00")
DAYS = 730
PARTY_ENTRIES = 7
CHANCE = random.Random(2026)

UNITS = [f"organ{n:02}" for n in range(40)]
OFFICERS = [(f"o-{n:04}", f"{UNITS[n % 40]}.post{n % 9}", UNITS[n % 40]) for n in range(300)]
ITEMS = [f"cn-xk-item-{n:03}" for n in range(200)]
NAMES = [f"第{n}类食品经营许可" for n in range(200)]
BASIS = [f"《中华人民共和国行政许可法》第{n}条" for n in range(60)]
STEPS = ["accept", "review", "decide", "deliver", "file", "hear"]
REFUSED = [
    ("NO_POWER", "DEFAULT", "该岗位没有办理该事项的权限"),
    ("SAME_PERSON_PRIOR_STEP", "AL-SEP", "您已在本案办理“书面审查”，不得再办理“决定”"),
    ("FACT_REQUIRED", "CS-12", "缺少办理所需的事实"),
    ("STEP_ORDER", "AL-30", "前一环节尚未办理"),
    ("RECUSAL", "AL-37", "您与当事人有利害关系，应当回避"),
]
WEIGHTS = [700, 200, 80, 19, 1]


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        say(f"{FOLLOWED:,} entries of full length followed: {follow(folder / 'followed'):,.0f} entries a second")
        took = make(folder, entries)
        size = (folder / INDEX_FILE).stat().st_size
        say(f"{entries:,} entries made in {took:.0f} s; index {size / 1e6:,.0f} MB, {size / entries:.0f} bytes an entry\n")
        say("| asked | found on the first page | median ms | slowest ms |\n|---|---|---|---|")
        for told, wanted in searches():
            table_line(folder, told, lambda reader, wanted=wanted: len(reader.query(wanted, limit=50)))
        table_line(
            folder, "officer, page in the middle", lambda r: len(r.query(Filter(officer="o-0007"), limit=50, before=entries // 2))
        )
        say("\n| counted | values | median ms | slowest ms |\n|---|---|---|---|")
        for told, wanted, by in countings():
            table_line(folder, told, lambda reader, wanted=wanted, by=by: len(reader.totals(wanted, by)))


def searches() -> Iterator[tuple[str, Filter]]:
    yield "everything", Filter()
    yield "officer", Filter(officer="o-0007")
    yield "post", Filter(post="organ07.post7")
    yield "unit", Filter(unit="organ07")
    yield "item", Filter(item=ITEMS[3])
    yield "class of 50 items", Filter(items=tuple(ITEMS[:50]))
    yield "step, frequent", Filter(step="accept")
    yield "code, frequent", Filter(code="NO_POWER")
    yield "code, rare", Filter(code="RECUSAL")
    yield "rule, rare", Filter(rule="AL-37")
    yield "decision", Filter(decision="deny")
    yield "caller", Filter(caller="portal")
    yield "party, 7 entries", Filter(party=party_of(70))
    yield "one day, a year ago", Filter(since_day="2025-11-01", until_day="2025-11-02")
    yield "an hour, a year ago", Filter(since_ms=moment(365), until_ms=moment(365) + 3_600_000)
    yield "text, four characters", Filter(text="利害关系")
    yield "text, two characters", Filter(text="回避")
    yield "text, one character, frequent", Filter(text="食")
    yield "text that is nowhere", Filter(text="没有这样的话")
    yield "a value that is nowhere", Filter(officer="nobody")
    yield "officer and denied", Filter(officer="o-0007", decision="deny")
    yield "officer and rare code", Filter(officer="o-0007", code="RECUSAL")
    yield "unit, item, code", Filter(unit="organ07", item=ITEMS[3], code="STEP_ORDER")
    yield "officer of another unit: nothing", Filter(officer="o-0007", unit="organ08")
    yield (
        "officer, item, month a year ago",
        Filter(officer="o-0007", item=ITEMS[3], since_day="2025-11-01", until_day="2025-12-01"),
    )
    yield "unit and text", Filter(unit="organ07", text="利害关系")


def countings() -> Iterator[tuple[str, Filter, str]]:
    for by in ("day", "item", "unit", "officer", "code", "decision", "rule"):
        yield f"by {by}", Filter(), by
    yield "by item, a month", Filter(since_day="2025-11-01", until_day="2025-12-01"), "item"
    yield "by officer, denied", Filter(decision="deny"), "officer"
    yield "by code, of one unit", Filter(unit="organ07"), "code"
    yield "by item, of one officer", Filter(officer="o-0007"), "item"
    yield "by day, of one item", Filter(item=ITEMS[3]), "day"


def table_line(folder: Path, told: str, ask: Callable[[SqliteReader], int]) -> None:
    times, found = [], 0
    for _ in range(RUNS):
        reader = SqliteReader(folder / RECORD_FILE)
        begun = time.perf_counter()
        found = ask(reader)
        times.append(1000 * (time.perf_counter() - begun))
        reader.close()
    say(f"| {told} | {found} | {statistics.median(times):.1f} | {max(times):.1f} |")


def party_of(n: int) -> str:
    return f"pty-{(n // PARTY_ENTRIES * 2654435761) & 4294967295:08x}{n // PARTY_ENTRIES:08x}{0:016x}"


def moment(day: float) -> int:
    return int((START + timedelta(days=day)).timestamp() * 1000)


def fields_of(n: int, entries: int) -> dict[str, Any]:
    """What an entry is found by, under the names of the index."""
    person, post, unit = CHANCE.choice(OFFICERS)
    item = CHANCE.randrange(200)
    code, rule, reason = CHANCE.choices(REFUSED, WEIGHTS)[0] if CHANCE.random() < 0.15 else ("ALLOWED", "", "准许")
    texts = [NAMES[item], reason, BASIS[item % 60]]
    time_ms = moment(DAYS * n / entries)
    return {
        "time_ms": time_ms, "day": (START + timedelta(days=DAYS * n / entries)).isoformat()[:10], "kind": "decision",
        "officer": person, "item": ITEMS[item], "code": code, "decision": "deny" if rule else "allow", "post": post, "unit": unit,
        "step": CHANCE.choice(STEPS), "caller": "portal" if n % 3 else "proxy", "party": party_of(n),
        "rule": [rule] if rule else [], "text": texts,
    }  # fmt: skip


def make(folder: Path, entries: int) -> float:
    """The record with short bodies, and its index; the seconds it took. The values of an entry follow from its number."""
    begun = time.monotonic()
    record = open_writer(folder / RECORD_FILE)
    for pragma in ("synchronous=OFF", "wal_autocheckpoint=1000"):
        record.execute(f"PRAGMA {pragma}")
    record.execute("DROP INDEX entries_by_id")  # not asked here
    record.execute("DROP INDEX entries_by_case")
    index = RecordIndex(folder / RECORD_FILE)
    index.open()
    view = index._connection  # noqa: SLF001 - its own statements, without the record in between
    assert view is not None  # noqa: S101 - it was opened just now
    view.execute("PRAGMA synchronous=OFF")
    for connection in (record, view):
        _tables(connection)
    for block in range((entries - 1) // BLOCK + 1):
        bound = {"base": base_of(block), "last": min(base_of(block + 1), entries), "entries": entries, "start": moment(0)}
        record.execute("BEGIN")
        record.execute(f"INSERT INTO main.entries {_BODIES}", bound)
        record.execute("COMMIT")
        view.execute("BEGIN")
        view.execute(f"INSERT INTO main.recent (seq, time_ms, {', '.join(FIELDS)}) {_ROWS}", bound)
        if bound["last"] == base_of(block + 1):
            seal(view, block)
        view.execute("INSERT OR REPLACE INTO main.reached VALUES (1, :last, CAST(:last AS BLOB))", bound)
        view.execute("COMMIT")
    view.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
    index.close()
    record.close()
    return time.monotonic() - begun


def _tables(connection: sqlite3.Connection) -> None:
    """What the values of an entry are chosen from."""
    tables: dict[str, list[tuple[Any, ...]]] = {
        "places": [(n,) for n in range(1, BLOCK + 1)],
        "officers": [(n, *OFFICERS[n]) for n in range(300)],
        "items": [(n, ITEMS[n], NAMES[n], BASIS[n % 60]) for n in range(200)],
        "steps": list(enumerate(STEPS)),
        "verdicts": [(n, *_verdict(n)) for n in range(10_000)],
    }
    columns = {
        "places": "place", "officers": "n, person, post, unit", "items": "n, id, name, basis", "steps": "n, name",
        "verdicts": "n, decision, code, rules, reason",
    }  # fmt: skip
    for name, rows in tables.items():
        first = columns[name].replace("n,", "n INTEGER PRIMARY KEY,", 1).replace("place", "place INTEGER PRIMARY KEY")
        connection.execute(f"CREATE TEMP TABLE {name} ({first})")
        connection.executemany(f"INSERT INTO temp.{name} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608


def _verdict(n: int) -> tuple[str, str, str, str]:
    """Fifteen of a hundred are refused, by weight."""
    if n >= 1_500:
        return "allow", "ALLOWED", "[]", "准许"
    at, n = 0, n * sum(WEIGHTS) // 1_500
    while n >= WEIGHTS[at]:
        n, at = n - WEIGHTS[at], at + 1
    code, rule, reason = REFUSED[at]
    return "deny", code, f'["{rule}"]', reason


def _mixed(factor: int, size: int) -> str:
    """A number below a size that follows from the entry's, scattered."""
    return f"(((s.seq * {factor}) & 4294967295) >> 9) % {size}"


_CHOSEN = f"""
FROM (SELECT :base + place AS seq FROM temp.places WHERE :base + place <= :last) AS s
CROSS JOIN temp.officers AS o ON o.n = {_mixed(2654435761, 300)} CROSS JOIN temp.items AS t ON t.n = {_mixed(2246822519, 200)}
CROSS JOIN temp.steps AS p ON p.n = {_mixed(3266489917, 6)} CROSS JOIN temp.verdicts AS v ON v.n = {_mixed(668265263, 10_000)}
"""  # noqa: S608 - the text is ours
_TIME = f":start + s.seq * {DAYS * 86_400_000} / :entries"
_PARTY = f"'pty-' || printf('%08x%08x%016x', ((s.seq / {PARTY_ENTRIES}) * 2654435761) & 4294967295, s.seq / {PARTY_ENTRIES}, 0)"
_BODIES = f"""
SELECT s.seq, s.seq, 'decision', {_TIME}, o.person, t.id, '', v.code, v.decision, CAST(s.seq AS BLOB),
CAST('{{"seq":' || s.seq || '}}' AS BLOB) {_CHOSEN}
"""
_VALUES = {
    "kind": "'decision'", "officer": "o.person", "item": "t.id", "code": "v.code", "decision": "v.decision",
    "day": f"date(({_TIME}) / 1000, 'unixepoch', '+8 hours')", "post": "o.post", "unit": "o.unit", "step": "p.name",
    "caller": "CASE WHEN s.seq % 3 THEN 'portal' ELSE 'proxy' END", "party": _PARTY, "rule": "v.rules",
    "text": "json_array(t.name, t.basis, v.reason)",
}  # fmt: skip
_ROWS = f"SELECT s.seq, {_TIME}, {', '.join(_VALUES[name] for name in FIELDS)} {_CHOSEN}"


def follow(folder: Path) -> float:
    """Entries a second that an index made anew takes in, of a record with entries of full length."""
    folder.mkdir()
    record = open_writer(folder / RECORD_FILE)
    record.execute("PRAGMA synchronous=OFF")
    record.execute("BEGIN")
    for n in range(1, FOLLOWED + 1):
        f = fields_of(n, FOLLOWED)
        body = entry_bytes(whole(n, f), n, "")
        row = (
            n,
            f"d{n}",
            "decision",
            f["time_ms"],
            f["officer"],
            f["item"],
            f"c{n}",
            f["code"],
            f["decision"],
            leaf_hash(body),
            body,
        )
        record.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    record.execute("COMMIT")
    say(f"an entry of full length has {len(body):,} bytes")
    index = RecordIndex(folder / RECORD_FILE)
    begun, spent = time.monotonic(), time.process_time()
    index.follow()
    took, spent = time.monotonic() - begun, time.process_time() - spent
    index.close()
    record.close()
    say(f"processor time of the index: {1e6 * spent / FOLLOWED:.0f} µs an entry")
    shutil.rmtree(folder)
    return FOLLOWED / took


def _time_of(f: dict[str, Any]) -> str:
    return datetime.fromtimestamp(f["time_ms"] / 1000, START.tzinfo).isoformat(timespec="milliseconds")


def whole(n: int, f: dict[str, Any]) -> DecisionEntry:
    """A decision as it is recorded, a few controls judged."""
    grounds = [
        {"code": f["code"], "rule": rule, "basis": BASIS[3], "row": "r", "source": "zjj/powers.yaml:12"} for rule in f["rule"]
    ]
    return DecisionEntry(
        decision_id=f"01JDKX2M{n:018}", request_id=f"req-{n}", time=_time_of(f),
        time_source="system", caller=f["caller"], client_ip="10.0.0.7", channel="", intent="exercise",
        subject={"type": "officer", "person": f["officer"], "acting_post": f["post"], "organ": f["unit"], "level": "3"},
        action={"step": f["step"], "outcome": "", "verb": f["step"]}, item=f["item"], item_name=f["text"][0], item_version=1,
        case_id=f"c{n}", case_version=1, case_digest="0" * 64, party_token=f["party"], region="650200", decision=f["decision"],
        code=f["code"], reason={"zh": f["text"][1], "en": "The post may do this step of the item."}, grounds=grounds,
        rules_evaluated=[{"row": f"{f['item']}.{f['step']}.c{k}", "rule": f"AL-{k}", "result": "pass"} for k in range(14)],
        obligations=[{"kind": "notify", "arg": "party"}], rows=[f"{f['item']}.{f['step']}.a1"], sources=["zjj/powers.yaml:12"],
        basis=[f["text"][2]], officers=[], facts={"amount": 100}, facts_digest="0" * 64, evidence_digests={},
        policy_digest="sha256:" + "0" * 64, personnel_digest="sha256:" + "0" * 64, engine_version="0.1", latency_us=180,
    )  # fmt: skip


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
