"""`quanheng test`: an expectation is run as it reads, a difference is named exactly, and what nobody asks is told."""

from sidecar.expectations.run import Outcome, Report, run_expectations
from tests.samples import SNAPSHOT

GOOD = """expectations:
  - name: 审查之后决定
    item: permit
    officers:
      甲: {posts: [reviewer]}
      乙: {posts: [front.clerk]}
      丙: {posts: [deputy]}
    history:
      - {officer: 乙, step: accept, facts: {amount: 100}}
      - {officer: 甲, step: review}
    request: {officer: 丙, step: decide, outcome: grant}
    expect: {decision: allow, obligations: [deadline:issue]}
"""


def run(text: str) -> Report:
    return run_expectations({"office/expectations.yaml": text.encode()}, SNAPSHOT)


def only(report: Report) -> Outcome:
    assert not report.findings, [str(f.place) + f.sentence.en for f in report.findings]
    (outcome,) = report.outcomes
    return outcome


def test_what_holds_holds() -> None:
    """The decision, the exact codes and the exact duties."""
    assert run(GOOD).passed
    assert only(run(GOOD)).decision.rows == ("permit.decide.a1",)


def test_a_difference_says_what_was_expected_and_what_was_found() -> None:
    """Decision, codes and duties are each compared."""
    denied = GOOD.replace("{decision: allow, obligations: [deadline:issue]}", "{decision: deny, codes: [NO_POWER]}")
    assert only(run(denied)).differences == (("decision", "deny", "allow"), ("codes", "NO_POWER", "-"))
    fewer = GOOD.replace("obligations: [deadline:issue]", "obligations: []")
    assert only(run(fewer)).differences == (("obligations", "-", "deadline:issue"),)
    assert not run(fewer).passed


def test_one_code_too_few_is_a_difference() -> None:
    """All grounds are expected by name; a second, unexpected one is not overlooked."""
    both = GOOD.replace("甲, step: review}", "甲, step: accept, co_sign: true}").replace("outcome: grant", "outcome: refuse")
    both = both.replace("{decision: allow, obligations: [deadline:issue]}", "{decision: deny, codes: [STEP_OUT_OF_ORDER]}")
    assert only(run(both)).differences == (("codes", "STEP_OUT_OF_ORDER", "MISSING_REQUIREMENT, STEP_OUT_OF_ORDER"),)


def test_names_that_do_not_exist_are_mistakes_not_refusals() -> None:
    """A misspelt name would make an expectation of a denial hold for the wrong reason."""
    for old, new, code in (
        ("item: permit", "item: permitt", "UNKNOWN_ITEM_NAMED"),
        ("[reviewer]", "[reviever]", "UNKNOWN_POST"),
        ("step: review}", "step: revue}", "UNKNOWN_STEP"),
        ("{officer: 丙", "{officer: 丁", "UNKNOWN_OFFICER"),
        ("decision: allow", "decision: maybe", "NOT_IN_TABLE"),
        ("expect:", "expects:", "UNKNOWN_KEY"),
    ):
        report = run(GOOD.replace(old, new))
        assert code in {finding.code for finding in report.findings}, new
        assert not report.passed


def test_a_misspelt_step_of_the_request_may_be_expected_to_be_refused() -> None:
    """What is asked may be wrong on purpose: that a step is unknown is itself an expectation."""
    text = GOOD.replace("step: decide, outcome: grant", "step: decree")
    text = text.replace("{decision: allow, obligations: [deadline:issue]}", "{decision: deny, codes: [NO_POWER]}")
    assert run(text).passed


def test_what_no_expectation_touches_is_named() -> None:
    """Items never asked about, and rules that never stopped anything."""
    report = run(GOOD)
    assert report.untouched_items == ("fine",)
    assert {"AL-SEP", "AL-34", "CS-76"} <= set(report.untouched_rules)
    same = GOOD.replace("{posts: [deputy]}", "{posts: [deputy, reviewer]}").replace(
        "{officer: 甲, step: review}", "{officer: 丙, step: review}"
    )
    same = same.replace("{decision: allow, obligations: [deadline:issue]}", "{decision: deny, codes: [SAME_PERSON_PRIOR_STEP]}")
    stopped = run(same)
    assert stopped.passed
    assert "ITEM" not in stopped.untouched_rules


def test_chinese_keys_and_words() -> None:
    """The people who write expectations may write all of it in Chinese."""
    text = GOOD.replace("expect: {decision: allow", "期望: {决定: 准许").replace("officers:", "人员:").replace("item:", "事项:")
    assert run(text).passed
