"""An ordinary request is read in one go, every other with care: the same request or the same error, whatever stands in it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import RequestError
from sidecar.service.asked import evaluation_of, party_tokeniser, read_request, read_with_care
from sidecar.service.ids import new_id

TOKEN = party_tokeniser(b"k" * 32)
TEXTS = st.sampled_from(
    ["", "a", "officer", "case", "item", ".", "..", "a\nb", "\n", "案〔2026〕1号", "650200", "650200123", "grant", "exercise",
     "co_sign", "question", "vote", "for", "x" * 128, "x" * 129, " ", "a b", "é", "-a", "unit.post"]
)  # fmt: skip
ANY = TEXTS | st.sampled_from([1, None, True, [], ["a"], {}, {"a": "b"}, {"amount": 1}, {"amount": 2**53}, {"A": 1}])


def members(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), ANY, max_size=3)


REQUESTS = st.fixed_dictionaries(
    {
        "subject": st.fixed_dictionaries(
            {"type": TEXTS | st.just("officer"), "id": TEXTS},
            optional={"properties": members("acting_post", "on_behalf_of", "other")},
        ),
        "action": st.fixed_dictionaries({"name": TEXTS}, optional={"properties": members("outcome", "vote", "about", "other")}),
        "resource": st.fixed_dictionaries(
            {"type": TEXTS | st.just("case"), "id": TEXTS},
            optional={"properties": members("item", "region", "party", "level", "other")},
        ),
    },
    optional={"context": members("intent", "channel", "state_token", "facts", "evidence", "other")},
)


def outcome(read: Any, value: Any) -> object:
    try:
        return read(evaluation_of(value), TOKEN)
    except RequestError as refusal:
        return refusal.code, refusal.message


@given(REQUESTS)
def test_both_readings_agree(value: dict[str, Any]) -> None:
    assert outcome(read_request, value) == outcome(read_with_care, value)


@given(st.dictionaries(st.sampled_from(["amount", "A", "x"]), ANY, max_size=2), ANY)
def test_both_readings_agree_on_facts_and_evidence(facts: dict[str, Any], evidence: Any) -> None:
    ordinary = {
        "subject": {"type": "officer", "id": "a"},
        "action": {"name": "accept"},
        "resource": {"type": "case", "id": "C-1", "properties": {"item": "permit", "party": "Party"}},
        "context": {"facts": facts, "evidence": evidence},
    }
    assert outcome(read_request, ordinary) == outcome(read_with_care, ordinary)


def test_identifiers_are_ulids() -> None:
    """The example of the specification for the moment; behind it sixteen letters that differ every time."""
    made = [new_id(1469918176385) for _ in range(600)]
    assert {identifier[:10] for identifier in made} == {"01ARYZ6S41"}
    assert len(set(made)) == len(made)
    assert set("".join(made)) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert {len(identifier) for identifier in made} == {26}
