"""Casbin's kinds of models, written anew, each compared with stock Casbin over every request its words can form."""

from itertools import product
from typing import Any, NamedTuple

import pytest

from tests.unit.engine.stock import Both

ALLOW = "some(where (p.eft == allow))"
DENY_OVERRIDE = "!some(where (p.eft == deny))"
ALLOW_AND_DENY = "some(where (p.eft == allow)) && !some(where (p.eft == deny))"
PRIORITY = "priority(p.eft) || deny"
SUBJECT_PRIORITY = "subjectPriority(p.eft) || deny"


class Example(NamedTuple):
    request: str
    policy: str
    matcher: str
    rows: str
    words: tuple[tuple[Any, ...], ...]
    effect: str = ALLOW
    roles: str = ""

    @property
    def model(self) -> str:
        roles = f"[role_definition]\n{self.roles}\n" if self.roles else ""
        return (
            f"[request_definition]\nr = {self.request}\n[policy_definition]\np = {self.policy}\n{roles}"
            f"[policy_effect]\ne = {self.effect}\n[matchers]\nm = {self.matcher}\n"
        )


PEOPLE = ("wang", "li", "head", "root")
FILES = ("file", "seal")
ACTS = ("read", "stamp")
ACL_ROWS = "p, wang, file, read\np, li, seal, stamp"
RBAC_ROWS = "p, head, file, read\np, head, seal, stamp\np, li, file, stamp\ng, wang, head\ng, root, wang"
DOMAIN_ROWS = "p, head, east, file, read\np, head, west, seal, stamp\ng, wang, head, east\ng, li, head, west"
PATHS = ("/files", "/files/1", "/files/1/pages/2", "/files/1/pages/1", "/other", "/files/1?x=/files")
ACL = ("sub, obj, act", "sub, obj, act", "r.sub == p.sub && r.obj == p.obj && r.act == p.act")
RBAC = ("sub, obj, act", "sub, obj, act", "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act")
DOMAINS = (
    "sub, dom, obj, act",
    "sub, dom, obj, act",
    "g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act",
)


def paths(function: str, *patterns: str) -> Example:
    rows = "\n".join(f"p, wang, {pattern}, read" for pattern in patterns)
    matcher = f"r.sub == p.sub && {function}(r.obj, p.obj) && regexMatch(r.act, p.act)"
    return Example("sub, obj, act", "sub, obj, act", matcher, rows, (PEOPLE, PATHS, ("read", "reader", "stamp")))


EXAMPLES = {
    "access list": Example(*ACL, ACL_ROWS, (PEOPLE, FILES, ACTS)),
    "access list with a superuser": Example(
        ACL[0], ACL[1], ACL[2] + ' || r.sub == "root"', ACL_ROWS, (PEOPLE, FILES, ACTS)
    ),
    "without users": Example("obj, act", "obj, act", "r.obj == p.obj && r.act == p.act", "p, file, read", (FILES, ACTS)),
    "without resources": Example("sub, act", "sub, act", "r.sub == p.sub && r.act == p.act", "p, wang, read", (PEOPLE, ACTS)),
    "roles": Example(*RBAC, RBAC_ROWS, (PEOPLE, FILES, ACTS), roles="g = _, _"),
    "roles of resources": Example(
        "sub, obj, act",
        "sub, obj, act",
        "g(r.sub, p.sub) && g2(r.obj, p.obj) && r.act == p.act",
        "p, head, papers, read\ng, wang, head\ng2, file, papers\ng2, seal, papers",
        (PEOPLE, FILES, ACTS),
        roles="g = _, _\ng2 = _, _",
    ),
    "roles in domains": Example(*DOMAINS, DOMAIN_ROWS, (PEOPLE, ("east", "west", "north"), FILES, ACTS), roles="g = _, _, _"),
    "deny override": Example(
        "sub, obj, act", "sub, obj, act, eft", RBAC[2], "p, head, file, read, deny\ng, wang, head", (PEOPLE, FILES, ACTS), DENY_OVERRIDE, "g = _, _"
    ),
    "allow and deny": Example(
        "sub, obj, act",
        "sub, obj, act, eft",
        RBAC[2],
        "p, head, file, read, allow\np, wang, file, read, deny\np, head, seal, stamp, allow\ng, wang, head\ng, li, head",
        (PEOPLE, FILES, ACTS),
        ALLOW_AND_DENY,
        "g = _, _",
    ),
    "the first row": Example(
        "sub, obj, act",
        "sub, obj, act, eft",
        RBAC[2],
        "p, wang, file, read, deny\np, head, file, read, allow\np, head, seal, stamp, allow\np, wang, seal, stamp, deny\ng, wang, head\ng, li, head",
        (PEOPLE, FILES, ACTS),
        PRIORITY,
        "g = _, _",
    ),
    "explicit priority": Example(
        "sub, obj, act",
        "priority, sub, obj, act, eft",
        RBAC[2],
        "p, 10, head, file, read, allow\np, 9, wang, file, read, deny\np, 2, li, seal, stamp, deny\np, 1, head, seal, stamp, allow\ng, wang, head\ng, li, head",
        (PEOPLE, FILES, ACTS),
        PRIORITY,
        "g = _, _",
    ),
    "priority of the nearer subject": Example(
        "sub, obj, act",
        "sub, obj, act, eft",
        RBAC[2],
        "p, root, file, read, deny\np, head, file, read, allow\np, wang, seal, stamp, deny\np, head, seal, stamp, allow\ng, wang, head\ng, head, root",
        (PEOPLE, FILES, ACTS),
        SUBJECT_PRIORITY,
        "g = _, _",
    ),
    "priority of the nearer subject in its domain": Example(
        "sub, obj, dom, act",
        "sub, obj, dom, act, eft",
        "g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act",
        "p, head, file, east, read, deny\np, wang, file, east, read, allow\np, head, file, west, read, allow\ng, wang, head, east\ng, li, head, west",
        (PEOPLE, FILES, ("east", "west"), ACTS),
        SUBJECT_PRIORITY,
        "g = _, _, _",
    ),
    "attributes": Example(
        "sub, obj, act",
        "sub, obj, act",
        "r.sub == r.obj.owner && r.act == p.act",
        "p, any, any, read",
        (PEOPLE, ({"owner": "wang"}, {"owner": "li", "age": 3}, {}), ACTS),
    ),
    "rules in cells": Example(
        "sub, obj, act",
        "rule, obj, act",
        "eval(p.rule) && r.obj == p.obj && r.act == p.act",
        "p, r.sub.age > 18, file, read\np, r.sub.age < 60 && r.sub.name != 'li', seal, stamp\np, r.sub.name in ('li'), file, stamp",
        (({"name": "wang", "age": 16}, {"name": "li", "age": 30}, {"name": "head"}, {"age": 70, "name": "x"}), FILES, ACTS),
    ),
    "membership": Example(
        "sub, obj, act", "sub, obj, act", "r.sub == p.sub && r.act in ('read', 'copy') && p.obj in r.obj", "p, wang, il, x", (PEOPLE, FILES, ACTS)
    ),
    "addresses": Example(
        "ip, obj, act",
        "ip, obj, act",
        "ipMatch(r.ip, p.ip) && r.obj == p.obj && r.act == p.act",
        "p, 192.168.2.0/24, file, read\np, 10.0.0.7, seal, stamp\np, 2001:db8::/32, file, stamp",
        (("192.168.2.9", "192.168.3.9", "10.0.0.7", "2001:db8::1", "nowhere"), FILES, ACTS),
    ),
    "keyMatch": paths("keyMatch", "/files/*", "/other"),
    "keyMatch2": paths("keyMatch2", "/files/:id", "/files/:id/pages/:page", "*"),
    "keyMatch3": paths("keyMatch3", "/files/{id}", "/files/{id}/pages/*"),
    "keyMatch4": paths("keyMatch4", "/files/{id}/pages/{id}", "/{other}"),
    "keyMatch5": paths("keyMatch5", "/files/{id}", "/files/*/x"),
    "regexMatch": paths("regexMatch", "^/files/[0-9]+$", "/oth"),
    "globMatch": paths("globMatch", "/files/*", "/files/**/2", "*/other", "/o*r"),
    "comparison": Example("sub, age", "sub, age", "r.sub == p.sub && r.age >= p.age", "p, wang, 18\np, li, 2", (PEOPLE, ("17", "18", "19", 18))),
    "no term an index could answer": Example("sub, obj, act", "sub, obj, act", "r.sub != p.sub && r.obj > p.obj", ACL_ROWS, (PEOPLE, FILES, ACTS)),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_request_is_answered_as_casbin_answers(name: str) -> None:
    """The same decision and the same rows; what Casbin cannot answer is not allowed."""
    example = EXAMPLES[name]
    both = Both(example.model, example.rows)
    answers = set()
    for request in product(*example.words):
        answer, ours = both.answer(request), both.match(request)
        assert ours.allowed == bool(answer), request
        rows = both.matching_rows(request)
        if answer is not None and rows is not None:
            assert sorted(row[:-1] for row in [*ours.allow, *ours.deny]) == sorted(rows), request
        answers.add(answer)
    assert {True, False} <= answers


def test_two_sections_have_policies_of_their_own() -> None:
    """`r2 p2 m2` beside `r p m`, each with its own request."""
    model = """
[request_definition]
r = sub, obj, act
r2 = sub, seal
[policy_definition]
p = sub, obj, act
p2 = sub, seal, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
m2 = g(r2.sub, p2.sub) && r2.seal == p2.seal
"""
    policy = "p, head, file, read\np2, head, red, allow\np2, li, blue, deny\ng, wang, head"
    both = Both(model, policy)
    for person in PEOPLE:
        for request, section in [((person, "file", "read"), ""), ((person, "red"), "2"), ((person, "blue"), "2")]:
            assert both.match(request, section).allowed == both.answer(request, section), request


def test_functions_of_our_own_are_called_like_casbin_s() -> None:
    """Registered under the same name in both."""
    model = Example(*ACL[:2], "r.sub == p.sub && same(r.obj, p.obj)", "", ()).model
    both = Both(model, "p, wang, FILE, read", functions={"same": lambda a, b: a.lower() == b.lower()})
    for request in product(PEOPLE, ("file", "File", "seal", 3), ACTS):
        assert both.match(request).allowed == bool(both.answer(request)), request
