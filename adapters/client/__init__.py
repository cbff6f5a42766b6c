"""A typed client of the sidecar, for services that ask by themselves.

    with Client.at("http://127.0.0.1:8181", token=TOKEN) as quanheng:
        decision = quanheng.evaluate(Evaluation(officer="o-1001", item="an-item", step="accept", case="BH-1"))
        if decision.allowed:
            …
            quanheng.report(decision.decision_id, performed=True)

`AsyncClient` is the same with `await`. A refusal is a value; that there is no decision at all is an exception. Nothing but httpx
and the standard library is needed here.
"""

from adapters.client.answers import Decision, Metadata, NotEvaluated, Obligation, Page, Reason
from adapters.client.blocking import Client
from adapters.client.failures import AddressError, ClientError, NotAcceptedError, UnclearAnswerError, UnreachableError
from adapters.client.on_loop import AsyncClient
from adapters.client.questions import Evaluation, Semantic

__all__ = [
    "AddressError",
    "AsyncClient",
    "Client",
    "ClientError",
    "Decision",
    "Evaluation",
    "Metadata",
    "NotAcceptedError",
    "NotEvaluated",
    "Obligation",
    "Page",
    "Reason",
    "Semantic",
    "UnclearAnswerError",
    "UnreachableError",
]
