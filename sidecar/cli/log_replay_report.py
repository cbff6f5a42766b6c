"""What a replay of the log found: figures for a program, lines for an inspector."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sidecar.cli.output import Language
from sidecar.cli.tables import plain, table_lines
from sidecar.replay.changes import Kind, Tally
from sidecar.replay.recorded import Cause
from sidecar.service.replaying import Replayed

Found = dict[str, Any]
PLACES = 12  # of one decision on a terminal
TOP = 20  # items, officers, rules
_WIDEST = 160

_SAID: Mapping[str, Mapping[Language, str]] = {
    "entries": {
        Language.ZH: "日志 {log}：读取 {entries} 条，其中决定 {decisions} 条",
        Language.EN: "log {log}: {entries} entries, {decisions} of them decisions",
    },
    "others": {
        Language.ZH: "  非决定的记录（不重放）：{others}",
        Language.EN: "  entries that are no decisions (nothing to replay): {others}",
    },
    "exact": {
        Language.ZH: "一致 {same}，不同 {different}，无法重放 {not_replayed}",
        Language.EN: "the same {same}, different {different}, not replayed {not_replayed}",
    },
    "with": {
        Language.ZH: "改用策略 {policy}：不变 {same}，改变 {different}，无法判断 {not_replayed}",
        Language.EN: "by policy {policy}: unchanged {same}, changed {different}, undecided {not_replayed}",
    },
    "engines": {Language.ZH: "  作出决定的程序：{engines}", Language.EN: "  decided by: {engines}"},
    "differing": {Language.ZH: "  不同之处：{differing}", Language.EN: "  where they differ: {differing}"},
    "causes": {Language.ZH: "  无法重放：{told}，{n} 条", Language.EN: "  not replayed: {told}, {n}"},
    "seq": {Language.ZH: "第 {seq} 号", Language.EN: "entry {seq}"},
    "difference": {
        Language.ZH: "    {where}：记录 {recorded} ｜ 重放 {again}",
        Language.EN: "    {where}: recorded {recorded} | again {again}",
    },
    "more": {Language.ZH: "    ……另有 {n} 处", Language.EN: "    … and {n} more"},
    "gone": {Language.ZH: "    原有：{what}", Language.EN: "    was: {what}"},
    "new": {Language.ZH: "    将有：{what}", Language.EN: "    would be: {what}"},
    "rest": {Language.ZH: "另有 {n} 条未显示：--show 或 --jsonl", Language.EN: "{n} more are not shown: --show or --jsonl"},
    "by_item": {Language.ZH: "事项", Language.EN: "item"},
    "by_officer": {Language.ZH: "人员", Language.EN: "officer"},
    "by_rule": {Language.ZH: "规则", Language.EN: "rule"},
}
_KINDS: Mapping[str, Mapping[Language, str]] = {
    Kind.NEWLY_REFUSED: {Language.ZH: "新拒绝", Language.EN: "newly refused"},
    Kind.NEWLY_ALLOWED: {Language.ZH: "新准许", Language.EN: "newly allowed"},
    Kind.OTHER_GROUNDS: {Language.ZH: "理由不同", Language.EN: "other grounds"},
    Kind.OTHER_DUTIES: {Language.ZH: "义务不同", Language.EN: "other obligations"},
    Kind.OTHER_FLAGS: {Language.ZH: "提示不同", Language.EN: "other flags"},
}
_CAUSES: Mapping[str, Mapping[Language, str]] = {
    Cause.RELEASED: {Language.ZH: "保存期满，已移出", Language.EN: "kept long enough and released"},
    Cause.ALTERED: {Language.ZH: "记录已被篡改", Language.EN: "the entry was altered"},
    Cause.UNKNOWN_FORM: {Language.ZH: "由更新版本的程序写成", Language.EN: "written by a later version"},
    Cause.PLAIN_POLICY: {Language.ZH: "由普通 Casbin 策略决定", Language.EN: "decided by a plain Casbin policy"},
    Cause.EARLIER_FORM: {
        Language.ZH: "早期记录，未存全部请求",
        Language.EN: "of an earlier version, the request is not whole in it",
    },
    Cause.POLICY_NOT_KEPT: {Language.ZH: "找不到当时的策略", Language.EN: "the policies of the day are not at hand"},
    Cause.PERSONNEL_NOT_KEPT: {Language.ZH: "找不到当时的任职登记", Language.EN: "the registers of the day are not at hand"},
    Cause.HISTORY_NOT_WHOLE: {Language.ZH: "案件历史不全", Language.EN: "the history of the case is not whole"},
    Cause.LEDGER_NOT_WHOLE: {Language.ZH: "跨案累计不全", Language.EN: "what was counted across cases is not whole"},
    Cause.POOL_NOT_RECORDED: {Language.ZH: "抽取名单过大，未记录", Language.EN: "the pool of the draw was too large to record"},
    Cause.FACTS_NOT_RECORDED: {
        Language.ZH: "新策略所需事实未记录",
        Language.EN: "the other policy reads facts that were not recorded",
    },
    Cause.NOT_COUNTED: {
        Language.ZH: "新策略跨案累计，当时未累计",
        Language.EN: "the other policy counts what was not counted then",
    },
}


def cause_in_words(cause: str, lang: Language) -> str:
    return _CAUSES[cause][lang]


def found_of(replayed: Replayed) -> Found:
    """One decision that did not come out the same, with what is needed to find it."""
    entry, change = replayed.entry, replayed.change
    found: Found = {"seq": replayed.seq}
    if entry is not None:
        found |= {
            "decision_id": entry.decision_id,
            "time": entry.time,
            "officer": entry.subject["person"],
            "item": entry.item,
            "step": entry.action["step"],
            "case": entry.case_id,
            "decision": entry.decision,
            "code": entry.code,
        }
    if replayed.cause is not None:
        return found | {"cause": str(replayed.cause), "told": replayed.told, "hint": replayed.hint}
    if change is not None:
        return found | {
            "change": str(change.kind),
            "would_be": change.code,
            "rules": list(change.rules),
            "gone": list(change.gone),
            "new": list(change.new),
        }
    return found | {"differences": [difference._asdict() for difference in replayed.differences]}


def as_json(tally: Tally, log: str, policy: str, rules: Mapping[str, Mapping[str, str]]) -> Found:
    """The figures. `policy` is the digest of another policy, empty for those of the day, `rules` the names in its catalogue."""
    figures: Found = {
        "log": log,
        "entries": tally.entries,
        "decisions": tally.decisions,
        "same": tally.same,
        "different": tally.different,
        "not_replayed": tally.not_replayed,
        "causes": dict(tally.causes.most_common()),
        "others": dict(tally.others.most_common()),
        "engines": dict(tally.engines.most_common()),
    }
    if not policy:
        return figures | {"differing": dict(tally.differing.most_common())}
    return figures | {
        "with": policy,
        "changes": {str(kind): tally.kinds[kind] for kind in Kind},
        "by_item": _ordered(tally.by_item, {item: {"zh": name, "en": name} for item, name in tally.item_names.items()}),
        "by_officer": _ordered(tally.by_officer, {}),
        "by_rule": _ordered(tally.by_rule, rules),
    }


def _ordered(counted: Mapping[str, Counter[str]], titles: Mapping[str, Mapping[str, str]]) -> list[Found]:
    """Those with the most changes first, with what people call them where that is known."""
    order = sorted(counted.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    return [
        {"name": name, "zh": said.get("zh", ""), "en": said.get("en", ""), **{str(kind): kinds[kind] for kind in Kind}}
        for name, kinds in order
        for said in [titles.get(name, {})]
    ]


def lines_of_run(figures: Found, found: Sequence[Found], show: int, lang: Language) -> Iterator[str]:
    """The page for an inspector."""
    yield _say("entries", lang, **figures)
    if figures["others"]:
        yield _say("others", lang, others=_counted(figures["others"]))
    if figures["decisions"]:
        yield _say("engines", lang, engines=_counted(figures["engines"]))
    yield _say("with" if "with" in figures else "exact", lang, policy=figures.get("with", ""), **figures)
    for cause, n in figures["causes"].items():
        yield _say("causes", lang, told=_CAUSES[cause][lang], n=n)
    if figures.get("differing"):
        yield _say("differing", lang, differing=_counted(figures["differing"]))
    if "with" in figures and figures["different"]:
        yield from _tables(figures, lang)
    for one in found[:show]:
        yield from _lines_of(one, lang)
    rest = figures["different"] + figures["not_replayed"] - min(show, len(found))
    if rest > 0:
        yield _say("rest", lang, n=rest)


def _tables(figures: Found, lang: Language) -> Iterator[str]:
    kinds = [kind for kind in Kind if figures["changes"][kind]]
    for name in ("by_item", "by_officer", "by_rule"):
        listed = figures[name][:TOP]
        rows = [(f"{row['name']} {row[lang.value]}".strip(), *(str(row[kind]) for kind in kinds)) for row in listed]
        if rows:
            yield ""
            yield from table_lines((_say(name, lang), *(_KINDS[kind][lang] for kind in kinds)), rows)


def _lines_of(one: Found, lang: Language) -> Iterator[str]:
    where = [one.get(name, "") for name in ("time", "officer", "item", "step", "case", "decision_id")]
    yield ""
    told = _KINDS[one["change"]][lang] if "change" in one else _CAUSES[one["cause"]][lang] if "cause" in one else ""
    code = f"{one.get('code', '')} → {one['would_be']}" if "change" in one else one.get("code", "")
    yield plain("  ".join(filter(None, [_say("seq", lang, seq=one["seq"]), told, code, *where])))
    if "cause" in one:
        yield from (plain(f"    {text}") for text in (one["told"], one["hint"]) if text)
    elif "change" in one:
        for name in ("gone", "new"):
            if one[name]:
                yield plain(_say(name, lang, what=", ".join(one[name])))
    else:
        for difference in one["differences"][:PLACES]:
            values = {name: _short(difference[name]) for name in ("recorded", "again")}
            yield plain(_say("difference", lang, where=difference["where"], **values))
        if len(one["differences"]) > PLACES:
            yield _say("more", lang, n=len(one["differences"]) - PLACES)


def _short(value: object) -> str:
    text = "—" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())


def _say(name: str, lang: Language, **facts: object) -> str:
    return _SAID[name][lang].format_map(facts)
