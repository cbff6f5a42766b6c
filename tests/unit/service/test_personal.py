"""Numbers of persons are masked in every text of a request, before anything is decided; keys of subjects lie in their file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.storage.subject_keys import BLOCK, FIRST_BLOCK, SubjectKeyFile, subjects_path
from sidecar.controls.context import AccessRequest
from sidecar.decision_log.commitments import KEY_BYTES, commitments_in, is_opened_by, unseal
from sidecar.decision_log.disclosure import STRICT, Disclosure
from sidecar.errors import StoreError
from sidecar.service.asked import Asked, party_tokeniser
from sidecar.service.passing_keys import PassingKeys
from sidecar.service.personal import Personal

ID, PHONE = "11010519491231002X", "13800138000"
TOKEN = party_tokeniser(b"k" * 32)


def personal(**forms: str) -> Personal:
    return Personal(TOKEN, PassingKeys(), Disclosure({**STRICT.forms, **forms}))


REQUEST = AccessRequest(
    "o-1", "accept", "food-licence", "C-1", "440106", facts={"amount": 3, "note": "窗口"}, evidence=frozenset({"form"})
)
ASKED = Asked(REQUEST, "officer", "window", {"form": "scan/1"})


def test_a_request_without_numbers_is_the_same_object() -> None:
    told, request_id = personal().asked(ASKED, "r-1", {"food-licence"})
    assert told is ASKED
    assert request_id == "r-1"


def in_every_place(number: str) -> tuple[Asked, str]:
    request = AccessRequest(
        f"citizen:{number}", f"step {number}", f"item-{number}", f"case-{number}", "440106", acting_post=f"p.{number}",
        level=number, facts={f"of_{number}": 1, "note": f"见 {number}"}, evidence=frozenset({f"id_{number.lower()}"}),
    )  # fmt: skip
    return Asked(request, "citizen", f"via {number}", {f"id_{number.lower()}": f"scan {number}"}), f"r-{number}"


@pytest.mark.parametrize("number", [ID, PHONE])
def test_no_text_of_a_request_keeps_a_number(number: str) -> None:
    told, request_id = personal().asked(*in_every_place(number), frozenset())
    shown = repr((told.request, told.channel, list(told.evidence), request_id)).lower()
    assert number.lower() not in shown
    token = TOKEN(number)[4:]
    assert shown.count(token) == 12
    places = {
        "subject/person",
        "action/step",
        "item",
        "case_id",
        "asked/acting_post",
        "asked/level",
        "facts/note",
        "channel",
        "request_id",
    }
    assert set(told.masked) == places
    assert told.masked["case_id"] == f"case-{number}"


def test_an_item_that_exists_keeps_its_code_and_an_officer_his_name() -> None:
    request = AccessRequest(ID, "accept", ID, "C-1")
    told, _ = personal().asked(Asked(request, "officer", f"tel {PHONE}", {}), "", {ID})
    assert (told.request.item, told.request.person) == (ID, ID)


def test_the_same_number_gives_the_same_token_and_it_is_that_of_the_party() -> None:
    mask = personal().text
    assert mask("案 11010519491231002x") == mask(f"案 {ID}") == f"案 idn-{TOKEN(ID)[4:]}"
    assert mask("138-0013-8000") == f"tel-{TOKEN(PHONE)[4:]}"


def test_what_was_masked_is_sealed_under_the_key_of_whom_it_names() -> None:
    made = personal()
    (told,) = made.masked("01ID", {"detail": f"给 {ID}"}).values()
    (found,) = commitments_in(told)
    key = made.keys.key(found.slot)
    assert key
    assert is_opened_by(told, key, "01ID", "detail", f"给 {ID}")
    sealed = made.keys.kept(told)
    assert sealed
    assert unseal(key, told, sealed) == f"给 {ID}"
    assert made.keys.allot(f"idn-{TOKEN(ID)[4:]}").slot == found.slot
    both, other = (commitments_in(*made.masked("01ID", {"d": text}).values())[0].slot for text in (f"{ID}、{PHONE}", PHONE))
    assert len({found.slot, both, other, made.keys.allot(TOKEN(ID)).slot}) == 4


def test_the_schema_is_followed() -> None:
    made = personal(client_ip="token", request_id="omitted", detail="digest", facts_digest="omitted", numbers="digest")
    fields = made.disclosed({"client_ip": "192.0.2.1", "request_id": "r-1", "channel": "web", "masked": {}})
    assert fields["client_ip"] == f"tok-{TOKEN('client_ip 192.0.2.1')[4:]}"
    assert (fields["request_id"], fields["channel"]) == ("", "web")
    assert fields["masked"] == {"client_ip": "token", "request_id": "omitted"}
    assert made.digest("facts_digest", "s", "e", "p", {"a": 1}) == ""
    told, masked = made.free_text("detail", "s", "e", "打印机坏了")
    assert (commitments_in(told)[0].text, masked) == (told, {"detail": "digest"})
    assert made.keys.kept(told) is None
    (only,) = made.masked("e", {"detail": ID}).values()
    assert made.keys.kept(only) is None


@given(st.text(max_size=30))
def test_a_text_without_numbers_is_told_as_it_is(text: str) -> None:
    made = personal()
    plain, masked = made.free_text("detail", "s", "e", text)
    assert (plain, masked) == (text, {}) or masked


# -- the file of keys ---------------------------------------------------------------------------------------------------------


def test_keys_are_durable_before_they_are_given_and_never_given_twice(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    one, other = SubjectKeyFile(data), SubjectKeyFile(data)
    given_out = [keys.allot(f"s{n}") for n in range(FIRST_BLOCK + 1) for keys in (one, other)]
    assert len({key.slot for key in given_out}) == len(given_out)
    assert len({key.key for key in given_out}) == len(given_out)
    again = SubjectKeyFile(data)
    assert all(again.key(slot) == key for slot, key in given_out)
    assert one.allot("s0") == given_out[0]
    assert again.allot("s0").slot not in {key.slot for key in given_out}
    assert subjects_path(data).stat().st_mode & 0o777 == 0o600
    assert subjects_path(data).stat().st_size == KEY_BYTES * (3 * FIRST_BLOCK + 2 * BLOCK)


def test_a_destroyed_key_is_gone_from_the_disk_for_whoever_looks(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    serving, command = SubjectKeyFile(data), SubjectKeyFile(data)
    slot, key = serving.allot("a")
    other = serving.allot("b")
    command.destroy([slot, 10**6])
    assert key not in subjects_path(data).read_bytes()
    assert (serving.key(slot), command.key(slot)) == (None, None)
    assert serving.key(other.slot) == other.key
    serving.destroy([slot])
    assert serving.allot("a").slot != slot


def test_a_torn_block_is_no_key_of_anybody(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    subjects_path(data).write_bytes(b"x" * 37)
    slot, key = SubjectKeyFile(data).allot("a")
    assert subjects_path(data).read_bytes()[slot * KEY_BYTES :][:KEY_BYTES] == key
    assert subjects_path(data).stat().st_size % KEY_BYTES == 0


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(StoreError, match="keys of subjects"):
        SubjectKeyFile(data, tmp_path / "none" / "subjects").allot("a")


def test_what_is_kept_is_found_by_another_process(tmp_path: Path) -> None:
    keys = SubjectKeyFile(tmp_path, tmp_path / "s")
    assert keys.kept("c") is None
    keys.keep("c", b"sealed")
    keys.close()
    assert SubjectKeyFile(tmp_path, tmp_path / "s").kept("c") == b"sealed"
