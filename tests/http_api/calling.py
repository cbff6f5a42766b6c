"""The whole service in this process: sample policies, a clock that stands, five callers, and a client that speaks ASGI to it."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from adapters.storage.memory import MemoryStore
from sidecar.decision.engine import read_engine
from sidecar.http_api.app import build_app
from sidecar.personnel.registers import Personnel
from sidecar.ports.records import Filter, RecordStore
from sidecar.service.asked import party_tokeniser
from sidecar.service.authorize import Authorizer
from sidecar.service.passing_keys import PassingKeys
from sidecar.service.personal import Personal
from sidecar.service.plain import PlainAuthorizer, PlainPolicy, plain_policy
from sidecar.service.state_token import StateTokens
from sidecar.settings import CallerSettings, Settings
from tests.samples import EVERYONE, SNAPSHOT

AUTHORIZE, EVALUATION = "/authorize", "/access/v1/evaluation"
BOTH = (AUTHORIZE, EVALUATION)

DUTIES = {"portal": ("ask",), "counter": ("ask",), "auditor": ("read",), "inspection": ("read",), "idle": ()}
PARTY_TOKEN = party_tokeniser(b"k" * 32)

Body = dict[str, Any]


def token_of(caller: str) -> str:
    return f"token-of-{caller}"


CALLERS = {
    name: CallerSettings.model_validate({"token_sha256": hashlib.sha256(token_of(name).encode()).hexdigest(), "may": may})
    for name, may in DUTIES.items()
}


@dataclass
class FixedClock:
    """Stands at nine in the morning of a Monday until a test moves it."""

    moment: datetime = datetime(2026, 1, 5, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    source: str = "test"

    def now(self) -> datetime:
        return self.moment

    def move(self, **span: float) -> None:
        self.moment += timedelta(**span)


class Sidecar:
    """The service and one client. Every method runs its own event loop; `together` runs requests at once in one."""

    def __init__(self, store: RecordStore | None = None, people: Personnel = EVERYONE, **settings: Any) -> None:
        self.store = store or MemoryStore()
        self.clock = FixedClock()
        self.authorizer = Authorizer(SNAPSHOT, people, self.store, self.clock, PARTY_TOKEN, tokens=StateTokens(b"s" * 32))
        self.app = build_app(self.authorizer, Settings.model_validate({"callers": CALLERS, **settings})).app

    def together(self, *requests: httpx.Request) -> list[httpx.Response]:
        async def all_of_them() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 4711))
            async with httpx.AsyncClient(transport=transport) as client:
                return await asyncio.gather(*map(client.send, requests))

        return asyncio.run(all_of_them())

    def send(self, request: httpx.Request) -> httpx.Response:
        return self.together(request)[0]

    def post(self, body: Body, path: str = AUTHORIZE, **how: Any) -> httpx.Response:
        return self.send(to(path, body, **how))

    def get(
        self, path: str, query: Mapping[str, Any] | None = None, caller: str = "auditor", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        sent = {**bearer(caller), **(headers or {})}
        return self.send(httpx.Request("GET", f"http://127.0.0.1:8181{path}", params=query, headers=sent))

    def report(self, decision_id: str, body: Body, **how: Any) -> httpx.Response:
        return self.post(body, f"/v1/decisions/{decision_id}/outcome", **how)

    def answer(self, body: Body, path: str = AUTHORIZE, **how: Any) -> Body:
        """The answer of a request that is understood; allow and deny alike are 200."""
        response = self.post(body, path, **how)
        assert response.status_code == 200, response.text
        answer: Body = response.json()
        for decided in answer.get("evaluations", [answer]):
            if "decision" in decided and "error" not in decided["context"]:
                keeps_its_promises(decided)
        return answer

    def allowed(self, *bodies: Body) -> list[Body]:
        """The contexts of acts that must all be allowed: what a test starts from."""
        answers = [self.answer(body) for body in bodies]
        assert all(answer["decision"] is True for answer in answers), answers
        return [answer["context"] for answer in answers]

    def case(self, case_id: str = "C-1") -> Any:
        return asyncio.run(self.store.read_case(case_id))

    def entries(self, **wanted: Any) -> list[Body]:
        """The record, oldest entry first."""
        return [msgspec.json.decode(stored.body) for stored in self.store.reader.since(Filter(**wanted), after=0, limit=1000)]


def keeps_its_promises(answer: Body) -> None:
    """An allow names item, version, step, post, rows and articles; a refusal a code, its rule and article, why in both languages,
    and every ground alike. Held against every answer that any test of the service gets."""
    told = answer["context"]
    if answer["decision"]:
        named = [told["item"]["id"], told["item"]["version"], told["step"], told["post"], told["rows"], told["legal_basis"]]
    else:
        grounds = [part for ground in told.get("grounds", ()) for part in (ground["code"], ground["rule"], ground["basis"])]
        named = [told["code"], told["rule"], told["basis"], told["reason"]["zh"], told["reason"]["en"], *grounds]
    assert all(named), answer


class Plain:
    """The service over one plain Casbin policy, and its record."""

    def __init__(self, policy: PlainPolicy, store: RecordStore | None = None, **settings: Any) -> None:
        self.store = store or MemoryStore()
        self.authorizer = PlainAuthorizer(policy, self.store, FixedClock(), Personal(PARTY_TOKEN, PassingKeys()))
        self.app = build_app(self.authorizer, Settings.model_validate({"callers": CALLERS, **settings})).app

    @classmethod
    def of(cls, model: str, rows: str, **mapping: str) -> "Plain":
        return cls(plain_policy(read_engine(model, rows), mapping, "sha256:0", "policy.csv"))

    def send(self, request: httpx.Request) -> httpx.Response:
        async def whole() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app)) as client:
                return await client.send(request)

        return asyncio.run(whole())

    def ask(self, sub: Any, obj: str, act: str, **how: Any) -> httpx.Response:
        subject = sub if isinstance(sub, dict) else {"type": "user", "id": sub}
        return self.send(
            to(EVALUATION, {"subject": subject, "resource": {"type": "file", "id": obj}, "action": {"name": act}}, **how)
        )

    def entries(self) -> list[Body]:
        return [msgspec.json.decode(entry.body) for entry in self.store.reader.since(Filter(), after=0, limit=9999)]


def bearer(caller: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token_of(caller)}"} if caller else {}


def to(
    path: str,
    body: Body | bytes,
    caller: str = "portal",
    request_id: str | None = None,
    headers: Mapping[str, str | None] | None = None,
    more: Sequence[tuple[str, str]] = (),
) -> httpx.Request:
    """A POST of JSON; a body of bytes is sent as it is. `headers` replace (None leaves out), `more` come beside."""
    usual = {"content-type": "application/json", **bearer(caller), "x-request-id": request_id, **(headers or {})}
    sent = [(name, value) for name, value in usual.items() if value is not None] + list(more)
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in sent]
    return httpx.Request("POST", f"http://127.0.0.1:8181{path}", content=content, headers=raw)


def asking(person: str = "clerk", step: str = "accept", **changes: Any) -> Body:
    """An evaluation request, by default the clerk's who accepts an application. Keywords go to the place they belong to."""
    request: Body = {
        "subject": {"type": "officer", "id": person, "properties": {}},
        "action": {"name": step, "properties": {}},
        "resource": {"type": "case", "id": "C-1", "properties": {"item": "permit"}},
        "context": {"facts": {"amount": 100}} if step == "accept" else {},
    }
    for name, value in changes.items():
        holder, key = _PLACES[name]
        target = request
        for part in holder:
            target = target[part]
        if value is None:
            target.pop(key, None)
        else:
            target[key] = value
    return request


_PLACES: dict[str, tuple[tuple[str, ...], str]] = {
    "subject_type": (("subject",), "type"),
    "acting_post": (("subject", "properties"), "acting_post"),
    "outcome": (("action", "properties"), "outcome"),
    "resource_type": (("resource",), "type"),
    "case": (("resource",), "id"),
    "item": (("resource", "properties"), "item"),
    "region": (("resource", "properties"), "region"),
    "party": (("resource", "properties"), "party"),
    "level": (("resource", "properties"), "level"),
    "intent": (("context",), "intent"),
    "facts": (("context",), "facts"),
    "evidence": (("context",), "evidence"),
    "channel": (("context",), "channel"),
    "state_token": (("context",), "state_token"),
}

ACCEPT = asking()
REVIEW = asking("reviewer", "review", evidence=["drawings"])
DECIDE = asking("deputy", "decide", outcome="grant")

_INSIDE = (
    "Traceback",
    ".py",
    'File "',
    "site-packages",
    "sidecar/",
    "adapters/",
    "record.sqlite3",
    "sqlite3.",
    " object at 0x",
    "msgspec",
)


def malformed(response: httpx.Response, status: int, code: str) -> None:
    """One shape for every error: a status, a stable code at the start of one plain line, and nothing of the inside."""
    assert (response.status_code, response.text.split(":")[0]) == (status, code), response.text[:300]
    assert response.headers["content-type"].startswith("text/plain")
    assert len(response.text.splitlines()) == 1
    assert [word for word in _INSIDE if word in response.text] == []
