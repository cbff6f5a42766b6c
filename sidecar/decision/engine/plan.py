"""Which terms of a matcher are asked of the index, which once of the request, and which of every row that is left.

Equality and role terms are pulled in front of what stands before them only where that cannot change an answer: see
`matcher.py` for the classes of terms.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sidecar.decision.engine.matcher import RoleTerm, Term, columns_of, parse_rule
from sidecar.decision.engine.program import Tools
from sidecar.decision.engine.rows import Row

FEW_VALUES = 64  # of a term that might raise: so many are tried for each request, so that index terms behind it may be used


class Plan(NamedTuple):
    """`equalities` are pairs of request and policy columns; `guards` speak of the request alone; `rest` is asked of each row.

    `tried` are terms that might raise, each with one row for every value it can take; `texts` the request fields that must be
    text for all this to be right."""

    equalities: list[tuple[int, int]]
    role: RoleTerm | None
    guards: list[Term]
    tried: list[tuple[Term, list[Row]]]
    rest: list[Term]
    texts: set[int]


def plan_of(terms: Sequence[Term], tools: Tools, indexed: tuple[int, ...] | None = None) -> Plan:
    """Pull index terms in front of what is safe, of what is asked once, and of what can be tried out.

    `indexed` are the columns of an index that exists already; other equalities are then asked of every row."""
    plan = Plan([], None, [], [], [], set())
    in_front = True
    for term in terms:
        if in_front and term.equality and (indexed is None or term.equality[1] in indexed):
            plan.equalities.append(term.equality)
            plan.texts.add(term.equality[0])
            continue
        plan = plan._replace(role=plan.role or (term.role if in_front else None))
        if in_front and not term.safe and not term.policy and not term.rules:
            plan.guards.append(term)
            continue
        if in_front and not term.safe:
            samples = _samples(term, tools)
            in_front = samples is not None
            if samples is not None:
                plan.tried.append((term, samples))
        elif in_front:
            plan.texts.update(term.texts)
        plan.rest.append(term)
    if indexed is not None:
        plan.equalities.sort(key=lambda pair: indexed.index(pair[1]))
    return plan


def _samples(term: Term, tools: Tools) -> list[Row] | None:
    """One row for each combination of cells the term reads, or None when there are too many to try."""
    columns = set(term.policy)
    for column in term.rules:
        rules: dict[str, Row] = {}
        for row in tools.rows:
            rules.setdefault(row[column], row)
        if len(rules) > FEW_VALUES:
            return None
        for rule, row in rules.items():
            node = parse_rule(rule, tools.names, f"policy.csv:{tools.line_of(row)}:1")
            columns |= columns_of(node, tools.names)[1]
    firsts: dict[tuple[str, ...], Row] = {}
    for row in tools.rows:
        firsts.setdefault(tuple([row[n] for n in columns]), row)
        if len(firsts) > FEW_VALUES:
            return None
    return list(firsts.values())
