"""Cases of many sidecars: each log is replayed with the others beside it, acts and totals from wherever they lie."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.storage.kept import KeptGrounds
from adapters.storage.past import RecordedPast
from sidecar.decision.policy import PolicySnapshot
from sidecar.ports.records import Filter
from sidecar.ports.telling import outcome
from sidecar.replay.recorded import Cause
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import EvaluationRequest
from sidecar.service.authorize import Answer, Authorizer
from sidecar.service.remaking import Remaker
from sidecar.service.replaying import LogReplay, Replayed
from sidecar.service.state_token import StateTokens
from tests.conformance.shared import open_shared
from tests.http_api.calling import PARTY_TOKEN, Body, FixedClock, asking
from tests.log.offices import KnownGrounds
from tests.redis_server import RedisServer
from tests.unit.controls.purchases import PEOPLE, POLICY

NAMES = ("a", "b")


def buy(case: str, yuan: int) -> Body:
    return asking("boss", "decide", case=case, item="buy", outcome="grant", facts={"sum": yuan, "group": 1})


def act(case: str, *, urgent: bool) -> Body:
    return asking("checker", "act", case=case, item="buy", facts={"urgent": urgent})


# Turn by turn at the two sidecars, in turn.
TURNS = [
    buy("C-1", 30),
    buy("C-2", 30),
    buy("C-3", 60),  # too much by now
    act("C-1", urgent=True),
    act("C-2", urgent=True),  # the unit owes an approval
    asking("clerk", "accept", case="C-1", item="buy", facts={"urgent": True}),
    asking("deputy", "approve", case="C-1", item="buy", outcome="grant"),
    act("C-2", urgent=True),
    asking("boss", "decide", case="C-1", item="buy", outcome="grant", facts={"sum": 10, "group": 1}),
]


async def _recorded(folder: Path, server: RedisServer) -> None:
    stores = [open_shared(folder / name, server.url) for name in NAMES]
    clock = FixedClock()
    sidecars = []
    for name, store in zip(NAMES, stores, strict=True):
        digest = KeptGrounds(folder / name).keep_personnel(PEOPLE)
        tokens = StateTokens(b"s" * 32)
        sidecars.append(Authorizer(POLICY, PEOPLE, store, clock, PARTY_TOKEN, tokens=tokens, personnel_digest=digest))
        await store.start()
    try:
        for n, body in enumerate(TURNS):
            await _ask(sidecars[n % 2], body)
            clock.move(minutes=1)
    finally:
        for store in stores:
            await store.close()


async def _ask(sidecar: Authorizer, body: Body) -> Answer:
    wire = msgspec.convert(body, EvaluationRequest)
    answer: Answer = await outcome(partial(sidecar.begin, wire, CallerFacts("portal", "", "")))
    return answer


def replayed(folder: Path, name: str, beside: tuple[str, ...]) -> list[Replayed]:
    past = RecordedPast(folder / name, [folder / other for other in beside])
    policies: Mapping[str, PolicySnapshot] = {POLICY.digest: POLICY}
    found = list(LogReplay(past, Remaker(past, KnownGrounds(folder / name, policies))).run(Filter()))
    past.close()
    return found


@pytest.mark.slow
def test_each_log_with_the_other_beside_it(tmp_path: Path, server: RedisServer) -> None:
    """Every decision of both comes out the same; alone, what rests on the other's acts cannot be made again and is said."""
    asyncio.run(_recorded(tmp_path, server))
    both: dict[str, Any] = {name: replayed(tmp_path, name, tuple(set(NAMES) - {name})) for name in NAMES}
    assert [(r.differences, r.cause, r.told) for found in both.values() for r in found if not r.is_same] == []
    assert sum(len(found) for found in both.values()) == len(TURNS)
    codes = {r.entry.code for found in both.values() for r in found if r.entry}
    assert codes >= {"ALLOWED", "OUT_OF_SCOPE"}
    alone = {r.cause for name in NAMES for r in replayed(tmp_path, name, ())}
    assert alone >= {None, Cause.LEDGER_NOT_WHOLE}
    assert all(not r.differences for name in NAMES for r in replayed(tmp_path, name, ()))
