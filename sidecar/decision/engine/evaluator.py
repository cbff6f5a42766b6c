"""The evaluator of one section of a model: its rows, its index, its compiled matcher."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sidecar.decision.engine.effects import Effect, Hit
from sidecar.decision.engine.index import RowIndex, index_rows
from sidecar.decision.engine.matcher import RoleTerm, terms_of
from sidecar.decision.engine.model import Section
from sidecar.decision.engine.plan import plan_of
from sidecar.decision.engine.program import NotTextError, Reach, Run, Test, Tools, run_of, test_of, truth
from sidecar.decision.engine.rows import Row


class Matches(NamedTuple):
    """The rows that match a request, in evaluation order, the rows that were looked at, and the answer.

    `faults` are rows whose evaluation raised, with what was raised; where Casbin would have raised there is no allow.
    """

    allow: list[Row]
    deny: list[Row]
    faults: list[tuple[Row, Exception]]
    considered: Sequence[Row]
    allowed: bool


class Failed(NamedTuple):
    """How near a row came: the terms that held and those that did not, as text."""

    row: Row
    held: tuple[str, ...]
    failed: tuple[str, ...]


class Evaluator:
    """One section: request definition, policy rows, matcher, effect. Immutable."""

    def __init__(self, section: Section, effect: Effect, tools: Tools, index: RowIndex | None = None) -> None:
        self.section, self.rows, self.line_of = section, tools.rows, tools.line_of
        self._effect, self._tools = effect, tools
        self.terms = terms_of(section.matcher, tools.names, f"the matcher m{section.name}")
        plan = plan_of(self.terms, tools, index.columns if index else None)
        self._role = plan.role
        columns = tuple(column for _, column in plan.equalities)
        asked = [request for request, _ in plan.equalities]
        self._key_of: Callable[[Sequence[Any]], Any] = itemgetter(*asked) if asked else lambda _: ()
        self.index: RowIndex = index or index_rows(tools.rows, columns, plan.role.column if plan.role else None)
        column = section.effect_column
        self._run: Run = run_of(plan.rest, tools, column, plan.texts)
        self._whole: Run = run_of(self.terms, tools, column, None)
        self._guards = [test_of(term.node, tools) for term in plan.guards]
        self._tried = [(test_of(term.node, tools), samples) for term, samples in plan.tried]

    def match(self, request: Sequence[Any], reach: Mapping[str, Reach]) -> Matches:
        """Evaluate one request; `reach` answers for each role definition what a name reaches."""
        if len(request) != len(self.section.request):
            raise ValueError(f"a request has {len(self.section.request)} fields: {', '.join(self.section.request)}")
        try:
            rows = self._candidates(request, reach)
            allow, deny, faults = self._run(rows, request, reach)
        except (NotTextError, TypeError):
            rows = self.rows
            allow, deny, faults = self._whole(rows, request, reach)
        return Matches(allow, deny, faults, rows, self._allowed(allow, deny, faults))

    def _candidates(self, request: Sequence[Any], reach: Mapping[str, Reach]) -> Sequence[Row]:
        for test, samples in self._tried:
            for row in samples:
                _settled(test, row, request, reach)
        for guard in self._guards:
            if not _settled(guard, (), request, reach):
                return ()
        role = self._role if self.index.split else None
        return self.index.rows(self._key_of(request), _reached(role, request, reach) if role else None)

    def _allowed(self, allow: list[Row], deny: list[Row], faults: list[tuple[Row, Exception]]) -> bool:
        if not faults and len(self._effect.ends) == 1:
            return not deny if self._effect.allows_by_default else bool(allow) and not (deny and Hit.DENIES in self._effect.ends)
        hits = [(row[-1], Hit.ALLOWS) for row in allow] + [(row[-1], Hit.DENIES) for row in deny]
        hits += [(row[-1], Hit.FAILED) for row, _ in faults]
        return self._effect.answer(hit for _, hit in sorted(hits, key=lambda pair: pair[0])) is True

    def nearest(
        self, request: Sequence[Any], reach: Mapping[str, Reach], limit: int, among: Iterable[Row] | None = None
    ) -> list[Failed]:
        """The rows that came nearest to matching: fewest failed terms first, then in order. Looks at every row, or at those
        `among` which to look."""
        tests = [(term.text, test_of(term.node, self._tools)) for term in self.terms]
        judged = [_judged(row, tests, request, reach) for row in (self.rows if among is None else among)]
        return sorted(judged, key=lambda found: (len(found.failed), found.row[-1]))[:limit]


def _settled(test: Test, row: Row, request: Sequence[Any], reach: Mapping[str, Reach]) -> bool:
    """The truth of a term that might raise; if it does, NotTextError, and the request takes the slow way."""
    try:
        value = test(row, request, reach)
    except Exception as fault:
        raise NotTextError from fault
    if not isinstance(value, bool):
        raise NotTextError
    return value


def _judged(row: Row, tests: list[tuple[str, Test]], request: Sequence[Any], reach: Mapping[str, Reach]) -> Failed:
    held: list[str] = []
    failed: list[str] = []
    for text, test in tests:
        try:
            (held if truth(test(row, request, reach)) else failed).append(text)
        except Exception as fault:  # noqa: BLE001 - shown to a person who asks why
            failed.append(f"{text} ({type(fault).__name__}: {fault})")
    return Failed(row, tuple(held), tuple(failed))


def _reached(role: RoleTerm, request: Sequence[Any], reach: Mapping[str, Reach]) -> frozenset[str]:
    subject = request[role.subject]
    if role.domain == "":
        return reach[role.name](subject)
    return reach[role.name](subject, request[role.domain] if isinstance(role.domain, int) else role.domain)
