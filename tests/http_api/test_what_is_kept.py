"""A citizen's data stays out: parties are keyed tokens, evidence a digest, facts in clear only where the policy reads them."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from adapters.storage.memory import MemoryStore
from sidecar.decision_log.commitments import commitments_in, is_opened_by
from sidecar.decision_log.numbers import numbers_in
from tests.http_api.calling import ACCEPT, AUTHORIZE, PARTY_TOKEN, REVIEW, Sidecar, asking, to
from tests.samples import EVERYONE, personnel

PARTY = "李雷-11010119900307"
ELSEWHERE = "韩梅梅-4403"
REFERENCE = "scan/李雷.pdf"


def bytes_kept(sidecar: Sidecar, folder: Path) -> bytes:
    """Everything the store holds: its files, or its lists."""
    if isinstance(sidecar.store, MemoryStore):
        return repr((sidecar.store.reader.entries, sidecar.store.reader.events, sidecar.store._requests)).encode()
    return b"".join(path.read_bytes() for path in sorted((folder / "data").iterdir()))


def spellings(text: str) -> list[bytes]:
    """As UTF-8, as JSON escapes, and as Python shows bytes."""
    return [text.encode(), ascii(text)[1:-1].encode(), repr(text.encode())[2:-1].encode()]


def test_a_party_is_kept_as_its_token_only(either: Sidecar, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """L11: neither files, answers, metrics nor messages hold a plain party, allowed, refused or malformed; the token is there."""
    shown: list[str] = []
    for body in (
        asking(party=PARTY),
        asking("reviewer", "review", evidence={"drawings": REFERENCE}, party=PARTY),
        asking("deputy", "decide", party=ELSEWHERE),
        asking("clerk", "accept", case="C-2", party=PARTY, facts={"amount": PARTY}),
        asking("clerk", "accept", case="C-2", party=PARTY, facts={"amount": 1.5}),
        asking("clerk", "accept", case="C/2", party=PARTY),
        asking("clerk", "accept", party=PARTY, intent="maybe"),
    ):
        response = either.post(body, request_id=f"r-{len(shown)}")
        shown += [response.text, str(response.headers)]
    shown += [either.get(path).text for path in ("/v1/decisions", "/v1/cases/C-1", "/metrics", "/readyz")]
    shown += list(capsys.readouterr())
    kept = bytes_kept(either, tmp_path)
    for name in (PARTY, ELSEWHERE, REFERENCE):
        for spelling in spellings(name):
            assert spelling not in kept
            assert spelling.decode("latin-1") not in "".join(shown)
    assert PARTY_TOKEN(PARTY).encode() in kept
    assert either.case().party == PARTY_TOKEN(PARTY)


def test_the_token_of_a_party_is_keyed_and_steady(sidecar: Sidecar) -> None:
    """The same party has one token in every case; without the key it cannot be computed from the name."""
    sidecar.allowed(asking(party=PARTY), asking(party=PARTY, case="C-2"), asking(party=ELSEWHERE, case="C-3"))
    first, second, third = (entry["party_token"] for entry in sidecar.entries())
    assert first == second != third
    assert first.startswith("pty-")
    assert len(first) == 36
    for digest in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        assert first.removeprefix("pty-") not in hashlib.new(digest, PARTY.encode()).hexdigest()


def test_a_case_keeps_its_party(sidecar: Sidecar) -> None:
    """Another party under the same case number is refused; the same one, or none named, is not."""
    sidecar.allowed(asking(party=PARTY))
    other = sidecar.answer({**REVIEW, "resource": asking(party=ELSEWHERE)["resource"]})
    assert (other["decision"], other["context"]["code"]) == (False, "CASE_PARTY_MISMATCH")
    sidecar.allowed(REVIEW)


INTERESTED = personnel({"clerk": "front.clerk"}, interests=[("clerk", PARTY_TOKEN("甲 ABC-1"), "kin")])


def test_interests_are_found_through_the_token() -> None:
    """An officer who declared an interest in the party must recuse, and must know the party to act at all."""
    sidecar = Sidecar(people=INTERESTED)
    unnamed, own, strange = (sidecar.answer(asking(party=party, intent="question")) for party in (None, "甲 ABC-1", "乙"))
    assert (unnamed["context"]["code"], unnamed["context"]["grounds"][0]["missing"]) == ("MISSING_REQUIREMENT", ["party"])
    assert (own["decision"], own["context"]["code"]) == (False, "RECUSAL")
    assert strange["decision"] is True


@pytest.mark.parametrize("party", ["甲ABC-1", "甲 abc-1", "甲ＡＢＣ－１", " 甲 ABC-1 ", "甲\u3000ABC-1", "甲\u00a0ABC-1"])
def test_another_spelling_of_the_party_does_not_escape_recusal(party: str) -> None:
    """Width, case and spaces make no other party."""
    assert Sidecar(people=INTERESTED).answer(asking(party=party))["context"]["code"] == "RECUSAL"


@pytest.mark.parametrize("party", [" ", "\u3000"])
def test_a_blank_party_is_none(party: str) -> None:
    """Who must know the party to know whether to recuse does not know it from a space."""
    answer = Sidecar(people=INTERESTED).answer(asking(party=party))
    assert (answer["decision"], answer["context"]["code"]) == (False, "MISSING_REQUIREMENT")


def test_only_facts_that_conditions_read_are_kept_in_clear(either: Sidecar, tmp_path: Path) -> None:
    """What the policy asks is remembered; anything else that was asserted leaves a digest and no name."""
    (_,) = either.allowed(asking(facts={"amount": 100, "applicant_birth_year": 1931}))
    entry = either.entries()[0]
    assert entry["facts"] == dict(either.case().facts) == {"amount": 100}
    assert entry["facts_digest"].startswith("hmac-sha256:")
    assert b"birth" not in bytes_kept(either, tmp_path)


def test_evidence_is_kept_as_a_commitment(sidecar: Sidecar) -> None:
    """The name of a piece of evidence stands with a commitment to its reference: with the key of the party the piece can be
    recognised later, and without it no reference can be tried."""
    sidecar.allowed(ACCEPT, asking("reviewer", "review", evidence={"drawings": REFERENCE}))
    entry = sidecar.entries()[-1]
    (name, told), *rest = entry["evidence_digests"].items()
    assert (name, rest) == ("drawings", [])
    key = sidecar.authorizer.personal.keys.key(commitments_in(told)[0].slot)
    assert key
    tried = (entry["decision_id"], "evidence_digests/drawings")
    assert is_opened_by(told, key, *tried, REFERENCE)
    assert not is_opened_by(told, key, *tried, REFERENCE + "x")
    assert not is_opened_by(told, b"k" * 32, *tried, REFERENCE)


def test_a_refusal_for_another_party_records_the_party_that_was_named(sidecar: Sidecar) -> None:
    """The entry shows what was asked: without it nobody can see whose business was tried under this case number."""
    sidecar.allowed(asking(party=PARTY))
    sidecar.answer({**REVIEW, "resource": asking(party=ELSEWHERE)["resource"]})
    assert sidecar.entries()[-1]["code"] == "CASE_PARTY_MISMATCH"
    assert sidecar.entries()[-1]["party_token"] == PARTY_TOKEN(ELSEWHERE)


def test_nothing_kept_lets_a_guessed_party_be_confirmed(either: Sidecar, tmp_path: Path) -> None:
    """Who has the record but not the key cannot try out names: no unkeyed digest of a request is stored."""
    either.send(to(AUTHORIZE, asking(party=PARTY), request_id="r-1"))
    guess = msgspec.json.encode(asking(party=PARTY), order="sorted")
    confirmed = hashlib.sha256(guess).hexdigest().encode() in bytes_kept(either, tmp_path)
    assert not confirmed


def test_people_may_be_asked_about_without_being_learnt() -> None:
    """An unknown officer is recorded as asked, and the registers stay as they were given."""
    sidecar = Sidecar(people=EVERYONE)
    sidecar.answer(asking("nobody-17"))
    assert not list(EVERYONE.appointments("nobody-17"))
    assert sidecar.entries()[0]["subject"]["person"] == "nobody-17"


@pytest.mark.parametrize("number", ["11010519491231002X", "１１０１０５ 19491231 002x", "138-0013-8000"])
def test_numbers_in_any_text_are_masked_before_anything_is_kept(either: Sidecar, tmp_path: Path, number: str) -> None:
    """Case numbers, steps, channels, identifiers, reasons: neither the files nor the answers hold the number, and the
    same case is the same case again."""
    bare = "".join(number.split())
    case = f"案-{bare}"
    (first,) = either.allowed(asking(case=case))
    assert bare not in json.dumps(first, ensure_ascii=False)
    again = either.answer(asking("reviewer", f"review {number}", case=case, channel=f"电话 {number}"))
    assert again["context"]["case"] == {"id": first["case"]["id"], "version": 1}
    either.report(first["decision_id"], {"result": "failed", "detail": f"{number} 未到场"})
    entries = either.entries()
    assert set(entries[0]["masked"]) == {"case_id"}
    assert set(entries[1]["masked"]) == {"action/step", "case_id", "channel"}
    assert set(entries[2]["masked"]) == {"detail"}
    assert [
        number
        for entry in entries
        for number in numbers_in(json.dumps({**entry, "masked": {}, "facts_digest": ""}, ensure_ascii=False))
    ] == []
    kept = bytes_kept(either, tmp_path)
    assert all(text not in kept for form in {number, bare} for text in spellings(form))
