"""Posts and ranks that carry too much in one hand: how long a post is held (轮岗), and what a principal does alone (一把手).

A tenure is counted over appointments that follow one another without a day between; a special audit on record starts it anew
where rotation is impossible. On the day the years are full the holder must move (达到规定期限的需要调换). An unknown beginning is
over any term: nobody could count from it.

A principal does not approve alone (五个不直接分管): somebody else has decided in the case before, or signs with them.
"""

from sidecar.controls.context import CO_SIGN, VOTE, ControlContext, Stop
from sidecar.personnel.registers import after_years


def tenure(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `post=years|post=years+…`, with `+` where a special audit counts."""
    terms = {post: years for post, _, years in (part.partition("=") for part in arg.split("|"))}
    if context.post not in terms:
        return None
    years, owner = terms[context.post], context.request.on_behalf or context.request.person
    since = context.personnel.held_since(owner, context.post, context.day)
    audited = context.personnel.audited(owner, context.post, context.day) if years.endswith("+") else None
    start = max(filter(None, (since, audited)), default=None)
    limit = int(years.rstrip("+"))
    if start is not None and context.day < after_years(start, limit):
        return None
    facts = {"post": context.post, "since": start or "-", "years": limit, "step": context.asked_step}
    return Stop("TENURE_EXCEEDED", facts)


def principal_alone(arg: str, context: ControlContext) -> Stop | None:
    """`arg`: `principal's post|…>deciding step|…` — somebody else than a principal has acted in one of the steps."""
    if context.request.intent in (CO_SIGN, VOTE):
        return None
    principals, _, steps = arg.partition(">")
    posts, deciding = set(principals.split("|")), set(steps.split("|"))
    if context.post not in posts:
        return None
    others = [
        act
        for act in context.history.acts
        if act.step in deciding and act.post not in posts and not set(act.persons) & set(context.persons)
    ]
    return None if others else Stop("PRINCIPAL_BARRED", {"step": context.asked_step}, sentence="PRINCIPAL_ALONE")
