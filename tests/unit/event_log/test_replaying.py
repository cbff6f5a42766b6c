"""A log from its first row to the last decision: nothing dropped, in the right order, decided as the service would."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.importers.event_log.reading import MAX_TEXT, MAX_WORDS, OTHERS
from sidecar.errors import EventLogError
from sidecar.power_list.control_kinds import ControlKind
from sidecar.replay.cases import Mode
from tests.samples import EVERYONE, SNAPSHOT, changed
from tests.unit.event_log.logs import HEADING, MAPPING, log_of, refused, replay

CHECKED_TWICE = (
    "A,审核,甲,2026-01-05 09:00:00",
    "A,核准,甲,2026-01-05 10:00:00",
    "A,审核,甲,2026-01-05 11:00:00",
)


def test_observing_keeps_what_happened_and_enforcing_does_not() -> None:
    """The second check follows a determination that did happen, or that was stopped."""
    assert [refused(replay(log_of(*CHECKED_TWICE), mode=mode)[1]) for mode in Mode] == [
        [(3, "SAME_PERSON_PRIOR_STEP"), (4, "SAME_PERSON_PRIOR_STEP")],
        [(3, "SAME_PERSON_PRIOR_STEP")],
    ]


def test_figures_of_a_replay() -> None:
    """By step, officer, code and demand; a separation concerns the cases in which both steps happened."""
    report, _ = replay(
        log_of(*CHECKED_TWICE, "B,审核,乙,2026-01-05", "B,核准,丙,2026-01-06", "C,审核,乙,2026-01-05", "D,登记,乙,2026-01-05")
    )
    tally = report.tally
    assert (report.rows, report.cases, tally.cases, tally.events) == (7, 4, 3, 6)
    assert (tally.cases_flagged, tally.events_flagged) == (1, 2)
    assert report.unmapped == {"登记": 1}
    assert tally.flagged_of_step == {"decide": 1, "review": 1}
    assert tally.flagged_of_officer == {"甲": 2}
    assert tally.events_of_officer == {"甲": 3, "乙": 2, "丙": 1}
    assert tally.codes == {"SAME_PERSON_PRIOR_STEP": 2}
    ((demand, count),) = [(d, c) for d, c in tally.demands.items() if d.is_separation]
    assert (demand.steps, demand.source) == (("decide", "review"), "mapping.yaml:11")
    assert (count.cases_concerned, count.cases_flagged, count.events_flagged) == (2, 1, 2)


events = st.lists(
    st.tuples(st.sampled_from("AB"), st.sampled_from(["审核", "核准"]), st.sampled_from("甲乙丙")), min_size=1, max_size=14
)


@pytest.mark.slow
@given(events, st.sampled_from(Mode), st.randoms(use_true_random=False))
def test_any_log_agrees_with_the_rule_said_plainly(rows: list[tuple[str, str, str]], mode: Mode, shuffle: random.Random) -> None:
    """Whatever the order of the rows: refused is who did the other step of the pair before, as far as it is remembered."""
    expected: list[int] = []
    remembered: set[tuple[str, str, str]] = set()
    for n, (case, step, person) in enumerate(rows):
        other = "核准" if step == "审核" else "审核"
        stopped = (case, other, person) in remembered
        expected += [n] if stopped else []
        if mode is Mode.OBSERVE or not stopped:
            remembered.add((case, step, person))
    written = [f"{case},{step},{person},2026-01-05T09:00:{n:02d}" for n, (case, step, person) in enumerate(rows)]
    shuffle.shuffle(written)
    report, seen = replay(log_of(*written), mode=mode)
    assert sorted(r.event.time.second for r in seen.replays if r.refused) == expected
    assert report.tally.cases_flagged == len({rows[n][0] for n in expected})


def test_events_of_one_moment_follow_the_tie_breaker_by_value() -> None:
    """`task-9` before `task-10`, whatever the order of the rows; without a tie-breaker the line decides."""
    mapping = changed("time: 时间}", "time: 时间, tie_breaker: 序号}", MAPPING)
    rows = ("A,核准,甲,2026-01-05,task-10", "A,审核,甲,2026-01-05,task-9")
    assert refused(replay(log_of(*rows, heading=f"{HEADING},序号"), mapping)[1]) == [(2, "SAME_PERSON_PRIOR_STEP")]
    by_line = log_of(*(row.rsplit(",", 1)[0] for row in rows))
    assert refused(replay(by_line)[1]) == [(3, "SAME_PERSON_PRIOR_STEP")]


def test_the_day_is_that_of_the_zone() -> None:
    """23:30 in the evening of one offset is the next day where the office is; offsets decide the order."""
    rows = ("A,审核,甲,2026-01-05T23:30:00+00:00", "B,审核,甲,2026-01-05T23:30:00", "C,审核,甲,2026-01-05T23:30:00-01:00")
    _, seen = replay(log_of(*rows))
    assert {r.event.request.case_id: r.event.time.date().isoformat() for r in seen.replays} == {
        "A": "2026-01-06",
        "B": "2026-01-05",
        "C": "2026-01-06",
    }
    assert [r.event.request.case_id for r in seen.replays] == ["B", "A", "C"]


# a row of the log → the code, and the column it is said at
BAD_ROWS = {
    "A,审核,甲": ("ROW_CELLS", 1),
    "A,审核,甲,2026-01-05,more": ("ROW_CELLS", 1),
    ",审核,甲,2026-01-05": ("CELL_EMPTY", 1),
    "A,,甲,2026-01-05": ("CELL_EMPTY", 2),
    "A,审核,甲,": ("CELL_EMPTY", 4),
    "A,审核,甲,5 Jan": ("BAD_TIME", 4),
    "A,审核,甲,2026-02-30": ("BAD_TIME", 4),
    "A,审核,甲,0001-01-01T00:00:00+14:00": ("BAD_TIME", 4),
    f"A,审核,{'甲' * (MAX_TEXT + 1)},2026-01-05": ("TOO_LONG", 3),
    'A,审核,"甲"乙,2026-01-05': ("ROW_QUOTES", 1),
    "A,审核,甲\udcff,2026-01-05": ("ROW_ENCODING", 3),
}


def test_every_bad_row_is_told_in_one_run_and_no_good_one_is_lost() -> None:
    """Each at its line and column, and counted; the rows beside them are replayed."""
    rows = [row for bad in BAD_ROWS for row in (bad, "A,审核,甲,2026-01-05T09:00:00")]
    rows = [row.replace("09:00:00", f"09:00:{n:02d}") for n, row in enumerate(rows)]
    report, seen = replay(log_of(*rows, "A,核准,乙,2026-01-06"))
    assert seen.told == [(code, 2 + 2 * n, column) for n, (code, column) in enumerate(BAD_ROWS.values())]
    assert (report.unreadable, report.tally.events, report.rows) == (len(BAD_ROWS), len(BAD_ROWS) + 1, len(rows) + 1)
    assert report.looks == len(report.notices) == len(BAD_ROWS)


@pytest.mark.slow
@given(st.lists(st.text(alphabet='审核,"\n\r甲A \t\udcff\x00=', max_size=24), max_size=12))
def test_every_row_becomes_something(rows: list[str]) -> None:
    """Whatever stands in a file: events, no step, repeated and unreadable are all its rows; one good row is always replayed."""
    log = log_of("good,审核,甲,2026-01-05", *rows, "good,核准,乙,2026-01-06")
    try:
        report, seen = replay(log)
    except EventLogError as fault:
        pytest.fail(fault.message)
    passed = sum(report.unmapped.values()) + sum(report.transitions.values())
    assert report.rows == report.tally.events + passed + report.repeated + report.unreadable
    assert any(r.event.request.case_id == "good" and r.event.request.step == "review" for r in seen.replays)


def test_an_open_quote_costs_its_own_row_only() -> None:
    """The lines the parser swallowed after it are read again."""
    report, seen = replay(log_of('A,审核,"甲,2026-01-05', "A,审核,甲,2026-01-05", "A,核准,甲,2026-01-06"))
    assert seen.told == [("ROW_QUOTES", 2, 1)]
    assert refused(seen) == [(4, "SAME_PERSON_PRIOR_STEP")]
    assert report.rows == 3


def test_a_cell_of_several_lines_counts_its_lines() -> None:
    """The next row is still found where an editor finds it."""
    _, seen = replay(log_of('"A",审核,"甲\n\n(代)",2026-01-05', "A,审核,甲,never"))
    assert seen.told[0] == ("BAD_TIME", 5, 4)


def test_the_same_row_again_is_told_and_counted_once() -> None:
    """A case exported twice is no repetition of its steps."""
    report, seen = replay(log_of(CHECKED_TWICE[0], CHECKED_TWICE[0], CHECKED_TWICE[1]))
    assert (report.repeated, report.tally.events) == (1, 2)
    assert seen.told == [("ROW_REPEATED", 3, 3)]


def test_nobody_is_told_and_not_decided() -> None:
    """An empty person, or a word for none: observed, the step was done; enforced, it was not."""
    mapping = changed("zone:", "nobody: [无]\n  zone:", MAPPING)
    mapping = changed("type: decide}", "type: decide, after: [review]}", mapping)
    log = log_of("A,审核,无,2026-01-05", "A,核准,甲,2026-01-06", "B,审核,,2026-01-05", "B,核准,,2026-01-06")
    observed, seen = replay(log, mapping)
    assert observed.tally.events_by_nobody == 3
    assert seen.told == [("PERSON_EMPTY", line, 3) for line in (2, 4, 5)]
    assert refused(seen) == []
    assert refused(replay(log, mapping, Mode.ENFORCE)[1]) == [(3, "STEP_OUT_OF_ORDER")]
    assert observed.to_look_at


def test_other_transitions_are_counted() -> None:
    """Only what is done counts as done."""
    mapping = changed("zone:", "lifecycle: {column: 状态, counts: [完成]}\n  zone:", MAPPING)
    rows = ("A,审核,甲,2026-01-05,开始", "A,审核,甲,2026-01-05,完成", "A,核准,乙,2026-01-05,完成")
    report, _ = replay(log_of(*rows, heading=f"{HEADING},状态"), mapping)
    assert (report.transitions, report.tally.events) == ({"开始": 1}, 2)


def test_a_log_without_an_event_of_any_step_is_no_clean_log() -> None:
    """A misspelt activity must not end in "nothing found"."""
    with pytest.raises(EventLogError, match="no event of any step can be replayed") as stopped:
        replay(log_of("A,审 核,甲,2026-01-05"))
    assert "mapping.yaml:5:16" in stopped.value.message
    assert "审 核" in stopped.value.message


def test_an_activity_the_log_does_not_hold_is_told() -> None:
    """It is a misspelling, or a rule without a use."""
    _, seen = replay(log_of("A,审核,甲,2026-01-05", "A,核准件,甲,2026-01-06"))
    assert seen.told == [("ACTIVITY_NOT_IN_LOG", 6, 16)]
    assert "核准件" in seen.notices[0].sentence.zh


def test_a_case_without_end_is_bounded() -> None:
    """A column that is the same in every row is no reason to take for ever."""
    report, _ = replay(log_of(*(f"A,审核,甲,2026-01-05T09:00:00.{n:06d}" for n in range(2_100))))
    assert report.tally.codes["CASE_TOO_LARGE"] == 100


def test_words_without_end_are_bounded() -> None:
    """The wrong column as activity: the rows are all counted, the words are not all kept."""
    rows = (f"A,{n},甲,2026-01-05" for n in range(MAX_WORDS + 50))
    report, _ = replay(log_of("A,审核,甲,2026-01-05", *rows))
    assert (len(report.unmapped), report.unmapped[OTHERS]) == (MAX_WORDS + 1, 50)
    assert sum(report.unmapped.values()) == MAX_WORDS + 50


FOLDER = """log:
  columns:
    case: c
    activity: a
    person: p
    time: t
    outcome: {column: o, grant: [准], refuse: [驳]}
    facts: {amount: {column: f}}
    evidence: {drawings: {column: e}}
  zone: Asia/Shanghai
activities:
  - {activity: accept, step: accept}
  - {activity: review, step: review}
  - {activity: decide, step: decide}
policies: .
item: permit
assumed: [posts]
"""
ROWS = ("A,accept,clerk,2026-01-05T09,,100,", "A,review,reviewer,2026-01-05T10,,,1", "A,decide,deputy,2026-01-05T11,准,,")
COLUMNS = "c,a,p,t,o,f,e"


def test_a_built_policy_decides_the_log() -> None:
    """Outcome, facts and evidence come from columns; nothing is refused in a right case, and each thing missing is."""
    assert refused(replay(log_of(*ROWS, heading=COLUMNS), FOLDER, policy=SNAPSHOT)[1]) == []
    for old, new, expected in (
        (",,100,", ",,20,", (2, "OUT_OF_SCOPE")),
        (",,,1", ",,,", (3, "MISSING_REQUIREMENT")),
        (",准,", ",,", (4, "MISSING_REQUIREMENT")),
        ("decide,deputy", "decide,reviewer", (4, "SAME_PERSON_PRIOR_STEP")),
        ("2026-01-05T11", "2027-01-05T11", (4, "ITEM_NOT_IN_FORCE")),
    ):
        rows = [row.replace(old, new) for row in ROWS]
        assert expected in refused(replay(log_of(*rows, heading=COLUMNS), FOLDER, policy=SNAPSHOT)[1]), new


def test_registers_say_who_holds_what() -> None:
    """With personnel nothing is taken for granted."""
    mapping = changed("assumed: [posts]", "personnel: people", FOLDER)
    rows = [*ROWS[:2], ROWS[2].replace("deputy", "clerk")]
    assert refused(replay(log_of(*ROWS, heading=COLUMNS), mapping, policy=SNAPSHOT, registers=EVERYONE)[1]) == []
    assert refused(replay(log_of(*rows, heading=COLUMNS), mapping, policy=SNAPSHOT, registers=EVERYONE)[1]) == [(4, "NO_POWER")]


def test_what_is_assumed_is_held() -> None:
    """Evidence and outcome the log does not record may be taken for granted; what the log says still counts."""
    mapping = changed("assumed: [posts]", "assumed: [posts, evidence, outcome]", FOLDER)
    rows = [row.replace(",准,", ",,").replace(",,,1", ",,,") for row in ROWS]
    assert refused(replay(log_of(*rows, heading=COLUMNS), mapping, policy=SNAPSHOT)[1]) == []
    said = [*rows[:2], rows[2].replace("T11,,", "T11,驳,")]
    _, seen = replay(log_of(*said, heading=COLUMNS), mapping, policy=SNAPSHOT)
    assert [r.event.request.outcome for r in seen.replays] == ["", "", "refuse"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [(",准,", ",也许,", "BAD_OUTCOME"), (",,100,", ",,1.5,", "BAD_FACT"), (",,100,", f",,{2**53},", "BAD_FACT")],
)
def test_words_that_mean_nothing_are_told(old: str, new: str, code: str) -> None:
    """An outcome nobody listed, an amount that is no whole number."""
    _, seen = replay(log_of(*(row.replace(old, new) for row in ROWS), heading=COLUMNS), FOLDER, policy=SNAPSHOT)
    assert [code for code, _, _ in seen.told if not code.startswith("ACTIVITY")] == [code]


def test_a_profile_may_be_named_by_the_rules() -> None:
    """Rules of a mapping file under the statute's profile: its separations are added to the file's own."""
    mapping = changed(
        "controls: {separation: [[review, decide]]}", "control_profile: licensing\n  power_class: licensing", MAPPING
    )
    for name, verb in (("accept", "accept"), ("issue", "issue"), ("publish", "publish")):
        mapping = changed("rules:", f"  - {{activity: {name}, step: {name}}}\nrules:", mapping)
        mapping = changed("  steps:\n", f"  steps:\n    - {{id: {name}, name: {name}, verb: {verb}, type: execute}}\n", mapping)
    rows = ("A,accept,丙,2026-01-04", "A,审核,甲,2026-01-05", "A,核准,甲,2026-01-06")
    report, _ = replay(log_of(*rows), mapping)
    assert {d.rule for d, c in report.tally.demands.items() if c.events_flagged and d.kind == ControlKind.DISTINCT} == {"AL-SEP"}
