"""An AuthZEN request → the request that is decided: identifiers checked, party tokenised, facts bounded.

Unknown fields are ignored (AuthZEN 1.0, section on transport); a known field of the wrong type is an error. A subject that is
not of type `officer` and a resource that is neither `case` nor `item` are data like any other: they simply hold no power.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sidecar.case_history.history import GRANT, REFUSE
from sidecar.controls.context import CO_SIGN, EXERCISE, QUESTION, VOTE, AccessRequest
from sidecar.errors import RequestError
from sidecar.expressions.facts import Asserted
from sidecar.personnel.cells import PERSON_ID
from sidecar.service.asked_records import VOTES, content_of, draw_of, resolution_of

MAX_IDENTIFIER = 128
MAX_FACTS = 64
MAX_FACT = 2**53 - 1

_CASE_ID = re.compile(r"[\w〔〕()（）\[\]【】.\-]{1,128}\Z")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")
_REGION = re.compile(r"[0-9]{6}(?:[0-9]{3}){0,2}\Z")
_FACT_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
OFFICER = "officer"
CASE, ITEM = "case", "item"  # the types of resource that hold powers
_INTENTS = frozenset({EXERCISE, CO_SIGN, VOTE, QUESTION})


class Subject(msgspec.Struct, frozen=True):
    """Who acts: `id` is the officer's personal identifier, `properties.acting_post` the post acted through (unit.post), and
    `properties.on_behalf_of` the officer whose power a delegate uses (作为代理人)."""

    type: str
    id: str
    properties: dict[str, Any] = {}


class Action(msgspec.Struct, frozen=True):
    """What is done: `name` is the step of the item, `properties.outcome` `grant` or `refuse` where a step decides, `vote` `for`,
    `against` or `abstain` where a member votes, `about` the officer a step speaks of, `corrects` the decision that is corrected
    or revoked."""

    name: str
    properties: dict[str, Any] = {}


class Resource(msgspec.Struct, frozen=True):
    """On what: of type `case`, `id` is the case, and `properties` name `item`, `region`, `party` and `level`; of type `item`,
    `id` is a power item, and the question is asked of a case that has not begun."""

    type: str
    id: str
    properties: dict[str, Any] = {}


class EvaluationRequest(msgspec.Struct, frozen=True):
    """AuthZEN evaluation; `context` has `intent`, `channel`, `facts` (name → integer, boolean or text), `evidence` (name →
    text), `content` (the digest of the draft that is put to the vote or decided), `resolution` (the record of a
    meeting), `draw` (a pool and who was drawn),
    `supported_obligations` (types that the caller can fulfil), `observe` (it lets a refusal through where it may) and
    `state_token` as an earlier answer gave it."""

    subject: Subject
    action: Action
    resource: Resource
    context: dict[str, Any] = {}


class Asked(msgspec.Struct, frozen=True):
    """The request to decide, with what only the record needs. `masked` are texts in which numbers of persons stood, as they
    came, by their place in the entry."""

    request: AccessRequest
    subject_type: str
    channel: str
    evidence: Mapping[str, str]
    state_token: str = ""
    supported_obligations: frozenset[str] | None = None
    masked: Mapping[str, str] = {}
    observe: bool = False


PartyToken = Callable[[str], str]


def party_tokeniser(key: bytes) -> PartyToken:
    """Keyed tokens for parties: the same party, the same token; without the key, no way back and no guessing."""

    def token(party: str) -> str:
        return "pty-" + hmac.new(key, as_one_spelling(party).encode(), hashlib.sha256).hexdigest()[:32]

    return token


def as_one_spelling(party: str) -> str:
    """A party's identifier without what typing adds: width and case of letters, spaces. Recusal must not depend on them."""
    return "".join(unicodedata.normalize("NFKC", party).casefold().split())


def evaluation_of(value: object) -> EvaluationRequest:
    """A decoded body as an AuthZEN evaluation. Raises RequestError where it has not its shape."""
    if not isinstance(value, dict):
        raise RequestError("bad_request", "the body must be a JSON object")
    try:
        return msgspec.convert(value, EvaluationRequest, strict=True)
    except msgspec.ValidationError as fault:
        raise RequestError("bad_request", str(fault)) from None


def read_request(wire: EvaluationRequest, party_token: PartyToken) -> Asked:
    """Check and translate. Raises RequestError naming the field."""
    return _read_plain(wire, party_token) or read_with_care(wire, party_token)


# members of context that are read with care
_RARE = frozenset({"resolution", "content", "draw", "supported_obligations", "observe"})

# The texts of an officer's request about a case, one a line; each line demands what the careful reading demands of its field, and
# no text that holds a line feed of its own leaves as many lines.
_PLAIN = re.compile(
    r"officer\n[A-Za-z0-9][A-Za-z0-9._@-]{0,127}\n"  # subject
    r"case\n(?!\.{1,2}\n)[\w〔〕()（）\[\]【】.\-]{1,128}\n"  # resource
    r"[^\n]{1,128}\n(?:grant|refuse)?\n"  # step and outcome
    r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,127})?\n(?:[0-9]{6}(?:[0-9]{3}){0,2})?\n"  # item and region
    r"[^\n]{0,128}\n[^\n]{0,128}\n"  # party and level
    r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,127})?\n"  # acting post
    r"(?:exercise|question)?\n[^\n]{0,128}\n[^\n]{0,128}\Z"  # intent, channel and state token
).match


def _read_plain(wire: EvaluationRequest, party_token: PartyToken) -> Asked | None:
    """The request of an officer about a case who acts in person, with nothing out of the ordinary in any field; None for any
    other, which is read with care."""
    subject, action, resource, context = wire.subject, wire.action, wire.resource, wire.context
    by, does, on = subject.properties, action.properties, resource.properties
    outcome, item, region, party = does.get("outcome", ""), on.get("item", ""), on.get("region", ""), on.get("party", "")
    level, post, intent = on.get("level", ""), by.get("acting_post", ""), context.get("intent", "")
    channel, state_token = context.get("channel", ""), context.get("state_token", "")
    texts = (subject.type, subject.id, resource.type, resource.id, action.name, outcome, item, region, party, level, post)
    try:
        plain = _PLAIN("\n".join((*texts, intent, channel, state_token)))
    except TypeError:  # a field that is no text
        return None
    if plain is None or "on_behalf_of" in by or not _RARE.isdisjoint(context):
        return None
    if any(name != "outcome" for name in does):
        return None
    if not all((item or "item" not in on, region or "region" not in on, post or "acting_post" not in by)):
        return None
    evidence = _evidence(context["evidence"]) if "evidence" in context else {}
    facts = _facts(context["facts"]) if "facts" in context else {}
    request = AccessRequest(
        subject.id, action.name, item, resource.id, region,
        party_token(party) if party and as_one_spelling(party) else "",
        post, level, outcome, intent or EXERCISE, facts=facts, evidence=frozenset(evidence),
    )  # fmt: skip
    return Asked(request, subject.type, channel, evidence, state_token)


def read_with_care(wire: EvaluationRequest, party_token: PartyToken) -> Asked:
    """Every field by itself. Raises RequestError naming the field."""
    subject, action, resource, context = wire.subject, wire.action, wire.resource, wire.context
    acting_post, on_behalf = _texts(subject.properties, ("acting_post", "on_behalf_of"), "subject.properties")
    outcome, vote, about, corrects = _texts(action.properties, ("outcome", "vote", "about", "corrects"), "action.properties")
    item, region, party, level = _texts(resource.properties, ("item", "region", "party", "level"), "resource.properties")
    intent, channel, state_token = _texts(context, ("intent", "channel", "state_token"), "context")
    evidence = _evidence(context.get("evidence", {}))
    request = AccessRequest(
        person=_person(subject),
        step=_bounded(action.name, "action.name"),
        item=_item(resource, item),
        case_id=_case(resource),
        region=_given(region, resource.properties, "region", _REGION, "resource.properties.region"),
        party=party_token(party) if party and as_one_spelling(party) else "",
        acting_post=_given(acting_post, subject.properties, "acting_post", _CODE, "subject.properties.acting_post"),
        level=level,
        outcome=_outcome(outcome),
        intent=_intent(intent, resource),
        on_behalf=_given(on_behalf, subject.properties, "on_behalf_of", PERSON_ID, "subject.properties.on_behalf_of"),
        about=_given(about, action.properties, "about", PERSON_ID, "action.properties.about"),
        vote=_vote(vote),
        facts=_facts(context.get("facts", {})),
        evidence=frozenset(evidence),
        content=content_of(context),
        resolution=resolution_of(context),
        draw=draw_of(context),
        corrects=_given(corrects, action.properties, "corrects", _CODE, "action.properties.corrects"),
    )
    supported, observe = supported_obligations(context), context.get("observe", False)
    if not isinstance(observe, bool):
        raise RequestError("bad_observe", "context.observe must be true or false, or left out")
    return Asked(request, _bounded(subject.type, "subject.type"), channel, evidence, state_token, supported, observe=observe)


def _case(resource: Resource) -> str:
    """A resource of type `item` is a power item as such: the question of a case that has not begun."""
    return "" if resource.type == ITEM else _matching(resource.id, _CASE_ID, "resource.id")


def _person(subject: Subject) -> str:
    """Officers live in a name space of their own: no other subject can be spelt like one."""
    if subject.type == OFFICER:
        return _matching(subject.id, PERSON_ID, "subject.id")
    return f"{_bounded(subject.type, 'subject.type')}:{_bounded(subject.id, 'subject.id')}"


def _item(resource: Resource, named: str) -> str:
    if resource.type == ITEM:
        return _matching(resource.id, _CODE, "resource.id")
    item = _given(named, resource.properties, "item", _CODE, "resource.properties.item")
    return item if resource.type == CASE else f"{_bounded(resource.type, 'resource.type')}:{item}"


def _intent(intent: str, resource: Resource) -> str:
    if resource.type == ITEM:
        return QUESTION
    if intent and intent not in _INTENTS:
        raise RequestError("bad_intent", f"context.intent must be one of {', '.join(sorted(_INTENTS))}")
    return intent or EXERCISE


def _outcome(outcome: str) -> str:
    if outcome not in ("", GRANT, REFUSE):
        raise RequestError("bad_outcome", f"action.properties.outcome must be {GRANT} or {REFUSE}, or left out")
    return outcome


def _vote(vote: str) -> str:
    if vote and vote not in VOTES:
        raise RequestError("bad_vote", f"action.properties.vote must be one of {', '.join(sorted(VOTES))}, or left out")
    return vote


def _facts(value: object) -> dict[str, Asserted]:
    if not isinstance(value, dict) or len(value) > MAX_FACTS:
        raise RequestError("bad_facts", f"context.facts must be an object of at most {MAX_FACTS} members")
    for name, fact in value.items():
        if not _FACT_NAME.match(name):
            raise RequestError("bad_facts", f"context.facts: {name!r} is not a fact name (a-z, 0-9, _)")
        if type(fact) not in (int, bool, str):
            raise RequestError("bad_facts", f"context.facts.{name} must be a whole number, true or false, or text")
        if isinstance(fact, str):
            _bounded(fact, f"context.facts.{name}")
        elif not -MAX_FACT <= fact <= MAX_FACT:
            raise RequestError("int_range", f"context.facts.{name} is beyond 2^53")
    return dict(sorted(value.items()))


def _evidence(value: object) -> dict[str, str]:
    """Evidence is `{name: reference}`, or a list of names when there is nothing to refer to; a blank reference is no evidence."""
    if value == {}:
        return {}
    pairs = dict.fromkeys(value, "") if isinstance(value, list) and all(isinstance(n, str) for n in value) else value
    if not isinstance(pairs, dict) or len(pairs) > MAX_FACTS:
        raise RequestError("bad_evidence", f"context.evidence must be an object or list of at most {MAX_FACTS} members")
    for name, reference in pairs.items():
        if not _FACT_NAME.match(name) or not isinstance(reference, str):
            raise RequestError("bad_evidence", "context.evidence: names of a-z, 0-9, _ with text as reference")
    kept = pairs if isinstance(value, list) else {name: text for name, text in pairs.items() if text.strip()}
    return dict(sorted(kept.items()))


def supported_obligations(context: Mapping[str, Any]) -> frozenset[str] | None:
    """The types of obligations a caller says it can fulfil; None where it says nothing (AuthZEN obligations profile,
    negotiation). Raises RequestError."""
    if "supported_obligations" not in context:
        return None
    declared = context["supported_obligations"]
    if not isinstance(declared, list) or len(declared) > MAX_FACTS or not all(isinstance(kind, str) for kind in declared):
        raise RequestError("bad_obligations", f"context.supported_obligations must be a list of at most {MAX_FACTS} types")
    return frozenset(declared)


def _texts(holder: Mapping[str, Any], names: tuple[str, ...], where: str) -> list[str]:
    """Members that are text; empty where there is none."""
    values = [holder.get(name, "") for name in names]
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str) or len(value) > MAX_IDENTIFIER:
            raise RequestError("bad_field", f"{where}.{name} must be text of at most {MAX_IDENTIFIER} characters")
    return values


def _given(value: str, holder: Mapping[str, Any], name: str, form: re.Pattern[str], where: str) -> str:
    """A member that may be left out, but is not empty where it is given."""
    return _matching(value, form, where) if value or name in holder else ""


def _bounded(value: str, where: str) -> str:
    if not 1 <= len(value) <= MAX_IDENTIFIER:
        raise RequestError("bad_field", f"{where} must be text of 1 to {MAX_IDENTIFIER} characters")
    return value


def _matching(value: str, form: re.Pattern[str], where: str) -> str:
    if not form.match(value) or value in (".", ".."):
        raise RequestError("bad_identifier", f"{where} is not a valid identifier")
    return value
