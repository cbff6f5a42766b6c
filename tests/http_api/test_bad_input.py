"""Broken bodies and identifiers: each is 400 with its own code, leaves nothing behind, and says nothing of the inside."""

import msgspec
import pytest

from tests.http_api.calling import ACCEPT, AUTHORIZE, Body, Sidecar, asking, malformed, to

WHOLE = msgspec.json.encode(ACCEPT)


def beside(member: str | bytes) -> bytes:
    """A valid request with one more member in its context, written as it stands."""
    raw = member if isinstance(member, bytes) else member.encode()
    return WHOLE[:-2] + b"," + raw + b"}}"


def holding(value: str | bytes) -> bytes:
    return beside(b'"note":' + (value if isinstance(value, bytes) else value.encode()))


def text(value: str) -> bytes:
    return holding(msgspec.json.encode(value))


def fact(value: str) -> bytes:
    return WHOLE.replace(b'"amount":100', b'"amount":' + value.encode())


def nested(depth: int, brackets: str = "[]") -> bytes:
    """A valid request whose deepest container is at `depth`; the context is at 2."""
    return holding(brackets[0] * (depth - 2) + brackets[1] * (depth - 2))


def members(first: int, last: int) -> str:
    return "{" + ",".join(f'"k{n}":{n}' for n in range(first, last)) + "}"


# name: (body, code). The id of the threat catalogue stands in front of the name.
BODIES: dict[str, tuple[bytes, str]] = {
    "J1 top": (b'{"subject":{"type":"officer","id":"head"},' + WHOLE[1:], "duplicate_key"),
    "J1 nested": (WHOLE.replace(b'"id":"clerk"', b'"id":"head","id":"clerk"'), "duplicate_key"),
    "J1 escaped": (WHOLE.replace(b'"id":"clerk"', b'"\\u0069d":"head","id":"clerk"'), "duplicate_key"),
    "J1 fact": (WHOLE.replace(b'"amount":100', b'"amount":1,"amount":100'), "duplicate_key"),
    "J1 in what nobody reads": (holding('{"a":1,"a":1}'), "duplicate_key"),
    "J2 NaN": (holding("NaN"), "bad_json"),
    "J2 Infinity": (holding("Infinity"), "bad_json"),
    "J2 -Infinity": (holding("-Infinity"), "bad_json"),
    "J2 1e400": (holding("1e400"), "float_range"),
    "J2 -1e400": (holding("-1e400"), "float_range"),
    "J2 fact 1.0": (fact("1.0"), "bad_facts"),
    "J2 fact -0.0": (fact("-0.0"), "bad_facts"),
    "J2 fact 1e2": (fact("1e2"), "bad_facts"),
    "J3 50 digits": (fact("9" * 50), "int_range"),
    "J3 5000 digits": (fact("9" * 5000), "int_range"),
    "J3 2^53": (fact(str(2**53)), "int_range"),
    "J3 -2^53": (fact(str(-(2**53))), "int_range"),
    "J3 unread": (holding(str(2**64)), "int_range"),
    "J6 a byte that is none": (WHOLE.replace(b"clerk", b"cl\xffrk"), "bad_encoding"),
    "J6 overlong": (WHOLE.replace(b"clerk", b"cl\xc1\xa5rk"), "bad_encoding"),
    "J6 surrogate in UTF-8": (WHOLE.replace(b"clerk", b"cl\xed\xa0\x80rk"), "bad_encoding"),
    "J6 cut in a character": (WHOLE.replace(b"clerk", b"\xe5\xbc"), "bad_encoding"),
    "J6 BOM": (b"\xef\xbb\xbf" + WHOLE, "bad_encoding"),
    "J6 UTF-16": (WHOLE.decode().encode("utf-16"), "bad_encoding"),
    "J6 UTF-16 without mark": (WHOLE.decode().encode("utf-16-le"), "bad_json"),
    "J6 UTF-32": (WHOLE.decode().encode("utf-32"), "bad_encoding"),
    "J6 GBK": (WHOLE.replace(b"clerk", "张三".encode("gbk")), "bad_encoding"),
    "J6 lone surrogate": (holding('"\\ud800"'), "hidden_character"),
    "J6 lone low surrogate": (holding('"a\\udfffb"'), "hidden_character"),
    "J6 surrogates turned round": (holding('"\\udc00\\ud800"'), "hidden_character"),
    "J7 empty": (b"", "bad_json"),
    "J7 white space": (b" \r\n", "bad_json"),
    "J7 trailing bytes": (WHOLE + b"x", "bad_json"),
    "J7 two documents": (WHOLE + WHOLE, "bad_json"),
    "J7 a NUL behind": (WHOLE + b"\x00", "bad_json"),
    "J7 comment": (WHOLE.replace(b"{", b"{/* hi */", 1), "bad_json"),
    "J7 single quotes": (WHOLE.replace(b'"', b"'"), "bad_json"),
    "J7 leading zero": (fact("0100"), "bad_json"),
    "J7 plus": (fact("+100"), "bad_json"),
    "J7 hexadecimal": (fact("0x64"), "bad_json"),
    "J7 trailing comma": (WHOLE[:-1] + b",}", "bad_json"),
    "J7 cut off": (WHOLE[:-1], "bad_json"),
    "J7 bare control": (WHOLE.replace(b"clerk", b"cl\nerk"), "bad_json"),
    "J7 bad escape": (holding('"\\x41"'), "bad_json"),
    "J8 17 lists": (nested(17), "too_deep"),
    "J8 17 objects": (holding('{"a":' * 15 + "1" + "}" * 15), "too_deep"),
    "J8 60,000 lists": (b"[" * 60_000, "too_deep"),
    "J8 10,000 objects": (b'{"a":' * 10_000, "too_deep"),
    "J9 513 members": (holding(members(0, 513)), "too_many_keys"),
    "J9 513 members in two places": (holding(f"[{members(0, 300)},{members(300, 513)}]"), "too_many_keys"),
    "J9 5,000 members": (holding(members(0, 5000)), "too_many_items"),
    "J9 members of many small objects": (holding("[" + ",".join(['{"a":1}'] * 600) + "]"), "too_many_keys"),
    "J10 4,097 characters": (text("x" * 4097), "too_long"),
    "J10 4,097 characters of a name": (beside(msgspec.json.encode("x" * 4097) + b":1"), "too_long"),
    "J10 1,001 items": (holding("[" + "1," * 1000 + "1]"), "too_many_items"),
    "J12 NFD": (text("e\u0301"), "not_nfc"),
    "J12 compatibility ideograph": (text("\uf900"), "not_nfc"),
    "J12 jamo": (text("\u1112\u1161\u11ab"), "not_nfc"),
    "J12 NFD in a name": (beside('"e\u0301":1'), "not_nfc"),
    "not an object: list": (b"[]", "bad_request"),
    "not an object: list of requests": (b"[" + WHOLE + b"]", "bad_request"),
    "not an object: text": (b'"allow"', "bad_request"),
    "not an object: number": (b"1", "bad_request"),
    "not an object: true": (b"true", "bad_request"),
    "not an object: null": (b"null", "bad_request"),
}


@pytest.mark.parametrize(("body", "code"), BODIES.values(), ids=BODIES)
def test_a_broken_body_is_400_and_leaves_nothing(untouched: Sidecar, body: bytes, code: str) -> None:
    """The code says what is broken, the identifier comes back, and nothing is decided."""
    response = untouched.send(to(AUTHORIZE, body, request_id="r-1"))
    malformed(response, 400, code)
    assert response.headers["x-request-id"] == "r-1"
    assert (untouched.entries(), untouched.case().version) == ([], 0)


def test_a_mended_request_may_keep_its_identifier(either: Sidecar) -> None:
    """What was not understood has taken no identifier."""
    assert either.send(to(AUTHORIZE, WHOLE[:-1], request_id="r-1")).status_code == 400
    assert either.answer(ACCEPT, request_id="r-1")["decision"] is True


# the point of the bound, just inside
WITHIN: dict[str, bytes] = {
    "2^53-1": fact(str(2**53 - 1)),
    "depth 16": nested(16),
    "512 members": holding(members(0, 512 - len(members(0, 1)) - 10)),
    "4,096 characters": text("x" * 4096),
    "1,000 items": holding("[" + "1," * 999 + "1]"),
    "a pair of surrogates": holding('"\\ud83d\\ude00"'),
    "CJK beyond the first plane": text("\U00020000\u3007（）〔〕·—…"),
    "a float nobody reads": holding("1.5e-3"),
    "white space": b"\r\n\t " + WHOLE.replace(b":", b" : ").replace(b",", b" ,\n") + b"\n\n",
}


@pytest.mark.parametrize("body", WITHIN.values(), ids=WITHIN)
def test_a_body_just_within_the_bounds_is_decided(sidecar: Sidecar, body: bytes) -> None:
    """The bounds stand where they are documented to stand."""
    response = sidecar.send(to(AUTHORIZE, body))
    assert (response.status_code, response.json()["decision"]) == (200, True), response.text


HIDDEN = {
    "NUL": 0x00,
    "bell": 0x07,
    "tab": 0x09,
    "line feed": 0x0A,
    "carriage return": 0x0D,
    "escape": 0x1B,
    "delete": 0x7F,
    "C1 control": 0x85,
    "zero width space": 0x200B,
    "zero width joiner": 0x200D,
    "left-to-right mark": 0x200E,
    "line separator": 0x2028,
    "right-to-left override": 0x202E,
    "word joiner": 0x2060,
    "right-to-left isolate": 0x2067,
    "private use": 0xE000,
    "byte order mark": 0xFEFF,
    "private use, plane 15": 0xF0000,
    "private use, plane 16": 0x10FFFD,
}

OVERLOOKED = {
    "Arabic letter mark (bidirectional)": 0x061C,
    "soft hyphen": 0x00AD,
    "Mongolian vowel separator": 0x180E,
    "Hangul filler": 0x3164,
    "interlinear annotation": 0xFFF9,
    "noncharacter": 0xFFFE,
    "unassigned": 0x0378,
    "tag letter": 0xE0041,
}


@pytest.mark.parametrize("point", HIDDEN.values(), ids=HIDDEN)
@pytest.mark.parametrize("place", ["value", "name", "step"])
def test_characters_nobody_sees_are_400(untouched: Sidecar, point: int, place: str) -> None:
    """J11: the answer names the code point, wherever it stands."""
    written = f"a{chr(point)}b"
    body: Body = (
        asking("clerk", written) if place == "step" else {**ACCEPT, "context": {written: 1} if place == "name" else [written]}
    )
    response = untouched.post(body)
    malformed(response, 400, "hidden_character")
    assert f"U+{point:04X}" in response.text
    assert untouched.entries() == []


@pytest.mark.parametrize("point", OVERLOOKED.values(), ids=OVERLOOKED)
def test_more_characters_nobody_sees_are_400(untouched: Sidecar, point: int) -> None:
    """J11: also the bidirectional mark of another script, fillers, tags, noncharacters and what is assigned to nothing."""
    response = untouched.post(asking("clerk", f"a{chr(point)}b"))
    malformed(response, 400, "hidden_character")
