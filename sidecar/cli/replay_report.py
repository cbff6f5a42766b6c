"""The report of a replay: figures for a program, and a page for an inspector."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from adapters.importers.event_log.mapping import Mapped
from adapters.importers.event_log.replaying import Judged, Report
from sidecar.cli.output import Language, print_line
from sidecar.cli.replay_findings import look_of, refusal_of
from sidecar.cli.tables import plain, table_lines
from sidecar.power_list.control_kinds import ControlKind
from sidecar.replay.cases import Mode
from sidecar.replay.tally import Count, Demand

TOP = 10  # officers, activities that are no step, rows to look at
Counted = tuple[str, int, int]  # what, how many, of how many


class Shown(NamedTuple):
    """A report with what it was made of."""

    report: Report
    judged: Judged
    mapped: Mapped
    log: str


def as_json(shown: Shown) -> dict[str, object]:
    """All figures; of refused events and of rows to look at the first thousand."""
    report, tally, judged = shown.report, shown.report.tally, shown.judged
    names = {step: entry.name for step, entry in judged.policy.items[judged.item].steps.items()}
    return {
        "log": shown.log,
        "mapping": shown.mapped.located.file,
        "mode": judged.mode,
        "item": judged.item,
        "policy": judged.policy.digest,
        "assumed": shown.mapped.file.assumes,
        "from": report.first.isoformat() if report.first else "",
        "until": report.last.isoformat() if report.last else "",
        "events_read": report.rows,
        "events_replayed": tally.events,
        "events_flagged": tally.events_flagged,
        "events_by_nobody": tally.events_by_nobody,
        "cases": report.cases,
        "cases_replayed": tally.cases,
        "cases_flagged": tally.cases_flagged,
        "unmapped": report.unmapped,
        "other_transitions": report.transitions,
        "repeated": report.repeated,
        "unreadable": report.unreadable,
        "by_step": [
            {"step": step, "name": names.get(step, ""), "events": n, "flagged": tally.flagged_of_step[step]}
            for step, n in tally.events_of_step.most_common()
        ],
        "by_officer": [
            {"officer": officer, "events": events, "flagged": flagged} for officer, flagged, events in _officers(shown)
        ],
        "by_code": dict(tally.codes.most_common()),
        "by_rule": [_rule_as_json(demand, count) for demand, count in tally.demands.items()],
        "flagged": [refusal_of(replayed) for replayed in report.flagged],
        "look": [look_of(found) for found in report.notices],
    }


def _rule_as_json(demand: Demand, count: Count) -> dict[str, object]:
    return {
        "rule": demand.rule,
        "basis": demand.basis,
        "control": demand.kind,
        "steps": demand.steps,
        "source": demand.source,
        "cases_concerned": count.cases_concerned,
        "cases_flagged": count.cases_flagged,
        "events_flagged": count.events_flagged,
    }


def _officers(shown: Shown) -> list[Counted]:
    tally = shown.report.tally
    counted = [(officer, tally.flagged_of_officer[officer], n) for officer, n in tally.events_of_officer.items()]
    return sorted(counted, key=lambda c: (-c[1], -c[2], c[0]))


_WORDS = {
    Language.ZH: {
        Mode.OBSERVE: "观察：案件历史保留实际发生的事",
        Mode.ENFORCE: "执行：被拒的办理不进入案件历史",
        "rows": "日志共 {rows} 行、{cases} 案；其中环节事件 {events} 条、{replayed} 案，{first} 至 {last}",
        "others": "其余各行：不属于任何环节 {unmapped}，其他状态 {transitions}，逐字重复 {repeated}，不能读取 {unreadable}",
        "flagged": "应当拒绝 {events_flagged} 条，涉及 {cases_flagged} 案",
        "nobody": "无人负责的环节事件 {events_by_nobody} 条（未作决定）",
        "assumed": "日志没有记载、推定具备：{assumed}",
        "first": "前 {n} 条被拒事件（逐案排列）",
        "unmapped": "不属于任何环节的活动（{n} 种）",
        "look": "需要核对 {n} 处",
        "more": "…另有 {n}",
        "written": "全部发现已写入 {out}",
        "posts": "岗位",
        "credentials": "资格",
        "evidence": "证据",
        "outcome": "办理结果（准予）",
    },
    Language.EN: {
        Mode.OBSERVE: "observing: cases keep what really happened",
        Mode.ENFORCE: "enforcing: a refused act does not enter its case",
        "rows": "{rows} rows, {cases} cases; of these {events} events of steps in {replayed} cases, {first} to {last}",
        "others": "other rows: no step {unmapped}, other transitions {transitions}, repeated {repeated}, unreadable {unreadable}",
        "flagged": "{events_flagged} would have been refused, in {cases_flagged} cases",
        "nobody": "{events_by_nobody} events of steps by nobody (not decided)",
        "assumed": "not in the log and taken for granted: {assumed}",
        "first": "the first {n} refused events, case by case",
        "unmapped": "activities that are no step ({n})",
        "look": "to look at: {n}",
        "more": "… and {n} more",
        "written": "all findings are in {out}",
        "outcome": "outcome (grant)",
    },
}

_HEADINGS = {
    Language.ZH: {
        "rule": ("规则", "涉及案件", "被拒案件", "比例", "被拒事件", "出处"),
        "step": ("环节", "事件", "被拒", "比例"),
        "officer": ("人员", "事件", "被拒", "比例"),
        "code": ("代码", "被拒"),
        "event": ("时间", "案号", "环节", "人员", "代码", "日志行"),
    },
    Language.EN: {
        "rule": ("rule", "cases concerned", "cases refused", "share", "events refused", "source"),
        "step": ("step", "events", "refused", "share"),
        "officer": ("officer", "events", "refused", "share"),
        "code": ("code", "refused"),
        "event": ("time", "case", "step", "officer", "code", "line of the log"),
    },
}

# What a control demands of the steps beside it.
_DEMANDS: dict[str, tuple[str, str]] = {
    ControlKind.DISTINCT: ("不同人员", "different persons"),
    ControlKind.AFTER: ("先后次序", "order"),
    ControlKind.UNLESS_DONE: ("必经环节", "required step"),
    ControlKind.TIMES: ("次数", "times"),
    ControlKind.OFFICERS: ("共同办理", "officers together"),
    ControlKind.SIGNERS: ("会签岗位", "who signs"),
    ControlKind.ODD: ("人数为单数", "an odd number"),
    ControlKind.EXPERTS: ("专家比例", "share of experts"),
    ControlKind.MEMBERS: ("成员全部会签", "all members sign"),
    ControlKind.RECUSED: ("申请回避", "recusal asked for"),
    ControlKind.RECUSAL_RULING: ("谁决定回避", "who rules on recusal"),
    ControlKind.PRINCIPAL_OWN: ("一把手本人事项", "the principal's own matters"),
    ControlKind.NOT_ALL: ("不得一人包办", "not all by one person"),
    ControlKind.PERSONS: ("经办人数", "persons of the case"),
    ControlKind.INCOMPATIBLE: ("不相容岗位", "incompatible duties"),
    ControlKind.TIME_LEFT: ("须留足的时间", "time to be left"),
    ControlKind.FORBIDS: ("禁止情形", "prohibition"),
    ControlKind.CREDENTIAL: ("资格", "credential"),
    ControlKind.RECUSAL: ("回避", "recusal"),
    ControlKind.REQUIRES: ("要件", "requirement"),
    ControlKind.EXCLUDES: ("权力边界", "scope"),
    ControlKind.LEVEL: ("层级", "level"),
    ControlKind.STATUS: ("事项状态", "status"),
}


def show_report(shown: Shown, lang: Language, show: int, out: Path | None) -> None:
    """The page."""
    for line in _page(shown, lang, show, out):
        print_line(line)


def _page(shown: Shown, lang: Language, show: int, out: Path | None) -> Iterator[str]:
    words, headings, report = _WORDS[lang], _HEADINGS[lang], shown.report
    yield f"{shown.log}  {shown.mapped.located.file}  {words[shown.judged.mode]}"
    yield from _totals(shown, words)
    yield from _tables(shown, lang)
    flagged = report.flagged[:show]
    if flagged:
        yield from ("", words["first"].format(n=len(flagged)))
        yield from table_lines(headings["event"], [_event(refusal_of(replayed)) for replayed in flagged])
    if report.unmapped:
        yield from ("", words["unmapped"].format(n=len(report.unmapped)))
        yield from _first_of([f"  {n:>8}  {plain(name)}" for name, n in report.unmapped.items()], len(report.unmapped), words)
    if report.notices:
        told = [f"  {n.place}: {plain(n.sentence.in_language(lang))} ({n.code})" for n in report.notices]
        yield from ("", words["look"].format(n=report.looks))
        yield from _first_of(told, report.looks, words)
    if out:
        yield from ("", words["written"].format(out=out))


def _totals(shown: Shown, words: Mapping[str, str]) -> Iterator[str]:
    report, tally = shown.report, shown.report.tally
    facts = {
        "rows": report.rows,
        "events": tally.events,
        "cases": report.cases,
        "replayed": tally.cases,
        "first": f"{report.first:%Y-%m-%d}" if report.first else "-",
        "last": f"{report.last:%Y-%m-%d}" if report.last else "-",
        "unmapped": sum(report.unmapped.values()),
        "transitions": sum(report.transitions.values()),
        "repeated": report.repeated,
        "unreadable": report.unreadable,
        "events_flagged": tally.events_flagged,
        "cases_flagged": tally.cases_flagged,
        "events_by_nobody": tally.events_by_nobody,
        "assumed": ", ".join(words.get(name, name) for name in shown.mapped.file.assumes),
    }
    yield words["rows"].format_map(facts)
    yield words["others"].format_map(facts)
    if shown.mapped.file.assumes:
        yield words["assumed"].format_map(facts)
    if tally.events_by_nobody:
        yield words["nobody"].format_map(facts)
    yield words["flagged"].format_map(facts)


def _tables(shown: Shown, lang: Language) -> Iterator[str]:
    words, headings, tally = _WORDS[lang], _HEADINGS[lang], shown.report.tally
    steps = {step: entry.name for step, entry in shown.judged.policy.items[shown.judged.item].steps.items()}
    rules = [(demand, count) for demand, count in tally.demands.items() if count.events_flagged or demand.is_separation]
    if rules:
        yield ""
        yield from table_lines(headings["rule"], [_rule(demand, count, steps, lang) for demand, count in rules])
    yield ""
    counted = [(steps.get(step, step), tally.flagged_of_step[step], n) for step, n in tally.events_of_step.most_common()]
    yield from table_lines(headings["step"], [_share(row) for row in counted])
    if tally.events_flagged:
        officers = [officer for officer in _officers(shown) if officer[1]]
        yield ""
        yield from table_lines(headings["officer"], [_share(row) for row in officers[:TOP]])
        yield from _more(len(officers) - TOP, words)
        yield ""
        yield from table_lines(headings["code"], [(code, str(n)) for code, n in tally.codes.most_common()])


def _rule(demand: Demand, count: Count, steps: Mapping[str, str], lang: Language) -> tuple[str, ...]:
    zh, en = _DEMANDS.get(demand.kind, (demand.kind, demand.kind))
    between = " ↔ " if demand.is_separation else "、"
    named = between.join(steps.get(step, step) for step in demand.steps)
    what = f"{demand.rule} {zh if lang is Language.ZH else en}: {named}"
    share = _percent(count.cases_flagged, count.cases_concerned)
    return what, str(count.cases_concerned), str(count.cases_flagged), share, str(count.events_flagged), demand.source


def _share(row: Counted) -> tuple[str, ...]:
    what, flagged, n = row
    return what or "-", str(n), str(flagged), _percent(flagged, n)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _event(finding: Mapping[str, str | int]) -> tuple[str, ...]:
    time = str(finding["time"])[:19].replace("T", " ")
    return time, *(str(finding[name]) for name in ("case", "step", "officer", "code", "line"))


def _first_of(lines: Sequence[str], total: int, words: Mapping[str, str]) -> Iterator[str]:
    yield from lines[:TOP]
    yield from _more(total - TOP, words)


def _more(n: int, words: Mapping[str, str]) -> Iterator[str]:
    if n > 0:
        yield f"  {words['more'].format(n=n)}"
