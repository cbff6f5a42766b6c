"""The verifier against whoever holds the files, rewrites what stands beside them, or even signs with the log's own key."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.storage.batch import row_of
from sidecar.decision_log.checkpoint import Checkpoint, read_checkpoint, sign
from sidecar.decision_log.findings import Finding, Kind, Report
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.notes import Cosigner, Ed25519Signer, NoteError, with_signatures
from sidecar.decision_log.proof import Evidence
from sidecar.decision_log.reading import Row, at_place, bytes_of, columns_of, fields_of
from sidecar.decision_log.receipt import Receipt
from sidecar.decision_log.verifier import Trust, verify
from sidecar.ports.records import Commit
from tests.conformance.samples import an_entry
from tests.unit.decision_log.copies import NEW_KEY, OLD_KEY, ORIGIN, ROTATED_AT, TIME, MemoryCopy, a_log, entries_of
from tests.unit.decision_log.test_merkle import tree_of

LOG = a_log()
SIZE = 16
PINNED = Trust(keys=[OLD_KEY.key])
WITNESS = Cosigner("witness.example/audit", bytes(32))


def first(copy: MemoryCopy, trust: Trust = PINNED) -> tuple[Kind, int, int]:
    """What is found first."""
    found = verify(copy, trust).first
    assert found is not None, "nothing was found"
    return found.kind, found.first, found.last


def named(kind: Kind, at: int, last: int | None = None) -> tuple[Kind, int, int]:
    return kind, at, last or at


def renumbered(bodies: list[bytes]) -> list[bytes]:
    """Entries whose own numbers were rewritten to fit, as somebody would who hides what they did."""
    return [at_place(body, n) for n, body in enumerate(bodies, 1)]


def edited(body: bytes) -> bytes:
    return bytes_of(fields_of(body) | {"code": "SOMETHING_ELSE"})


@pytest.mark.parametrize("hash_", ["sha256", "sm3"])
@pytest.mark.parametrize("count", [3, 7, 8, 16, 255, 256, 257, 600])
def test_a_whole_log_is_sound(hash_: str, count: int) -> None:
    """Any size, either hash, with the key the reader was given long ago."""
    log = a_log(count, hash_, sizes=(4, ROTATED_AT, 12, 200, 256, 400))
    report = verify(log, PINNED, chains=True)
    assert (report.findings, report.covered, report.size, report.hash, report.origin) == ([], count, count, hash_, ORIGIN)
    assert report.chained == count - (3 if count >= ROTATED_AT else 2)


def test_progress_is_told() -> None:
    """From the beginning to the end."""
    told: list[tuple[int, int]] = []
    verify(LOG, PINNED, progress=lambda done, of: told.append((done, of)))
    assert told[0] == (0, SIZE)
    assert told[-1] == (SIZE, SIZE)


# -- every entry, every way: only the entries and what stands beside them were touched -------------------------------------


@pytest.mark.parametrize("at", range(1, SIZE + 1))
@pytest.mark.parametrize("tiles", ["kept", "made anew", "gone"])
class TestEveryPlace:
    def _then(self, copy: MemoryCopy, tiles: str) -> MemoryCopy:
        if tiles == "gone":
            return replace(copy, tiles={})
        return copy.with_tiles_made_anew() if tiles == "made anew" else copy

    def _holds(self, copy: MemoryCopy, at: int, tiles: str, kinds: set[Kind]) -> None:
        """The right kind at the right place while tiles tell; otherwise a range that holds it, begun by the last sound
        checkpoint."""
        kind, begin, end = first(copy)
        assert kind in (kinds if tiles == "kept" else kinds | {Kind.CHANGED, Kind.MISSING, Kind.INSERTED, Kind.REORDERED})
        if tiles == "kept":
            assert begin == at
        else:
            assert begin <= at <= end or abs(begin - at) <= 5  # as far as its case is chained

    def test_a_changed_entry(self, at: int, tiles: str) -> None:
        """Even with the leaf hash beside it made to fit."""
        bodies = LOG.bodies
        bodies[at - 1] = edited(bodies[at - 1])
        self._holds(self._then(LOG.with_bodies(bodies), tiles), at, tiles, {Kind.CHANGED})

    def test_a_missing_entry(self, at: int, tiles: str) -> None:
        """The rest keep their own numbers."""
        bodies = LOG.bodies
        del bodies[at - 1]
        expected = {Kind.CUT_OFF} if at == SIZE else {Kind.MISSING}
        kind, begin, _ = first(self._then(LOG.with_bodies(bodies), tiles))
        assert (kind, begin) == (next(iter(expected)), at)

    def test_a_missing_entry_behind_which_all_are_renumbered(self, at: int, tiles: str) -> None:
        """Somebody rewrote the numbers inside the entries, too."""
        bodies = LOG.bodies
        del bodies[at - 1]
        copy = self._then(LOG.with_bodies(renumbered(bodies)), tiles)
        if at == SIZE or (tiles != "kept" and at > 12):  # of its case nothing follows that would miss it
            assert first(copy) == named(Kind.CUT_OFF, SIZE)
        else:
            self._holds(copy, at, tiles, {Kind.MISSING})

    def test_an_inserted_entry(self, at: int, tiles: str) -> None:
        """A forged one with a number of its own between the others."""
        bodies = LOG.bodies
        bodies.insert(at - 1, edited(bodies[at - 1]))
        kind, begin, _ = first(self._then(LOG.with_bodies(bodies), tiles))
        assert begin in (at, at + 1 if tiles != "kept" else at)
        assert kind is Kind.INSERTED or (tiles != "kept" and kind in (Kind.CHANGED, Kind.REORDERED))

    def test_an_inserted_entry_behind_which_all_are_renumbered(self, at: int, tiles: str) -> None:
        """And the others' numbers rewritten."""
        bodies = LOG.bodies
        bodies.insert(at - 1, edited(bodies[at - 1]))
        self._holds(self._then(LOG.with_bodies(renumbered(bodies)), tiles), at, tiles, {Kind.INSERTED})

    def test_a_swapped_entry(self, at: int, tiles: str) -> None:
        """Two entries that changed places."""
        other = (at + 4) % SIZE
        bodies = LOG.bodies
        bodies[at - 1], bodies[other] = bodies[other], bodies[at - 1]
        kind, begin, _ = first(self._then(LOG.with_bodies(bodies), tiles))
        assert (kind, begin) == (Kind.REORDERED, min(at, other + 1))

    def test_a_log_cut_off(self, at: int, tiles: str) -> None:
        """Everything from an entry on is gone."""
        copy = self._then(LOG.with_bodies(LOG.bodies[: at - 1]), tiles)
        believed = SIZE if at > ROTATED_AT else ROTATED_AT  # the entry that names the second key is gone, too
        assert first(copy) == named(Kind.CUT_OFF, at, believed)

    def test_a_doubled_entry(self, at: int, tiles: str) -> None:
        """The same entry twice."""
        bodies = LOG.bodies
        bodies.insert(at - 1, bodies[at - 1])
        kind, begin, _ = first(self._then(LOG.with_bodies(bodies), tiles))
        assert kind in (Kind.INSERTED, Kind.REORDERED)
        assert begin == at + 1


def bits_of(data: bytes) -> range:
    return range(8 * len(data))


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def with_a_bit_turned(at: int, bit: int) -> MemoryCopy:
    rows = list(LOG.stored)
    rows[at - 1] = rows[at - 1]._replace(body=flipped(rows[at - 1].body, bit))
    return replace(LOG, stored=rows)


@pytest.mark.long
@pytest.mark.parametrize("at", range(1, SIZE + 1))
def test_every_bit_of_every_entry(at: int) -> None:
    """Each is found, at this entry, as changed."""
    for bit in bits_of(LOG.bodies[at - 1]):
        assert first(with_a_bit_turned(at, bit))[:2] == (Kind.CHANGED, at), bit


@given(st.data())
def test_any_bit_of_any_entry(data: st.DataObject) -> None:
    """The same, some of them."""
    at = data.draw(st.integers(1, SIZE))
    bit = data.draw(st.sampled_from(bits_of(LOG.bodies[at - 1])))
    assert first(with_a_bit_turned(at, bit))[:2] == (Kind.CHANGED, at)


@pytest.mark.slow
def test_every_bit_beside_the_entries() -> None:
    """Leaf hashes and tiles: found, told apart from the entries, which are sound."""
    for n, row in enumerate(LOG.stored):
        assert row.leaf is not None
        for bit in bits_of(row.leaf):
            rows = list(LOG.stored)
            rows[n] = row._replace(leaf=flipped(row.leaf, bit))
            assert first(replace(LOG, stored=rows)) == named(Kind.BESIDE, n + 1)
    for place, data in LOG.tiles.items():
        for bit in bits_of(data):
            kind, at, _ = first(replace(LOG, tiles=LOG.tiles | {place: flipped(data, bit)}))
            assert (kind, at) == (Kind.BESIDE, bit // 256 + 1)


@pytest.mark.slow
def test_every_bit_of_every_checkpoint() -> None:
    """Whichever is touched, its signature no longer holds, and it is said."""
    for n, note in enumerate(LOG.notes):
        for bit in bits_of(note):
            notes = [*LOG.notes[:n], flipped(note, bit), *LOG.notes[n + 1 :]]
            found = verify(replace(LOG, notes=notes), PINNED).findings
            assert found, (n, bit)
            assert {finding.kind for finding in found} <= {Kind.WRONG_KEY, Kind.FOREIGN}, (n, bit, found)


@pytest.mark.parametrize("column", range(8))
def test_what_entries_are_found_by_must_fit_them(column: int) -> None:
    """A changed column hides an entry from a search (a filtered view), although the entry itself is sound."""
    rows = list(LOG.stored)
    columns = rows[9].columns
    assert columns is not None
    changed = [*columns[:column], 0 if column == 2 else "hidden", *columns[column + 1 :]]
    rows[9] = rows[9]._replace(columns=tuple(changed))  # type: ignore[arg-type]
    assert first(replace(LOG, stored=rows)) == named(Kind.BESIDE, 10)


def test_the_columns_are_those_the_record_keeps() -> None:
    """What the verifier derives from an entry is what the store writes beside it."""
    for n, body in enumerate(LOG.bodies, 1):
        if fields_of(body)["kind"] == "decision":
            entry = an_entry(f"d{n}", f"c{n % 5}")
            assert columns_of(fields_of(body)) == row_of(n, Commit(entry, f"c{n % 5}"), b"", body)[1:9]


def test_numbers_of_rows_alone() -> None:
    """The rows were renumbered, the entries are sound: that is beside them."""
    rows = [row._replace(seq=row.seq + (row.seq >= 10)) for row in LOG.stored]
    assert first(replace(LOG, stored=rows)) == named(Kind.BESIDE, 10)


# -- whoever holds the key ------------------------------------------------------------------------------------------------------


def other_history(count: int) -> MemoryCopy:
    """The same log from entry 9 on told differently, everything made to fit and signed by its own key."""
    return MemoryCopy().with_bodies(entries_of(count, word="_NOT")).with_tiles_made_anew().signed(4, ROTATED_AT, 12, count)


def test_a_rewritten_log_shows_to_whoever_kept_a_checkpoint() -> None:
    """In itself it is sound; against a checkpoint from before it is a fork, between the states both agree on."""
    forged = other_history(20)
    assert verify(forged, PINNED).sound
    held = replace(PINNED, held=[LOG.notes[-1]])
    kind, begin, end = first(forged, held)
    assert kind is Kind.FORKED
    assert begin <= 13 <= end  # the checkpoint of twelve entries is forged, too


def test_a_rewritten_log_shows_to_whoever_kept_a_receipt_or_evidence() -> None:
    """The log's word for entry 10 against what stands there now, and a proof from before."""
    leaf = tree_hash("sha256").leaf(LOG.bodies[9])
    receipt = str(Receipt(ORIGIN, 9, leaf, TIME).signed(NEW_KEY)).encode()
    assert first(other_history(20), replace(PINNED, held=[receipt])) == named(Kind.FORKED, 10)
    assert verify(LOG, replace(PINNED, held=[receipt])).sound
    leaves = [tree_hash("sha256").leaf(body) for body in LOG.bodies]
    note = read_checkpoint(LOG.notes[-1])[1]
    evidence = str(Evidence(LOG.bodies[9], 9, tuple(tree_of(leaves).inclusion(9, SIZE)), note)).encode()
    assert verify(LOG, replace(PINNED, held=[evidence])).sound
    kind, _, _ = first(other_history(20), replace(PINNED, held=[evidence]))
    assert kind is Kind.FORKED


def test_a_printed_root_needs_no_signature() -> None:
    """The sheet in the drawer: size and root, also where nothing can check signatures."""
    checkpoint = read_checkpoint(LOG.notes[-1])[0]
    paper = Trust(printed=[(SIZE, checkpoint.root)], crypto=False)
    assert verify(LOG, paper).sound
    assert first(other_history(20), paper)[0] is Kind.CHANGED
    assert verify(LOG, replace(paper, printed=[(4, read_checkpoint(LOG.notes[0])[0].root)])).covered == 4


def test_truncated_and_resumed() -> None:
    """Forty entries cut, the log goes on and signs: journald's verifier found nothing. Old heads, tiles or a kept one do."""
    log = a_log(100, sizes=(4, ROTATED_AT, 60, 80))
    resumed = MemoryCopy().with_bodies([*log.bodies[:60], *renumbered([edited(b) for b in log.bodies])[60:75]])
    old_tiles = replace(resumed, tiles=log.tiles, notes=log.notes).signed(70, 75)
    assert first(old_tiles) == named(Kind.FORKED, 61)
    no_tiles = resumed.with_tiles_made_anew()
    with_old_heads = replace(no_tiles, notes=log.notes[:-1]).signed(70, 75)
    assert first(with_old_heads)[0] in (Kind.CUT_OFF, Kind.FORKED)
    clean = replace(no_tiles, notes=[]).signed(ROTATED_AT, 75)
    assert verify(clean, PINNED).sound
    assert first(clean, replace(PINNED, held=[log.head(100)]))[0] is Kind.OLDER
    assert first(clean, replace(PINNED, held=[log.head(70)]))[0] is Kind.FORKED


@pytest.mark.parametrize("size", range(4, SIZE))
def test_an_older_copy_is_sound_until_a_later_checkpoint_is_held_against_it(size: int) -> None:
    """Rolled back as a whole: nothing in it tells."""
    older = a_log(size)
    assert verify(older, PINNED).sound
    assert first(older, replace(PINNED, held=[LOG.notes[-1]])) == named(Kind.OLDER, size + 1, SIZE)


# -- keys -----------------------------------------------------------------------------------------------------------------------


def test_a_rotated_key_follows_from_the_one_before() -> None:
    """Who was given the first key believes the second, because the first signed the entry that names it."""
    assert [text.split()[1] for text in verify(LOG, PINNED).signers] == [NEW_KEY.key.id.hex()]
    unendorsed = replace(LOG, notes=[LOG.notes[0], *LOG.notes[2:]])
    report = verify(unendorsed, PINNED)
    assert (report.covered, [finding.kind for finding in report.findings]) == (4, [Kind.WRONG_KEY])
    assert verify(unendorsed, Trust(keys=[NEW_KEY.key])).sound


def test_an_old_key_signs_nothing_behind_its_range() -> None:
    """A checkpoint of sixteen entries by the key that ended with the sixth."""
    edge = read_checkpoint(LOG.notes[-1])[0]
    stolen = str(sign(edge, [OLD_KEY])).encode()
    found = verify(replace(LOG, notes=[*LOG.notes[:-1], stolen]), PINNED).findings
    assert [finding.kind for finding in found] == [Kind.WRONG_KEY]
    assert "not in force" in found[0].detail
    early = read_checkpoint(LOG.notes[0])[0]
    too_early = replace(LOG, notes=[*LOG.notes, str(sign(early, [NEW_KEY])).encode()])
    assert "not in force" in verify(too_early, PINNED).findings[0].detail


def test_another_key_is_no_key_of_this_log() -> None:
    """Signed by somebody else, under the same name."""
    stranger = Ed25519Signer(ORIGIN, bytes(32))
    report = verify(LOG, Trust(keys=[stranger.key]))
    assert Kind.UNSIGNED in {finding.kind for finding in report.findings}


def test_another_log_is_foreign() -> None:
    """Key, checkpoint or entries of a log of another name."""
    other = Ed25519Signer("record.example/other", bytes(32))
    assert first(LOG, Trust(keys=[other.key]))[0] is Kind.FOREIGN
    held = str(sign(Checkpoint("record.example/other", 1, bytes(32)), [other])).encode()
    assert first(LOG, Trust(held=[held]))[0] is Kind.FOREIGN
    assert first(LOG, replace(PINNED, held=[held]))[0] is Kind.FOREIGN


def test_without_a_key_the_report_says_whose_word_it_is() -> None:
    """Sound, but only as far as the log may be believed about itself."""
    report = verify(LOG)
    assert report.sound
    assert any("own word" in note for note in report.notes)
    assert any("from outside" in note for note in report.notes)
    assert not any("own word" in note for note in verify(LOG, PINNED).notes)


def test_no_checkpoint_is_a_finding() -> None:
    """Entries for which nobody vouches."""
    report = verify(replace(LOG, notes=[]), PINNED)
    assert report.first == Finding(1, SIZE, Kind.UNSIGNED, "no checkpoint vouches for these entries")


def test_entries_behind_the_last_checkpoint_are_told() -> None:
    """They are sound as far as their numbers, chains and tiles go, and not signed yet."""
    log = a_log(40)
    log = replace(log, notes=log.notes[:-1])
    report = verify(log, PINNED)
    assert (report.sound, report.covered, report.size) == (True, 12, 40)
    assert any("28 entries" in note for note in report.notes)
    bodies = log.bodies
    bodies[29] = edited(bodies[29])
    assert first(log.with_bodies(bodies)) == named(Kind.CHANGED, 30)
    assert first(log.with_bodies(bodies).with_tiles_made_anew())[:2] == (Kind.CHANGED, 30)


def test_witnesses_are_counted() -> None:
    """k of n must have cosigned the newest checkpoint."""
    checkpoint, note = read_checkpoint(LOG.notes[-1])
    cosigned = str(with_signatures(note, [WITNESS.cosign(note.text, 1)])).encode()
    asked = replace(PINNED, witnesses=[WITNESS.key], quorum=1)
    assert first(LOG, asked)[0] is Kind.UNWITNESSED
    report = verify(replace(LOG, notes=[*LOG.notes[:-1], cosigned]), asked)
    assert (report.sound, report.witnesses) == (True, [WITNESS.key.name])
    forged = str(with_signatures(note, [WITNESS.cosign(checkpoint._replace(size=9).text(), 1)])).encode()
    assert Kind.WRONG_KEY in {f.kind for f in verify(replace(LOG, notes=[*LOG.notes[:-1], forged]), asked).findings}


def test_what_the_reader_holds_must_be_readable() -> None:
    """A file that is no checkpoint is the reader's mistake, not the log's."""
    with pytest.raises(NoteError):
        verify(LOG, Trust(held=[b"not a checkpoint"]))


def test_an_empty_copy() -> None:
    """Nothing is there: against a held checkpoint everything is gone."""
    empty = MemoryCopy()
    assert verify(empty).size == 0
    assert first(empty, replace(PINNED, held=[LOG.notes[-1]])) == named(Kind.OLDER, 1, SIZE)
    assert first(replace(empty, notes=LOG.notes), Trust(keys=[NEW_KEY.key])) == named(Kind.CUT_OFF, 1, SIZE)


@pytest.mark.slow
@given(st.data())
def test_whatever_is_done_to_a_larger_log_is_found(data: st.DataObject) -> None:
    """Random edits of a log of three tiles: never passed over, and the first wrong entry is the first that differs."""
    log = BIG
    bodies = log.bodies
    at = data.draw(st.integers(2, len(bodies) - 2))
    edit = data.draw(st.sampled_from(["change", "delete", "insert", "swap", "cut"]))
    if edit == "change":
        bodies[at] = edited(bodies[at])
    elif edit == "delete":
        del bodies[at : at + data.draw(st.integers(1, 20))]
    elif edit == "insert":
        bodies[at:at] = [edited(body) for body in bodies[at : at + data.draw(st.integers(1, 20))]]
    elif edit == "swap":
        other = data.draw(st.integers(0, len(bodies) - 1).filter(lambda n: n != at))
        bodies[at], bodies[other] = bodies[other], bodies[at]
        at = min(at, other)
    else:
        del bodies[at:]
    if data.draw(st.booleans()):
        bodies = renumbered(bodies)
    wrong = next(
        (n for n, (a, b) in enumerate(zip(bodies, log.bodies, strict=False)) if a != b), min(len(bodies), len(log.bodies))
    )
    report: Report = verify(log.with_bodies(bodies), PINNED)
    found = report.first
    assert found is not None
    assert found.first == wrong + 1, (edit, found)


BIG = a_log(600, sizes=(4, ROTATED_AT, 256, 500))


def test_a_row_of_the_wrong_type_is_found() -> None:
    """Somebody wrote something else into the place of a leaf hash."""
    rows = [row._replace(leaf=b"short") if row.seq == 5 else row for row in LOG.stored]
    assert first(replace(LOG, stored=rows)) == named(Kind.BESIDE, 5)
    assert Row(1, b"").leaf is None
