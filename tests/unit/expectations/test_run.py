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
        ("{amount: 100}", "{amuont: 100}", "FACT_NOT_ASKED"),
        ("{amount: 100}", "{amount: true}", "FACT_NOT_AS_DECLARED"),
        ("outcome: grant}", "outcome: grant, facts: {amuont: 1}}", "FACT_NOT_ASKED"),
        ("{amount: 100}", "{amount: 1.5}", "BAD_FORM"),
        ("decision: allow", "decision: maybe", "NOT_IN_TABLE"),
        ("expect:", "expects:", "UNKNOWN_KEY"),
        ("{officer: 甲, step: review}", "{officer: 甲, step: review, post: reviever}", "UNKNOWN_POST"),
        ("[front.clerk]", "[clerk]", "AMBIGUOUS_POST"),
        ("{decision: allow, obligations: [deadline:issue]}", "{decision: deny, codes: [UNKNOWN_ITEM]}", "NOT_IN_TABLE"),
    ):
        report = run(GOOD.replace(old, new))
        assert code in {finding.code for finding in report.findings}, new
        assert not report.passed
        assert (report.written, report.unread, len(report.outcomes)) == (1, 1, 0)


def test_a_wrong_name_gets_the_nearest_right_ones() -> None:
    """Not the first of the alphabet."""
    for old, new, near in (
        ("item: permit", "item: permitt", "permit"),
        ("[reviewer]", "[reviever]", "reviewer"),
        ("[deputy]", "[law.deputy]", "front.deputy"),
        ("{officer: 丙", "{officer: 丁", "丙"),
    ):
        (finding,) = run(GOOD.replace(old, new)).findings
        assert near in str(finding.facts["near"]).split(", "), finding


def test_a_mistake_of_form_hides_no_other_and_makes_no_other() -> None:
    """Each of these is exactly the mistakes named, whatever stands around it."""
    lost = GOOD.replace("step: review}", "step: revue}")
    for text, codes in (
        (lost.replace("expect:", "expects:"), ["MISSING_KEY", "UNKNOWN_KEY", "UNKNOWN_STEP"]),
        (lost.replace("- name: 审查之后决定\n    item", "- item"), ["MISSING_KEY", "UNKNOWN_STEP"]),
        (lost.replace("officer: 丙, ", ""), ["MISSING_KEY", "UNKNOWN_STEP"]),
        (lost.replace("officers:", "oficers:"), ["MISSING_KEY", "UNKNOWN_KEY", "UNKNOWN_STEP"]),
        (lost.replace("甲: {posts: [reviewer]}", "甲: reviewer"), ["NOT_A_BLOCK", "UNKNOWN_STEP"]),
        (lost.replace("甲: {posts", "甲: {post"), ["UNKNOWN_KEY", "UNKNOWN_STEP"]),
        (lost.replace("facts: {amount: 100}", "facts: {Amount: 100}"), ["BAD_FORM", "UNKNOWN_STEP"]),
        (lost.replace("request: {", "request: {officer: 丙, "), ["DUPLICATE_KEY", "UNKNOWN_STEP"]),
    ):
        report = run(text)
        assert sorted(finding.code for finding in report.findings) == codes, text
        assert (report.written, report.unread) == (1, 1)


def test_one_name_for_two_expectations_is_a_mistake() -> None:
    """Both are run, and the second is named with the place of the first."""
    report = run(GOOD + GOOD.removeprefix("expectations:\n"))
    (finding,) = report.findings
    assert (finding.code, finding.place.line) == ("DUPLICATE_ID", 13)
    assert str(finding.facts["first"]) == "office/expectations.yaml:2:11"
    assert (len(report.outcomes), report.unread, report.passed) == (2, 0, False)


def test_mistakes_keep_only_their_own_expectation_from_being_run() -> None:
    """The one before and the one after are run as ever."""
    second = GOOD.removeprefix("expectations:\n").replace("审查之后决定", "第二").replace("decision:", "decison:")
    report = run(GOOD + second + second.replace("第二", "第三").replace("decison:", "decision:"))
    assert [outcome.name for outcome in report.outcomes] == ["审查之后决定", "第三"]
    assert report.unread == 1


def test_nothing_is_not_passed() -> None:
    """No file, an empty list, and a file that is no YAML."""
    assert [f.code for f in run_expectations({}, SNAPSHOT).findings] == ["NO_EXPECTATIONS"]
    assert [f.code for f in run("expectations: []").findings] == ["EMPTY_LIST"]
    assert run("expectations: [").lost == ("office/expectations.yaml",)
    assert not run("expectations: [").passed


def test_posts_are_named_as_in_the_policy() -> None:
    """By id, in full, or by name."""
    assert run(GOOD.replace("[reviewer]", "[审核岗]").replace("[deputy]", "[front.deputy]")).passed


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
    text = text.replace("{posts:", "{岗位:")
    assert run(text).passed
