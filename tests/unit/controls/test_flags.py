"""Flags: what is marked of an allow, when a clock stands still, and that nothing of it ever refuses."""

from datetime import date
from typing import Any

import msgspec
import pytest

from sidecar.case_history.history import ActRecorded, OutcomeReported, fold
from sidecar.controls.context import AccessRequest, ControlContext
from sidecar.controls.flags import Marked, marked
from sidecar.decision.decide import decide
from sidecar.decision.decision import Decision
from sidecar.personnel.registers import Leaver, Personnel
from sidecar.power_list.control_kinds import FlagKind
from tests.samples import (
    ACCEPTED,
    EVERYONE,
    POWERS,
    PROFILES,
    act,
    ask,
    changed,
    codes,
    compiled,
    errors_of,
    findings_of,
    moment,
    policy_files,
    snapshot,
)

LIMITED = changed(
    "separation:\n",
    """  - {id: pause, name: 中止, verb: execute, type: execute, by_id: true, rule: AL-45, basis: 行政许可法第四十五条}
  - {id: resume, name: 恢复, verb: execute, type: execute, by_id: true, rule: AL-45, basis: 行政许可法第四十五条}
  - {id: extend, name: 延长, verb: extend, type: decide, by_id: true, rule: AL-42, basis: 行政许可法第四十二条}
deadlines:
  - {from: [accept], to: [decide], limit: 5 workday, extension: extend, extended_by: 2 workday,
     rule: AL-42, basis: 行政许可法第四十二条}
stops:
  - {from: pause, to: resume, basis: 行政许可法第四十五条}
former_staff: {steps: [accept], leader: 36 month, other: 24 month, rule: CS-107, basis: 公务员法第一百零七条}
separation:
""",
    PROFILES,
)
MORE = """      - {id: pause, name: 中止, verb: execute, type: execute, posts: [reviewer], after: [accept], optional: true,
         max_times: 9}
      - {id: resume, name: 恢复, verb: execute, type: execute, posts: [reviewer], after: [pause], optional: true,
         max_times: 9}
      - {id: extend, name: 延长, verb: extend, type: decide, posts: [deputy], after: [accept], optional: true}
    flags:
      - {steps: [decide], when: amount > 300, obligation: tell_council, grade: yellow,
         reason: 数额大, reason_en: a large sum, rule: MD-14, basis: 内部规定}
    controls:
"""
POWERS_WITH_STEPS = changed("    controls:\n", MORE)
POLICY = snapshot(POWERS_WITH_STEPS, licensing=LIMITED)


def on(day: str, step: str, person: str = "reviewer", **more: Any) -> ActRecorded:
    return act(step, person, time=f"{day}T09:00:00.000+08:00", decision_id=f"{step}-{day}", **more)


def decided(day: str, *acts: ActRecorded, **changes: Any) -> Decision:
    before = (on("2026-01-05", "accept", "clerk", facts={"amount": 100}), on("2026-01-05", "review"), *acts)
    answer = ask("deputy", "decide", *before, policy=POLICY, today=date.fromisoformat(day), **changes)
    assert answer.allowed, answer.grounds
    return answer


def flags(decision: Decision) -> list[tuple[str, str]]:
    return [(flag.grade, flag.code) for flag in decision.flags]


NEAR, LATE = [("blue", "LIMIT_NEAR")], [("red", "LIMIT_OVER")]


@pytest.mark.parametrize(
    ("day", "acts", "found"),
    [
        ("2026-01-08", (), []),
        ("2026-01-09", (), NEAR),  # the fourth of five working days
        ("2026-01-12", (), NEAR),
        ("2026-01-13", (), LATE),
        ("2026-01-14", (on("2026-01-06", "extend", "deputy"),), NEAR),
        ("2026-01-15", (on("2026-01-06", "extend", "deputy"),), LATE),
        ("2026-01-14", (on("2026-01-06", "pause"), on("2026-01-08", "resume")), NEAR),
        ("2026-01-15", (on("2026-01-06", "pause"), on("2026-01-08", "resume")), LATE),
        ("2026-03-02", (on("2026-01-06", "pause"),), []),  # nobody has resumed
        ("2026-01-14", (on("2026-01-06", "pause"), on("2026-01-07", "resume"), on("2026-01-12", "pause")), []),
        ("2026-01-13", (on("2026-01-13", "resume"),), LATE),  # nothing was stopped
    ],
)  # fmt: skip
def test_a_limit_is_marked_from_four_fifths_on_and_never_refuses(day: str, acts: tuple[ActRecorded, ...], found: object) -> None:
    """Five working days from a Monday: stops are taken out, an extension is added, an open stop stands still."""
    decision = decided(day, *acts)
    assert flags(decision) == found
    assert all(flag.rule == "AL-42" and flag.source.startswith("profiles/licensing.yaml:") for flag in decision.flags)


def test_what_is_said_of_a_late_act() -> None:
    """What, until when, since when, by which article; in both languages."""
    (flag,) = decided("2026-01-13").flags
    assert flag.due == "2026-01-12"
    for said in flag.reason:
        assert "2026-01-12" in said
        assert "2026-01-05" in said
        assert "行政许可法第四十二条" in said
        assert said != "-"
    assert "5 工作日" in flag.reason.zh
    assert "5 working days" in flag.reason.en


def test_the_way_to_a_late_end_is_marked_and_what_follows_is_not() -> None:
    """Who reviews late is told so; who issues after a late decision is not late for it."""
    accepted = on("2026-01-05", "accept", "clerk", facts={"amount": 100})
    late = {"policy": POLICY, "today": date(2026, 1, 20)}
    review = ask("reviewer", "review", accepted, evidence=frozenset({"drawings"}), **late)
    assert flags(review) == LATE
    issue = ask("clerk", "issue", accepted, on("2026-01-06", "review"), on("2026-01-19", "decide", "deputy"), **late)
    assert flags(issue) == []


def test_a_failed_or_refused_beginning_begins_nothing() -> None:
    """An acceptance that failed does not run a clock, nor one that was refused."""
    accepted = on("2026-01-05", "accept", "clerk", facts={"amount": 100})
    failed = fold("C-1", [accepted, OutcomeReported(accepted.decision_id, "failed", accepted.time)])
    asked = AccessRequest(person="reviewer", step="review", item="permit", case_id="C-1", region="650200")
    assert decide(POLICY, EVERYONE, failed, asked, moment(date(2026, 1, 20))).flags == ()
    arg = next(row[2] for row in POLICY.step("permit", "decide").flags if row[1] == FlagKind.LIMIT)
    assert _mark(arg, on("2026-01-05", "accept", "clerk", outcome="refuse")) is None
    assert _mark(arg, accepted) is not None


def _mark(arg: str, *acts: ActRecorded, kind: str = FlagKind.LIMIT) -> Marked | None:
    item = POLICY.item("permit")
    assert item is not None
    request = AccessRequest(person="deputy", step="decide", item="permit", case_id="C-1")
    context = ControlContext(
        request, item, "3", fold("C-1", acts), EVERYONE, moment(date(2026, 1, 20)), deadlines=POLICY.deadlines
    )
    return marked(kind, arg, context)


def test_a_condition_is_marked_and_brings_its_obligation() -> None:
    """It holds, it does not hold, and it is not known: then it is owed, and said that it could not be judged."""
    large = decided("2026-01-06", on("2026-01-05", "pause", facts={"amount": 400}), on("2026-01-05", "resume"))
    assert flags(large) == [("yellow", "NOTED")]
    assert large.flags[0].reason.zh.startswith("数额大")
    assert "tell_council" in [due.kind for due in large.obligations]
    small = decided("2026-01-06")
    assert flags(small) == []
    assert "tell_council" not in [due.kind for due in small.obligations]
    mark = _mark("yellow:amount > 300", kind=FlagKind.NOTED)
    assert mark is not None
    assert (mark.grade, mark.code, dict(mark.facts)) == ("blue", "NOT_JUDGED", {"missing": "amount"})


@pytest.mark.parametrize("arg", ["", "accept:decide:many:day:red:4/5:-:-", "accept:decide:5:day:red:4/0:-:-", "accept"])
def test_a_row_that_cannot_be_judged_stops_nobody(arg: str) -> None:
    """It is marked as such; an allow is not lost over a mark."""
    mark = _mark(arg, on("2026-01-05", "accept", "clerk"))
    assert mark is not None
    assert (mark.grade, mark.code) == ("yellow", "NOT_JUDGED")


@pytest.mark.parametrize(
    ("leading", "left", "party", "organ", "found"),
    [
        (False, date(2024, 1, 5), "pty-1", "office", True),
        (False, date(2024, 1, 4), "pty-1", "office", False),
        (True, date(2023, 1, 5), "pty-1", "office", True),
        (True, date(2023, 1, 4), "pty-1", "office", False),
        (False, date(2025, 1, 5), "pty-2", "office", False),
        (False, date(2025, 1, 5), "pty-1", "another", False),
        (False, date(2026, 1, 6), "pty-1", "office", False),  # has not left yet
    ],
)
def test_a_former_colleague_with_the_party(leading: bool, left: date, party: str, organ: str, found: bool) -> None:
    """Three years of leaders, two of others, the last day included; of this organ and this party."""
    people = Personnel(
        [a for name in ("clerk", "deputy") for a in EVERYONE.appointments(name)],
        leavers=[Leaver("x", organ, leading, left, party)],
    )
    answer = ask("clerk", "accept", policy=POLICY, people=people, party="pty-1", facts={"amount": 100})
    assert answer.allowed
    assert flags(answer) == ([("yellow", "FORMER_STAFF")] if found else [])


def test_a_kept_decision_is_never_told_with_another_s_flags() -> None:
    """Decisions are kept by all they are told with: a day later the same act is late."""
    assert [flags(decided(day)) for day in ("2026-01-08", "2026-01-13", "2026-01-08")] == [[], LATE, []]


LIMITS = "    time_limits: {{statutory: {{n: 5, unit: day, basis: 某法第一条{more}}}}}\n    facts:"


def test_limits_that_nothing_can_watch_are_told() -> None:
    """A beginning that is no step, an extension that no step makes, a statute's limit that depends on the case."""
    more = ", from: sent, extension: {n: 3}"
    powers = changed("    facts:", LIMITS.format(more=more))
    found = {finding.code: finding for finding in findings_of(powers=powers)}
    for code, key in (("LIMIT_UNWATCHED", "{n: 5"), ("LIMIT_NEVER_EXTENDED", "{n: 3}")):
        place = found[code].place
        assert powers.splitlines()[place.line - 1][place.column - 1 :].startswith(key)
    spoilt = changed("limit: 5 workday", "limit: 5 workday * amount", LIMITED)
    spoilt = changed(
        "former_staff", "facts: [{name: amount, type: integer, label: 数额, rule: AL-42, basis: 某法}]\nformer_staff", spoilt
    )
    assert "LIMIT_NOT_FIXED" in {finding.code for finding in errors_of(powers=POWERS_WITH_STEPS, licensing=spoilt)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("limit: 5 workday", "limit: 5 workday * 2"),
        ("extended_by: 2 workday", "extended_by: 2 workday * 2"),
        ("leader: 36 month", "leader: 12 month * 3"),
    ],
)
def test_a_limit_that_is_worked_out_is_an_error(old: str, new: str) -> None:
    """A row holds a number and its unit; anything else could be judged of no case."""
    (finding,) = errors_of(powers=POWERS_WITH_STEPS, licensing=changed(old, new, LIMITED))
    assert (finding.code, finding.place.file) == ("LIMIT_NOT_FIXED", "profiles/licensing.yaml")


def test_an_item_cannot_stop_the_clock_of_the_law() -> None:
    """Its own stops and extensions count for its own limits alone."""
    stops = "stops: [{from: site, to: hear, basis: 本局规定}], promised: {n: 3, unit: workday, extension: {n: 1, step: extend}}"
    powers = changed("    facts:", f"    time_limits: {{{stops}}}\n    facts:", POWERS_WITH_STEPS)
    rows = compiled(policy_files(powers, licensing=LIMITED)).rows
    args = [row.cells[-1] for row in rows if row.cells[0].startswith("permit.decide.f") and row.cells[-1].startswith("limit")]
    assert args == [
        "limit:accept:decide:5:workday:red:4/5:extend+2:pause>resume",
        "limit:accept:decide:3:workday:yellow:4/5:extend+1:pause>resume|site>hear",
    ]


def test_what_an_item_is_tagged_as_no_caller_denies() -> None:
    """A condition over a fact of the tag's name holds in every case of the item (三重一大), asserted or not."""
    profile = changed(
        "separation:\n",
        "facts: [{name: major_matter, type: boolean, label: 重大, rule: CD-3Z1D, basis: 内部规定}]\n"
        "prohibitions: [{steps: [accept], when: major_matter, reason: 须集体决策, reason_en: goes to the group,"
        " rule: CD-3Z1D, basis: 内部规定}]\n"
        "separation:\n",
        PROFILES,
    )
    tagged = changed(
        "    accountable:", "    disclosure: {mode: proactive, artefacts: [result], tags: [major_matter]}\n    accountable:"
    )
    for powers, allowed in ((POWERS, {True: False, False: True}), (tagged, {True: False, False: False})):
        policy = snapshot(powers, licensing=profile)
        for said, answer in allowed.items():
            facts = {"amount": 100, "major_matter": said}
            assert ask("clerk", "accept", policy=policy, facts=facts).allowed is answer


def test_the_record_of_the_course() -> None:
    """A step without it is marked in red; the archive waits until it is whole, or brings what is missing."""
    recorded = "recorded: {steps: [accept, review], evidence: course_record, before: [issue], rule: AP-47, basis: 某法}\n"
    steps = """  - {id: review, name: 审查, verb: review, type: execute, tier: handler, after: [accept], rule: AL-34, basis: 某法}
  - {id: issue, name: 发证, verb: issue, type: execute, tier: handler, after: [decide], rule: AL-44, basis: 某法}
"""
    policy = snapshot(licensing=changed("separation:\n", f"{steps}{recorded}separation:\n", PROFILES))
    without = ask("reviewer", "review", *ACCEPTED, policy=policy, evidence=frozenset({"drawings"}))
    assert flags(without) == [("red", "UNRECORDED")]
    full = frozenset({"drawings", "course_record"})
    assert flags(ask("reviewer", "review", *ACCEPTED, policy=policy, evidence=full)) == []
    way = (act("accept", "clerk", facts={"amount": 100}), act("review", "reviewer"), act("decide", "deputy", outcome="grant"))
    assert codes(ask("clerk", "issue", *way, policy=policy)) == {"MISSING_REQUIREMENT"}
    assert ask("clerk", "issue", *way, policy=policy, evidence=frozenset({"course_record"})).allowed
    carried = [msgspec.structs.replace(step, evidence=("course_record",)) for step in way]
    assert ask("clerk", "issue", *carried, policy=policy).allowed


@pytest.mark.parametrize(
    ("day", "found"), [("2026-01-06", [("yellow", "TOO_EARLY")]), ("2026-01-07", [("yellow", "TOO_EARLY")]), ("2026-01-08", [])]
)
def test_too_early_is_marked(day: str, found: object) -> None:
    """Two working days are left after the Monday of acceptance: Tuesday and Wednesday are too early."""
    least = "minimum_times: [{from: accept, before: [decide], at_least: 2 workday, rule: MD-25, basis: 某条例}]\nseparation:\n"
    policy = snapshot(licensing=changed("separation:\n", least, PROFILES))
    way = (on("2026-01-05", "accept", "clerk", facts={"amount": 100}), on("2026-01-05", "review"))
    assert flags(ask("deputy", "decide", *way, policy=policy, today=date.fromisoformat(day))) == found


def test_a_duty_under_a_condition() -> None:
    """Said of a step: owed where the condition holds and where it is not known, else not."""
    owed = "after: [accept], obligations_when: [{obligation: report, when: amount > 300, rule: MD-14, basis: 内部规定}], requires"
    policy = snapshot(changed("after: [accept], requires", owed))
    evidence = frozenset({"drawings"})
    for amount, kinds in ((400, ["report"]), (100, [])):
        accepted = act("accept", "clerk", facts={"amount": amount})
        answer = ask("reviewer", "review", accepted, policy=policy, evidence=evidence)
        assert [due.kind for due in answer.obligations] == kinds
