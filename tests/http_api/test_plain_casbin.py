"""A Casbin policy that knows nothing of power lists, served over AuthZEN as it is."""

import asyncio
from itertools import product
from pathlib import Path

import httpx
import pytest

from adapters.storage.memory import MemoryStore
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.record_reader import SqliteReader
from adapters.storage.sqlite import SqliteStore
from sidecar.decision.engine import read_engine
from sidecar.errors import PolicyError
from sidecar.service.plain import plain_policy
from tests.http_api.calling import AUTHORIZE, Plain, to
from tests.unit.engine.stock import stock_enforcer
from tests.unit.engine.test_examples import EXAMPLES

RBAC = EXAMPLES["roles"]
EVALUATION = "/access/v1/evaluation"


def test_every_answer_is_casbin_s() -> None:
    """Over HTTP as in process, each recorded before it is given."""
    plain, stock = Plain.of(RBAC.model, RBAC.rows), stock_enforcer(RBAC.model, RBAC.rows)
    for request in product(*RBAC.words):
        assert plain.ask(*request).json()["decision"] == stock.enforce(*request), request
    assert len(plain.entries()) == len(list(product(*RBAC.words)))


def test_an_answer_names_its_rows() -> None:
    """file:line of every row that matched, in both languages, in the answer and in the record."""
    plain = Plain.of(RBAC.model, RBAC.rows)
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
    answer = Plain.of(example.model, example.rows).ask("wang", "file", "read").json()
    assert (answer["decision"], answer["context"]["code"], answer["context"]["rows"]) == (
        False,
        "DENIED_BY_ROWS",
        ["policy.csv:2"],
    )


def test_fields_are_mapped_as_declared() -> None:
    """A domain from the resource's properties, a whole subject for rules on attributes."""
    domains = EXAMPLES["roles in domains"]
    plain = Plain.of(domains.model, domains.rows, dom="resource.properties.tenant")
    body = {
        "subject": {"type": "user", "id": "wang"},
        "action": {"name": "read"},
        "resource": {"type": "f", "id": "file", "properties": {"tenant": "east"}},
    }
    assert plain.send(to(AUTHORIZE, body)).json()["decision"] is True
    rules = EXAMPLES["rules in cells"]
    aged = Plain.of(rules.model, rules.rows, sub="subject.properties")
    for age, expected in ((30, True), (16, False)):
        person = {"type": "user", "id": "wang", "properties": {"age": age, "name": "wang"}}
        assert aged.ask(person, "file", "read").json()["decision"] is expected


def test_what_casbin_could_not_evaluate_is_refused() -> None:
    """A missing attribute raises in Casbin; here it is a refusal that names the row."""
    rules = EXAMPLES["rules in cells"]
    answer = (
        Plain.of(rules.model, rules.rows, sub="subject.properties")
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
        assert plain_policy(engine, mapping, "", "").paths[1].names == ("resource", "id")
        return
    with pytest.raises(PolicyError, match=told):
        plain_policy(engine, mapping, "", "")


def test_a_field_that_is_not_sent_is_400() -> None:
    """The path is named."""
    domains = EXAMPLES["roles in domains"]
    response = Plain.of(domains.model, domains.rows, dom="resource.properties.tenant").ask("wang", "file", "read")
    assert (response.status_code, response.text) == (400, "missing_field: resource.properties.tenant is needed by the policy")


@pytest.mark.parametrize("result", ["performed", "failed"])
def test_each_decision_has_its_outcome(tmp_path: Path, result: str) -> None:
    """There is no case that it could change: the record takes one after another, and says so."""
    policy = plain_policy(read_engine(RBAC.model, RBAC.rows), {}, "sha256:0", "policy.csv")
    store = SqliteStore(tmp_path / "data")
    for plain in Plain(policy), Plain(policy, store):
        for _ in range(3):
            decision = plain.ask("wang", "file", "read").json()["context"]["decision_id"]
            for _ in range(2):
                told = plain.send(to(f"/v1/decisions/{decision}/outcome", {"result": result}))
                assert (told.status_code, told.json()) == (
                    200,
                    {"decision_id": decision, "result": result, "case": {"id": "", "version": 0}},
                )
        entries = plain.entries()
        assert [entry["kind"] for entry in entries] == ["decision", "outcome"] * 3
        assert {(entry["case_id"], entry["case_version"]) for entry in entries} == {("", 0)}
        assert plain.store.failure == ""
    asyncio.run(store.close())
    assert list(SqliteReader(tmp_path / "data" / RECORD_FILE).case_events("")) == []


def test_retries_conflicts_and_lost_records() -> None:
    """The same identifier gives the same bytes; another act under it is 409; without a record there is no allow."""
    store = MemoryStore()
    plain = Plain(plain_policy(read_engine(RBAC.model, RBAC.rows), {}, "sha256:0", "policy.csv"), store)
    first, again = plain.ask("wang", "file", "read", request_id="r"), plain.ask("wang", "file", "read", request_id="r")
    assert first.content == again.content
    assert plain.ask("li", "file", "read", request_id="r").status_code == 409
    assert len(plain.entries()) == 1
    store.break_with("disk full")
    lost = plain.ask("wang", "file", "read").json()
    assert (lost["decision"], lost["context"]["code"]) == (False, "LOG_UNAVAILABLE")


def test_health_says_what_serves() -> None:
    """Rows instead of items."""
    plain = Plain.of(RBAC.model, RBAC.rows)
    ready = plain.send(httpx.Request("GET", "http://127.0.0.1:8181/readyz")).json()
    assert (ready["rows"], ready["policy"]) == (3, "sha256:0")
