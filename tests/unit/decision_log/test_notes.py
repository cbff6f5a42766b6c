"""Notes, checkpoints, receipts and evidence: examples of the specifications, other implementations, and forgeries."""

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.signing import MLDSA44CosignatureSigner, PlainEd25519Signer, Vkey
from tlog_scales.tlog import Checkpoint as OtherCheckpoint
from tlog_scales.tlog import ConsistencyProof as OtherConsistency
from tlog_scales.tlog import InclusionProof as OtherInclusion

from sidecar.decision_log.checkpoint import Checkpoint, checkpoint_in, open_checkpoint, read_checkpoint, sign
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.merkle import ProofError
from sidecar.decision_log.notes import (
    Cosigner,
    Ed25519Signer,
    Key,
    Note,
    NoteError,
    cosigned_at,
    read_key,
    read_note,
    signed_by,
    with_signatures,
)
from sidecar.decision_log.proof import Evidence, read_evidence
from sidecar.decision_log.receipt import Receipt, read_receipt
from sidecar.decision_log.sm2 import Sm2Signer, new_secret
from tests.unit.decision_log import naive
from tests.unit.decision_log.test_merkle import tree_of

SHA = tree_hash("sha256")
SEED = bytes(range(32))
ORIGIN = "record.example/binhe"
SIGNER = Ed25519Signer(ORIGIN, SEED)
WITNESS = Cosigner("witness.example/audit", bytes(range(1, 33)))
HEAD = Checkpoint(ORIGIN, 3, hashlib.sha256(b"root").digest())

# C2SP signed-note: the example note, signed by a key of golang.org/x/mod's tests of the same format.
EXAMPLE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_the_published_note_verifies() -> None:
    """The note and key that the reference implementation of the format is tested with."""
    key = read_key(EXAMPLE_KEY)
    assert signed_by(read_note(EXAMPLE.encode()), [key]) == [key]
    assert str(key) == EXAMPLE_KEY
    assert str(read_note(EXAMPLE.encode())) == EXAMPLE
    with pytest.raises(NoteError, match="not its own"):
        signed_by(read_note(EXAMPLE.replace("don't", "do").encode()), [key])


def test_another_implementation_reads_our_checkpoints() -> None:
    """What we sign is read, checked and written the same way elsewhere, and the other way round."""
    note = sign(HEAD, [SIGNER])
    theirs = OtherCheckpoint.from_text(str(note))
    theirs.verify(Vkey.from_string(str(SIGNER.key)))
    assert theirs.serialize() == str(note)
    back = OtherCheckpoint.make_signed(ORIGIN, 3, HEAD.root, [PlainEd25519Signer(ORIGIN, SEED)])
    assert open_checkpoint(str(back.serialize()).encode(), ORIGIN, [SIGNER.key])[0] == HEAD


def test_another_implementation_reads_our_cosignatures_and_proofs() -> None:
    """A witness's signature and an inclusion proof."""
    note = sign(HEAD, [SIGNER])
    cosigned = with_signatures(note, [WITNESS.cosign(note.text, 1_800_000_000)])
    theirs = OtherCheckpoint.from_text(str(cosigned))
    theirs.verify(Vkey.from_string(str(WITNESS.key)))
    leaves = [SHA.leaf(bytes([n])) for n in range(11)]
    OtherInclusion(4, 11, tree_of(leaves).inclusion(4, 11)).check(leaves[4], naive.mth(leaves))
    OtherConsistency(6, 11, tree_of(leaves).consistency(6, 11)).check(naive.mth(leaves[:6]), naive.mth(leaves))


def test_signatures_of_kinds_we_do_not_know_are_passed_over() -> None:
    """A checkpoint may carry an ML-DSA signature beside ours."""
    private = MLDSA44CosignatureSigner(ORIGIN, bytes(32))
    other = OtherCheckpoint.make_signed(ORIGIN, 3, HEAD.root, [private, PlainEd25519Signer(ORIGIN, SEED)])
    checkpoint, note, signers = open_checkpoint(str(other.serialize()).encode(), ORIGIN, [SIGNER.key])
    assert (checkpoint, signers, len(note.signatures)) == (HEAD, [SIGNER.key], 2)
    with pytest.raises(NoteError, match="kind this version does not know"):
        read_key(str(private.vkey.serialize()))


def test_only_known_keys_count() -> None:
    """A stranger's signature is no signature; a wrong one in a known name spoils the note, even beside a right one."""
    stranger = Ed25519Signer("stranger.example", bytes(32))
    note = sign(HEAD, [stranger])
    with pytest.raises(NoteError, match="none of the known keys"):
        open_checkpoint(str(note).encode(), ORIGIN, [SIGNER.key])
    forged = Note(note.text, (*sign(HEAD, [SIGNER]).signatures, sign(HEAD._replace(size=4), [SIGNER]).signatures[0]))
    with pytest.raises(NoteError, match="not its own"):
        open_checkpoint(str(forged).encode(), ORIGIN, [SIGNER.key])
    with pytest.raises(NoteError, match="is of the log"):
        open_checkpoint(str(sign(HEAD, [SIGNER])).encode(), "other.example", [SIGNER.key])


def test_a_cosignature_says_when() -> None:
    """Its time is signed: another time is another statement."""
    note = sign(HEAD, [SIGNER])
    signature = WITNESS.cosign(note.text, 1_800_000_000)
    assert cosigned_at(with_signatures(note, [signature]), WITNESS.key) == 1_800_000_000
    assert cosigned_at(note, WITNESS.key) == 0
    later = signature._replace(data=(1_800_000_001).to_bytes(8, "big") + signature.data[8:])
    with pytest.raises(NoteError, match="not its own"):
        signed_by(with_signatures(note, [later]), [WITNESS.key])


def test_a_later_signature_of_a_key_replaces_the_earlier() -> None:
    """So a head is cosigned again without growing."""
    note = with_signatures(sign(HEAD, [SIGNER]), [WITNESS.cosign(HEAD.text(), 1)])
    again = with_signatures(note, [WITNESS.cosign(HEAD.text(), 2)])
    assert len(again.signatures) == 2
    assert cosigned_at(again, WITNESS.key) == 2


@given(st.integers(0, 8 * 220))
def test_every_bit_of_a_signed_checkpoint_counts(bit: int) -> None:
    """With any one bit turned it is not a checkpoint of this log signed by its key."""
    data = bytearray(str(sign(HEAD, [SIGNER])).encode())
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    with pytest.raises(NoteError):
        open_checkpoint(bytes(data), ORIGIN, [SIGNER.key])


@pytest.mark.parametrize(
    "text",
    ["a\n03\n{root}\n", "a\n-1\n{root}\n", "a\n+1\n{root}\n", "a\n1\n", "a\n1\n{root}\nmore\n", "a\n1\n{root}", "\n1\n{root}\n",
     "a b\n1\n{root}\n", "a\n1\nAAAA\n", "a\n9223372036854775808\n{root}\n",
     "a\n١\n{root}\n", "a+b\n1\n{root}\n", "a\n1\n{bad}\n"],
)  # fmt: skip
def test_a_checkpoint_has_one_spelling(text: str) -> None:
    """Numbers, base64 and lines that could be read in two ways are refused."""
    root = base64.b64encode(HEAD.root).decode()
    with pytest.raises(NoteError):
        checkpoint_in(text.format(root=root, bad=root[:-2] + chr(ord(root[-2]) + 1) + root[-1]))


@pytest.mark.parametrize(
    "data",
    [b"", b"text\n", b"text\n\n", b"text\n\n- a AAAAAAA=\n", "text\n\n— a AAAA\n".encode(), "text\n\n— a AAAAAAA=".encode(),
     "te\txt\n\n— a AAAAAAA=\n".encode(), "text\n\n—  AAAAAAA=\n".encode(), b"\xff\n\n", "text\n\n— a AAAAAAB=\n".encode(),
     "text\n\n— a AAAAAAA=\r\n".encode(), ("text\n\n" + "— a AAAAAAA=\n" * 65).encode(), b"x" * 70_000],
)  # fmt: skip
def test_what_is_no_note_is_refused(data: bytes) -> None:
    """Missing parts, control characters, other dashes, loose base64, floods."""
    with pytest.raises(NoteError):
        read_note(data)


@pytest.mark.parametrize(
    "text",
    ["", "a+b", f"{ORIGIN}+00000000+{'A' * 44}", "a+12+!", EXAMPLE_KEY.replace("ARpc", "ARpd"), EXAMPLE_KEY + "=", "a+00+"],
)
def test_a_mistyped_key_is_refused(text: str) -> None:
    """The id inside a key is the check of its typing."""
    with pytest.raises(NoteError):
        read_key(text)


def evidence(size: int = 11, index: int = 4) -> Evidence:
    entries = [f"entry {n}".encode() for n in range(size)]
    leaves = [SHA.leaf(entry) for entry in entries]
    note = sign(Checkpoint(ORIGIN, size, naive.mth(leaves)), [SIGNER])
    return Evidence(entries[index], index, tuple(naive.path(index, leaves)), note)


@pytest.mark.parametrize(("size", "index"), [(1, 0), (11, 4), (300, 299)])
def test_evidence_is_verified_without_the_log(size: int, index: int) -> None:
    """Written and read back it still leads to the signed root."""
    made = evidence(size, index)
    again = read_evidence(str(made).encode())
    assert again == made
    again.verify(SHA)
    open_checkpoint(str(again.note).encode(), ORIGIN, [SIGNER.key])


def holds(data: bytes) -> None:
    evidence = read_evidence(data)
    evidence.verify(SHA)
    open_checkpoint(str(evidence.note).encode(), ORIGIN, [SIGNER.key])


@given(st.data())
def test_evidence_with_any_bit_turned_does_not_hold(data: st.DataObject) -> None:
    """Neither its form, nor the way to the root, nor the signature survives."""
    text = bytearray(str(evidence()).encode())
    bit = data.draw(st.integers(0, 8 * len(text) - 1))
    text[bit // 8] ^= 1 << bit % 8
    with pytest.raises((NoteError, ProofError)):
        holds(bytes(text))


def test_a_receipt_is_a_signed_word() -> None:
    """It names log, place and leaf; it cannot pass for a checkpoint, nor a checkpoint for it."""
    receipt = Receipt(ORIGIN, 41, HEAD.root, "2026-11-25T10:00:00.000+08:00")
    note = receipt.signed(SIGNER)
    assert read_receipt(str(note).encode()) == (receipt, note)
    assert signed_by(note, [SIGNER.key]) == [SIGNER.key]
    with pytest.raises(NoteError):
        read_checkpoint(str(note).encode())
    with pytest.raises(NoteError):
        read_receipt(str(sign(HEAD, [SIGNER])).encode())


def test_sm2_signs_beside_ed25519() -> None:
    """The profile for sites under 密评: tools that know only Ed25519 still read the checkpoint."""
    signer = Sm2Signer(ORIGIN, new_secret())
    note = sign(HEAD, [SIGNER, signer])
    both = [SIGNER.key, read_key(str(signer.key))]
    assert signed_by(note, both) == both
    assert signed_by(note, [SIGNER.key]) == [SIGNER.key]
    forged = Note(HEAD._replace(size=4).text(), note.signatures[1:])
    with pytest.raises(NoteError, match="not its own"):
        signed_by(forged, [signer.key])
    garbage = Note(note.text, (note.signatures[1]._replace(data=b"no signature"),))
    with pytest.raises(NoteError, match="not its own"):
        signed_by(garbage, [signer.key])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine")
def test_openssl_verifies_our_sm2(tmp_path: Path) -> None:
    """An independent implementation: OpenSSL checks the signature of a checkpoint."""
    signer = Sm2Signer(ORIGIN, new_secret())
    note = sign(HEAD, [signer])
    point = signer.key.public.removeprefix(b"sm2-sm3")
    # SubjectPublicKeyInfo of an SM2 point: id-ecPublicKey, curve 1.2.156.10197.1.301
    info = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004") + point
    (tmp_path / "key.der").write_bytes(info)
    (tmp_path / "text").write_bytes(note.text.encode())
    (tmp_path / "signature").write_bytes(note.signatures[0].data)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-rawin", "-digest", "sm3"]
    files = ["-in", "text", "-sigfile", "signature", "-pkeyopt", "distid:1234567812345678"]
    run = subprocess.run([*command, *files], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in run.stdout, run.stderr


def test_a_key_is_bound_to_its_name_and_kind() -> None:
    """The same bytes under another name or as a cosigner are another key."""
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    assert len({Key("a", 1, public).id, Key("b", 1, public).id, Key("a", 4, public).id}) == 3
