"""The shipped model and rows are real Casbin: a stock `casbin.Enforcer` loads them and decides the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import casbin
import pytest

from adapters.storage.policy_folder import PolicyFolder
from sidecar.case_history.history import CaseHistory
from sidecar.case_history.ledger import Ledger
from sidecar.controls.context import AccessRequest, ControlContext
from sidecar.controls.table import Judge
from sidecar.decision.counted import NO_LEDGERS
from sidecar.decision.decide import decide
from sidecar.decision.policy import CASBIN_FUNCTIONS, PolicySnapshot
from sidecar.expectations.language import Expectation, ExpectationsFile
from sidecar.expectations.run import _counted, _history, _now, _personnel, _request
from sidecar.personnel.registers import Personnel
from sidecar.power_list.load import load
from sidecar.power_list.source import read_source
from tests.e2e.processes import ROOT
from tests.samples import EVERYONE, MODEL, act, changed, compiled, history, moment, policy_files, snapshot

# What no row says: the case keeps its item, region and party; a co-signature must be needed; facts are as they are declared.
BESIDE_THE_ROWS = {
    "CASE_ITEM_MISMATCH",
    "CASE_REGION_MISMATCH",
    "CASE_PARTY_MISMATCH",
    "CASE_TOO_LARGE",
    "CO_SIGN_NOT_NEEDED",
    "FACT_INVALID",
    "DELEGATION_INVALID",
    "SUSPENDED",
}


def enforcer(folder: Path, model: bytes, policy: bytes) -> Any:
    (folder / "model.conf").write_bytes(model)
    (folder / "policy.csv").write_bytes(policy)
    stock = casbin.Enforcer(str(folder / "model.conf"), str(folder / "policy.csv"))
    for name, function in CASBIN_FUNCTIONS.items():
        stock.add_function(name, function)
    return stock


def stock_answer(
    stock: Any,
    policy: PolicySnapshot,
    personnel: Personnel,
    case: CaseHistory,
    request: AccessRequest,
    now: Any,
    ledgers: Mapping[str, Ledger] = NO_LEDGERS,
) -> bool:
    """What Casbin itself says, its roles being the appointments of the day."""
    item = policy.item(request.item)
    assert item is not None
    subject = f"officer:{request.person}"
    context = ControlContext(request, item, policy.organs[item.organ].level, case, personnel, now, ledgers, policy.deadlines)
    held = context.held
    stock.delete_roles_for_user(subject)
    for post in held & {request.acting_post} if request.acting_post else held:
        stock.add_role_for_user(subject, f"post:{post}")
    judge = Judge(context)
    region = request.region or case.region or item.region
    return bool(stock.enforce(subject, region, request.item, request.step, now.strftime("%Y%m%d"), judge))


def shipped_expectations() -> list[Expectation]:
    files = PolicyFolder(ROOT / "policies").expectations()
    models = [load(read_source(path, data), ExpectationsFile).model for path, data in files.items()]
    return [expectation for model in models if model for expectation in model.expectations]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, PolicySnapshot]:
    """The stock enforcer and our snapshot on the same shipped bytes."""
    folder = ROOT / "policies"
    model, policy = (folder / "model.conf").read_bytes(), (folder / "compiled" / "policy.csv").read_bytes()
    return enforcer(tmp_path_factory.mktemp("stock"), model, policy), PolicyFolder(folder).snapshot()


@pytest.mark.slow
def test_stock_casbin_agrees_on_every_shipped_expectation(shipped: tuple[Any, PolicySnapshot]) -> None:
    """Each of the shipped questions gets the same answer from Casbin itself."""
    stock, policy = shipped
    compared = 0
    for expectation in shipped_expectations():
        values = (
            _personnel(expectation, policy),
            _history(expectation, policy),
            _request(expectation, policy),
            _now(expectation),
        )
        counted = _counted(expectation, policy, *values)
        decision = decide(policy, *values, counted)
        if policy.item(values[2].item) is None or {ground.code for ground in decision.grounds} & BESIDE_THE_ROWS:
            continue
        assert stock_answer(stock, policy, *values, counted) == decision.allowed, expectation.name
        compared += 1
    assert compared > 150


def test_stock_casbin_agrees_over_every_post_step_and_stage(tmp_path: Path) -> None:
    """Every officer tries every step of the sample item at every stage of a case."""
    stock, policy = enforcer(tmp_path, MODEL, compiled().policy), snapshot()
    acts = [
        act("accept", "clerk", facts={"amount": 600}),
        act("review", "reviewer"),
        act("site", "head", kind="co_signed"),
        act("site", "checker"),
        act("hear", "head"),
        act("decide", "deputy"),
        act("issue", "clerk"),
    ]
    answers = set()
    for stage in range(len(acts) + 1):
        case = history(*acts[:stage])
        for person in ("clerk", "checker", "head", "deputy", "reviewer", "all", "nobody"):
            for step in ("accept", "review", "site", "hear", "decide", "issue"):
                carried: dict[str, Any] = {"facts": {"amount": 600}, "evidence": frozenset({"drawings"}), "outcome": "grant"}
                request = AccessRequest(person, step, "permit", "C-1", **carried)
                decision = decide(policy, EVERYONE, case, request, moment())
                assert stock_answer(stock, policy, EVERYONE, case, request, moment()) == decision.allowed, (stage, person, step)
                answers.add((decision.allowed, step))
    assert len(answers) == 12  # each step is allowed at some stage and refused at another


WRITTEN = "not (kind in (soft, 硬质) and amount * 3% > 1 万元 or found - offence > 30 day) or amount / 2 == 15 yuan"


def test_stock_casbin_loads_every_form_of_expression(tmp_path: Path) -> None:
    """Braces, words, units and fractions are ordinary characters of a cell, and a stock enforcer judges by them as we do."""
    facts = (
        "facts:\n"
        "      - {name: amount, type: money, unit: yuan, label: 数额}\n"
        "      - {name: kind, type: choice, words: {soft: 软质, hard: 硬质}, label: 类别}\n"
        "      - {name: offence, type: date, label: 发生日}\n"
        "      - {name: found, type: date, label: 发现日}\n"
    )
    powers = changed("facts: [{name: amount, type: integer, label: 数额}]\n", facts)
    powers = changed("value: 500", "value: 500 yuan", changed("when: amount <= 30", f'when: "{WRITTEN}"', powers))
    built = compiled(policy_files(powers))
    stock, policy = enforcer(tmp_path, MODEL, built.policy), snapshot(powers)
    (row,) = {row.cells[8] for row in built.rows if row.ptype == "p" and row.cells[7] == "excludes"}
    assert row == (
        "not {kind in {soft hard} and amount * {3 / 100} > 1 wan_yuan or found - offence > 30 day} or amount / 2 == 15 yuan"
    )
    assert row in {rule[8] for rule in stock.get_policy()}
    answers = set()
    for amount in (30, 333_334, "33.3334 万元"):
        for kind in ("soft", "软质", "hard"):
            for found in ("2026-01-31", "2026-02-02"):
                said = {"amount": amount, "kind": kind, "offence": "2026-01-01", "found": found}
                request = AccessRequest("clerk", "accept", "permit", "C-1", facts=said)
                decision = decide(policy, EVERYONE, CaseHistory("C-1"), request, moment())
                assert stock_answer(stock, policy, EVERYONE, CaseHistory("C-1"), request, moment()) == decision.allowed
                answers.add(decision.allowed)
    assert answers == {True, False}
