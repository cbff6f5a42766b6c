"""Entries of the record as people see them: a table that fits the terminal, a line in a pipe, one decision in full."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.table import Table
from rich.text import Text

from sidecar.cli.output import Language

ShownEntry = dict[str, Any]


class _Column(NamedTuple):
    zh: str
    en: str
    width: int  # on the narrowest terminal that shows it


# The last two are left out where they do not fit.
_COLUMNS = (
    _Column("时间", "time", 10),
    _Column("人员", "officer", 7),
    _Column("事项", "item", 15),
    _Column("环节", "step", 12),
    _Column("案号", "case", 10),
    _Column("决定", "decision", 8),
    _Column("代码", "code", 11),
    _Column("出处", "source", 24),
    _Column("决定编号", "decision id", 26),
)
_ALWAYS, _ITEM = 7, 2
_LINES = 4  # of one entry at most
_NARROWEST = 72

_WORDS = {
    Language.ZH: {
        "allow": "准许",
        "deny": "拒绝",
        "grant": "准予",
        "refuse": "不予",
        "performed": "已办理",
        "failed": "未办成",
        "outcome": "结果",
        "log_read": "查阅",
        "log": "日志",
        "key": "密钥",
        "start": "启动",
        "stop": "停止",
        "policy": "策略更换",
        "personnel": "任职更换",
        "record_rules": "留痕规则更换",
        "erasure": "依法删除",
        "release": "期满移出",
        "opening": "查看遮蔽内容",
        "clock": "时钟回拨",
        "gap": "未留痕",
        "anchor": "锚定",
        "observe": "观察",
        "begun": "开始",
        "ended": "结束",
        "observed": "（观察，已放行）",
        "refused": "（被拒绝）",
        "created": "建立",
        "taken_over": "接管",
        "rotated": "更换",
        "printed": "打印",
        "timestamped": "时间戳",
        "witnessed": "已见证",
        "unwitnessed": "见证缺失",
        "exercise": "行使",
        "question": "询问",
        "co_sign": "会签",
        "altered": "‼已被篡改",
    },
    Language.EN: {"log_read": "read", "altered": "‼ALTERED", "observed": "(observed: let through)", "refused": "(refused)"},
}


def cells(entry: ShownEntry, lang: Language) -> tuple[str, ...]:
    """The columns of one entry."""
    said = _WORDS[lang]
    verdict = entry.get("decision") or entry.get("kind", "")
    word = entry.get("result") or entry.get("event", "")
    code = entry.get("code") or _word(word, lang) or _read(entry.get("query", {}), lang)
    return (
        entry.get("time", "")[:19],
        entry.get("subject", {}).get("person", "") or entry.get("person") or entry.get("caller", "") or entry.get("actor", ""),
        entry.get("item_name") or entry.get("item", ""),
        _step(entry.get("action", {}), lang),
        entry.get("case_id", ""),
        " ".join(filter(None, [_word(verdict, lang), *(said[mark] for mark in _marks(entry))])),
        code,
        ", ".join(entry.get("sources", [])),
        entry.get("decision_id", "") or entry.get("event_id", ""),
    )


def _marks(entry: ShownEntry) -> list[str]:
    """What must be seen beside the decision."""
    observed = "observed" in entry.get("asked", {})
    return [mark for mark, there in (("observed", observed), ("altered", "altered" in entry)) if there]


def _read(query: Mapping[str, str], lang: Language) -> str:
    """What a reading was of, and that it was refused."""
    return " ".join(filter(None, [query.get("what", ""), _word("refused", lang) if "refused" in query else ""]))


def _word(word: str, lang: Language) -> str:
    return _WORDS[lang].get(word, word)


def _step(action: dict[str, str], lang: Language) -> str:
    """The step, and what was to be decided where it decides."""
    step, outcome = action.get("step", ""), _word(action.get("outcome", ""), lang)
    if not outcome:
        return step
    return f"{step}（{outcome}）" if lang is Language.ZH else f"{step} ({outcome})"


def fits_whole(width: int) -> bool:
    """Whether a terminal has room for every column."""
    return width >= sum(column.width + 1 for column in _COLUMNS)


def table_of(entries: Sequence[ShownEntry], lang: Language, width: int) -> Table:
    """A table that is as wide as the terminal at most (72 columns at least), and no entry longer than a few lines."""
    width = max(width, _NARROWEST)
    columns = _COLUMNS if fits_whole(width) else _COLUMNS[:_ALWAYS]
    rows = [tuple(text.replace("T", " ", 1) if n == 0 else text for n, text in enumerate(cells(e, lang))) for e in entries]
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    widths = _widths(columns, rows, lang, width)
    for column, size in zip(columns, widths, strict=True):
        table.add_column(_heading(column, lang), width=size, overflow="fold")
    for entry, row in zip(entries, rows, strict=True):
        style = (
            "bold white on red" if "altered" in entry else {"deny": "red", "allow": "green"}.get(entry.get("decision", ""), "")
        )
        table.add_row(*(Text(_folded(text, size)) for text, size in zip(row, widths, strict=False)), style=style)
    return table


def _widths(columns: Sequence[_Column], rows: Sequence[tuple[str, ...]], lang: Language, width: int) -> list[int]:
    """A share for each column, as far as it needs it; what is left makes those whole that miss least, and then helps the item."""
    room, shares = width - len(columns), sum(column.width for column in columns)
    needs = [
        max(cell_len(text) for text in (_heading(column, lang), *(row[n] for row in rows))) for n, column in enumerate(columns)
    ]
    sizes = [min(need, column.width, column.width * room // shares) for need, column in zip(needs, columns, strict=True)]
    for n in sorted(range(len(columns)), key=lambda n: needs[n] - sizes[n]):
        if needs[n] - sizes[n] <= room - sum(sizes):
            sizes[n] = needs[n]
    sizes[_ITEM] += min(needs[_ITEM] - sizes[_ITEM], room - sum(sizes))
    return sizes


def _heading(column: _Column, lang: Language) -> str:
    return column.zh if lang is Language.ZH else column.en


def _folded(text: str, width: int) -> str:
    """Text in lines of a width, cut with … where they would be too many."""
    lines: list[str] = []
    for word in text.split():
        for n, piece in enumerate(chop_cells(word, width)):
            if n == 0 and lines and cell_len(lines[-1]) + 1 + cell_len(piece) <= width:
                lines[-1] += f" {piece}"
            else:
                lines.append(piece)
    if len(lines) > _LINES:
        lines[_LINES - 1 :] = [set_cell_size(lines[_LINES - 1], width - 1).rstrip() + "…"]
    return "\n".join(lines)


_LABELS = {
    "decision_id": "决定编号",
    "seq": "序号",
    "time": "时间",
    "caller": "调用系统",
    "channel": "渠道",
    "intent": "意图",
    "officer": "人员",
    "post": "岗位",
    "party": "当事人（化名）",
    "case": "案号",
    "region": "行政区划",
    "item": "事项",
    "step": "环节",
    "asked outcome": "拟定结果",
    "facts": "事实",
    "evidence": "证据",
    "co-signers": "会签人员",
    "decision": "决定",
    "code": "代码",
    "reason": "理由",
    "basis": "依据",
    "rows": "策略行",
    "sources": "出处",
    "obligations": "附随义务",
    "flag": "提示",
    "ground": "理由项",
    "policy": "策略摘要",
    "leaf": "叶哈希",
    "outcome": "办理结果",
}


def lines_of(entry: ShownEntry, outcome: ShownEntry | None, lang: Language) -> list[str]:
    """One decision with all it rests on, and what became of it; what is empty is left out."""
    told = [(name, text) for name, text in _facts_of(entry, outcome, lang) if text]
    return [f"{_LABELS.get(name, name) if lang is Language.ZH else name}: {text}" for name, text in told]


def _facts_of(entry: ShownEntry, outcome: ShownEntry | None, lang: Language) -> list[tuple[str, str]]:
    subject, action = entry.get("subject", {}), entry.get("action", {})

    def own(name: str) -> str:
        return str(entry.get(name, ""))

    def listed(name: str) -> str:
        return ", ".join(entry.get(name, ()))

    return [
        ("decision_id", own("decision_id")),
        ("seq", own("seq")),
        ("time", f"{own('time')} ({own('time_source')})"),
        ("caller", own("caller")),
        ("channel", own("channel")),
        ("intent", _word(own("intent"), lang)),
        ("officer", subject.get("person", "")),
        ("post", subject.get("acting_post", "")),
        ("party", own("party_token")),
        ("case", f"{own('case_id')} v{own('case_version')}"),
        ("region", own("region")),
        ("item", f"{own('item_name')} ({own('item')} v{own('item_version')})"),
        ("step", action.get("step", "")),
        ("asked outcome", _word(action.get("outcome", ""), lang)),
        ("facts", ", ".join(f"{name}={str(value).lower()}" for name, value in entry.get("facts", {}).items())),
        ("evidence", listed("evidence_digests")),
        ("co-signers", listed("officers")),
        ("decision", _word(own("decision"), lang)),
        ("code", own("code")),
        ("reason", entry.get("reason", {}).get(lang.value, "")),
        ("basis", "；".join(entry.get("basis", ()))),
        ("rows", listed("rows")),
        ("sources", listed("sources")),
        ("obligations", ", ".join("{kind} {arg}".format_map(_Known(due)) for due in entry.get("obligations", ()))),
        *(("flag", "{grade} {code} {rule} {basis} {due} [{source}]".format_map(_Known(flag))) for flag in entry.get("flags", ())),
        *(("ground", "{code} {rule} {basis} [{source}]".format_map(_Known(ground))) for ground in entry.get("grounds", ())),
        ("policy", own("policy_digest")),
        ("leaf", own("leaf")),
        ("outcome", f"{_word(outcome.get('result', ''), lang)} {outcome.get('detail', '')}".strip() if outcome else ""),
    ]


class _Known(dict[str, object]):
    """An altered entry may lack anything."""

    def __missing__(self, name: str) -> str:
        return "-"
