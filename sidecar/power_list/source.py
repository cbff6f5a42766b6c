"""YAML text → a tree of nodes that remember where they stand.

The dialect is the safe half of YAML 1.2: mappings, lists and scalars. Anchors, aliases, tags and several documents are
refused, because a policy must read the same to a person and to the machine. A plain `yes`, `no`, `on` or `off` is refused too:
YAML 1.1 tools read it as a boolean, YAML 1.2 tools as text. A plain date stays text; the model turns it into a date.

Positions are 1-based (line, column) as editors count them. Parsing is done by libyaml; this module only builds the tree.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from sidecar.power_list.findings import Finding, Place

MAX_BYTES = 64 * 1024 * 1024  # a province's list written as one file is about a fifth of this
MAX_DEPTH = 32

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_ZERO_LED = re.compile(r"[-+]?0[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?[0-9]*\.[0-9]+([eE][-+]?[0-9]+)?\Z|[-+]?[0-9]+[eE][-+]?[0-9]+\Z")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_AMBIGUOUS = frozenset({"yes", "no", "on", "off", "y", "n"})

Value = str | int | float | bool | None
Lines = list[str] | tuple[str, ...]  # of a file, without their ends


@dataclass(slots=True)
class Scalar:
    """One scalar. `text` is what the file says, `value` what it means."""

    line: int
    column: int
    text: str
    value: Value


@dataclass(slots=True)
class Sequence:
    line: int
    column: int
    items: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    line: int
    column: int
    entries: list[tuple[Scalar, "Node"]] = field(default_factory=list)


Node = Scalar | Sequence | Mapping


@dataclass(slots=True)
class Source:
    """One parsed file: its tree (None when it could not be parsed), the findings met on the way, and its lines."""

    file: str
    root: Node | None
    findings: list[Finding]
    lines: Lines = ()


def read_source(file: str, data: bytes) -> Source:
    """Parse `data` (bytes of one YAML file). Never raises: whatever is wrong becomes a finding."""
    findings: list[Finding] = []
    text = _decode(file, data, findings)
    if text is None:
        return Source(file, None, findings)
    try:
        root = _Builder(file, findings).build(yaml.parse(text, Loader=yaml.CBaseLoader))
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        place = Place(file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1)
        findings.append(Finding("YAML_SYNTAX", place, facts={"problem": fault.problem or str(fault)}))
        return Source(file, None, findings)
    except yaml.YAMLError as fault:  # the reader's own errors carry a byte offset only
        findings.append(Finding("YAML_SYNTAX", Place(file, 1, 1), facts={"problem": str(fault)}))
        return Source(file, None, findings)
    if root is None and not findings:
        findings.append(Finding("EMPTY_FILE", Place(file, 1, 1)))
    broken = any(f.code in {"YAML_FORBIDDEN", "TOO_DEEP"} for f in findings)
    return Source(file, None if broken else root, findings, text.split("\n"))


def _decode(file: str, data: bytes, findings: list[Finding]) -> str | None:
    start = Place(file, 1, 1)
    if len(data) > MAX_BYTES:
        findings.append(Finding("FILE_TOO_LARGE", start, facts={"limit": MAX_BYTES}))
        return None
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        findings.append(Finding("BAD_ENCODING", start, facts={"problem": "BOM"}))
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        column = fault.start - data.rfind(b"\n", 0, fault.start)
        place = Place(file, line, column)
        findings.append(Finding("BAD_ENCODING", place, facts={"problem": f"byte 0x{data[fault.start]:02x}"}))
        return None
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        findings.append(Finding("BAD_ENCODING", start, facts={"problem": "CR line ends"}))
        return None
    for number, line_text in enumerate(text.split("\n"), start=1):
        if not unicodedata.is_normalized("NFC", line_text):
            findings.append(Finding("NOT_NFC", Place(file, number, 1)))
            return None
    return text


def position_inside(lines: Lines, start: tuple[int, int], text: str, at: int) -> tuple[int, int]:
    """Where the character `at` of a scalar's text stands, the scalar beginning at `start` (line and column from 1). Folded lines,
    quotes and the escapes of quotes are followed; where a text is written otherwise, the beginning is the answer."""
    raw = _Raw(lines, *start)
    raw.open()
    for character in text[:at]:
        if not raw.pass_over(character):
            return start
    if at < len(text) and not text[at].isspace():
        raw.skip_space()
    return raw.line, raw.column


class _Raw:
    """A place in the file that moves along with the text of a scalar."""

    def __init__(self, lines: Lines, line: int, column: int) -> None:
        self._lines, self.line, self.column = lines, line, column
        self._quote = ""

    @property
    def _here(self) -> str:
        """The character here; a line ends with a line feed, the file with nothing."""
        if self.line > len(self._lines):
            return ""
        return (self._lines[self.line - 1] + "\n")[self.column - 1 : self.column]

    def _step(self) -> None:
        self.line, self.column = (self.line + 1, 1) if self._here == "\n" else (self.line, self.column + 1)

    def open(self) -> None:
        if self._here in ("'", '"'):
            self._quote = self._here
            self._step()
        elif self._here in ("|", ">"):
            self.line, self.column = self.line + 1, 1
            self.skip_space()

    def skip_space(self) -> None:
        while self._here.isspace():
            self._step()

    def pass_over(self, character: str) -> bool:
        if character.isspace():
            self.skip_space()
            return True
        if self._here == ("\\" if self._quote == '"' else "'") and self._quote:
            self._step()
        same = self._here == character
        self._step()
        return same


class _Builder:
    """Turns libyaml's events into nodes, refusing what the dialect leaves out."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        self._file = file
        self._findings = findings

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._forbid(event, "several documents (---)")
                    return None
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, 0)
                if root is None:
                    return None
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node | None:
        line, column = _position(event)
        forbidden = _forbidden(event)
        if forbidden:
            self._forbid(event, forbidden)
            return None
        if depth > MAX_DEPTH:
            self._findings.append(Finding("TOO_DEEP", Place(self._file, line, column), facts={"limit": MAX_DEPTH}))
            return None
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line, column)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, Sequence(line, column), depth)
        return self._mapping(events, Mapping(line, column), depth)

    def _sequence(self, events: Iterator[yaml.Event], node: Sequence, depth: int) -> Sequence | None:
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            child = self._node(event, events, depth + 1)
            if child is None:
                return None
            node.items.append(child)
        return node

    def _mapping(self, events: Iterator[yaml.Event], node: Mapping, depth: int) -> Mapping | None:
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, events, depth)
            if key is None:
                return None
            child = self._node(next(events), events, depth + 1)
            if child is None:
                return None
            if not isinstance(key, Scalar):
                self._findings.append(
                    Finding("YAML_FORBIDDEN", Place(self._file, key.line, key.column), facts={"what": "a list as key"})
                )
                return None
            node.entries.append((key, child))
        return node

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node | None:
        """A key is always text, so `n:` and `on:` are what they look like."""
        if isinstance(event, yaml.ScalarEvent) and not _forbidden(event):
            return Scalar(*_position(event), event.value, event.value)
        return self._node(event, events, depth + 1)

    def _scalar(self, event: yaml.ScalarEvent, line: int, column: int) -> Scalar:
        if event.style:  # quoted or block text; libyaml gives "" for plain
            return Scalar(line, column, event.value, event.value)
        text = event.value
        if text.lower() in _AMBIGUOUS or _ZERO_LED.match(text):
            self._findings.append(Finding("AMBIGUOUS_SCALAR", Place(self._file, line, column), facts={"text": text}))
        return Scalar(line, column, text, plain_value(text))

    def _forbid(self, event: yaml.Event, what: str) -> None:
        self._findings.append(Finding("YAML_FORBIDDEN", Place(self._file, *_position(event)), facts={"what": what}))


def _position(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _forbidden(event: yaml.Event) -> str:
    """What in this event is outside the dialect, as it stands in the file; empty when nothing is."""
    anchor: str | None = getattr(event, "anchor", None)
    tag: str | None = getattr(event, "tag", None)
    if isinstance(event, yaml.AliasEvent):
        return f"*{anchor}"
    return f"&{anchor}" if anchor else tag or ""


def plain_value(text: str) -> Value:
    """The meaning of an unquoted scalar under the YAML 1.2 core schema; zero-led digits stay text."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text
