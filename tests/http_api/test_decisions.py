"""What is answered to an officer's request: the documented shape, what each kind of request does to the case."""

import re

import pytest

from tests.http_api.calling import ACCEPT, BOTH, DECIDE, REVIEW, Body, Sidecar, asking
from tests.samples import POWERS, SNAPSHOT

ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\Z")
STATE_TOKEN = re.compile(r"v1\.(\d+)\.[0-9a-f]{32}\.[0-9a-f]{32}\Z")
ARTICLE = "行政许可法第12条"
OF_ITEM = f"事项 permit 第1版；{ARTICLE}"


def written_at(text: str) -> str:
    """file:line of the only line of the power list that holds `text`."""
    (line,) = (n for n, words in enumerate(POWERS.splitlines(), 1) if text in words)
    return f"office/powers.yaml:{line}"


GRANTED: Body = {
    "code": "ALLOWED",
    "rule": "AL-38",
    "basis": ARTICLE,
    "reason": {
        "zh": "准许：岗位“副局长岗”有权办理事项“示范许可”的“决定”。",
        "en": "Allowed: post 副局长岗 holds step '决定' of item '示范许可'.",
    },
    "item": {"id": "permit", "name": "示范许可", "version": 1},
    "step": "decide",
    "post": "front.deputy",
    "rows": ["permit.decide.a1"],
    "sources": [written_at("{id: decide")],
    "legal_basis": [ARTICLE],
    "obligations": [
        {
            "id": "permit.decide.o1",
            "type": "deadline",
            "properties": {
                "basis": "事项 permit 第1版 控制措施",
                "step": "issue",
                "n": 10,
                "unit": "workday",
                "due": "2026-01-19",
                "remind": "2026-01-15",
            },
        }
    ],
    "flags": [],
    "case": {"id": "C-1", "version": 3},
}

NO_POWER: Body = {
    "zh": "您的岗位没有事项“示范许可”的“决定”权力。请交由有权岗位办理：副局长岗(front.deputy)、科长岗(front.head)。",
    "en": "Your post does not hold step '决定' of item '示范许可'. "
    "Pass it to a post that does: 副局长岗(front.deputy)、科长岗(front.head).",
}
REFUSED: Body = {
    "code": "NO_POWER",
    "rule": "AL-4",
    "basis": OF_ITEM,
    "reason": NO_POWER,
    "item": {"id": "permit", "name": "示范许可", "version": 1},
    "step": "decide",
    "post": "",
    "rows": ["permit.decide.d7"],
    "sources": [written_at("- id: permit"), written_at("separation: [[review, decide]]")],
    "legal_basis": [ARTICLE],
    "obligations": [],
    "flags": [],
    "case": {"id": "C-1", "version": 2},
    "remedy": {"posts": ["front.deputy", "front.head"], "names": ["副局长岗", "科长岗"]},
    "grounds": [
        {
            "code": "NO_POWER",
            "rule": "AL-4",
            "basis": OF_ITEM,
            "row": "",
            "source": written_at("- id: permit"),
            "reason": NO_POWER,
            "missing": [],
        },
        {
            "code": "SAME_PERSON_PRIOR_STEP",
            "rule": "ITEM",
            "basis": "事项 permit 第1版 控制措施",
            "row": "permit.decide.d7",
            "source": written_at("separation: [[review, decide]]"),
            "reason": {
                "zh": "您已在本案办理“审查”，不得再办理“决定”。请由其他人员办理：副局长岗(front.deputy)、科长岗(front.head)。",
                "en": "You already did '审查' in this case and may not do '决定'. "
                "Pass it to another holder of: 副局长岗(front.deputy)、科长岗(front.head).",
            },
            "missing": [],
        },
    ],
}


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize(
    ("asked", "decision", "told"),
    [(DECIDE, True, GRANTED), (asking("reviewer", "decide", outcome="grant"), False, REFUSED)],
    ids=["allow", "deny"],
)
def test_an_answer_has_exactly_the_documented_members(
    sidecar: Sidecar, path: str, asked: Body, decision: bool, told: Body
) -> None:
    """Both paths answer allow and deny alike: power, place, article, reasons, what is due, and for a deny what would help."""
    sidecar.allowed(ACCEPT, REVIEW)
    response = sidecar.post(asked, path)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    answer = response.json()
    assert ULID.match(answer["context"].pop("decision_id"))
    assert answer["context"].pop("policy") == SNAPSHOT.digest
    assert STATE_TOKEN.match(answer["context"].pop("state_token"))[1] == str(told["case"]["version"])  # type: ignore[index]
    assert answer == {"decision": decision, "context": told}


# what is asked of a case in which only the application was accepted → code, and what the first ground names as missing
DENIED: dict[str, tuple[Body, str, list[str]]] = {
    "evidence left out": (asking("reviewer", "review"), "MISSING_REQUIREMENT", ["drawings"]),
    "evidence without a reference": (
        asking("reviewer", "review", evidence={"drawings": " "}),
        "MISSING_REQUIREMENT",
        ["drawings"],
    ),
    "a step left out": (DECIDE, "STEP_OUT_OF_ORDER", ["review"]),
    "a refusal without its reason": (asking("head", "decide", outcome="refuse"), "STEP_OUT_OF_ORDER", ["review"]),
    "done already": (ACCEPT, "STEP_ALREADY_DONE", []),
    "a step that is none": (asking("clerk", "destroy"), "NO_POWER", []),
    "an item that is none": (asking("clerk", "accept", item="pardon"), "NO_POWER", []),
    "another item": (asking("head", "file", item="fine"), "CASE_ITEM_MISMATCH", []),
    "another region": (asking("reviewer", "review", evidence=["drawings"], region="650202"), "CASE_REGION_MISMATCH", []),
    "a region elsewhere": (asking("clerk", "accept", case="C-2", region="110000"), "OUT_OF_REGION", []),
    "a matter outside the power": (asking("clerk", "accept", case="C-2", facts={"amount": 30}), "OUT_OF_SCOPE", []),
    "a fact left out": (asking("clerk", "accept", case="C-2", facts={}), "MISSING_REQUIREMENT", ["amount"]),
    "somebody unknown": (asking("nobody", "review", evidence=["drawings"]), "NO_POWER", []),
    "an officer's name as another type": (asking("reviewer", "review", subject_type="user"), "NO_POWER", []),
    "another resource": (asking("clerk", "accept", case="C-2", resource_type="record"), "NO_POWER", []),
    "a post not held": (asking("reviewer", "review", acting_post="front.head"), "NO_POST", []),
    "another level": (asking("head", "decide", outcome="grant", level="2"), "WRONG_LEVEL", []),
    "a signature nobody needs": (asking("reviewer", "review", intent="co_sign"), "CO_SIGN_NOT_NEEDED", []),
}


@pytest.mark.parametrize(("asked", "code", "missing"), DENIED.values(), ids=DENIED)
def test_a_refusal_names_its_ground_and_leaves_the_case_as_it_was(
    sidecar: Sidecar, asked: Body, code: str, missing: list[str]
) -> None:
    """The headline is the first ground, in both languages, and nothing was done."""
    sidecar.allowed(ACCEPT)
    before = {name: sidecar.case(name) for name in ("C-1", "C-2")}
    answer = sidecar.answer(asked)
    context = answer["context"]
    first = context["grounds"][0]
    assert (answer["decision"], context["code"], first["missing"]) == (False, code, missing)
    assert {name: context[name] for name in ("code", "rule", "basis", "reason")} == {
        name: first[name] for name in ("code", "rule", "basis", "reason")
    }
    assert re.search("[\u4e00-\u9fff]", first["reason"]["zh"])
    assert {name: sidecar.case(name) for name in before} == before


@pytest.mark.parametrize("asked", [DECIDE, asking("reviewer", "decide")], ids=["allow", "deny"])
def test_the_record_says_what_the_answer_says(sidecar: Sidecar, asked: Body) -> None:
    """Every answer has one entry, under its identifier and with the same grounds to stand on."""
    sidecar.allowed(ACCEPT, REVIEW)
    answer = sidecar.answer(asked, request_id="r-9")
    context, entry = answer["context"], sidecar.entries()[-1]
    assert len(sidecar.entries()) == 3
    assert entry["decision"] == ("allow" if answer["decision"] else "deny")
    for name in ("decision_id", "code", "reason", "rows", "sources"):
        assert entry[name] == context[name]
    assert (entry["item"], entry["item_version"]) == (context["item"]["id"], context["item"]["version"])
    assert (entry["case_id"], entry["case_version"]) == (context["case"]["id"], context["case"]["version"])
    assert (entry["policy_digest"], entry["basis"]) == (context["policy"], context["legal_basis"])
    assert [ground["code"] for ground in entry["grounds"]] == [ground["code"] for ground in context.get("grounds", [])]
    assert (entry["request_id"], entry["caller"], entry["client_ip"]) == ("r-9", "portal", "192.0.2.7")
    assert (entry["time"], entry["time_source"]) == ("2026-01-05T09:00:00.000+08:00", "test")


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("name", ["r-1", "0", "a b", "../x", "é", "x" * 256])
def test_the_request_identifier_is_echoed(sidecar: Sidecar, path: str, name: str) -> None:
    """Whatever the caller wrote comes back with the answer, byte for byte; without one there is none."""
    response = sidecar.post(ACCEPT, path, headers={"x-request-id": name})
    assert response.headers.raw.count((b"x-request-id", name.encode("latin-1"))) == 1
    assert "x-request-id" not in sidecar.post(ACCEPT, path).headers


def test_a_question_is_recorded_and_never_enters_the_case(either: Sidecar) -> None:
    """Asking whether one could act is answered like the act and leaves the step to be done."""
    question = asking(intent="question")
    first, second = either.allowed(question, question)
    assert first["case"] == second["case"] == {"id": "C-1", "version": 0}
    assert either.case().version == 0
    assert [entry["intent"] for entry in either.entries()] == ["question", "question"]
    (act,) = either.allowed(ACCEPT)
    assert act["case"]["version"] == 1


def test_two_officers_do_what_one_may_not(either: Sidecar) -> None:
    """One signs, which allows the signature only; the same person cannot finish it, a second one can, and that spends it."""
    either.allowed(ACCEPT)
    alone = either.answer(asking("checker", "site"))
    (signature,) = either.allowed(asking("checker", "site", intent="co_sign"))
    twice = either.answer(asking("checker", "site", intent="co_sign"))
    both_roles = either.answer(asking("checker", "site"))
    (act,) = either.allowed(asking("head", "site"))
    assert [a["context"]["code"] for a in (alone, twice, both_roles)] == [
        "TOO_FEW_OFFICERS",
        "STEP_ALREADY_DONE",
        "TOO_FEW_OFFICERS",
    ]
    assert (signature["code"], signature["obligations"], act["code"]) == ("CO_SIGNED", [], "ALLOWED")
    case = either.case()
    assert [(a.kind, a.step, a.person) for a in case.acts[1:]] == [
        ("co_signed", "site", "checker"),
        ("performed", "site", "head"),
    ]
    assert case.open_signatures("site") == frozenset()
    assert either.entries()[-1]["officers"] == ["checker"]


def test_a_signature_is_no_performance(sidecar: Sidecar) -> None:
    """A step that is only signed is not done, however often it is asked about."""
    sidecar.allowed(ACCEPT, asking("checker", "site", intent="co_sign"), asking("head", "site", intent="question"))
    assert sidecar.case().performances("site") == ()


def test_later_steps_may_leave_item_region_and_facts_to_the_case(either: Sidecar) -> None:
    """The first act fixed them; the answer names them all the same."""
    either.allowed(asking(region="650200", party="甲公司"), REVIEW)
    (act,) = either.allowed(asking("deputy", "decide", outcome="grant", item=None))
    assert (act["item"]["id"], act["step"], act["case"]["version"]) == ("permit", "decide", 3)
    entry = either.entries()[-1]
    assert (entry["item"], entry["region"]) == ("permit", "650200")
    assert entry["party_token"] == either.case().party != ""


def test_the_first_step_may_not_leave_the_item_out(sidecar: Sidecar) -> None:
    """A case that has no item yet cannot lend one."""
    answer = sidecar.answer(asking(item=None))
    assert (answer["decision"], answer["context"]["code"]) == (False, "NO_POWER")


def test_a_decision_says_its_outcome_and_a_refusal_its_reason(sidecar: Sidecar) -> None:
    """Left open whether it grants, or refusing without a reason as evidence, it is not allowed; what is missing is named."""
    sidecar.allowed(ACCEPT, REVIEW)
    for outcome, missing in ((None, ["outcome"]), ("", ["outcome"]), ("refuse", ["reason_if_refused"])):
        context = sidecar.answer(asking("deputy", "decide", outcome=outcome))["context"]
        assert (context["code"], context["grounds"][0]["missing"]) == ("MISSING_REQUIREMENT", missing)
    sidecar.allowed(asking("deputy", "decide", outcome="refuse", intent="question", evidence={"reason": "doc-1"}), DECIDE)


def test_nobody_issues_what_was_refused(sidecar: Sidecar) -> None:
    """A refusal sets no deadline for issuing, and closes the way to it; a grant does the opposite."""
    refusal = asking("deputy", "decide", outcome="refuse", evidence={"reason": "doc-1"})
    for case, decision, open_ in (("C-1", refusal, False), ("C-2", DECIDE, True)):
        there = [{**body, "resource": asking(case=case)["resource"]} for body in (ACCEPT, REVIEW, decision)]
        due = sidecar.allowed(*there)[-1]["obligations"]
        issue = sidecar.answer(asking("clerk", "issue", case=case))
        assert (bool(due), issue["decision"]) == (open_, open_)
    assert sidecar.answer(asking("clerk", "issue"))["context"]["code"] == "STEP_OUT_OF_ORDER"


@pytest.mark.parametrize(
    "text", ["__import__('os').system('true')", "r.sub == p.sub", "{{7*7}}", "{posts}", "'; DROP TABLE entries; --", "*", "%s%n"]
)
def test_text_that_looks_like_code_is_text(sidecar: Sidecar, text: str) -> None:
    """E1: it is refused like any other unknown step, and recorded letter by letter."""
    answer = sidecar.answer(asking("clerk", text))
    assert (answer["decision"], answer["context"]["code"], answer["context"]["step"]) == (False, "NO_POWER", text)
    assert text in answer["context"]["reason"]["zh"]
    assert sidecar.entries()[-1]["action"]["step"] == text


@pytest.mark.parametrize(
    "members",
    [
        {"now": "2031-01-01T00:00:00Z", "time": "2031-01-01"},
        {"policy": "sha256:0", "officer": {"level": "1", "posts": ["front.deputy"]}, "decision": True},
        {"facts": {"accept_done": True, "review_done": True}},
    ],
    ids=["clock", "policy and posts", "history"],
)
def test_no_member_overrides_what_the_service_knows_itself(sidecar: Sidecar, members: Body) -> None:
    """J14: clock, policy, posts and the case's own history come from the service; a caller's word for them changes nothing."""
    plain = asking("deputy", "decide", intent="question")
    first = sidecar.answer(plain)
    second = sidecar.answer({**plain, "context": {**plain["context"], **members}})
    assert first["context"].pop("decision_id") != second["context"].pop("decision_id")
    assert (first["decision"], first) == (False, second)
    assert {entry["time"] for entry in sidecar.entries()} == {"2026-01-05T09:00:00.000+08:00"}


@pytest.mark.parametrize(
    ("days", "found"),
    [(5, []), (11, [("blue", "LIMIT_NEAR")]), (14, [("blue", "LIMIT_NEAR")]), (15, [("yellow", "LIMIT_OVER")])],
)
def test_a_late_act_is_allowed_and_marked_in_answer_and_record(sidecar: Sidecar, days: int, found: list[tuple[str, str]]) -> None:
    """Ten working days from Monday 5 January 2026 for issuing: due on the 19th, reminded of from the 15th on; nothing refuses."""
    sidecar.allowed(ACCEPT, REVIEW, DECIDE)
    sidecar.clock.move(days=days)
    context = sidecar.allowed(asking("clerk", "issue"))[0]
    assert [(flag["grade"], flag["code"]) for flag in context["flags"]] == found
    for flag in context["flags"]:
        assert (flag["due"], flag["source"]) == ("2026-01-19", written_at("{id: issue"))
        assert "2026-01-19" in flag["reason"]["zh"]
    recorded = sidecar.entries(kind="decision")[-1]["flags"]
    assert recorded == [{name: value for name, value in flag.items() if name != "reason"} for flag in context["flags"]]
