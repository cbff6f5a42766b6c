"""Suspension (暂停, 可控): an item, a post, a person or a case may be stopped at once, by order of one and approval of another.

It beats every allow, for everybody. It is no row of the policies, because it must hold without a build: it stands in a register
that a reload puts in force. A suspended post is as if nobody held it; who holds another post with the step goes on.
"""

from collections.abc import Iterator

from sidecar.controls.context import ControlContext, Stop
from sidecar.messages import Sentence
from sidecar.personnel.registers import Suspension
from sidecar.power_list import vocabulary as words


def suspended(context: ControlContext) -> Iterator[Stop]:
    """Every suspension that stops the request, and those of the posts it would need."""
    request = context.request
    if not context.personnel.any_suspended:
        return
    targets = [("item", request.item), ("case", request.case_id), *(("person", person) for person in context.persons)]
    wanted = {request.acting_post} if request.acting_post else set(context.able)
    if context.held.isdisjoint(wanted):
        targets += [("post", post) for post in sorted(context.suspended_posts & wanted)]
    for what, target in targets:
        found = context.personnel.suspensions(what, target)
        yield from (_stop(suspension, context) for suspension in found if suspension.term.holds(context.now))


def _stop(found: Suspension, context: ControlContext) -> Stop:
    until = found.term.end.isoformat(" ", "minutes") if found.term.end else "-"
    facts = {"target": found.target, "document": found.document, "until": until, "step": context.asked_step}
    what = Sentence(words.label(words.SUSPENDABLE, found.what), found.what)
    return Stop("SUSPENDED", {"what": what, **facts})
