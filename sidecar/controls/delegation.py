"""Acting for another (代理、委托): in writing, within its scope and term, never wider than the delegator's own power that day.

What is lent are posts the delegator holds that day by appointment; what somebody lent to the delegator is not among them, so a
power is never passed on (不得转委托). The register proves scope and term; the deny rows of a profile say who may be a delegate at
all and what must have been published (行政许可法 24: another administrative organ, announced; 行政处罚法 20 and 21: an
organisation, in writing; 行政强制法 17: nobody). A silent profile lets colleagues of the organ stand in, and nobody else.

Terms are half-open, [from, to); the store holds them against its own clock again at the moment of the commit.
"""

from sidecar.controls.context import ControlContext, Stop
from sidecar.personnel.registers import Delegation
from sidecar.power_list import vocabulary as words
from sidecar.power_list.control_kinds import NOBODY


def delegates(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `nobody`, or kinds of delegates joined by `|`, with a `+` where the delegation must have been published."""
    if not context.request.on_behalf:
        return None
    if arg == NOBODY:
        return _invalid("DELEGATION_BARRED", context)
    lent = context.delegation
    if lent is None:
        return None  # what the register lacks is said once, not by every row
    if lent.kind not in arg.replace("+", "").split("|"):
        return _invalid("DELEGATE_NOT_ALLOWED", context, kind=words.label(words.DELEGATES, lent.kind))
    if f"{lent.kind}+" in arg.split("|") and not _published(lent, context):
        return _invalid("DELEGATION_NOT_PUBLISHED", context, document=lent.document)
    return None


def _published(lent: Delegation, context: ControlContext) -> bool:
    return lent.published is not None and lent.published <= context.day


def unproven(context: ControlContext, *, has_rows: bool) -> Stop | None:
    """Why the register does not carry what is asked for somebody else; None where it does. `has_rows` says whether a profile
    speaks of delegates."""
    lent = context.delegation
    if lent is None:
        return _lacking(context)
    if not has_rows and lent.kind != words.COLLEAGUE:
        return _invalid("DELEGATE_NOT_ALLOWED", context, kind=words.label(words.DELEGATES, lent.kind))
    return None


def _lacking(context: ControlContext) -> Stop:
    """What is wrong first: the persons, the power, the register, the term, the scope."""
    person, delegator = context.request.person, context.request.on_behalf
    if delegator == person:
        return _invalid("DELEGATION_TO_ONESELF", context)
    if context.owned.isdisjoint(context.able):
        return _invalid("DELEGATOR_WITHOUT_POWER", context)
    found = context.personnel.delegations(person, delegator)
    if not found:
        passed_on = any(context.personnel.delegations(by, delegator) for by in _delegators(context))
        return _invalid("DELEGATION_PASSED_ON" if passed_on else "DELEGATION_INVALID", context)
    in_term = [delegation for delegation in found if delegation.term.holds(context.now)]
    sentence = "DELEGATION_OUT_OF_SCOPE" if in_term else "DELEGATION_NOT_IN_TERM"
    return _invalid(sentence, context, document="、".join(delegation.document for delegation in in_term or found))


def _delegators(context: ControlContext) -> list[str]:
    """Whose powers are lent to the person who asks."""
    return [delegation.delegator for delegation in context.personnel.lent_to(context.request.person)]


def _invalid(sentence: str, context: ControlContext, **facts: object) -> Stop:
    return Stop("DELEGATION_INVALID", {"step": context.asked_step, **facts}, sentence=sentence)
