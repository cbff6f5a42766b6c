"""What the two hot paths need of the head of a request: who asks, for what, and how it is written."""

import re
from typing import NamedTuple

from sidecar.errors import RequestError
from sidecar.http_api.callers import Caller, Callers

DECISION_PATHS = frozenset({"/authorize", "/access/v1/evaluation"})
OUTCOME_PATH = "/v1/decisions/{decision_id}/outcome"
_OUTCOME = re.compile(r"/v1/decisions/([^/]+)/outcome\Z")


class Head(NamedTuple):
    """`reported` is the decision whose outcome is reported, empty where a decision is asked for."""

    authorization: str | None
    content_type: str
    request_id: str
    client_ip: str
    certificate: tuple[str, ...] = ()
    reported: str = ""


def reported_by(path: str) -> str:
    """The decision whose outcome is reported at a path, or empty."""
    found = _OUTCOME.match(path)
    return found[1] if found else ""


def asking_caller(callers: Callers, head: Head, refusal: str) -> Caller:
    """Who asks. Raises RequestError for nobody known, and with `refusal` for a caller without that duty."""
    caller = callers.find(head.authorization, head.certificate)
    if caller is None:
        raise RequestError("unauthenticated", "send Authorization: Bearer TOKEN", 401)
    if "ask" not in caller.may:
        raise RequestError("forbidden", refusal, 403)
    return caller


def check_content_type(value: str) -> None:
    """Raises RequestError for anything but JSON in UTF-8; 400, as AuthZEN has it, not 415."""
    kind, _, parameters = value.partition(";")
    charset = parameters.strip().lower()
    if kind.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", 'charset="utf-8"'):
        raise RequestError("content_type", "send Content-Type: application/json in UTF-8")
