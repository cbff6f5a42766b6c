"""The shipped policies with all their controls: whatever officers ask, in whatever order, is decided again alike."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.storage.kept import KeptGrounds
from adapters.storage.past import FoundGrounds, RecordedPast
from adapters.storage.policy_folder import PolicyFolder
from adapters.storage.sqlite import SqliteStore
from sidecar.case_history.draw import drawn_from, pool_digest
from sidecar.compiler.manifest import ItemFacts
from sidecar.decision.policy import PolicySnapshot
from sidecar.expressions.facts import Fact
from sidecar.personnel.registers import Appointment, CredentialHeld, Delegation, Interest, Leaver, Personnel, Span, Term
from sidecar.ports.records import Filter
from sidecar.ports.telling import outcome
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import EvaluationRequest
from sidecar.service.authorize import Answer, Authorizer, Standing
from sidecar.service.remaking import Remaker
from sidecar.service.replaying import LogReplay
from tests.http_api.calling import PARTY_TOKEN, FixedClock

SHIPPED = Path(__file__).resolve().parents[2] / "policies"
REQUESTS, ANEW = 600, 150  # requests, and after how many other registers are put in force
CARDS = ("work_card", "enforcement_card", "legal_qualification")


class Town:
    """One officer for each post, and some who hold two; requests of them, more often sensible than not."""

    def __init__(self, policy: PolicySnapshot, seed: int) -> None:
        self.policy, self.choose = policy, random.Random(seed)
        self.officers = {f"o-{n}": post for n, post in enumerate(policy.posts)}
        self.done: dict[str, int] = {}
        self.decided: list[str] = []

    def people(self) -> Personnel:
        names, some = list(self.officers), self.choose
        twice = [Appointment(some.choice(names), some.choice(list(self.policy.posts)), Span()) for _ in range(60)]
        lent = [
            Delegation(some.choice(names), some.choice(names), some.choice(["officer", "organ"]), (), (), (), Term(), f"授{n}")
            for n in range(100)
        ]
        return Personnel(
            [*(Appointment(name, post, Span()) for name, post in self.officers.items()), *twice],
            [CredentialHeld(name, card, Span()) for name in names for card in CARDS if some.random() < 0.8],
            [Interest(some.choice(names), PARTY_TOKEN(f"p{n % 9}"), "kin", Span()) for n in range(40)],
            lent,
        )

    def request(self, n: int) -> dict[str, Any]:
        """Of a case that is under way, mostly its next step by somebody who holds it."""
        some, case = self.choose, f"C-{max(0, n // 20 - self.choose.randint(0, 3))}"
        items = list(self.policy.items)
        name = items[sum(case.encode()) * 7 % len(items)]
        item, step = self.policy.items[name], self._step(case, self.policy.items[name])
        able = [officer for officer, post in self.officers.items() if post in item.steps[step].posts]
        kinds = {row[7] for row in self.policy.step(name, step).rows}
        evidence = [row[8] for row in self.policy.step(name, step).rows if row[7] == "requires" and row[8].isidentifier()]
        votes = ["vote"] * 6 if "quorum" in kinds else []
        return {
            "subject": {"type": "officer", "id": some.choice(able or list(self.officers)), "properties": self._on_behalf()},
            "action": {"name": step, "properties": self._action()},
            "resource": {"type": "case", "id": case, "properties": {"item": name, "party": f"p{sum(case.encode()) % 9}"}},
            "context": {
                "intent": some.choice(["exercise"] * 8 + ["question", "co_sign", *votes]),
                "facts": {name: self._fact(fact) for name, fact in item.facts.items() if some.random() < 0.8},
                "evidence": [one for one in evidence if some.random() < 0.9] + ["reason"],
                **self._meeting(case),
            },
        }

    def answered(self, body: Mapping[str, Any], answer: Answer) -> None:
        if answer.allowed:
            self.decided.append(msgspec.json.decode(answer.body)["context"]["decision_id"])
            case = body["resource"]["id"]
            self.done[case] = self.done.get(case, 0) + (body["context"]["intent"] == "exercise")

    def _step(self, case: str, item: ItemFacts) -> str:
        steps = list(item.steps)
        following = steps[min(self.done.get(case, 0), len(steps) - 1)]
        return following if self.choose.random() < 0.8 else self.choose.choice(steps)

    def _on_behalf(self) -> dict[str, str]:
        some = self.choose
        return {"on_behalf_of": some.choice(list(self.officers))} if some.random() < 0.1 else {}

    def _action(self) -> dict[str, str]:
        some = self.choose
        said = {"outcome": some.choice(["grant", "grant", "refuse"]), "vote": some.choice(["for", "against"])}
        if self.decided and some.random() < 0.2:
            said["corrects"] = some.choice(self.decided[-5:])
        return said | ({"about": some.choice(list(self.officers))} if some.random() < 0.2 else {})

    def _fact(self, fact: Fact) -> object:
        values: dict[str, Sequence[object]] = {
            "boolean": (True, False),
            "money": (5, 500, "30.5 wan_yuan"),
            "date": ("2026-01-02", "many"),
            "choice": list(fact.words),
        }
        return self.choose.choice(values.get(fact.kind, range(60)))

    def _meeting(self, case: str) -> dict[str, Any]:
        """A draft, a draw of those who were fixed by it, and the record of a meeting; each now and then."""
        some, pool = self.choose, list(self.officers)[:6]
        seed = self.decided[-1] if self.decided else "none"
        members = [{"id": some.choice(pool), "vote": some.choice(["for", "against"])} for _ in range(3)]
        told: dict[str, Any] = {
            "content": pool_digest(pool),
            "draw": {"pool": pool, "drawn": list(drawn_from(pool, seed, 2))},
            "resolution": {"id": "纪要1", "case": case, "content": pool_digest(pool), "chair": pool[0], "members": members},
        }
        return {name: value for name, value in told.items() if some.random() < 0.4}


async def _recorded(data: Path, town: Town) -> set[str]:
    """The codes of what was decided."""
    store, clock, kept = SqliteStore(data), FixedClock(), KeptGrounds(data)
    kept.keep_policies(PolicyFolder(SHIPPED), town.policy)
    service, codes = Authorizer(town.policy, Personnel(), store, clock, PARTY_TOKEN), set()
    for n in range(REQUESTS):
        if n % ANEW == 0:
            people = town.people()
            service.swap(Standing(town.policy, people, 0, kept.keep_personnel(people)))
        body = town.request(n)
        wire, caller = msgspec.convert(body, EvaluationRequest), CallerFacts("portal", "", f"r{n}" if n % 2 else "")
        answer: Answer = await outcome(partial(service.begin, wire, caller))
        town.answered(body, answer)
        codes.add(answer.code)
        clock.moment += timedelta(minutes=town.choose.choice([1, 7, 300]), milliseconds=town.choose.randint(0, 999))
    await store.close()
    return codes


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_control_is_judged_again_alike(tmp_path: Path, seed: int) -> None:
    """Hundreds of requests that meet some twenty refusals, with registers that change: no difference, none left out."""
    codes = asyncio.run(_recorded(tmp_path, Town(PolicyFolder(SHIPPED).snapshot(), seed)))
    past = RecordedPast(tmp_path)
    replay = LogReplay(past, Remaker(past, FoundGrounds([tmp_path])))
    assert [(r.seq, r.differences, r.cause, r.told) for r in replay.run(Filter()) if not r.is_same] == []
    assert replay.tally.same == REQUESTS
    assert len(codes) >= 15, codes
    past.close()


FACTS = {"third_party": False, "hearing_requested": False, "hearing_required_by_law": False}
LATE: tuple[tuple[str, str, dict[str, str], int], ...] = (  # post, step, what is decided, days until the next
    ("equipment_inspector", "accept", {}, 4),
    ("equipment_inspector", "special_begins", {}, 7),
    ("equipment_inspector", "special_ends", {}, 20),
    ("equipment_inspector", "review", {}, 12),
    ("equipment_deputy", "decide", {"outcome": "grant"}, 0),
)


async def _late(data: Path, policy: PolicySnapshot) -> list[set[str]]:
    """What was marked of each act of one licence, which a former colleague applies for."""
    store, clock, kept = SqliteStore(data), FixedClock(), KeptGrounds(data)
    kept.keep_policies(PolicyFolder(SHIPPED), policy)
    (organ,) = {facts.organ for post, facts in policy.posts.items() if post.endswith(".equipment_deputy")}
    posts = {post.rpartition(".")[2]: post for post in policy.posts if policy.posts[post].organ == organ}
    people = Personnel(
        [Appointment(f"o-{n}", posts[post], Span()) for n, (post, *_) in enumerate(LATE)],
        leavers=[Leaver("x-1", organ, leading=True, left=date(2025, 6, 30), party=PARTY_TOKEN("p1"))],
    )
    service = Authorizer(policy, Personnel(), store, clock, PARTY_TOKEN)
    service.swap(Standing(policy, people, 0, kept.keep_personnel(people)))
    marked = []
    for n, (_, step, said, days) in enumerate(LATE):
        body = {
            "subject": {"type": "officer", "id": f"o-{n}"},
            "action": {"name": step, "properties": said},
            "resource": {"type": "case", "id": "C-1", "properties": {"item": "cn-xk-cylinder-filling", "party": "p1"}},
            "context": {"facts": FACTS},
        }
        wire = msgspec.convert(body, EvaluationRequest)
        answer: Answer = await outcome(partial(service.begin, wire, CallerFacts("portal", "", "")))
        assert answer.allowed, answer.body
        marked.append({flag["code"] for flag in msgspec.json.decode(answer.body)["context"]["flags"]})
        clock.moment += timedelta(days=days)
    await store.close()
    return marked


def test_what_was_marked_is_marked_again_alike(tmp_path: Path) -> None:
    """Limits with their stops, seen from the moment of each act, and the register of those who left: part of what is replayed."""
    marked = asyncio.run(_late(tmp_path, PolicyFolder(SHIPPED).snapshot()))
    assert marked == [{"FORMER_STAFF"}, set(), set(), {"FORMER_STAFF", "LIMIT_NEAR"}, {"FORMER_STAFF", "LIMIT_OVER"}]
    past = RecordedPast(tmp_path)
    replay = LogReplay(past, Remaker(past, FoundGrounds([tmp_path])))
    assert [(r.seq, r.differences, r.cause, r.told) for r in replay.run(Filter()) if not r.is_same] == []
    assert replay.tally.same == len(LATE)
    past.close()
