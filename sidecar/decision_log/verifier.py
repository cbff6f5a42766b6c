"""The offline verifier: is this copy the log, whole and unchanged, and if not, which entry is the first that is wrong and how?

What is believed, in this order: keys, checkpoints, receipts and printed roots that the reader brings along; then keys that the
log itself names, if a key that is believed signed a checkpoint that covers the naming; without any key of the reader, the keys
the log names are believed on its own word, and the report says so. Nothing beside the entries is believed without a signature.

    entries → leaf hashes → root at each signed size      equal: everything up to that size is as it was signed
                                                          another: something before it is not; naming.py says what

Two signed histories that cannot both be are a fork, whoever wrote which: the log signed what it may not sign.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sidecar.decision_log.checkpoint import Checkpoint, read_checkpoint
from sidecar.decision_log.findings import Kind, Report
from sidecar.decision_log.naming import Named, name_by_chain, name_by_numbers, name_difference
from sidecar.decision_log.notes import Key, Note, NoteError, signed_by
from sidecar.decision_log.pass_through import Leaves, Pass, Progress, pass_through
from sidecar.decision_log.proof import HEADER as PROOF_HEADER
from sidecar.decision_log.proof import Evidence, read_evidence
from sidecar.decision_log.reading import Copy, fields_of
from sidecar.decision_log.receipt import HEADER as RECEIPT_HEADER
from sidecar.decision_log.receipt import Receipt, read_receipt
from sidecar.decision_log.released import outside


@dataclass(frozen=True, slots=True)
class Trust:
    """What the reader brings along. `held` are checkpoints, receipts and evidence files as they were kept; `printed` sizes and
    roots from paper; `quorum` how many of `witnesses` must have cosigned the newest checkpoint. `crypto` off: signatures are not
    looked at, only printed roots count."""

    keys: Sequence[Key] = ()
    held: Sequence[bytes] = ()
    printed: Sequence[tuple[int, bytes]] = ()
    witnesses: Sequence[Key] = ()
    quorum: int = 0
    crypto: bool = True


@dataclass(frozen=True, slots=True)
class _Head:
    """A size and root somebody vouches for: a note signed by keys that are believed, or paper. `own` when it lay beside the
    entries."""

    size: int
    root: bytes
    note: Note | None = None
    signers: tuple[Key, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class _Held:
    """What the reader kept, read and not yet believed."""

    checkpoints: list[tuple[Checkpoint, Note]]
    receipts: list[tuple[Receipt, Note]]
    evidence: list[Evidence]

    @property
    def sizes(self) -> set[int]:
        return {checkpoint.size for checkpoint, _ in self.checkpoints}


def verify(copy: Copy, trust: Trust = Trust(), *, chains: bool = False, progress: Progress | None = None) -> Report:
    """Verify a whole copy. Raises NoteError when something the reader holds cannot be read, HashUnavailableError."""
    held, (own, unread) = read_held(trust.held), _own(copy)
    sizes = {checkpoint.size for checkpoint, _ in own} | held.sizes | {size for size, _ in trust.printed}
    passed = pass_through(copy, sizes, progress)
    return _Judgement(copy, trust, passed, own, held).report(unread, chains=chains)


def read_held(kept: Iterable[bytes]) -> _Held:
    """What somebody kept: checkpoints, receipts, evidence. Raises NoteError for anything else."""
    held = _Held([], [], [])
    for data in kept:
        if data.startswith(PROOF_HEADER.encode()):
            evidence = read_evidence(data)
            held.evidence.append(evidence)
            held.checkpoints.append((evidence.checkpoint, evidence.note))
        elif data.startswith(RECEIPT_HEADER.encode()):
            held.receipts.append(read_receipt(data))
        else:
            held.checkpoints.append(read_checkpoint(data))
    return held


def _own(copy: Copy) -> tuple[list[tuple[Checkpoint, Note]], list[str]]:
    """The checkpoints that lie beside the entries, and what is wrong with those that cannot be read."""
    found, unread = [], []
    for data in copy.checkpoints():
        try:
            found.append(read_checkpoint(data))
        except NoteError as fault:
            unread.append(str(fault))
    return found, unread


class _Judgement:
    def __init__(self, copy: Copy, trust: Trust, passed: Pass, own: list[tuple[Checkpoint, Note]], held: _Held) -> None:
        self._copy, self._trust, self._passed, self._own, self._held = copy, trust, passed, own, held
        self._believed = _believed_keys(trust, passed, own)
        origins = (
            [key.name for key in trust.keys] or [c.origin for c, _ in held.checkpoints] or [r.origin for r, _ in held.receipts]
        )
        self._origin = origins[0] if origins else passed.origin or next((c.origin for c, _ in own), "")
        root = passed.roots[passed.size]
        self._report = Report(self._origin, passed.hash.name, passed.size, root)

    def report(self, unread: Sequence[str], *, chains: bool) -> Report:
        report, passed = self._report, self._passed
        if self._is_foreign():
            return report
        for told in unread:
            report.found(Kind.WRONG_KEY, 0, 0, f"a checkpoint beside the entries cannot be read: {told}")
        self._judge_keys()
        heads = self._in_force(self._heads())
        good = [head for head in heads if self._fits(head)]
        self._name_signers(good)
        bad = [head for head in heads if head.size <= passed.size and head not in good]
        ahead = [head for head in heads if head.size > passed.size]
        self._judge_heads(good, bad, ahead)
        self._judge_receipts(good)
        self._judge_emptied()
        self._judge_rest()
        if chains or report.covered < passed.size or report.findings:
            self._judge_chains(0 if chains else report.covered)
        self._say_what_to_know(heads)
        return report

    def _is_foreign(self) -> bool:
        told = {checkpoint.origin for checkpoint, _ in self._own} | ({self._passed.origin} if self._passed.origin else set())
        foreign = bool(told) and self._origin not in told
        if foreign:
            self._report.found(Kind.FOREIGN, 0, 0, f"this is the log {', '.join(sorted(told))}, not {self._origin}")
        return foreign

    def _judge_keys(self) -> None:
        """A key the log names behind one that is believed must follow from it."""
        begins = [seq for seq, key in self._passed.keys if key in self._believed]
        for seq, key in self._passed.keys:
            if self._trust.crypto and key not in self._believed and begins and seq > begins[0]:
                told = f"entry {seq} names the key {key.id.hex()}, but no checkpoint of the key before it covers that entry"
                self._report.found(Kind.WRONG_KEY, 0, 0, told)

    # -- who vouches -----------------------------------------------------------------------------------------------

    def _heads(self) -> list[_Head]:
        """Every size and root somebody vouches for; signatures that do not hold are findings of their own."""
        heads = [_Head(size, root) for size, root in self._trust.printed]
        if self._trust.crypto:
            heads += [head for pair in self._own if (head := self._vouched(*pair, own=True))]
            heads += [head for pair in self._held.checkpoints if (head := self._vouched(*pair, own=False))]
        return heads

    def _vouched(self, checkpoint: Checkpoint, note: Note, *, own: bool) -> _Head | None:
        where = f"the checkpoint of {checkpoint.size} entries{'' if own else ' you hold'}"
        if checkpoint.origin != self._origin:
            self._report.found(Kind.FOREIGN, 0, 0, f"{where} is of the log {checkpoint.origin}")
            return None
        try:
            signers = signed_by(note, self._believed)
        except NoteError as fault:
            self._report.found(Kind.WRONG_KEY, 0, 0, f"{where}: {fault}")
            return None
        if not signers and own:
            if not self._is_of_a_named_key(note):
                self._report.found(Kind.WRONG_KEY, 0, 0, f"{where} is signed by no key that is believed")
            return None
        if not signers:
            self._report.notes.append(f"{where} is signed by no key that is known here: it counts on your word")
        return _Head(checkpoint.size, checkpoint.root, note, tuple(signers), own=own)

    def _is_of_a_named_key(self, note: Note) -> bool:
        """Whether a key signed that the log names, but that does not follow from those the reader brought: an earlier one."""
        named = {(key.name, key.id) for _, key in self._passed.keys}
        return any((signature.name, signature.key_id) in named for signature in note.signatures)

    def _in_force(self, heads: Sequence[_Head]) -> list[_Head]:
        """The heads signed by a key at a time that was its own. Which entries name keys is believed as far as heads reach."""
        good = [head for head in heads if self._fits(head) and self._may_sign(head, head.size)]
        covered = self._report.covered = max((head.size for head in good), default=0)
        kept = [head for head in heads if self._may_sign(head, covered)]
        for head in heads:
            if head not in kept:
                names = ", ".join(key.id.hex() for key in head.signers)
                told = f"the checkpoint of {head.size} entries is signed by {names}, which was not in force there"
                self._report.found(Kind.WRONG_KEY, 0, 0, told)
        return kept

    def _fits(self, head: _Head) -> bool:
        return self._passed.roots.get(head.size) == head.root

    def _may_sign(self, head: _Head, covered: int) -> bool:
        """A key signs from the entry that names it up to the one that names another, whose own checkpoint both sign. A key that
        no entry names is taken for the first. Paper and what the reader vouches for need no key."""
        named = [(seq, key) for seq, key in self._passed.keys if seq <= covered]
        due = {key for seq, key in named if seq == head.size}
        for key in head.signers:
            begins = [seq for seq, other in named if other == key] or [0]
            following = min((seq for seq, _ in named if seq > max(begins)), default=head.size)
            if begins[0] <= head.size <= following and due <= set(head.signers):
                return True
        return not head.signers

    def _name_signers(self, good: Sequence[_Head]) -> None:
        newest = max((head for head in good if head.note), key=lambda head: head.size, default=None)
        cosigned: list[Key] = []
        if newest and newest.note:
            self._report.signers = [f"{key.name} {key.id.hex()}" for key in signed_by(newest.note, self._believed)]
            try:
                cosigned = signed_by(newest.note, self._trust.witnesses)
            except NoteError as fault:
                self._report.found(Kind.WRONG_KEY, 0, 0, f"the checkpoint of {newest.size} entries: {fault}")
        self._report.witnesses = [key.name for key in cosigned]
        if self._trust.crypto and len(cosigned) < self._trust.quorum:
            told = f"{len(cosigned)} of {len(self._trust.witnesses)} witnesses cosigned, {self._trust.quorum} were asked for"
            self._report.found(Kind.UNWITNESSED, 0, 0, told)

    # -- what does not fit -------------------------------------------------------------------------------------------

    def _judge_heads(self, good: Sequence[_Head], bad: Sequence[_Head], ahead: Sequence[_Head]) -> None:
        if bad:
            self._judge_another_root(good, min(bad, key=lambda head: head.size))
        elif any(head.own for head in ahead):
            self._judge_cut_off(good, max(ahead, key=lambda head: head.size))
        elif ahead:
            size = max(head.size for head in ahead)
            told = f"you hold a checkpoint of {size} entries; the copy ends at {self._passed.size}"
            self._report.found(Kind.OLDER, self._passed.size + 1, size, told)

    def _judge_another_root(self, good: Sequence[_Head], head: _Head) -> None:
        """The entries up to `head.size` are not those that were signed."""
        begin = max((known.size for known in good if known.size < head.size), default=0)
        told = f"the root of {head.size} entries is not the one that was signed"
        named = self._named(head, begin) or Named(Kind.CHANGED, begin + 1, head.size, told)
        if head.signers and any(known.size >= head.size for known in good):
            told = f"a checkpoint of {head.size} entries and a later one were both signed, and cannot both be true"
            named = Named(Kind.FORKED, named.first, named.last, told)
        self._report.found(named.kind, named.first, named.last, named.detail)

    def _judge_cut_off(self, good: Sequence[_Head], head: _Head) -> None:
        size = self._passed.size
        authentic = self._told_by(head)
        named = name_difference(self._copy, self._passed.hash, self._passed.actual, authentic) if authentic else None
        if named and any(known.size >= named.first for known in good):
            told = f"checkpoints of {head.size} and {self._report.covered} entries were both signed, and cannot both be true"
            named = Named(Kind.FORKED, named.first, named.last, told)
        named = named or self._by_numbers(self._report.covered)
        named = named or name_by_chain(self._copy, self._passed.hash, self._report.covered, size)[0]
        told = f"the log signed {head.size} entries, {size} are here, of which checkpoints confirm {self._report.covered}"
        named = named or Named(Kind.CUT_OFF, size + 1, head.size, told)
        self._report.found(named.kind, named.first, named.last, named.detail)

    def _told_by(self, head: _Head) -> Leaves | None:
        """The leaf hashes that a head vouches for, if a copy of them lies beside the entries."""
        for leaves in (self._passed.tiled, self._passed.column):
            if len(leaves) >= head.size and leaves.root(self._passed.hash, head.size) == head.root:
                return leaves
        return None

    def _named(self, head: _Head, begin: int) -> Named | None:
        """What was done to the entries behind `begin`: told by hashes the head vouches for, by the entries themselves, at last
        by hashes nobody vouches for."""
        passed, authentic = self._passed, self._told_by(head)
        if authentic:
            return name_difference(self._copy, passed.hash, passed.actual, authentic, begin)
        named = self._by_numbers(begin) or name_by_chain(self._copy, passed.hash, begin, head.size)[0]
        for told in (passed.tiled, passed.column):
            named = named or name_difference(self._copy, passed.hash, passed.actual, told, begin)
        return named

    def _by_numbers(self, begin: int) -> Named | None:
        at = self._passed.misplaced
        return name_by_numbers(self._copy, at) if at is not None and at >= begin else None

    def _judge_receipts(self, good: Sequence[_Head]) -> None:
        actual = self._passed.actual
        held = [(receipt.index, receipt.leaf, self._is_given(receipt, note)) for receipt, note in self._held.receipts]
        held += [(e.index, self._passed.hash.leaf(e.entry), True) for e in self._held.evidence if e.entry]
        for index, leaf, given in held:
            seq = index + 1
            if not given:
                self._report.found(Kind.WRONG_KEY, 0, 0, f"no key that is believed signed the receipt for entry {seq}")
            elif index >= len(actual):
                self._report.found(
                    Kind.OLDER, len(actual) + 1, seq, f"you hold a proof of entry {seq}; the copy ends at {len(actual)}"
                )
            elif actual[index] != leaf:
                kind = Kind.FORKED if any(head.size > index for head in good) else Kind.CHANGED
                self._report.found(kind, seq, seq, "you hold a proof of another entry at this place")

    def _is_given(self, receipt: Receipt, note: Note) -> bool:
        if not self._trust.crypto:
            return True
        try:
            return receipt.origin == self._origin and bool(signed_by(note, self._believed))
        except NoteError:
            return False

    def _judge_emptied(self) -> None:
        """Bodies that are gone: released where an entry under a checkpoint says so, else taken away."""
        report, passed = self._report, self._passed
        signed = [release for release in passed.releases if release.seq <= report.covered]
        loose = list(outside(passed.emptied, (span for release in signed for span in release.spans)))
        report.released = len(passed.emptied) - len(loose)
        report.released_to = list(dict.fromkeys(release.file for release in signed))
        if report.released:
            told = f"{report.released} entries were released to {', '.join(report.released_to)}"
            report.notes.append(f"{told}: their bytes are not here, their leaf hashes are as they were signed")
        if loose and not self._has_a_place():
            last = next((n for n, number in enumerate(loose) if number != loose[0] + n), len(loose)) - 1 + loose[0]
            told = "the bytes are gone, and no signed entry says that they were released"
            report.found(Kind.MISSING, loose[0], last, told)

    def _judge_rest(self) -> None:
        """What is not under any signature yet, and what stands beside entries that are sound."""
        for judge in (self._judge_tiles, self._judge_column, self._judge_misplaced, self._judge_beside, self._judge_upper_tiles):
            if not self._has_a_place():
                judge()

    def _has_a_place(self) -> bool:
        """Whether an entry that is wrong is found already: what else differs may follow from it."""
        return any(finding.first for finding in self._report.findings)

    def _judge_tiles(self) -> None:
        at = self._passed.actual.differs(self._passed.tiled)
        if at is not None and at >= self._report.covered:
            self._judge_tail(at)
        elif at is not None:
            self._report.found(Kind.BESIDE, at + 1, at + 1, "a tile of the tree does not hold its leaf hash")

    def _judge_column(self) -> None:
        at = self._passed.actual.differs(self._passed.column)
        if at is not None:
            kind = Kind.BESIDE if at < self._report.covered or self._tile_agrees(at) else Kind.CHANGED
            self._report.found(kind, at + 1, at + 1, "the leaf hash kept beside it is another")

    def _judge_beside(self) -> None:
        if self._passed.beside is not None:
            at, names = self._passed.beside
            self._report.found(Kind.BESIDE, at + 1, at + 1, f"what is kept to find it by does not fit it: {names}")

    def _judge_upper_tiles(self) -> None:
        for tile in self._passed.broken_tiles[:1]:
            self._report.found(Kind.BESIDE, 0, 0, f"{tile.path()} does not hold the hashes of the entries")

    def _judge_tail(self, at: int) -> None:
        """An entry behind the last checkpoint and its tile differ: a later entry of its case knows which of them is right."""
        passed = self._passed
        leaf = passed.actual[at].hex()
        if any(fields_of(row.body).get("prev_case") == leaf for row in self._copy.rows(at + 1)):
            self._report.found(Kind.BESIDE, at + 1, at + 1, "a tile of the tree does not hold its leaf hash")
        elif named := name_difference(self._copy, passed.hash, passed.actual, passed.tiled, at):
            self._report.found(named.kind, named.first, named.last, named.detail)

    def _tile_agrees(self, at: int) -> bool:
        return at < len(self._passed.tiled) and self._passed.tiled[at] == self._passed.actual[at]

    def _judge_misplaced(self) -> None:
        at = self._passed.misplaced
        if at is not None and at < self._report.covered:
            self._report.found(Kind.BESIDE, at + 1, at + 1, "the number it is kept under is not its own")
        elif at is not None:
            named = name_by_numbers(self._copy, at)
            self._report.found(named.kind, named.first, named.last, named.detail)

    def _judge_chains(self, begin: int) -> None:
        if self._has_a_place():
            return
        named, self._report.chained = name_by_chain(self._copy, self._passed.hash, begin, self._passed.size)
        if named:
            self._report.found(named.kind, named.first, named.last, named.detail)

    # -- what a reader must know -------------------------------------------------------------------------------------

    def _say_what_to_know(self, heads: Sequence[_Head]) -> None:
        report = self._report
        if not heads and report.size and not self._has_a_place():
            report.found(Kind.UNSIGNED, 1, report.size, "no checkpoint vouches for these entries")
        if report.size > report.covered and heads and not report.findings:
            report.notes.append(f"{report.size - report.covered} entries behind the last checkpoint are not signed yet")
        if self._trust.crypto and not self._trust.keys and not self._trust.printed:
            report.notes.append("no key was given: the signing key is believed on the log's own word")
        if not self._held.checkpoints and not self._held.receipts and not self._trust.printed and not self._trust.quorum:
            report.notes.append("nothing was held against it from outside: an older state or another history would not show")


def _believed_keys(trust: Trust, passed: Pass, own: Sequence[tuple[Checkpoint, Note]]) -> list[Key]:
    """The reader's keys, and those that follow from them through checkpoints both keys signed; without any, the log's own."""
    named = [key for _, key in passed.keys]
    if not trust.crypto:
        return []
    believed = list(dict.fromkeys(trust.keys or named))
    for seq, key in passed.keys:
        if key not in believed and any(_endorses(checkpoint, note, believed, seq, passed) for checkpoint, note in own):
            believed.append(key)
    return believed


def _endorses(checkpoint: Checkpoint, note: Note, believed: Sequence[Key], seq: int, passed: Pass) -> bool:
    """Whether a believed key signed a checkpoint that covers the entry naming a new key, and the entries are those it signed."""
    try:
        signed = bool(signed_by(note, believed))
    except NoteError:
        return False
    return signed and checkpoint.size >= seq and passed.roots.get(checkpoint.size) == checkpoint.root
