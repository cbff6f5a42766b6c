"""`quanheng log verify`, and the same as a program of its own: what is asked, and how the answer is told.

Exit status 0: everything holds. 1: something does not, and it is said which entry and how. 2: it could not be verified.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.verifier.chinese import in_chinese
from adapters.verifier.copies import FilledCopy, LineFile, RecordCopy, open_copy
from adapters.verifier.failures import EN, ZH, QuestionError, VerifierError
from adapters.verifier.released import verify_released
from sidecar.decision_log.findings import Finding, Kind, Report
from sidecar.decision_log.hashing import HashUnavailableError
from sidecar.decision_log.notes import Key, NoteError, read_key
from sidecar.decision_log.one_case import is_one_case, verify_case
from sidecar.decision_log.proof import read_evidence
from sidecar.decision_log.reading import Copy, case_of, fields_of, leaf_of
from sidecar.decision_log.sheet import SheetError, read_root
from sidecar.decision_log.verifier import Trust, read_held, verify

OK, FOUND, FAILED = 0, 1, 2

KINDS = {
    Kind.CHANGED: ("被改动", "changed"),
    Kind.MISSING: ("缺失", "missing"),
    Kind.INSERTED: ("被插入", "inserted"),
    Kind.REORDERED: ("次序被调换", "reordered"),
    Kind.CUT_OFF: ("末尾被截断", "cut off"),
    Kind.FORKED: ("同一密钥签了两段不同历史", "forked: two histories were signed"),
    Kind.OLDER: ("比您持有的检查点旧", "older than a checkpoint you hold"),
    Kind.FOREIGN: ("不是这本日志", "another log"),
    Kind.WRONG_KEY: ("签名或密钥不符", "signature or key does not hold"),
    Kind.BESIDE: ("记录本身完好，旁存数据不符", "the entry is sound, what is kept beside it is not"),
    Kind.UNSIGNED: ("没有签名担保", "nothing vouches for it"),
    Kind.UNWITNESSED: ("见证不足", "too few witnesses"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be verified, and what the reader brings along. Paths as given on the command line."""

    copy: Path
    checkpoint: Path | None = None
    keys: Sequence[str] = ()
    held: Sequence[Path] = ()
    printed: Sequence[str] = ()
    witnesses: Sequence[str] = ()
    quorum: int = 0
    case: str = ""
    chains: bool = False
    crypto: bool = True
    released: Sequence[Path] = ()


Progress = Callable[[int, int], None]


def ask(question: Question, progress: Progress | None = None) -> Report:
    """Verify. Raises VerifierError or OSError for what cannot be read."""
    try:
        trust = Trust(
            keys=[key_of(text) for text in question.keys],
            held=[held_of(path) for path in question.held],
            printed=[read_root(text) for text in question.printed],
            witnesses=[key_of(text) for text in question.witnesses],
            quorum=question.quorum,
            crypto=question.crypto,
        )
        copy = open_copy(question.copy, question.checkpoint)
        if isinstance(copy, RecordCopy) and copy.is_released:
            return verify_released(copy, trust)
        if question.released:
            copy = FilledCopy(copy, [RecordCopy(path) for path in question.released])
        if question.case and isinstance(copy, LineFile):
            entries = [row.body for row in copy.rows()]
            if is_one_case(entries, question.case):
                return verify_case(entries, question.case, [read_evidence(data) for data in trust.held], trust.keys)
        report = verify(copy, trust, chains=question.chains, progress=progress)
        if question.case:
            _look_at_case(copy, question.case, report)
    except (NoteError, SheetError) as fault:
        raise QuestionError("NOT_AS_RECEIVED", fault=fault) from fault
    except HashUnavailableError as fault:
        raise QuestionError("HASH_NOT_HERE", fault=fault) from fault
    except ImportError as fault:
        raise QuestionError("SIGNATURES_UNCHECKED", fault=fault) from fault
    return report


def _look_at_case(copy: Copy, case: str, report: Report) -> None:
    """How many entries of one case stand in the copy, and that each rests on the one before it."""
    before, count = "", 0
    gone: set[str] = set()
    from sidecar.decision_log.hashing import tree_hash  # noqa: PLC0415

    hash_ = tree_hash(report.hash)
    for seq, row in enumerate(copy.rows(), 1):
        fields = fields_of(row.body)
        leaf = leaf_of(copy, hash_, row, seq - 1).hex()
        if not row.body:
            gone.add(leaf)
        if case_of(row, fields) != case:
            continue
        if row.body and fields.get("prev_case") != before and fields.get("prev_case") not in gone:
            report.found(Kind.MISSING, seq, seq, f"of case {case} an entry before this one is not here")
        before, count = leaf, count + 1
    report.chained = max(report.chained, count)
    report.notes.append(f"case {case}: {count} entries, each resting on the one before it")
    if not count:
        raise QuestionError("NO_ENTRY_OF_CASE", case=case)


def key_of(text: str) -> Key:
    """A key, or a file that holds one."""
    path = Path(text)
    if "+" not in text and path.is_file():
        text = path.read_text("utf-8")
    try:
        return read_key(text)
    except NoteError as fault:
        raise NoteError(
            f"{path if path.is_file() else repr(str(path)[:80])}: {fault}, or a file that exists and holds one"
        ) from fault


def held_of(path: Path) -> bytes:
    """A file somebody kept, and looked at here, where its name can be said. Raises NoteError, OSError."""
    data = path.read_bytes()
    try:
        read_held([data])
    except NoteError as fault:
        raise NoteError(f"{path} is no checkpoint, receipt or evidence: {fault}") from fault
    return data


def status_of(report: Report) -> int:
    return OK if report.sound else FOUND


def as_json(report: Report) -> dict[str, Any]:
    return {
        "sound": report.sound,
        "origin": report.origin,
        "hash": report.hash,
        "entries": report.size,
        "root": report.root.hex(),
        "signed": report.covered,
        "released": report.released,
        "signers": list(report.signers),
        "witnesses": list(report.witnesses),
        "first": _finding(report.first) if report.first else None,
        "findings": [_finding(finding) for finding in sorted(report.findings)],
        "notes": report.notes,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {"kind": finding.kind.value, "first": finding.first, "last": finding.last, "detail": finding.detail}


def as_lines(report: Report, language: str) -> list[str]:
    """The report for a person."""
    zh = language == ZH
    count, by = report.size, ", ".join([*report.signers, *report.witnesses])
    lines = [
        f"日志 {report.origin}（{report.hash}），{count} 条" if zh else f"log {report.origin} ({report.hash}), {count} entries",
        f"根 {report.root.hex()}" if zh else f"root {report.root.hex()}",
    ]
    if by:
        covered = report.covered
        lines.append(f"检查点覆盖 {covered} 条，签名：{by}" if zh else f"a checkpoint covers {covered}, signed by {by}")
    first = report.first
    if first is None:
        lines.append("核验通过：未发现问题" if zh else "verified: nothing is wrong")
    else:
        lines.append(("核验不通过！首先看：" if zh else "NOT VERIFIED. Look first at: ") + _told(first, zh=zh))
        others = [finding for finding in sorted(report.findings) if finding != first]
        lines += [("另：" if zh else "also: ") + _told(finding, zh=zh) for finding in others[:20]]
    return lines + [f"注：{in_chinese(note)}" if zh else f"note: {note}" for note in report.notes]


def _told(finding: Finding, *, zh: bool) -> str:
    kind = KINDS[finding.kind][0 if zh else 1]
    if not finding.first:
        return f"{kind} — {finding.detail}"
    whole = finding.first == finding.last
    if zh:
        place = f"第 {finding.first} 条" if whole else f"第 {finding.first} 至 {finding.last} 条之间"
    else:
        place = f"entry {finding.first}" if whole else f"between entries {finding.first} and {finding.last}"
    return f"{place}: {kind} — {finding.detail}"


# -- as a program of its own -----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    question = Question(
        copy=options.copy,
        checkpoint=options.checkpoint,
        keys=options.key,
        held=options.held,
        printed=options.printed,
        witnesses=options.witness,
        quorum=options.quorum,
        case=options.case,
        chains=options.chains,
        released=options.released,
        crypto=not options.no_crypto,
    )
    try:
        report = ask(question, _bar if sys.stderr.isatty() else None)
    except (VerifierError, OSError) as fault:
        told, advice = fault.told(options.lang) if isinstance(fault, VerifierError) else (str(fault), "")
        sys.stderr.write(f"quanheng-verify: {told}\n" + (f"  → {advice}\n" if advice else ""))
        return FAILED
    if options.json:
        sys.stdout.write(json.dumps(as_json(report), ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(as_lines(report, options.lang)) + "\n")
    return status_of(report)


def _bar(done: int, of: int) -> None:
    share = done / of if of else 1.0
    sys.stderr.write(f"\r[{'#' * int(share * 40):<40}] {share:4.0%}" + ("\n" if done >= of else ""))
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="quanheng-verify", description="Verify a copy of a Quanheng log, without any server 离线核验日志", epilog=__doc__
    )
    parser.add_argument("copy", type=Path, help="data folder, folder of tiles, or file of entries (*.jsonl)")
    parser.add_argument("--checkpoint", type=Path, help="the log's own checkpoint, where it does not lie beside the entries")
    parser.add_argument("--key", action="append", default=[], help="the log's public key, or a file with it")
    parser.add_argument("--held", action="append", default=[], type=Path, help="a checkpoint, receipt or evidence file you kept")
    parser.add_argument("--printed", action="append", default=[], metavar="SIZE:ROOT", help="size and root from an anchor sheet")
    parser.add_argument("--witness", action="append", default=[], help="public key of a witness, or a file with it")
    parser.add_argument("--quorum", type=int, default=0, help="how many of the witnesses must have cosigned")
    parser.add_argument("--released", action="append", default=[], type=Path, help="a file that entries were released to")
    parser.add_argument("--case", default="", help="also follow the entries of this case")
    parser.add_argument("--chains", action="store_true", help="follow the chain of every case")
    parser.add_argument("--no-crypto", action="store_true", help="look at no signature: roots count, from --printed")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--lang", choices=(ZH, EN), default=ZH if os.environ.get("LANG", "").startswith("zh") else EN)
    return parser


if __name__ == "__main__":
    sys.exit(main())
