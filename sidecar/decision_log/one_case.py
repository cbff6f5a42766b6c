"""The export of one case, verified without the rest of the log.

Each entry names the leaf hash of the one before it in its case. So an export that leaves out an entry from the middle, changes
one, or moves one does not hold together; only entries at its end can be left out, and the caller's own last receipt, or the
number of acts that the case is said to have, tells that. Evidence for one of the entries puts it, and through
the chain every one before it, under a signed checkpoint.
"""

from collections.abc import Sequence

from sidecar.decision_log.findings import Kind, Report
from sidecar.decision_log.hashing import NAMES, TreeHash, tree_hash
from sidecar.decision_log.merkle import ProofError
from sidecar.decision_log.notes import Key, NoteError, signed_by
from sidecar.decision_log.proof import Evidence
from sidecar.decision_log.reading import Fields, fields_of


def is_one_case(entries: Sequence[bytes], case: str) -> bool:
    """Whether these are the entries of that case and no others."""
    return bool(entries) and all(fields_of(entry).get("case_id") == case for entry in entries)


def verify_case(entries: Sequence[bytes], case: str, evidence: Sequence[Evidence] = (), keys: Sequence[Key] = ()) -> Report:
    """`chained` of the report counts the entries that rest on one another from the first on, `covered` those that are signed."""
    hash_ = _hash_of(entries)
    report = Report(hash=hash_.name, size=len(entries))
    before, last = "", 0
    for entry in entries:
        fields = fields_of(entry)
        seq = _number(fields)
        if fields.get("prev_case") != before:
            told = (
                f"it does not rest on {f'entry {last}' if last else 'nothing'}, which stands before it in this export of {case}"
            )
            kind = Kind.REORDERED if seq <= last else Kind.MISSING
            report.found(kind, min(last + 1, seq), max(last + 1, seq), told)
            return report
        before, last = hash_.leaf(entry).hex(), seq
        report.chained += 1
    for held in evidence:
        _cover(report, entries, held, hash_, keys)
    if not report.covered:
        report.notes.append("no evidence was held against it: it holds together, and nothing says that it was ever recorded")
    report.notes.append("entries left out at its end would not show: compare the last one with your own receipt")
    return report


def _cover(report: Report, entries: Sequence[bytes], held: Evidence, hash_: TreeHash, keys: Sequence[Key]) -> None:
    if held.entry not in entries:
        report.notes.append(f"the evidence for entry {held.index + 1} is not about an entry of this export")
        return
    try:
        held.verify(hash_)
        signers = signed_by(held.note, keys)
    except (ProofError, NoteError) as fault:
        report.found(Kind.WRONG_KEY, held.index + 1, held.index + 1, f"its evidence does not hold: {fault}")
        return
    if not signers:
        report.notes.append("the evidence is signed by no key that was given")
    report.origin = held.checkpoint.origin
    report.signers = [f"{key.name} {key.id.hex()}" for key in signers]
    report.covered = max(report.covered, entries.index(held.entry) + 1)


def _hash_of(entries: Sequence[bytes]) -> TreeHash:
    """The hash in which the second entry names the first; of a single entry nothing tells, nor matters."""
    if len(entries) > 1:
        named = fields_of(entries[1]).get("prev_case")
        for name in NAMES:
            if tree_hash(name).leaf(entries[0]).hex() == named:
                return tree_hash(name)
    return tree_hash(NAMES[0])


def _number(fields: Fields) -> int:
    number = fields.get("seq")
    return number if isinstance(number, int) else 0
