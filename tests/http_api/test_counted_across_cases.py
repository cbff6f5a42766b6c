"""What is counted across cases cannot be raced: totals and debts are committed with the decision that stands on them."""

import asyncio

import pytest

from sidecar.service.authorize import Standing
from tests.http_api.calling import AUTHORIZE, Body, Sidecar, asking, to
from tests.unit.controls.purchases import PEOPLE, POLICY

LEDGER = "split:buy:2026:1"


@pytest.fixture
def buying(either: Sidecar) -> Sidecar:
    either.authorizer.swap(Standing(POLICY, PEOPLE))
    return either


def buy(case: str, yuan: int = 30) -> Body:
    return asking("boss", "decide", case=case, item="buy", outcome="grant", facts={"sum": yuan, "group": 1})


def act(case: str, *, urgent: bool = True) -> Body:
    return asking("checker", "act", case=case, item="buy", facts={"urgent": urgent})


def total(sidecar: Sidecar) -> int:
    return asyncio.run(sidecar.store.read_ledger(LEDGER)).total(kind="amount")


def test_of_many_purchases_at_once_only_so_many_are_made_as_stay_below_the_limit(buying: Sidecar) -> None:
    """Twelve cases, thirty yuan each, a limit of a hundred: three, however they are raced."""
    answers = buying.together(*[to(AUTHORIZE, buy(f"C-{n}")) for n in range(12)])
    assert sorted(answer.json()["context"]["code"] for answer in answers) == ["ALLOWED"] * 3 + ["OUT_OF_SCOPE"] * 9
    assert total(buying) == 90_00


def test_a_retry_is_counted_once(buying: Sidecar) -> None:
    """The same request again gets its first answer and adds nothing."""
    answers = buying.together(*[to(AUTHORIZE, buy("C-1", 60), request_id="r1") for _ in range(5)])
    assert len({answer.content for answer in answers}) == 1
    assert total(buying) == 60_00


def test_what_failed_is_given_back(buying: Sidecar) -> None:
    """Once: the outcome stands, and the same report again gives nothing more."""
    (bought,) = buying.allowed(buy("C-1", 90))
    assert buying.answer(buy("C-2"))["context"]["code"] == "OUT_OF_SCOPE"
    for _ in range(2):
        assert buying.report(bought["decision_id"], {"result": "failed"}).status_code == 200
    assert total(buying) == 0
    buying.allowed(buy("C-2"))
    assert total(buying) == 30_00


def test_reports_of_many_failures_at_once_all_count(buying: Sidecar) -> None:
    """Each report finds the ledger moved by the others and tries again."""
    bought = buying.allowed(*[buy(f"C-{n}", 10) for n in range(6)])
    reports = [to(f"/v1/decisions/{answer['decision_id']}/outcome", {"result": "failed"}) for answer in bought]
    assert [answer.status_code for answer in buying.together(*reports)] == [200] * 6
    assert total(buying) == 0


def test_a_performed_act_gives_nothing_back(buying: Sidecar) -> None:
    """Only a failure does."""
    (bought,) = buying.allowed(buy("C-1", 90))
    buying.report(bought["decision_id"], {"result": "performed"})
    assert total(buying) == 90_00


def test_an_overdue_approval_stops_the_next_emergency_until_it_is_made_up(buying: Sidecar) -> None:
    """Across cases, and not before its term is over."""
    buying.allowed(act("C-1"), act("C-2"))
    buying.clock.move(hours=24)
    assert buying.answer(act("C-3"))["context"]["code"] == "EMERGENCY_DEBT_OPEN"
    for case in ("C-1", "C-2"):
        buying.allowed(asking("clerk", "accept", case=case, item=None, facts=None))
        assert buying.answer(act("C-3"))["context"]["code"] == "EMERGENCY_DEBT_OPEN"
        buying.allowed(asking("deputy", "approve", case=case, outcome="grant", item=None))
    buying.allowed(act("C-3"))


def test_searches_count_too(buying: Sidecar) -> None:
    """Who may buy now depends on what was bought: a result always evaluates to allow."""
    body = buy("C-9", 20)
    assert buying.post({**body, "subject": {"type": "officer"}}, "/access/v1/search/subject").json()["results"] != []
    buying.allowed(buy("C-1", 80))
    assert buying.post({**body, "subject": {"type": "officer"}}, "/access/v1/search/subject").json()["results"] == []
