"""Recusal (公务回避): who has an interest in the party, or was recused, takes no part in the case.

declared    a declared interest in the party bars from every step (公务员法 76; 行政处罚法 43), in procurement also one that
            ended in the last three years (政府采购法实施条例 9); of the one who acts and of the one they act for
asked for   the party, a third person or the officer asks, in an act of the case that speaks of the officer (`about`). The
            investigation goes on meanwhile and the officer does not decide (行政处罚法 43). Granted, it bars from every step,
            from review, discussion and vote as well, and what the officer has signed no longer counts
ruling      nobody rules on their own recusal; on the principal's, the group or the superior organ (公务员法 77)
principal   a matter of the principal's own or of their kin is not decided in this organ, by anybody
"""

from collections.abc import Iterable

from sidecar.controls.context import GRANTED, PENDING, ControlContext, Stop, missing
from sidecar.personnel.registers import Interest
from sidecar.power_list import vocabulary as words

_OWN_MATTERS = frozenset({"own_interest", "kin", "kin_interest"})


def declared(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `relation|relation=years…`. One who has declared such an interest may act only on a known party."""
    interests = [interest for person in context.persons for interest in context.personnel.interests(person)]
    if not interests:
        return None  # as with almost everybody
    barred = {name: int(years or 0) for name, _, years in (part.partition("=") for part in arg.split("|"))}
    found = [interest for interest in interests if _bars(interest, barred, context)]
    if not found:
        return None
    if not context.party:
        return missing(("party",), context)
    relations = _relations(found, context.party)
    return Stop("RECUSAL", {"relation": relations, "step": context.asked_step}) if relations else None


def _bars(interest: Interest, barred: dict[str, int], context: ControlContext) -> bool:
    counts = words.COUNTS_AS.get(interest.relation, ())
    years = [barred[name] for name in counts if name in barred]
    return bool(years) and interest.bars(context.day, max(years))


def _relations(found: Iterable[Interest], party: str) -> str:
    return "、".join(
        dict.fromkeys(words.label(words.DECLARABLE, interest.relation) for interest in found if interest.party == party)
    )


def recused(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `granted`, or `pending` for steps that decide: from which state on the officer is barred."""
    states = {context.recusals.get(person) for person in context.persons} if context.recusals else set()
    if GRANTED in states:
        return Stop("RECUSAL", {"step": context.asked_step}, sentence="RECUSED")
    if arg == PENDING and PENDING in states:
        return Stop("RECUSAL", {"step": context.asked_step}, sentence="RECUSAL_PENDING")
    return None


def ruling(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `principal's post|…>group's post|…` — the group may rule on the principal's recusal, nobody else of the organ."""
    about = context.request.about
    if about in context.persons:
        return Stop("RECUSAL", {"step": context.asked_step}, sentence="OWN_RECUSAL")
    principals, _, groups = arg.partition(">")
    if not context.personnel.posts(about, context.day).isdisjoint(principals.split("|")) and context.post not in groups.split(
        "|"
    ):
        return Stop("PRINCIPAL_BARRED", {"step": context.asked_step}, sentence="RECUSAL_OF_PRINCIPAL")
    return None


def principal_own(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: posts of principals. Where one who holds such a post today, or their kin, is the party, nobody here decides."""
    holders = {person for post in arg.split("|") for person in context.personnel.holders(post, context.day)}
    own = [
        interest
        for person in holders
        for interest in context.personnel.interests(person)
        if not _OWN_MATTERS.isdisjoint(words.COUNTS_AS.get(interest.relation, ())) and interest.bars(context.day, 0)
    ]
    if not own:
        return None
    if not context.party:
        return missing(("party",), context)
    if not _relations(own, context.party):
        return None
    return Stop("PRINCIPAL_BARRED", {"step": context.asked_step}, sentence="PRINCIPALS_OWN_MATTER")
