"""Erasing a person: keys go, proofs stay; whatever is cut short is finished and told once."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from adapters.storage.log_opening import Places
from adapters.storage.pending_events import PendingEvents
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from adapters.storage.subject_keys import SubjectKeyFile, subjects_path
from adapters.verifier.copies import open_copy
from sidecar.cli.commands import app
from sidecar.decision_log.disclosure import STRICT, Disclosure
from sidecar.decision_log.erasure import commitments_of
from sidecar.decision_log.verifier import Trust, verify
from sidecar.errors import QuanhengError
from sidecar.ports.records import Filter
from sidecar.ports.telling import outcome
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import evaluation_of, party_tokeniser
from sidecar.service.authorize import Answer, Authorizer
from sidecar.service.log_keeper import NO_RULES, LogKeeper, Rules
from sidecar.service.outcome import OutcomeReports
from sidecar.service.personal import Personal
from tests.http_api.calling import asking
from tests.log.logs import TestClock, made, opened
from tests.samples import EVERYONE, SNAPSHOT

LI, HAN = "11010519491231002X", "440106199001011235"
TOKEN = party_tokeniser(b"k" * 32)
CALLER = CallerFacts("portal", "192.0.2.1", "")
BASIS = "个人信息保护法第四十七条"


class Office:
    """A log on the disk whose service runs for as long as `running` is entered."""

    def __init__(self, folder: Path) -> None:
        self.where: Places = made(folder)
        self.data = self.where.data
        (self.data / "party.key").write_bytes(b"k" * 32)
        self.clock = TestClock()

    @contextlib.asynccontextmanager
    async def running(self, rules: Rules = NO_RULES, **forms: str) -> Any:
        log = await asyncio.to_thread(opened, self.where, self.clock)
        keys = SubjectKeyFile(self.data)
        self.personal = Personal(TOKEN, keys, Disclosure({**STRICT.forms, **forms}))
        self.authorizer = Authorizer(SNAPSHOT, EVERYONE, log.store, self.clock, TOKEN, personal=self.personal)
        self.keeper = LogKeeper(
            log.store, log.tree, log.head, log.identity, log.store.hash, log.signers, self.clock,
            rules=rules, personal=PendingEvents(self.data, keys),
        )  # fmt: skip
        try:
            await self.keeper.begin("p", "r")
            yield self
            await self.keeper.end("p", "r")
        finally:
            await log.store.close()
            keys.close()

    async def decide(self, body: dict[str, Any]) -> str:
        wire = evaluation_of(body)
        answer: Answer = await outcome(lambda then: self.authorizer.begin(wire, CALLER, then))
        return str(json.loads(answer.body)["context"]["decision_id"])

    async def report(self, decision_id: str, detail: str) -> None:
        reports = OutcomeReports(self.authorizer.store, self.clock, self.personal)
        await reports.report(decision_id, "performed", detail, CALLER)

    def entries(self, kind: str = "") -> list[dict[str, Any]]:
        reader = SqliteReader(self.data / RECORD_FILE)
        with contextlib.closing(reader):
            return [msgspec.json.decode(stored.body) for stored in reader.query(Filter(kind=kind), limit=1000)][::-1]

    def run(self, *arguments: str, given: str | None = None) -> tuple[int, Any]:
        done = CliRunner().invoke(app, ["log", *arguments, "--data", str(self.data), "--json"], input=given)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, json.loads(done.stdout)

    def verified(self) -> bool:
        return verify(open_copy(self.data), Trust()).sound


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)

    async def work() -> None:
        async with office.running(facts_digest="sealed"):
            one = await office.decide(
                asking(case="C-1", party=LI, facts={"amount": 101, "phone": "13800138000"}, evidence={"form": "scan/1"})
            )
            await office.decide(asking(case="C-2", party=HAN, facts={"amount": 102}, channel=f"转 {LI}"))
            await office.report(one, f"{LI} 未到场，由 {HAN} 代领")
            await office.decide(asking(case=f"案-{HAN}"))

    asyncio.run(work())
    return office


def states(office: Office, decision_id: str, *more: str) -> dict[str, Any]:
    _, told = office.run("open", decision_id, "--basis", "监察法", *more)
    return {one["place"]: (one["state"], one.get("value")) for one in told["commitments"]}


def test_what_is_sealed_is_opened_for_a_basis_and_recorded(office: Office) -> None:
    one, two, three = (entry["decision_id"] for entry in office.entries("decision"))
    shown = states(office, one, "--value", "evidence_digests/form=scan/1")
    assert shown["facts_digest"][0] == "opened"
    assert shown["facts_digest"][1]["amount"] == 101
    assert shown["facts/phone"] == ("opened", "13800138000")
    assert shown["evidence_digests/form"] == ("matches", None)
    assert shown["detail"] == ("opened", f"{LI} 未到场，由 {HAN} 代领")
    assert states(office, one, "--value", "evidence_digests/form=scan/2")["evidence_digests/form"] == ("differs", None)
    assert states(office, one)["evidence_digests/form"] == ("not_kept", None)
    assert states(office, two)["channel"] == ("opened", f"转 {LI}")
    assert states(office, three)["case_id"] == ("opened", f"案-{HAN}")
    asyncio.run(idle(office))
    assert [(e["about"], e["basis"]) for e in office.entries("opening")] == [(x, "监察法") for x in (one, one, one, two, three)]


def test_that_there_is_nothing_to_open_is_said(office: Office) -> None:
    """A decision without facts, evidence or masked numbers has no commitments; silence would look like a failure."""

    async def work() -> str:
        async with office.running():
            return await office.decide(asking(step="decide", case="C-9"))

    told = CliRunner().invoke(
        app, ["log", "open", asyncio.run(work()), "--basis", BASIS, "--data", str(office.data), "--lang", "en"]
    )
    assert told.exit_code == 0
    assert "no commitments" in told.stdout


async def idle(office: Office) -> None:
    async with office.running():
        await office.keeper.tick()


def test_erasing_leaves_proofs_and_everybody_else(office: Office) -> None:
    one, two, three = (entry["decision_id"] for entry in office.entries("decision"))
    before = office.entries()
    code, told = office.run("erase", "--subject", "-", "--basis", BASIS, given=LI)
    assert (code, told["subject"], told["entries"]) == (0, TOKEN(LI), 3)
    assert {place: state for place, (state, _) in states(office, one).items()} == {
        "facts_digest": "erased", "facts/phone": "erased", "evidence_digests/form": "erased", "detail": "erased",
    }  # fmt: skip
    after = states(office, two)
    assert (after["facts_digest"][0], after["channel"][0]) == ("opened", "erased")
    assert states(office, three)["case_id"][0] == "opened"
    assert office.entries() == before
    assert office.verified()
    asyncio.run(idle(office))
    (entry,) = office.entries("erasure")
    assert (entry["about"], entry["basis"], entry["entries"], entry["keys"]) == (TOKEN(LI), BASIS, 3, told["keys"])
    assert office.verified()


def test_nothing_of_a_destroyed_key_is_on_the_disk(office: Office) -> None:
    entry = office.entries("decision")[0]
    slots = {one.slot for one in commitments_of(entry).values()}
    keys = SubjectKeyFile(office.data)
    gone = [keys.key(slot) for slot in slots]
    assert all(gone)
    office.run("erase", "--subject", TOKEN(LI), "--basis", BASIS)
    kept = [path.read_bytes() for path in office.data.parent.rglob("*") if path.is_file()]
    assert not [key for key in gone for data in kept if key and key in data]


def test_a_running_service_forgets_the_key_too(office: Office) -> None:
    """What it decides of the same person later rests on another key; that was not erased, and says so."""

    async def work() -> None:
        async with office.running(facts_digest="sealed"):
            first = await office.decide(asking(case="C-7", party=LI, facts={"amount": 107}))
            await asyncio.to_thread(office.run, "erase", "--subject", TOKEN(LI), "--basis", BASIS)
            await office.keeper.tick()
            assert office.entries("erasure")
            second = await office.decide(asking(case="C-8", party=LI, facts={"amount": 108}))
        assert states(office, first)["facts_digest"][0] == "erased"
        assert states(office, second)["facts_digest"] == ("opened", {"amount": 108})

    asyncio.run(work())


# -- cut short -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["key destroyed, entry not written", "nothing destroyed yet", "entry written, file not removed"])
def test_an_erasure_cut_short_is_finished_and_told_once(office: Office, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any) -> None:
        raise Killed

    method = {"nothing": "carry_out", "key": "recorded", "entry": "recorded"}[at.split(maxsplit=1)[0]]
    with monkeypatch.context() as cut:
        if at.startswith("nothing"):
            cut.setattr(PendingEvents, method, killed)
            with pytest.raises(Killed):
                office.run("erase", "--subject", TOKEN(LI), "--basis", BASIS)
        else:
            office.run("erase", "--subject", TOKEN(LI), "--basis", BASIS)
        if at.startswith("entry"):
            cut.setattr(PendingEvents, method, killed)
            with pytest.raises(Killed):
                asyncio.run(idle(office))
    for _ in range(2):
        asyncio.run(idle(office))
    assert len(office.entries("erasure")) == 1
    assert not list((office.data / "personal").glob("*.json"))
    assert states(office, office.entries("decision")[0]["decision_id"])["facts_digest"][0] == "erased"
    assert office.verified()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["erase", "--subject", "11010519491231002X", "--basis", BASIS], "no token"),
        (["erase", "--subject", TOKEN("nobody"), "--basis", BASIS], "no entry of this log"),
        (["erase", "--subject", TOKEN(LI), "--basis", " "], "--basis is empty"),
        (["open", "01NONE", "--basis", BASIS], "no decision"),
        (["open", "01NONE", "--basis", BASIS, "--value", "x"], "PLACE=TEXT"),
    ],
)
def test_what_cannot_be_done_is_said(office: Office, arguments: list[str], told: str) -> None:
    with pytest.raises(QuanhengError, match=told):
        office.run(*arguments)
    assert subjects_path(office.data).is_file()


def test_other_rules_of_the_record_are_told_once(tmp_path: Path) -> None:
    """Defaults need no entry; what differs from them, and going back to them, does."""
    office = Office(tmp_path)

    async def work() -> None:
        for digest in ("default", "other", "other", "default"):
            async with office.running(rules=Rules(digest, "default")):
                pass

    asyncio.run(work())
    assert [(e["before"], e["after"]) for e in office.entries("record_rules")] == [("default", "other"), ("other", "default")]


def test_what_may_go_is_told_and_nothing_is_changed(office: Office, tmp_path: Path) -> None:
    before, rules = office.entries(), tmp_path / "record.yaml"
    rules.write_text("retention:\n  items:\n    permit: {years: 15, basis: 测试}\n  closed: [C-1]\n", "utf-8")
    code, told = office.run("retain", "--on", "2026-07-05")
    assert (code, told["entries"]["open"], told["entries"]["due"]) == (0, 4, 0)
    _, told = office.run("retain", "--on", "2040-12-31", "--rules", str(rules))
    assert told["entries"] == {"due": 0, "not_due": 4, "held": 0, "open": 0}
    _, told = office.run("retain", "--on", "2041-01-05", "--rules", str(rules))
    assert told["kept"][0] | {"case": "C-1", "entries": 2, "why": "due"} == told["kept"][0]
    assert office.entries() == before
