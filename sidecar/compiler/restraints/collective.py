"""Bodies that decide together: how the step `deliberate` is decided, and what may follow only as the resolution has it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.compiler.restraints.recusal import declared
from sidecar.compiler.terms import Terms
from sidecar.expressions.meaning import Expression
from sidecar.expressions.measures import MONEY
from sidecar.power_list.control_kinds import OUTCOME
from sidecar.power_list.control_kinds import ControlKind as Kind
from sidecar.power_list.findings import Place
from sidecar.power_list.procedure import Collective, ProfileCollective, Ruled, RuledShare
from sidecar.power_list.shares import HALF

DELIBERATE = "deliberate"


def collective(binder: Binder, step_id: str, plan: Plan) -> Iterator[Control]:
    rules, own = binder.profile.collective, binder.entry.item.controls.collective
    if rules is None and own is None:
        return
    said = _Said(binder, rules, own or Collective())
    if plan.head.verb == DELIBERATE:
        yield from _deliberation(said, plan)
    yield from _covered(said, step_id)


def members_of(binder: Binder, plan: Plan) -> tuple[str, ...]:
    """Full ids of the posts whose holders take part in the deliberation."""
    own = binder.entry.item.controls.collective
    named = [post for name in (own.members if own else ()) for post in binder.entry.organ.post_ids(name)]
    return tuple(dict.fromkeys(named)) or plan.posts


def chairs_of(binder: Binder) -> tuple[str, ...]:
    """Full ids of the posts that preside: the one named, else the principal of the organ (一把手)."""
    own, posts = binder.entry.item.controls.collective, binder.entry.organ.posts
    if own and own.chair:
        return tuple(binder.entry.organ.post_ids(own.chair))
    return tuple(full_id for full_id, post in posts.items() if post.rank == "principal")


def voters(binder: Binder, plan: Plan) -> tuple[str, ...]:
    """Posts that vote at the step beside those that hold it."""
    own = binder.entry.item.controls.collective
    if plan.head.verb != DELIBERATE or (own is None and binder.profile.collective is None):
        return ()
    taking_part = dict.fromkeys((*members_of(binder, plan), *chairs_of(binder)))
    return tuple(post for post in taking_part if post not in plan.posts)


class _Said(NamedTuple):
    """What profile and item say of the body together."""

    binder: Binder
    rules: ProfileCollective | None
    own: Collective

    @property
    def amount(self) -> Expression | None:
        """The sum a resolution speaks of."""
        return self.binder.expression(self.own.amount, MONEY) if self.own.amount else None

    def place(self, key: str) -> Place:
        if getattr(self.own, key, None) is not None:
            return self.binder.entry.place("controls", "collective", key)
        return self.binder.located_profile.located.place("collective", key)

    def ruled(self, rule: Ruled | None) -> tuple[str, str]:
        return (rule.rule, rule.basis) if rule else (OWN_RULE, self.binder.own_basis)

    def control(self, kind: Kind, arg: str, key: str, rule: Ruled | None) -> Control:
        return Control(kind, arg, self.place(key), *self.ruled(rule))

    def share(self, key: str) -> str:
        rule: RuledShare | None = getattr(self.rules, key, None)
        own: str | None = getattr(self.own, key)
        return own or (rule.share if rule else HALF)


def _deliberation(said: _Said, plan: Plan) -> Iterator[Control]:
    binder, rules, own = said
    terms = _terms(said, plan)
    chairs = terms.chairs
    yield said.control(Kind.QUORUM, terms.cell, "quorum", rules.quorum if rules else None)
    if chairs and ((rules and rules.chair_last) or own.chair_last):
        yield said.control(Kind.CHAIR_LAST, terms.cell, "chair_last", rules.chair_last if rules else None)
    if chairs and rules and rules.chair_reasons:
        yield said.control(Kind.CHAIR_REASONS, terms.cell, "chair_reasons", rules.chair_reasons)
    if (rules and rules.record_dissent) or own.record_dissent:
        yield said.control(Kind.DISSENT, terms.cell, "record_dissent", rules.record_dissent if rules else None)
    for barred in declared(binder, "", plan):
        yield replace(barred, kind=Kind.MEMBERS_RECUSED)
    amount = said.amount
    covers = said.control(Kind.COVERS_CASE, amount.row if amount else "-", "covers", rules.covers if rules else None)
    yield replace(covers, reads=amount.names if amount else frozenset())
    yield said.control(Kind.REQUIRES, OUTCOME, "majority", rules.majority if rules else None)


def _terms(said: _Said, plan: Plan) -> Terms:
    head = bool(said.rules and said.rules.head)
    return Terms(members_of(said.binder, plan), chairs_of(said.binder), said.share("quorum"), said.share("majority"), head)


def _covered(said: _Said, step_id: str) -> Iterator[Control]:
    """What may follow only as the resolution has it."""
    binder, rules, _ = said
    if rules is None or step_id not in binder.steps_of(rules.covers.steps):
        return
    for name, plan in binder.plans.items():
        if plan.head.verb == DELIBERATE:
            amount = said.amount
            covers = said.control(Kind.COVERS, f"{name}:{amount.row}" if amount else name, "covers", rules.covers)
            yield replace(covers, reads=amount.names if amount else frozenset())
