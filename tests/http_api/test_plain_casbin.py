"""A Casbin policy that knows nothing of power lists, served over AuthZEN as it is."""

import asyncio
from itertools import product
from typing import Any

import httpx
import msgspec
import pytest

from adapters.storage.memory import MemoryStore
from sidecar.decision.engine import read_engine
from sidecar.errors import PolicyError
from sidecar.http_api.app import build_app
from sidecar.ports.records import Filter
from sidecar.service.plain import PlainAuthorizer, plain_policy
from sidecar.settings import Settings
from tests.http_api.calling import AUTHORIZE, CALLERS, FixedClock, to
from tests.unit.engine.stock import stock_enforcer
from tests.unit.engine.test_examples import EXAMPLES

RBAC = EXAMPLES["roles"]
EVALUATION = "/access/v1/evaluation"


class Plain:
    """The service over one policy, and its record."""

    def __init__(self, model: str, policy: str, **mapping: str) -> None:
        self.store = MemoryStore()
        plain = plain_policy(read_engine(model, policy), mapping, "sha256:0", "policy.csv")
        self.authorizer = PlainAuthorizer(plain, self.store, FixedClock())
        self.app = build_app(self.authorizer, Settings.model_validate({"callers": CALLERS})).app

    def send(self, request: httpx.Request) -> httpx.Response:
        async def whole() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app)) as client:
                return await client.send(request)

        return asyncio.run(whole())

    def ask(self, sub: Any, obj: str, act: str, **how: Any) -> httpx.Response:
        subject = sub if isinstance(sub, dict) else {"type": "user", "id": sub}
        body = {"subject": subject, "resource": {"type": "file", "id": obj}, "action": {"name": act}}
        return self.send(to(EVALUATION, body, **how))

    def entries(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(entry.body) for entry in self.store.reader.since(Filter(), after=0, limit=999)]


def test_every_answer_is_casbin_s() -> None:
    """Over HTTP as in process, each recorded before it is given."""
    plain, stock = Plain(RBAC.model, RBAC.rows), stock_enforcer(RBAC.model, RBAC.rows)
    for request in product(*RBAC.words):
        assert plain.ask(*request).json()["decision"] == stock.enforce(*request), request
    assert len(plain.entries()) == len(list(product(*RBAC.words)))


def test_an_answer_names_its_rows() -> None:
    """file:line of every row that matched, in both languages, in the answer and in the record."""
    plain = Plain(RBAC.model, RBAC.rows)
    allowed, refused = plain.ask("wang", "file", "read").json(), plain.ask("wang", "seal", "read").json()
    assert (allowed["context"]["code"], allowed["context"]["rows"]) == ("ALLOWED", ["policy.csv:1"])
    assert (refused["context"]["code"], refused["context"]["rows"]) == ("NO_POWER", [])
    assert "policy.csv:1" in allowed["context"]["reason"]["zh"]
    first, second = plain.entries()
    assert (first["decision"], first["subject"]["person"], first["action"]["step"], first["item"]) == (
        "allow",
        "wang",
        "read",
        "file:file",
    )
    assert (first["rows"], first["decision_id"]) == (["policy.csv:1"], allowed["context"]["decision_id"])
    assert (second["decision"], second["code"]) == ("deny", "NO_POWER")


def test_a_deny_row_is_named() -> None:
    """The row that forbids, not only that something does."""
    example = EXAMPLES["allow and deny"]
    answer = Plain(example.model, example.rows).ask("wang", "file", "read").json()
    assert (answer["decision"], answer["context"]["code"], answer["context"]["rows"]) == (
        False,
        "DENIED_BY_ROWS",
        ["policy.csv:2"],
    )


def test_fields_are_mapped_as_declared() -> None:
    """A domain from the resource's properties, a whole subject for rules on attributes."""
    domains = EXAMPLES["roles in domains"]
    plain = Plain(domains.model, domains.rows, dom="resource.properties.tenant")
    body = {
        "subject": {"type": "user", "id": "wang"},
        "action": {"name": "read"},
        "resource": {"type": "f", "id": "file", "properties": {"tenant": "east"}},
    }
    assert plain.send(to(AUTHORIZE, body)).json()["decision"] is True
    rules = EXAMPLES["rules in cells"]
    aged = Plain(rules.model, rules.rows, sub="subject.properties")
    for age, expected in ((30, True), (16, False)):
        person = {"type": "user", "id": "wang", "properties": {"age": age, "name": "wang"}}
        assert aged.ask(person, "file", "read").json()["decision"] is expected


def test_what_casbin_could_not_evaluate_is_refused() -> None:
    """A missing attribute raises in Casbin; here it is a refusal that names the row."""
    rules = EXAMPLES["rules in cells"]
    answer = (
        Plain(rules.model, rules.rows, sub="subject.properties")
        .ask({"type": "user", "id": "x", "properties": {"name": "x"}}, "file", "read")
        .json()
    )
    assert (answer["decision"], answer["context"]["code"]) == (False, "CONTROL_ERROR")
    assert "policy.csv:1" in answer["context"]["reason"]["en"]


@pytest.mark.parametrize(
    ("mapping", "told"),
    [({"sub": "user.id"}, "sub is not mapped"), ({"dom": "resource.id"}, "names dom"), ({"obj": ""}, "")],
)
def test_a_mapping_that_leads_nowhere_is_refused_at_the_start(mapping: dict[str, str], told: str) -> None:
    """Unknown roots and unknown fields; a field that is left out has its usual place."""
    engine = read_engine(RBAC.model, RBAC.rows)
    if not told:
        assert plain_policy(engine, mapping, "", "").paths[1] == ("resource", "id")
        return
    with pytest.raises(PolicyError, match=told):
        plain_policy(engine, mapping, "", "")


def test_a_field_that_is_not_sent_is_400() -> None:
    """The path is named."""
    domains = EXAMPLES["roles in domains"]
    response = Plain(domains.model, domains.rows, dom="resource.properties.tenant").ask("wang", "file", "read")
    assert (response.status_code, response.text) == (400, "missing_field: resource.properties.tenant is needed by the policy")


def test_retries_conflicts_and_lost_records() -> None:
    """The same identifier gives the same bytes; another act under it is 409; without a record there is no allow."""
    plain = Plain(RBAC.model, RBAC.rows)
    first, again = plain.ask("wang", "file", "read", request_id="r"), plain.ask("wang", "file", "read", request_id="r")
    assert first.content == again.content
    assert plain.ask("li", "file", "read", request_id="r").status_code == 409
    assert len(plain.entries()) == 1
    plain.store.break_with("disk full")
    lost = plain.ask("wang", "file", "read").json()
    assert (lost["decision"], lost["context"]["code"]) == (False, "LOG_UNAVAILABLE")


def test_health_says_what_serves_and_there_is_nothing_to_search() -> None:
    """Rows instead of items; searches belong to power lists."""
    plain = Plain(RBAC.model, RBAC.rows)
    ready = plain.send(httpx.Request("GET", "http://127.0.0.1:8181/readyz")).json()
    assert (ready["rows"], ready["policy"]) == (3, "sha256:0")
    assert plain.send(to("/access/v1/search/subject", {})).status_code == 404
