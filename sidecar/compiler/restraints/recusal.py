"""Recusal (回避): the relations that bar an officer, recusals that are asked for in the case, and the principal's own matters."""

from collections.abc import Iterator

from sidecar.compiler.plan import OWN_RULE, Binder, Control, Plan
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import ABOUT, OUTCOME
from sidecar.power_list.control_kinds import ControlKind as Kind

_DECIDING_VERBS = frozenset({"decide", "deliberate", "extend", "revoke"})


def declared(binder: Binder, _step_id: str, _plan: Plan) -> Iterator[Control]:
    """The profile's relations and the item's together, each with the longest time it still bars."""
    rule, own = binder.profile.recusal, binder.entry.item.controls
    relations = {*own.recusal, *(rule.relations if rule else ())}
    if not relations:
        return
    years = {name: words.LOOK_BACK_YEARS.get(name, 0) for name in relations}
    for look in (*own.look_back, *(rule.look_back if rule else ())):
        if look.relation in relations:
            years[look.relation] = max(years[look.relation], look.years)
    arg = "|".join(f"{name}={n}" if n else name for name, n in sorted(years.items()))
    if rule:
        yield Control(Kind.RECUSAL, arg, binder.located_profile.located.place("recusal"), rule.rule, rule.basis)
    else:
        yield binder.own(Kind.RECUSAL, arg, binder.entry.place("controls", "recusal"))


def asked_for(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    """Where the item has a step that rules on recusals: what a request and what a ruling mean for every step."""
    rulings = [its for its in binder.plans.values() if its.head.verb == "rule_on_recusal"]
    if not rulings:
        return
    place, (rule, basis) = rulings[0].place, _words(binder, rulings[0])
    state = "pending" if _decides(plan) else "granted"
    yield Control(Kind.RECUSED, state, place, rule, basis)
    if plan.head.verb in words.ABOUT_OFFICERS:
        yield Control(Kind.REQUIRES, ABOUT, plan.place, *_words(binder, plan))
    if plan.head.verb == "rule_on_recusal":
        yield Control(Kind.REQUIRES, OUTCOME, plan.place, *_words(binder, plan))
        arg = f"{'|'.join(_posts(binder, 'principal')) or '-'}>{'|'.join(_posts(binder, 'group')) or '-'}"
        yield Control(Kind.RECUSAL_RULING, arg, plan.place, *_words(binder, plan))


def _decides(plan: Plan) -> bool:
    return plan.head.verb not in words.ABOUT_OFFICERS and (plan.head.type == "decide" or plan.head.verb in _DECIDING_VERBS)


def _words(binder: Binder, plan: Plan) -> tuple[str, str]:
    """The rule and article of a step, the profile's before the item's own."""
    return (plan.rules[0][0].rule, plan.rules[0][0].basis) if plan.rules else (OWN_RULE, binder.own_basis)


def _posts(binder: Binder, rank: str) -> list[str]:
    return [full_id for full_id, post in binder.entry.organ.posts.items() if post.rank == rank]


def principal_own(binder: Binder, _step_id: str, plan: Plan) -> Iterator[Control]:
    rule = binder.profile.recusal.principal if binder.profile.recusal else None
    principals = _posts(binder, "principal")
    if rule and principals and _decides(plan):
        place = binder.located_profile.located.place("recusal", "principal")
        yield Control(Kind.PRINCIPAL_OWN, "|".join(principals), place, rule.rule, rule.basis)
