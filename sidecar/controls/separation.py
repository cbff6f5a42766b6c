"""Separation of duties (不相容职务分离), dynamic and by case (history-based SoD): persons are compared, not accounts or posts.

Co-signers and voters count as having taken part, and so do both a delegate and the one they act for. Where distinct persons are
counted, those are one hand: whoever acts for somebody else adds nobody to the case. So that a case cannot run into a dead end,
the number of persons is judged at every mandatory step: a person is refused as soon as the steps that are left could no longer
bring as many hands as are asked for.

Articles: 行政许可法 34, 48; 行政处罚法 64, 67; 政府采购法 61; 行政事业单位内部控制规范 12 (不相容岗位相互分离).
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sidecar.case_history.history import CaseHistory
from sidecar.controls.context import CO_SIGN, ControlContext, Stop
from sidecar.power_list import vocabulary as words


def distinct(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: a step the acting person may not have taken part in."""
    request, parts = context.request, context.parts
    if (arg, request.person) not in parts and (not request.on_behalf or (arg, request.on_behalf) not in parts):
        return None
    return Stop("SAME_PERSON_PRIOR_STEP", {"other": context.step_name(arg), "other_step": arg, "step": context.asked_step})


def not_all(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: steps, the asked one among them, of which nobody may have taken part in all."""
    others = [step for step in arg.split("|") if step != context.request.step]
    for person in context.persons:
        if all((step, person) in context.parts for step in others):
            named = "、".join(map(context.step_name, others))
            return Stop("SAME_PERSON_PRIOR_STEP", {"other": named, "step": context.asked_step}, sentence="ALL_BY_ONE_PERSON")
    return None


def persons(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `n:step=k|…` — n distinct persons in the case, whose mandatory steps each take k persons."""
    wanted, takes = _read_persons(arg)
    request, history = context.request, context.history
    groups = [frozenset(act.persons) for act in history.acts if context.verb(act.step) not in words.ABOUT_OFFICERS]
    reached = hands([*groups, frozenset(context.persons)])
    left = sum(k for step, k in takes.items() if step != request.step and step not in context.performed)
    if request.intent == CO_SIGN:
        left += max(0, takes[request.step] - len(history.since_performed(request.step)) - 1)
    if reached + left >= wanted:
        return None
    facts = {"required": wanted, "present": reached, "left": left, "step": context.asked_step}
    return Stop("SAME_PERSON_PRIOR_STEP", facts, sentence="TOO_FEW_PERSONS_IN_CASE")


@lru_cache(maxsize=4_096)
def _read_persons(arg: str) -> tuple[int, Mapping[str, int]]:
    wanted, _, listed = arg.partition(":")
    return int(wanted), {step: int(k) for step, _, k in (part.partition("=") for part in listed.split("|"))}


@lru_cache(maxsize=4_096)
def _read_duties(arg: str) -> tuple[int, tuple[frozenset[str], ...]]:
    at_most, _, listed = arg.partition(":")
    return int(at_most), tuple([frozenset(duty.split("+")) for duty in listed.split("|")])


def hands(groups: Iterable[frozenset[str]]) -> int:
    """How many hands have acted: persons linked by acting for one another are one."""
    apart: list[frozenset[str]] = []
    for group in groups:
        linked = [other for other in apart if other & group]
        apart = [other for other in apart if not other & group]
        apart.append(group.union(*linked))
    return len(apart)


def incompatible(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `n:duty|duty…` — at most n of the duties in one hand, by the posts held today, the post used now, and those used
    in this case."""
    at_most, duties = _read_duties(arg)
    for person in context.persons:
        posts = context.personnel.posts(person, context.day) | {context.post} | _used(context.history, person)
        if len([duty for duty in duties if not duty.isdisjoint(posts)]) > at_most:
            return Stop("SAME_PERSON_PRIOR_STEP", {"step": context.asked_step}, sentence="INCOMPATIBLE_DUTIES")
    return None


def _used(history: CaseHistory, person: str) -> frozenset[str]:
    """The posts through which a person has taken part in the case."""
    return frozenset([act.post for act in history.acts if person in act.persons])
