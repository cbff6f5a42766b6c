"""Roles, actions and grants: what they contradict in themselves, and which role is another one under a second name."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from adapters.importers.digit.reading import Configuration, Entry, Found, Grant
from sidecar.messages import near

MOST = 0.5  # a role that may do more than this share of all actions is told apart from the others
_SHOWN = 5


class Pair(NamedTuple):
    """Two roles: all `actions` of the first are among the `of` of the second."""

    role: str
    other: str
    actions: int
    of: int


class Access(NamedTuple):
    """Figures and findings of the grants. `sets` are the actions of each role, whether or not they are defined."""

    figures: Mapping[str, int]
    identical: list[Pair]
    inside: list[Pair]
    sets: Mapping[str, frozenset[object]]
    findings: list[Found]


def examine_access(read: Configuration) -> Access:
    """Everything about the grants. A part that was not read is not held against the others."""
    by_role: dict[str, list[Grant]] = defaultdict(list)
    for grant in read.grants:
        by_role[grant.role].append(grant)
    sets = {role: frozenset(grant.action for grant in grants) for role, grants in by_role.items()}
    identical, inside = _pairs(sets)
    defined = {entry.scalar("id") for entry in read.actions}
    declared = [entry.of("code") for entry in read.roles]
    figures = {
        "roles": len(read.roles),
        "role_codes": len(set(declared)),
        "actions": len(read.actions),
        "action_ids": len(defined),
        "urls": len({entry.scalar("url") for entry in read.actions}),
        "grants": len(read.grants),
        "distinct_grants": len({(grant.role, grant.action) for grant in read.grants}),
    }
    findings = [
        *_repeated(read),
        *(_undefined(read, defined) if read.actions else ()),
        *(_undeclared(read, declared) if read.roles else ()),
        *(_without_grant(read, sets) if read.grants else ()),
        *_nearly_everything(by_role, len(defined)),
        *_pair_findings(identical, inside, by_role),
    ]
    return Access(figures, identical, inside, sets, findings)


def _repeated(read: Configuration) -> Iterator[Found]:
    seen: dict[tuple[str, object], Entry] = {}
    for entry in read.roles:
        first = seen.setdefault(("role", entry.of("code")), entry)
        if first is not entry:
            yield entry.found("DUPLICATE_ROLE", "code", role=entry.of("code"), first=str(first.text.place(first.path)))
    for entry in read.actions:
        first = seen.setdefault(("action", entry.scalar("id")), entry)
        if first is not entry:
            yield entry.found("DUPLICATE_ACTION", "id", action=entry.scalar("id"), first=str(first.text.place(first.path)))
    for grant in read.grants:
        entry, key = grant.entry, f"{grant.role}\n{grant.action!r}"
        first = seen.setdefault(("grant", key), entry)
        if first is not entry:
            place = str(first.text.place(first.path))
            yield entry.found("DUPLICATE_GRANT", "actionid", role=grant.role, action=grant.action, first=place)


def _undefined(read: Configuration, defined: set[object]) -> Iterator[Found]:
    """Once for each action, at its first grant."""
    missing: dict[object, list[Grant]] = defaultdict(list)
    for grant in read.grants:
        if grant.action not in defined:
            missing[grant.action].append(grant)
    for action, grants in missing.items():
        roles = list(dict.fromkeys(grant.role for grant in grants))
        told = ", ".join(roles[:_SHOWN]) + (" …" if len(roles) > _SHOWN else "")
        yield grants[0].entry.found("UNDEFINED_ACTION", "actionid", action=action, n=len(grants), roles=told)


def _undeclared(read: Configuration, declared: list[str]) -> Iterator[Found]:
    """Once for each code, at its first grant, and at the first action of a workflow that names it."""
    granted = [(grant.role, grant.entry) for grant in read.grants]
    yield from _unknown(granted, "UNDECLARED_ROLE", "rolecode", declared)
    acting = [(role, act.entry) for w in read.workflows for state in w.states for act in state.acts for role in act.roles]
    yield from _unknown(acting, "UNDECLARED_ROLE_ACTS", "roles", declared)


def _unknown(uses: list[tuple[str, Entry]], code: str, member: str, declared: list[str]) -> Iterator[Found]:
    known = set(declared)
    times = Counter(role for role, _ in uses)
    first = {role: entry for role, entry in reversed(uses) if role not in known}
    for role, entry in reversed(first.items()):
        yield entry.found(code, member, role=role, n=times[role], near=near(role, declared) if role else "-")


def _without_grant(read: Configuration, sets: Mapping[str, frozenset[object]]) -> Iterator[Found]:
    seen: set[str] = set()
    for entry in read.roles:
        role = entry.of("code")
        if role not in sets and role not in seen:
            yield entry.found("ROLE_WITHOUT_GRANT", "code", role=role)
        seen.add(role)
    granted = {grant.action for grant in read.grants}
    for entry in read.actions:
        if entry.scalar("id") not in granted:
            yield entry.found("ACTION_WITHOUT_GRANT", "id", action=entry.scalar("id"))


def _nearly_everything(by_role: Mapping[str, list[Grant]], defined: int) -> Iterator[Found]:
    for role, grants in by_role.items():
        actions = len({grant.action for grant in grants})
        if defined and actions > MOST * defined:
            share = f"{100 * actions / defined:.0f}"
            yield grants[0].entry.found("NEARLY_EVERYTHING", "rolecode", role=role, n=len(grants), actions=actions, share=share)


def _pairs(sets: Mapping[str, frozenset[object]]) -> tuple[list[Pair], list[Pair]]:
    identical, inside = [], []
    for one, other in combinations(sorted(sets), 2):
        if sets[one] == sets[other]:
            identical.append(Pair(one, other, len(sets[one]), len(sets[other])))
        elif sets[one] < sets[other]:
            inside.append(Pair(one, other, len(sets[one]), len(sets[other])))
        elif sets[other] < sets[one]:
            inside.append(Pair(other, one, len(sets[other]), len(sets[one])))
    return identical, sorted(inside)


def _pair_findings(identical: list[Pair], inside: list[Pair], by_role: Mapping[str, list[Grant]]) -> Iterator[Found]:
    """Each where the first role of the pair is first granted something."""
    for pair in identical:
        yield by_role[pair.role][0].entry.found("SAME_ACTIONS", "rolecode", role=pair.role, other=pair.other, n=pair.actions)
    for pair in inside:
        facts = {"role": pair.role, "other": pair.other, "n": pair.actions, "of": pair.of}
        yield by_role[pair.role][0].entry.found("ACTIONS_INSIDE", "rolecode", **facts)
