"""What an enforcement point says it can see to: told to the sidecar, which refuses beforehand what it could not."""

import pytest

from adapters.enforcement.identity import GatewayHeader, Gateways, Peer
from adapters.enforcement.routes import Matched, check_routes
from adapters.enforcement.ruling import Enforcement, Incoming, Question
from tests.http_api.calling import ACCEPT, REVIEW, Sidecar

ROUTES = """officer: {{header: X-Officer}}
{fulfils}
routes:
  - {{method: POST, path: "/cases/{{case}}/decide", item: permit, step: decide, case: {{path: case}}, outcome: {{value: grant}}}}
"""


def question(fulfils: str, given: tuple[str, ...] | None = None) -> Question:
    routes = check_routes("routes.yaml", ROUTES.format(fulfils=fulfils).encode()).model
    assert routes is not None
    point = Enforcement(routes, GatewayHeader("X-Officer", Gateways(["127.0.0.0/8"])), "proxy", given)
    incoming = Incoming("POST", "/cases/C-1/decide", "", ((b"x-officer", b"deputy"),), Peer("127.0.0.1"))
    matched = point.match(incoming)
    assert isinstance(matched, Matched)
    asked = point.question(incoming, matched)
    assert isinstance(asked, Question)
    return asked


@pytest.mark.parametrize(
    ("fulfils", "given", "promised"),
    [
        ("", None, None),
        ("fulfils: []", None, []),
        ("fulfils: [notify, deadline]", None, ["deadline", "notify"]),
        ("可履行义务: [deadline]", None, ["deadline"]),
        ("fulfils: [notify]", ("deadline",), ["deadline"]),
    ],
)
def test_a_point_promises_what_it_can_do(fulfils: str, given: tuple[str, ...] | None, promised: list[str] | None) -> None:
    """The route file's, unless the application says otherwise; where neither does, nothing is promised."""
    context = question(fulfils, given).evaluation["context"]
    assert context.get("supported_obligations") == promised


@pytest.mark.parametrize(("kind", "code"), [("notify", "OBLIGATION_UNSUPPORTED"), ("deadline", "ALLOWED")])
def test_what_it_cannot_do_enters_no_case(kind: str, code: str) -> None:
    """The decision would bring a deadline: refused before it is on record as done, not after."""
    sidecar = Sidecar()
    sidecar.allowed(ACCEPT, REVIEW)
    assert sidecar.answer(question(f"fulfils: [{kind}]").evaluation)["context"]["code"] == code
    assert sidecar.case().version == (3 if code == "ALLOWED" else 2)
