"""All findings of a replay in one file: CSV for a spreadsheet, or JSON Lines for a program.

Text of the log is not ours: a cell that a spreadsheet would take for a formula is written with an apostrophe before it.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from adapters.importers.event_log.sentences import Notice
from sidecar.errors import EventLogError
from sidecar.replay.cases import Replayed

FIELDS = (
    "kind",  # refused, or look (a row that cannot be read, is repeated, or names nobody)
    "case",
    "time",
    "activity",
    "step",
    "officer",
    "code",
    "codes",
    "rule",
    "basis",
    "zh",
    "en",
    "file",
    "line",
    "column",
    "source",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Finding = dict[str, str | int]


def refusal_of(replayed: Replayed) -> Finding:
    """A refused event, as it is written down and shown: the first ground in full, the codes of all."""
    event, decision = replayed.event, replayed.decision
    if decision is None:
        return {}
    grounds = decision.grounds
    return {
        "kind": "refused",
        "case": event.request.case_id,
        "time": event.time.isoformat(),
        "activity": event.activity,
        "step": event.request.step,
        "officer": event.request.person,
        "code": decision.code,
        "codes": " ".join(dict.fromkeys(ground.code for ground in grounds)),
        "rule": decision.rule,
        "basis": decision.basis,
        "zh": decision.reason.zh,
        "en": decision.reason.en,
        "file": event.place.file,
        "line": event.place.line,
        "column": event.place.column,
        "source": grounds[0].source if grounds else "",
    }


def look_of(found: Notice) -> Finding:
    """A row or a line of the mapping file to look at."""
    return {
        "kind": "look",
        "code": found.code,
        "zh": found.sentence.zh,
        "en": found.sentence.en,
        "file": found.place.file,
        "line": found.place.line,
        "column": found.place.column,
    }


class FindingsFile:
    """Where findings are written, in the order in which they are met."""

    def __init__(self, stream: TextIO, kind: str) -> None:
        self._stream = stream
        self._table = csv.DictWriter(stream, FIELDS, restval="") if kind == ".csv" else None
        if self._table:
            self._table.writeheader()

    def refusal(self, replayed: Replayed) -> None:
        self._write(refusal_of(replayed))

    def notice(self, found: Notice) -> None:
        self._write(look_of(found))

    def _write(self, finding: Finding) -> None:
        if self._table:
            self._table.writerow({name: _harmless(value) for name, value in finding.items()})
        else:
            self._stream.write(json.dumps(finding, ensure_ascii=False) + "\n")


def _harmless(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


@contextmanager
def findings_file(path: Path, sources: Iterable[Path], *, replace: bool) -> Iterator[FindingsFile]:
    """The file of all findings, which appears whole when the work is done, or not at all. It never takes the place of what is
    read."""
    if path.suffix not in (".csv", ".jsonl"):
        raise EventLogError("FINDINGS_FORM_UNKNOWN", path=path)
    if path.exists() and not replace:
        raise EventLogError("FINDINGS_EXIST", path=path)
    if path.exists() and any(path.samefile(source) for source in sources if source.exists()):
        raise EventLogError("FINDINGS_ARE_READ", path=path)
    draft = path.with_name(f".{path.name}.new")
    try:
        with draft.open("w", encoding="utf-8-sig" if path.suffix == ".csv" else "utf-8", newline="") as stream:
            yield FindingsFile(stream, path.suffix)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
