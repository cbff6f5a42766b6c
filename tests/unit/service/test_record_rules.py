"""The rules of a record: strict where nothing is said, and every mistake told with its place."""

from pathlib import Path

import pytest

from sidecar.decision_log.disclosure import STRICT
from sidecar.decision_log.retention import Hold, Span
from sidecar.errors import SettingsError
from sidecar.service.record_rules import RecordRules, read_record_rules, read_record_rules_file

WHOLE = """
fields:
  client_ip: token
  facts_digest: sealed
retention:
  default: {months: 12, basis: 网络安全法第二十三条}
  items:
    gov-procurement: {years: 15, basis: 政府采购法第四十二条}
  closed_after: {years: 2}
  closed: [C-2]
  holds:
    - {case: C-3, basis: 诉讼中}
"""


def test_rules_are_read() -> None:
    rules = read_record_rules("record.yaml", WHOLE.encode())
    assert (rules.disclosure.of("client_ip"), rules.disclosure.of("facts_digest")) == ("token", "sealed")
    assert rules.disclosure.of("request_id") == STRICT.of("request_id")
    retention = rules.retention
    assert (retention.default, retention.of("gov-procurement")) == (
        Span(12, "网络安全法第二十三条", "record.yaml:6"),
        Span(180, "政府采购法第四十二条", "record.yaml:8"),
    )
    assert (retention.closed_after, sorted(retention.closed)) == (24, ["C-2"])
    assert retention.holds == (Hold("C-3", "诉讼中", "record.yaml:12"),)


def test_rules_that_only_moved_are_the_same_rules() -> None:
    """The log tells of other rules, not of a line that was put in."""
    one, moved = read_record_rules("a", WHOLE.encode()), read_record_rules("b", b"# moved\n\n" + WHOLE.encode())
    assert one.digest == moved.digest
    for text, other in (("months: 12", "months: 13"), ("years: 15", "years: 16"), ("诉讼中", "复议中"), ("[C-2]", "[C-4]")):
        assert read_record_rules("a", WHOLE.replace(text, other).encode()).digest != one.digest


def test_without_a_file_all_is_strict() -> None:
    assert read_record_rules_file(None) == RecordRules()


MISTAKES = {
    "a field no record has": ("fields:\n  phone: token", "2:3", "no record has the field phone"),
    "a field the log needs": ("fields:\n  case_id: token", "2:3", "case_id must stand in clear"),
    "who acted": ("fields:\n  subject: omitted", "2:3", "subject must stand in clear"),
    "facts a replay reads": ("fields:\n  facts: digest", "2:3", "facts must stand in clear"),
    "a form it cannot have": ("fields:\n  facts_digest: clear", "2:17", "facts_digest can be digest, sealed, omitted"),
    "no mapping": ("fields: [a]", "1:9", "fields must be a mapping"),
    "an unknown part": ("felds: {}", "1:1", "the file has no felds"),
    "less than the law asks": ("retention:\n  default: {months: 5, basis: x}", "2:12", "5 months are less than 6"),
    "no basis": ("retention:\n  default: {months: 7}", "2:12", "a time has a basis"),
    "no time": ("retention:\n  items:\n    a: {basis: x}", "3:8", "has months or years"),
    "two times": ("retention:\n  items:\n    a: {months: 7, years: 1, basis: x}", "3:8", "has months or years"),
    "for ever": ("retention:\n  items:\n    a: {years: 101, basis: x}", "3:8", "up to 100 years"),
    "a time in words": ("retention:\n  items:\n    a: {years: ten, basis: x}", "3:8", "one whole number"),
    "a hold without basis": ("retention:\n  holds: [{case: C}]", "2:11", "a hold has a case and a basis"),
    "no YAML": ("fields: {", "2:1", "YAML"),
}


@pytest.mark.parametrize(("text", "place", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place(text: str, place: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_record_rules("record.yaml", text.encode())
    assert f"record.yaml:{place}" in caught.value.message
    assert told in caught.value.message


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_record_rules("r", b"fields:\n  a: token\n  b: token\nretention:\n  c: 1\n")
    assert [f"r:{n}:3" in caught.value.message for n in (2, 3, 5)] == [True] * 3


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        read_record_rules_file(tmp_path / "none.yaml")
