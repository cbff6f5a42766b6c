"""The OpenID AuthZEN 1.0 certification scenario as a table, and the fixture it demands: a plain Casbin policy that is shipped as
an example. Written from openid/authzen, certification/authorization-api-1_0-scenario.md; the numbers are its own."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sidecar.decision.engine import read_engine
from sidecar.service.plain import PlainPolicy, plain_policy

Body = dict[str, Any]

FIXTURE = Path(__file__).parents[2] / "docs/examples/authzen_certification"
SINGLE, BATCH, SEARCH = "/access/v1/evaluation", "/access/v1/evaluations", "/access/v1/search/"


def certified_policy() -> PlainPolicy:
    """The fixture, read as `quanheng serve` reads it."""
    settings = tomllib.loads((FIXTURE / "settings.toml").read_text("utf-8"))
    engine = read_engine((FIXTURE / "model.conf").read_text("utf-8"), (FIXTURE / "policy.csv").read_text("utf-8"))
    return plain_policy(engine, settings["map"], "sha256:certification", "policy.csv")


def user(name: str, **properties: Any) -> Body:
    return {"type": "user", "id": name} | ({"properties": properties} if properties else {})


def record(number: int, **properties: Any) -> Body:
    return {"type": "record", "id": f"record-{number}"} | ({"properties": properties} if properties else {})


def action(name: str, **properties: Any) -> Body:
    return {"name": name} | ({"properties": properties} if properties else {})


def asked(subject: Body, name: str | Body, resource: Body, **more: Any) -> Body:
    return {"subject": subject, "action": action(name) if isinstance(name, str) else name, "resource": resource, **more}


ALICE, BOB, ADMIN = user("alice"), user("bob"), user("bob", role="admin")
USERS, RECORDS = {"type": "user"}, {"type": "record"}
ARCHIVED = record(2, status="archived")
CONTEXT = {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}
READS = asked(ALICE, "read", record(1))

DECISIONS: Mapping[str, tuple[Body, bool]] = {
    "2.2.1 alice reads": (READS, True),
    "2.2.2 bob writes": (asked(BOB, "write", record(1)), False),
    "1.4.2 alice writes": (asked(ALICE, "write", record(1)), True),
    "1.4.3 bob reads": (asked(BOB, "read", record(1)), True),
    "2.2.3 with context": ({**READS, "context": CONTEXT}, True),
    "2.2.4 alice writes what is archived": (asked(ALICE, "write", ARCHIVED), False),
    "2.2.5 an admin writes what is archived": (asked(ADMIN, "write", ARCHIVED), True),
    "2.2.6 alice deletes softly": (asked(ALICE, action("delete", soft=True), record(1)), True),
    "2.2.7 alice deletes": (asked(ALICE, action("delete", soft=False), record(1)), False),
    "2.2.8 more properties": (
        asked(
            user("alice", department="Sales", role="manager"),
            action("read", method="GET"),
            record(1, status="active", owner="bob"),
        ),
        True,
    ),
    "2.2.9 unknown fields": ({**READS, "foo": "bar", "futureField": {"nested": True}}, True),
}


class Batched(NamedTuple):
    body: Body
    decisions: list[bool | None]  # None: the scenario does not say


BATCHES: Mapping[str, Batched] = {
    "3.2.1 two resources": Batched(
        {"subject": ALICE, "action": action("read"), "evaluations": [{"resource": record(1)}, {"resource": record(2)}]},
        [True, None],
    ),
    "3.2.2 two actions": Batched(
        {"subject": BOB, "resource": record(1), "evaluations": [{"action": action("read")}, {"action": action("write")}]},
        [True, False],
    ),
    "3.2.3 resource properties": Batched(
        {
            "subject": ALICE,
            "action": action("write"),
            "evaluations": [{"resource": record(1, status="active")}, {"resource": ARCHIVED}],
        },
        [True, False],
    ),
    "3.2.4 subject properties": Batched(
        {"action": action("write"), "resource": ARCHIVED, "evaluations": [{"subject": ALICE}, {"subject": ADMIN}]}, [False, True]
    ),
    "3.2.5 no defaults": Batched({"evaluations": [READS, asked(BOB, "write", record(1))]}, [True, False]),
    "3.2.6 context inherited": Batched(
        {
            "subject": ALICE,
            "action": action("read"),
            "context": CONTEXT,
            "evaluations": [{"resource": record(1)}, {"resource": record(2), "context": {"source": "batch-override"}}],
        },
        [True, None],
    ),
    "3.2.7 identifying members from the top": Batched(
        {
            "subject": ALICE,
            "action": action("write"),
            "resource": RECORDS,
            "evaluations": [
                {"resource": {"id": "record-1", "properties": {"status": "active"}}},
                {"resource": ARCHIVED},
            ],
        },
        [True, False],
    ),
    "3.4.1 one without a resource": Batched(
        {"subject": ALICE, "action": action("read"), "evaluations": [{"resource": record(1)}, {}]}, [True, False]
    ),
    "{} inherits all": Batched({**READS, "evaluations": [{}, {"action": action("write")}]}, [True, True]),
}
SINGLES_IN_BATCH: Mapping[str, Body] = {"3.4.2 absent": READS, "3.4.3 empty": {**READS, "evaluations": []}}


class Searched(NamedTuple):
    kind: str
    body: Body
    found: set[str]


SEARCHES: Mapping[str, Searched] = {
    "4.2.1 who reads": Searched("subject", asked(USERS, "read", record(1)), {"alice", "bob"}),
    "4.2.2 with context": Searched("subject", asked(USERS, "read", record(1), context=CONTEXT), {"alice", "bob"}),
    "4.2.3 an id is ignored": Searched("subject", asked(user("nobody"), "read", record(1)), {"alice", "bob"}),
    "4.2.4 who writes what is archived": Searched("subject", asked(USERS, "write", ARCHIVED), {"bob"}),
    "1.5.4 by the policy's own status": Searched("subject", asked(USERS, "write", record(2)), {"bob"}),
    "4.3.1 what alice reads": Searched("resource", asked(ALICE, "read", RECORDS), {"record-1", "record-2"}),
    "4.3.2 an id is ignored": Searched("resource", asked(ALICE, "read", record(9)), {"record-1", "record-2"}),
    "4.3.3 what an admin writes": Searched("resource", asked(ADMIN, "write", RECORDS), {"record-2"}),
    "4.4.1 what alice does": Searched("action", {"subject": ALICE, "resource": record(1)}, {"read", "write"}),
    "4.4.2 with context": Searched("action", {"subject": ALICE, "resource": record(1), "context": CONTEXT}, {"read", "write"}),
    "4.4.3 what an admin does": Searched("action", {"subject": ADMIN, "resource": ARCHIVED}, {"read", "write"}),
    "4.5.1 with a limit": Searched("subject", asked(USERS, "read", record(1), page={"limit": 1}), {"alice"}),
    "4.6.1 an unknown subject": Searched("action", {"subject": user("nonexistent-user"), "resource": record(1)}, set()),
    "4.6.1 an unknown resource": Searched("action", {"subject": ALICE, "resource": record(9)}, {"read"}),
    "4.6.2 an unknown type of subject": Searched("subject", asked({"type": "spaceship"}, "read", record(1)), set()),
    "4.6.2 an unknown type of resource": Searched("resource", asked(ALICE, "read", {"type": "spaceship"}), set()),
    "4.6.2 an unknown type beside": Searched("action", {"subject": ALICE, "resource": {"type": "spaceship", "id": "1"}}, set()),
}


def without(body: Body, *path: str) -> Body:
    name, *rest = path
    if rest:
        return {**body, name: without(body[name], *rest)}
    return {key: value for key, value in body.items() if key != name}


# (path, body) → 400
MALFORMED: Mapping[str, tuple[str, Body]] = {
    **{f"2.4.1 no {name}": (SINGLE, without(READS, name)) for name in ("subject", "action", "resource")},
    **{
        f"2.4.2 no {entity}.{name}": (SINGLE, without(READS, entity, name))
        for entity, name in (("subject", "type"), ("subject", "id"), ("action", "name"), ("resource", "type"), ("resource", "id"))
    },
    "2.4.6 subject is text": (SINGLE, {**READS, "subject": "alice"}),
    "2.4.6 action.name is a number": (SINGLE, {**READS, "action": {"name": 123}}),
    "3.4 a single one without a subject": (BATCH, without(READS, "subject")),
    "3.4 evaluations is no array": (BATCH, {**READS, "evaluations": {}}),
    "options is no object": (BATCH, {**READS, "options": []}),
    "an unknown semantic": (BATCH, {**READS, "options": {"evaluations_semantic": "first_wins"}}),
    "4.7.1 subject search without an action": (f"{SEARCH}subject", {"subject": USERS, "resource": record(1)}),
    "4.7.1 resource search without a subject": (f"{SEARCH}resource", {"action": action("read"), "resource": RECORDS}),
    "4.7.1 action search without a resource": (f"{SEARCH}action", {"subject": ALICE}),
    "4.7.2 resource without an id": (f"{SEARCH}subject", asked(USERS, "read", RECORDS)),
    "4.7.2 subject without an id": (f"{SEARCH}resource", asked(USERS, "read", RECORDS)),
    "the searched subject has no type": (f"{SEARCH}subject", asked({}, "read", record(1))),
    "the searched resource has no type": (f"{SEARCH}resource", asked(ALICE, "read", {"id": "record-1"})),
}
