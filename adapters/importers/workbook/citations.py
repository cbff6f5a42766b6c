"""The text of 实施依据 → legal bases.

The published form is: a marker of the kind of instrument, the title, a remark in parentheses (who passed it, its number, its
dates), then articles, each followed by its wording:

    【法律】《中华人民共和国建筑法》（1997年11月1日…通过，2019年4月23日主席令第29号修正）
        第七条：建筑工程开工前，建设单位应当……
        第六十四条：违反本法规定……

Only what is cited counts, not what the quoted wording mentions ("违反本法第二十条规定的", "依照《行政处罚法》"): a title counts
after a marker or at the beginning of a sentence on a new line, an article directly after the title, at the beginning of a
sentence on a new line, or joined by 、 or 和 to one that counts. Of an article only its number is kept; 款 and 项 and the wording
stay in the workbook, because the text in force is the statute's, not the list's.

The kind of instrument follows the title, then the number, and only then the marker, which errs most: a 法 is a law whatever
stands before it, and a 办法 with the number of a ministry's order is a rule even where the list says 【法规】. A local title
(a province, a city) makes a local regulation or rule.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from adapters.importers.workbook.text import shortened, single_line

MAX_ARTICLES = 12
_MAX_TITLE = 200
NO_BASIS = "（清单未载明依据）"

_MARKER = re.compile(r"[【\[［〔]\s*([^\d】\]］〕]{1,12}?)\s*[】\]］〕]")
_KINDS = {
    "法律": "law", "行政法规": "administrative_regulation", "行法规": "administrative_regulation", "法规": "regulation",
    "地方性法规": "local_regulation", "地方法规": "local_regulation", "国务院决定": "state_council_decision",
    "国务院文件": "normative_document", "部门规章": "departmental_rule", "部令": "departmental_rule", "规章": "rule",
    "政府规章": "local_rule_of_some_level", "地方政府规章": "local_rule_of_some_level", "规范性文件": "normative_document",
    "党内法规": "normative_document", "文件": "normative_document", "标准": "unclassified", "其他": "unclassified",
}  # fmt: skip
# Whose order it is says what it is; a regional rule is told by its title.
_ORDERS = {
    "国务院令": "administrative_regulation", "政府令": "local_rule_of_some_level", "部令": "departmental_rule",
    "局令": "departmental_rule", "委令": "departmental_rule", "委员会令": "departmental_rule", "署令": "departmental_rule",
    "银行令": "departmental_rule",
}  # fmt: skip
_REGULATION_MARKERS = ("regulation", "administrative_regulation", "local_regulation")

_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|"
    "内蒙古|广西|西藏|宁夏|新疆"
)
_PROVINCIAL = re.compile(rf"(?:{_PROVINCES}|自治区(?!域))")
_LOCAL = re.compile(r"[一-龥]{2,6}?(?:(?<!城)市|自治州|自治县)(?!场|政|容|区)")
_DIGITS = {"〇": 0, "零": 0, "○": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = "[〇零○一二三四五六七八九十百千两0-9０-９]{1,9}"
_ARTICLE = re.compile(rf"第\s*({_NUMERAL})\s*(?:条\s*(之[一二三四五六七八九十]{{1,2}})?|(?=\s*至第))")
_RANGE_END = re.compile(rf"\s*至\s*第\s*({_NUMERAL})\s*条")
_PARTS = re.compile(rf"(?:\s*[第、和及至（(]*{_NUMERAL}[）)]?\s*[款项目])*")
_JOINED = re.compile(r"\s*[、，,和及以与]*\s*$")
_NOT_CITED = re.compile(r"\s*(?:的|规定|之规定|所|中[，的规])")
_BARE_TITLE = re.compile(rf"\s*([^\s（(：:。；;《》]{{4,60}}?)(?=[（(：:。；;\s]|第{_NUMERAL}条|$)")
_DATE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_ORDER = re.compile(r"[一-龥、]{0,60}令(?:[\[〔（(]\d{4}[\]〕）)])?\s*第?\s*[\d一二三四五六七八九十百〇零]{1,6}\s*号")
_DOCUMENT = re.compile(r"[一-龥]{2,12}\s*[〔\[［（(【]\s*\d{4}\s*[〕\]］）)】]\s*第?\s*\d{1,5}\s*号")
_BEFORE_NUMBER = re.compile(r"^(?:.*?(?:[日月年]|根据|颁布|公布|发布|通过|修订|修正)|国务院以|经(?!济)|由|以)+|^、")
_REPUBLIC = re.compile(r"^中华人民共和国")
_PREFIX = re.compile(r"^中华人民共和国(?=.+(?:法|法典|条例|实施细则|施行细则)$)")
_NUMBERED = re.compile(r"^\s*(?:\d{1,2}\s*[.．、]|[（(]?[一二三四五六七八九十\d]{1,3}[）)、])?\s*$")
_ENDS_SENTENCE = "。；;：:）)》”!！"


@dataclass(frozen=True, slots=True)
class Citation:
    """One instrument with the articles cited from it (each a number, or text such as 第七条之一)."""

    instrument: str
    title: str
    number: str | None = None
    version: str | None = None
    articles: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Start:
    marker: str
    begin: int
    end: int


def read_citations(text: str) -> list[Citation]:
    """Every instrument cited in a 实施依据 text, in order. Empty when no title can be found."""
    starts = list(_starts(text)) or [_Start("", at, at) for at in [text.find("《")] if at >= 0]
    ends = [*(start.begin for start in starts[1:]), len(text)][: len(starts)]
    found = [_citation(start.marker, text[start.end : end]) for start, end in zip(starts, ends, strict=True)]
    return [citation for citation in found if citation]


def _starts(text: str) -> Iterator[_Start]:
    """Where citations begin: at markers, and at titles that open a sentence on a new line."""
    marked = [_Start(single_line(m[1]), m.start(), m.end()) for m in _MARKER.finditer(text) if single_line(m[1]) in _KINDS]
    opened = [_Start("", m.start(), m.start()) for m in re.finditer("《", text) if _opens_sentence(text, m.start())]
    last_end, last_marker = -1, ""
    for start in sorted([*marked, *opened], key=lambda s: s.begin):
        if start.marker or start.begin > last_end:
            # a title directly after its marker belongs to it; a later one of the same marker inherits the kind
            last_marker = start.marker or last_marker
            yield _Start(last_marker, start.begin, start.end)
            title = re.compile(r"\s*").match(text, start.end)
            last_end = title.end() if title else start.end


def _opens_sentence(text: str, at: int) -> bool:
    line_start = text.rfind("\n", 0, at) + 1
    before = text[:line_start].rstrip()
    return bool(_NUMBERED.match(text[line_start:at])) and (not before or before[-1] in _ENDS_SENTENCE + "】]］〕")


def _citation(marker: str, text: str) -> Citation | None:
    title, rest = _title(marker, text)
    if not title:
        return None
    remark, wording = _remark(rest)
    named = _PREFIX.sub("", title)
    articles = tuple(dict.fromkeys(_articles(wording)))
    number = _number(remark)
    return Citation(_instrument(marker, title, number or ""), named, number, _version(remark), articles)


def _title(marker: str, text: str) -> tuple[str, str]:
    """The first title and what follows it. Behind a marker a title may stand without 《》."""
    start = text.find("《")
    if start >= 0 and (end := _closing(text, start, "《", "》")) and end - start <= _MAX_TITLE:
        return single_line(text[start + 1 : end - 1]), text[end:]
    bare = _BARE_TITLE.match(text) if marker else None
    return (single_line(bare[1]), text[bare.end() :]) if bare else ("", text)


def _closing(text: str, start: int, opening: str, closing: str) -> int:
    """The end of the bracket that opens at `start`, counting nested ones; 0 when it never closes."""
    depth = 0
    for at in range(start, min(len(text), start + 2000)):
        depth += (text[at] in opening) - (text[at] in closing)
        if depth == 0:
            return at + 1
    return 0


def _remark(text: str) -> tuple[str, str]:
    """The parenthesised remark directly after a title, and the rest."""
    lead = len(text) - len(text.lstrip())
    if not text[lead : lead + 1] or text[lead] not in "（(〔[":
        return "", text
    end = _closing(text, lead, "（(〔[", "）)〕]")
    return (single_line(text[lead + 1 : end - 1]), text[end:]) if end else ("", text)


def _version(remark: str) -> str | None:
    """The last day named in a remark."""
    for year, month, day in reversed(_DATE.findall(remark)):
        try:
            return date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            continue
    return None


def _number(remark: str) -> str | None:
    """The number under which an instrument was first published: 国务院令第583号, 国办发〔2018〕118号."""
    found = [match for match in (_ORDER.search(remark), _DOCUMENT.search(remark)) if match]
    if not found:
        return None
    first = min(found, key=lambda match: match.start())[0]
    return _REPUBLIC.sub("", _BEFORE_NUMBER.sub("", first)) or None


def _articles(text: str) -> Iterator[int | str]:
    """The articles cited in what follows a title; those its wording only mentions are passed over."""
    last = 0  # end of the last cited article with its 款 and 项
    for match in _ARTICLE.finditer(text):
        if match.start() < last:
            continue
        end = _RANGE_END.match(text, match.end())
        stop = (_PARTS.match(text, end.end() if end else match.end()) or match).end()
        if _JOINED.fullmatch(text[last : match.start()]) or _stands_first(text, match.start(), stop):
            last = stop
            yield _article(match, end)


def _stands_first(text: str, at: int, stop: int) -> bool:
    """Whether an article opens a sentence on a new line, and is not the subject of a phrase like 第十条规定的."""
    line_start = text.rfind("\n", 0, at) + 1
    before = text[:line_start].rstrip()
    if text[line_start:at].strip() or (before and before[-1] not in _ENDS_SENTENCE):
        return False
    return not _NOT_CITED.match(text, stop)


def _article(match: re.Match[str], end: re.Match[str] | None) -> int | str:
    first = arabic(match[1])
    if end and first is not None:
        return f"第{match[1]}条至第{end[1]}条"
    return f"第{match[1]}条{match[2]}" if match[2] or first is None else first


def arabic(numeral: str) -> int | None:
    """一百二十三 → 123; digits stay. None when it is no number."""
    plain = "".join(str(int(c)) if c.isdecimal() else c for c in numeral)
    if plain.isdecimal():
        return int(plain)
    if not any(c in _PLACES for c in plain):
        return int("".join(str(_DIGITS[c]) for c in plain)) if all(c in _DIGITS for c in plain) else None
    total = pending = 0
    for c in plain:
        if c in _PLACES:
            total, pending = total + (pending or 1) * _PLACES[c], 0
        else:
            pending = _DIGITS.get(c, int(c) if c.isdecimal() else 0)
    return total + pending


def _instrument(marker: str, title: str, number: str) -> str:
    """What kind of instrument this is, by its title first, its number second and its marker third."""
    kind = next((kind for phrase, kind in _ORDERS.items() if phrase in number), _KINDS.get(marker, ""))
    name = re.sub(r"[（(〔].*?[）)〕]\s*$", "", title)
    provincial, local = bool(_PROVINCIAL.match(name)), bool(_PROVINCIAL.match(name) or _LOCAL.match(name))
    if name.endswith(("法", "法典")) and not name.endswith(("办法", "方法")):
        return "law"
    if name.startswith("国务院") and name.endswith("决定"):
        return "state_council_decision"
    if kind in _REGULATION_MARKERS or name.endswith("条例"):
        return "local_regulation" if local or kind == "local_regulation" else "administrative_regulation"
    if kind in ("normative_document", "state_council_decision", "unclassified"):
        return kind
    if kind in ("rule", "departmental_rule", "local_rule_of_some_level") or name.endswith(("规定", "办法", "细则", "规则")):
        return "provincial_rule" if provincial else "local_rule" if local or kind.startswith("local") else "departmental_rule"
    return _by_weaker_signs(kind, name)


def _by_weaker_signs(kind: str, name: str) -> str:
    if name.endswith(("通知", "意见", "方案", "公告", "批复", "目录", "通告", "函", "决定")):
        return "normative_document"
    return "law" if kind == "law" else "unclassified"


def untitled(text: str) -> str:
    """What stands for a basis whose title cannot be found."""
    return shortened(text, 60)
