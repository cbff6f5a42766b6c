"""What an exercise puts into its case: the same event, whether the sidecar serves it now or it is replayed."""

from collections.abc import Sequence

from sidecar.case_history.history import CO_SIGNED, PERFORMED, VOTED, ActRecorded
from sidecar.case_history.ledger import LedgerChange
from sidecar.compiler.manifest import ItemFacts
from sidecar.controls.context import CO_SIGN, EXERCISE, VOTE, AccessRequest
from sidecar.decision.decision import Decision
from sidecar.expressions.facts import Asserted

_KINDS = {EXERCISE: PERFORMED, CO_SIGN: CO_SIGNED, VOTE: VOTED}


def act_of(
    decision: Decision,
    request: AccessRequest,
    item: ItemFacts | None,
    decision_id: str,
    time: str,
    changes: Sequence[LedgerChange] = (),
) -> ActRecorded:
    """The event of a request that was decided, with the ledgers it changed. `time` is ISO 8601 with offset."""
    return ActRecorded(
        decision_id=decision_id,
        kind=_KINDS[request.intent],
        step=request.step,
        person=request.person,
        post=decision.post,
        time=time,
        item=request.item,
        region=decision.region,
        party=request.party,
        outcome=request.outcome,
        facts=kept_facts(request, item),
        on_behalf=request.on_behalf,
        about=request.about,
        vote=request.vote,
        evidence=tuple(sorted(request.evidence)),
        content=request.content,
        resolution=request.resolution,
        draw=request.draw.recorded if request.draw else None,
        corrects=request.corrects,
        ledgers=tuple([change.ledger_id for change in changes]),
    )


def kept_facts(request: AccessRequest, item: ItemFacts | None) -> dict[str, Asserted]:
    """The facts the item's controls read, as they are declared; only these are remembered and recorded in clear."""
    if item is None or not request.facts:
        return {}
    declared = item.facts
    read = {name: declared[name].read(value) for name, value in request.facts.items() if name in declared}
    return {name: declared[name].spell(value) for name, value in read.items() if value is not None}
