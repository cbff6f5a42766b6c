"""`quanheng log explain` as an inspector uses it: one decision, its whole story, its proof."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner, Result

from adapters.storage.kept import KeptGrounds
from sidecar.cli.commands import app
from sidecar.errors import NotFoundError, QuanhengError, SettingsError
from sidecar.personnel.registers import Appointment, Delegation, Personnel, Span, Term
from tests.http_api.calling import ACCEPT, AUTHORIZE, REVIEW, asking, to
from tests.log.logs import Kept, keeping, made
from tests.log.offices import Office
from tests.log.test_kept import built
from tests.log.test_replay_of_plain_policies import RBAC, Recorded
from tests.samples import personnel
from tests.unit.controls.purchases import PEOPLE as BUYERS
from tests.unit.controls.purchases import POLICY as PURCHASES

DOCUMENT = "授〔2026〕1号"


class Told(NamedTuple):
    """A data folder, and the decisions in it: by what they are called here."""

    data: Path
    ids: dict[str, str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A case from its acceptance to a decision by a delegate, with a refusal, a failed act and a question; signed."""
    folder = tmp_path_factory.mktemp("told")
    where, office, policies = made(folder), Office(folder), built(folder / "policies")
    policy = policies.snapshot()
    KeptGrounds(office.data).keep_policies(policies, policy)
    posts: dict[str, str | list[str]] = {
        "clerk": "front.clerk",
        "reviewer": ["law.reviewer", "front.deputy"],
        "deputy": "front.deputy",
    }
    held = [Appointment(p, post, Span()) for p, names in posts.items() for post in ([names] if isinstance(names, str) else names)]
    lent = Delegation("deputy", "checker", "officer", (), (), (), Term(), DOCUMENT)
    office.serve(policy, Personnel(held, delegations=[lent]))
    ids = dict(zip(("accept", "review"), office.allowed(ACCEPT, REVIEW), strict=True))
    refused = office.sidecar.answer(asking("reviewer", "decide", outcome="grant"))
    office.sidecar.report(ids["accept"], {"result": "performed", "detail": "HTTP 201"})
    body = asking("checker", "decide", outcome="grant")
    body["subject"]["properties"]["on_behalf_of"] = "deputy"
    (ids["decide"],) = office.allowed(body)
    ids["refused"] = refused["context"]["decision_id"]
    stranger = office.sidecar.send(to(AUTHORIZE, asking("stranger", "issue"), request_id="r-7"))
    ids["stranger"] = stranger.json()["context"]["decision_id"]
    office.sidecar.report(ids["decide"], {"result": "failed"})
    office.close()
    keeping(where, _nothing)
    return Told(office.data, ids)


@pytest.fixture
def copy(told: Told, tmp_path: Path) -> Told:
    """One that may be damaged."""
    shutil.copytree(told.data, tmp_path / "copy")
    return told._replace(data=tmp_path / "copy")


async def _nothing(_kept: Kept) -> None:
    """A keeper signs when it ends."""


def explain(told: Told, what: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["log", "explain", told.ids.get(what, what), "--data", str(told.data), *options])


def story(told: Told, what: str, *options: str) -> Any:
    return json.loads(explain(told, what, "--json", *options).stdout)


def test_an_allow_is_told_whole(told: Told) -> None:
    """Who, by which appointment and delegation, which power, every control, the acts before, what became of it, and the proof."""
    found = story(told, "decide")
    assert (found["who"]["person"], found["who"]["on_behalf_of"]) == ("checker", "deputy")
    assert found["who"]["delegation"]["document"] == DOCUMENT
    appointment = found["appointment"]
    assert (appointment["holder"], appointment["post"], appointment["name"]) == ("deputy", "front.deputy", "副局长岗")
    assert appointment["terms"] == [{"from": "", "to": "", "holds": True}]
    assert (found["power"]["name"], found["power"]["step_name"], found["power"]["class"]) == ("示范许可", "决定", "licensing")
    assert [row["source"].split(":")[0] for row in found["power"]["rows"]] == ["office/powers.yaml"]
    assert {control["result"] for control in found["controls"]} == {"pass"}
    separation = next(c for c in found["controls"] if (c["control"], c["argument"]) == ("distinct", "review"))
    assert separation["argument_name"] == "审查"
    assert [(act["entry"], act["step"], act["person"]) for act in found["case"]["acts"]] == [
        (3, "accept", "clerk"),
        (4, "review", "reviewer"),
    ]
    assert found["case"]["acts"][0]["reported"]
    assert found["outcome"]["result"] == "failed"
    assert found["replay"]["result"] == "same"
    assert (found["proof"]["fault"], found["proof"]["index"]) == ("", 6)
    assert (Path(found["policy"]["folder"]) / "office/powers.yaml").is_file()
    assert explain(told, "decide").exit_code == 0


def test_a_refusal_says_what_stopped_it_and_who_may(told: Told) -> None:
    """The control that stopped it says why, those that passed stand beside it."""
    found = story(told, "refused")
    assert [ground["code"] for ground in found["grounds"]] == ["SAME_PERSON_PRIOR_STEP"]
    stopped = [control for control in found["controls"] if control["result"] == "stop"]
    assert [control["found"] for control in stopped] == [found["grounds"][0]["reason"]]
    assert len(found["controls"]) > len(stopped)
    assert "front.deputy" in [post["post"] for post in found["remedy"]]
    assert [near["post"] for near in found["nearest"]][:1] == ["front.deputy"]
    assert found["nearest"][0]["failed"] == []


def test_a_refusal_without_a_post_says_which_power_came_nearest(told: Told) -> None:
    """And which of its terms did not hold. The identifier of the request leads there, too."""
    found = story(told, "r-7")
    assert found["decision"]["decision_id"] == told.ids["stranger"]
    assert found["decision"]["code"] == "NO_POWER"
    assert found["nearest"][0]["failed"] == ["p.sub == '*' or g(r.sub, p.sub)"]
    page = explain(told, "r-7", "--lang", "zh").output
    assert "✗ 本人当日任此岗位" in page
    assert "没有可凭以办理的岗位" in page


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("zh", ["【何人】", "代 deputy 办理，凭 授〔2026〕1号", "副局长岗（front.deputy）", "✓ ITEM 事项自行规定"]),
        ("zh", ["不得与 审查 为同一人", "第 3 号", "已当场核验", "逐位一致"]),
        ("en", ["Who:", "on behalf of deputy, by 授〔2026〕1号", "another person than for 审查", "entry 3"]),
        ("en", ["bit for bit", "verified right here", "as the log names it"]),
    ],
)
def test_the_page_is_for_people(told: Told, lang: str, expected: list[str]) -> None:
    """In the language of the inspector."""
    page = explain(told, "decide", "--lang", lang).output
    assert [text for text in expected if text not in page] == []


def test_every_way_to_a_decision(told: Told) -> None:
    """Its number, the number of the report of its outcome, its identifier."""
    seqs = {story(told, what)["decision"]["seq"] for what in ("3", "6", "accept")}
    assert seqs == {3}


def test_a_key_that_did_not_sign_proves_nothing(told: Told) -> None:
    """With the log's own key given by hand it does."""
    key = (told.data.parent / "data.keys").iterdir()
    assert [path.suffix for path in key]
    own = story(told, "decide")["proof"]["signed_by"][0]
    assert story(told, "decide", "--key", own)["proof"]["key_given"] is True
    assert story(told, "decide", "--key", own)["proof"]["fault"] == ""
    other = "record.example/binhe+00000000+" + own.rsplit("+", 1)[1]
    run = explain(told, "decide", "--key", other)
    assert run.exit_code != 0


def test_what_is_not_kept_is_said_and_the_rest_told(copy: Told) -> None:
    """From the entry alone: status 1."""
    shutil.rmtree(copy.data / "kept/policies")
    found = story(copy, "refused")
    assert (found["replay"]["result"], found["replay"]["cause"]) == ("not_replayed", "policy_not_kept")
    assert [ground["code"] for ground in found["grounds"]] == ["SAME_PERSON_PRIOR_STEP"]
    run = explain(copy, "refused", "--lang", "zh")
    assert run.exit_code == 1
    assert "找不到当时的策略" in run.output
    assert "✗ " in run.output


def test_an_entry_that_was_changed_is_not_explained(copy: Told) -> None:
    """It is no longer the one that was recorded."""
    with sqlite3.connect(copy.data / "record.sqlite3") as connection:
        connection.execute("UPDATE entries SET body = replace(body, 'reviewer', 'other') WHERE seq = 4")
    connection.close()
    assert isinstance(explain(copy, "4").exception, QuanhengError)


def test_what_is_no_decision(told: Told) -> None:
    """Unknown identifiers, and entries that tell of no decision."""
    assert isinstance(explain(told, "none").exception, NotFoundError)
    assert isinstance(explain(told, "1").exception, NotFoundError)


def test_a_decision_that_was_revoked_names_the_revocation(tmp_path: Path) -> None:
    """And the later decision tells the earlier one among the acts that no longer stand."""
    office = Office(tmp_path)
    office.serve(PURCHASES, BUYERS)
    (bought,) = office.allowed(asking("boss", "decide", item="buy", outcome="grant", facts={"sum": 60, "group": 1}))
    body = asking("boss", "revoke", item="buy", evidence={"reason": "错误"})
    body["action"]["properties"]["corrects"] = bought
    refused = office.sidecar.answer(body)
    office.close()
    KeptGrounds(office.data).keep_personnel(BUYERS)
    later = story(Told(office.data, {}), bought)["later"]
    assert [(one["seq"], one["verb"], one["person"]) for one in later] == [(2, "revoke", "boss")]
    assert later[0]["decision"] == ("allow" if refused["decision"] else "deny")
    assert "其后第 2 号" in explain(Told(office.data, {}), bought, "--lang", "zh").output


def test_a_request_identifier_of_two_callers(tmp_path: Path) -> None:
    """Each has identifiers of its own: which is meant?"""
    office = Office(tmp_path)
    office.serve(people=personnel({"clerk": "front.clerk"}))
    for caller in ("portal", "counter"):
        office.sidecar.send(to(AUTHORIZE, asking("nobody"), request_id="r-1", caller=caller))
    office.close()
    fault = explain(Told(office.data, {}), "r-1").exception
    assert isinstance(fault, SettingsError)
    assert "entries 1, 2" in fault.message


def test_a_decision_of_a_plain_policy(tmp_path: Path) -> None:
    """What its entry tells, the rows, and where the policy can be read."""
    recorded = Recorded(tmp_path, RBAC.model, RBAC.rows)
    recorded.ask("wang", "file", "read", request_id="r-1")
    recorded.close()
    found = story(Told(recorded.data, {}), "r-1")
    assert (found["replay"]["result"], found["appointment"], found["power"]["sources"]) == ("same", {}, ["rules.csv:1"])
    assert (Path(found["policy"]["folder"]) / "model.conf").is_file()
    assert "Who:" in explain(Told(recorded.data, {}), "r-1", "--lang", "en").output
