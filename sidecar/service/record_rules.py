"""The rules of a record, as a site declares them in one YAML file: in which form fields are recorded, how long entries are kept.

    fields:
      client_ip: token
      facts_digest: sealed
    retention:
      default: {months: 12, basis: 网络安全法第二十三条}
      items:
        gov-procurement: {years: 15, basis: 政府采购法第四十二条}
      closed_after: {years: 2}
      closed: [C-2024-17]
      holds:
        - {case: C-2025-3, basis: 行政诉讼 (2026)粤01行初12号}

Whatever is not written is as strict as it can be: nothing is declared less than the defaults without being written down, and
whatever is wrong is said with its place before anything is served.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from sidecar.decision_log.disclosure import CHOICES, NUMBERS, STRICT, Disclosure, always_clear, fields_of
from sidecar.decision_log.entry import FORMS
from sidecar.decision_log.retention import LEAST_BASIS, MINIMUM_MONTHS, Hold, Retention, Span
from sidecar.errors import SettingsError, reason_of
from sidecar.power_list.source import Mapping, Node, Scalar, Sequence, read_source

_YEAR = 12
MAX_MONTHS = 100 * _YEAR
_CLEAR = always_clear(fields_of(*FORMS))

T = TypeVar("T")


class RecordRules(NamedTuple):
    disclosure: Disclosure = STRICT
    retention: Retention = Retention()

    @property
    def digest(self) -> str:
        """By which the log tells that other rules are in force."""
        fields, retention = self.disclosure.text, self.retention
        kept = {
            "default": _told(retention.default),
            "items": {item: _told(span) for item, span in retention.items.items()},
            "holds": sorted(map(_told, retention.holds)),
            "closed_after": retention.closed_after,
            "closed": sorted(retention.closed),
        }
        return "sha256:" + hashlib.sha256(fields.encode() + msgspec.json.encode(kept, order="sorted")).hexdigest()


def _told(rule: Span | Hold) -> tuple[int | str, str]:
    """A rule without its place: one that only moved in the file is the same."""
    return rule[0], rule.basis


def read_record_rules_file(path: Path | None) -> RecordRules:
    """The rules at a place; the defaults where none is named. Raises SettingsError with every mistake and its place."""
    if path is None:
        return RecordRules()
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise SettingsError("RECORD_RULES_UNREADABLE", path=path, reason=reason_of(fault)) from fault
    return read_record_rules(str(path), data)


def read_record_rules(file: str, data: bytes) -> RecordRules:
    """Raises SettingsError with every mistake and its place."""
    source = read_source(file, data)
    reading = _Reading(file)
    reading.problems += [f"{finding.place}: {finding.sentence.zh} / {finding.sentence.en}" for finding in source.findings]
    rules = RecordRules()
    if source.root is not None:
        rules = reading.rules(source.root)
    if reading.problems:
        raise SettingsError("RECORD_RULES_UNUSABLE", problems="\n  ".join(reading.problems))
    return rules


class _Reading:
    """Reads a tree and collects what is wrong with it."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.problems: list[str] = []

    def rules(self, root: Node) -> RecordRules:
        disclosure, retention = STRICT, Retention()
        for key, node in self._members(root, "the file", ("fields", "retention")):
            if key.text == "fields":
                disclosure = self._disclosure(node)
            else:
                retention = self._retention(node)
        return RecordRules(disclosure, retention)

    def _disclosure(self, node: Node) -> Disclosure:
        forms = dict(STRICT.forms)
        for key, value in self._entries(node, "fields"):
            field, choices = key.text, CHOICES.get(key.text)
            if field in _CLEAR:
                self._wrong(
                    key,
                    f"{field} must stand in clear: without it no decision can be found, replayed or answered for",
                    "该字段不可遮蔽",
                )
            elif choices is None:
                known = ", ".join(CHOICES)
                self._wrong(key, f"no record has the field {field}; there is a choice for {known}", "未知字段")
            elif not isinstance(value, Scalar) or value.text not in choices:
                what = "numbers of persons found in texts" if field == NUMBERS else field
                self._wrong(value, f"{what} can be {', '.join(choices)}", "取值无效")
            else:
                forms[field] = value.text
        return Disclosure(forms)

    def _retention(self, node: Node) -> Retention:
        read = Retention()
        for key, value in self._members(node, "retention", ("default", "items", "closed_after", "closed", "holds")):
            if key.text == "default":
                read = read._replace(default=self._span(value) or read.default)
            elif key.text == "items":
                spans = ((name.text, self._span(child)) for name, child in self._entries(value, "items"))
                read = read._replace(items={name: span for name, span in spans if span})
            elif key.text == "closed_after":
                read = read._replace(closed_after=self._months(value, "closed_after"))
            elif key.text == "closed":
                read = read._replace(closed=frozenset(self._list(value, "closed", self._text)))
            else:
                read = read._replace(holds=tuple(self._list(value, "holds", self._hold)))
        return read

    def _span(self, node: Node) -> Span | None:
        months, basis = self._months(node, "a time"), ""
        for key, value in self._members(node, "a time", ("months", "years", "basis"), quiet=True):
            if key.text == "basis":
                basis = self._text(value) or ""
        if not basis:
            self._wrong(node, "a time has a basis: the article that says so", "缺少依据")
            return None
        if months and months < MINIMUM_MONTHS:
            self._wrong(node, f"{months} months are less than {MINIMUM_MONTHS}, the least by {LEAST_BASIS}", "短于法定最低期限")
            return None
        return Span(months, basis, self._place(node)) if months else None

    def _months(self, node: Node, where: str) -> int:
        """Months or years of a mapping that has exactly one of them."""
        found = [(key, value) for key, value in self._members(node, where, ("months", "years", "basis")) if key.text != "basis"]
        numbers = [
            (value.value * (_YEAR if key.text == "years" else 1)) if isinstance(value, Scalar) and type(value.value) is int else 0
            for key, value in found
        ]
        if len(numbers) == 1 and 0 < numbers[0] <= MAX_MONTHS:
            return numbers[0]
        self._wrong(node, f"{where} has months or years: one whole number, up to 100 years", "期限无效")
        return 0

    def _hold(self, node: Node) -> Hold | None:
        told = {key.text: self._text(value) or "" for key, value in self._members(node, "a hold", ("case", "basis"))}
        if told.get("case") and told.get("basis"):
            return Hold(told["case"], told["basis"], self._place(node))
        self._wrong(node, "a hold has a case and a basis", "缺少案号或依据")
        return None

    # -- the tree ------------------------------------------------------------------------------------------------------------

    def _members(self, node: Node, where: str, known: tuple[str, ...], *, quiet: bool = False) -> Iterator[tuple[Scalar, Node]]:
        for key, value in self._entries(node, where, quiet=quiet):
            if key.text in known:
                yield key, value
            elif not quiet:
                self._wrong(key, f"{where} has no {key.text}; it has {', '.join(known)}", "未知的键")

    def _entries(self, node: Node, where: str, *, quiet: bool = False) -> list[tuple[Scalar, Node]]:
        if isinstance(node, Mapping):
            return node.entries
        if not quiet:
            self._wrong(node, f"{where} must be a mapping", "应为映射")
        return []

    def _list(self, node: Node, where: str, read: Callable[[Node], T | None]) -> list[T]:
        if isinstance(node, Sequence):
            return [value for child in node.items if (value := read(child)) is not None]
        self._wrong(node, f"{where} must be a list", "应为列表")
        return []

    def _text(self, node: Node) -> str | None:
        if isinstance(node, Scalar) and node.text:
            return node.text
        self._wrong(node, "a text is needed", "应为文字")
        return None

    def _place(self, node: Node) -> str:
        return f"{self._file}:{node.line}"

    def _wrong(self, node: Node, english: str, chinese: str) -> None:
        self.problems.append(f"{self._file}:{node.line}:{node.column}: {chinese} / {english}")
