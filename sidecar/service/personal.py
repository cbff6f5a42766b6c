"""Personal data on its way into the record: numbers of persons are masked before anything is decided, values become commitments.

Masking comes first of all, before the case is looked up: so no number of a person is in an entry, in the events of a case, in an
answer that is kept, in a metric. The same number gives the same token, so a case, a fact or a request that was named by one is
still the same each time, and what is decided can be decided again from the entry.
"""

from collections.abc import Container, Mapping
from typing import Any

from msgspec.structs import replace

from sidecar.decision_log.commitments import commit, seal
from sidecar.decision_log.disclosure import CLEAR, NUMBERS, OMITTED, SEALED, STRICT, TOKEN, Disclosure
from sidecar.decision_log.numbers import is_suspect, numbers_in, replaced
from sidecar.expressions.facts import Asserted
from sidecar.ports.subjects import SubjectKeys
from sidecar.service.asked import OFFICER, Asked, PartyToken

_TOKEN_DIGITS = len("pty-")
NO_SUBJECTS: Mapping[str, str] = {}


class Personal:
    """`party_token` is keyed by the site; `keys` are those of subjects."""

    def __init__(self, party_token: PartyToken, keys: SubjectKeys, disclosure: Disclosure = STRICT) -> None:
        self._party_token, self.keys, self.disclosure = party_token, keys, disclosure
        self._changed = [(name, form) for name, form in disclosure.forms.items() if form in (TOKEN, OMITTED)]

    def number_token(self, kind: str, number: str) -> str:
        """The token of a number; behind its kind that of the party with this number, so that both are found together."""
        return f"{kind}-{self._party_token(number)[_TOKEN_DIGITS:]}"

    def text(self, text: str) -> str:
        """A text without numbers of persons."""
        return replaced(text, self.number_token) if is_suspect(text) else text

    def commitment(self, subject: str, entry: str, place: str, value: object, *, kept: bool = False) -> str:
        """The commitment to a value of a subject; `kept`: the value lies sealed beside the log. Raises StoreError."""
        slot, key = self.keys.allot(subject)
        told = commit(key, slot, entry, place, value)
        if kept:
            self.keys.keep(told, seal(key, told, value))
        return told

    def digest(self, field: str, subject: str, entry: str, place: str, value: object) -> str:
        """A field that never stands in clear; empty where it is left out."""
        form = self.disclosure.of(field)
        return "" if form == OMITTED else self.commitment(subject, entry, place, value, kept=form == SEALED)

    def masked(self, entry: str, originals: Mapping[str, str], subjects: Mapping[str, str] = NO_SUBJECTS) -> dict[str, str]:
        """What was masked, by its place in the entry: a commitment to what stood there. All whom a text names are its
        subject together: it goes with the first of them who is erased, and nothing else of the others goes with it.
        `subjects` names another for a text that does not stand in the entry, which so names nobody."""
        kept = self.disclosure.of(NUMBERS) == SEALED
        return {
            place: self.commitment(subjects.get(place) or self._all_named(text), entry, place, text, kept=kept)
            for place, text in originals.items()
        }

    def disclosed(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields of an entry in the forms that were declared; what is not clear is named in `masked`."""
        for name, form in self._changed:
            value = fields.get(name)
            if value:
                fields[name] = self._field_token(name, value) if form == TOKEN else type(value)()
                fields["masked"] = {**fields.get("masked", {}), name: form}
        return fields

    def _field_token(self, name: str, value: str) -> str:
        return f"tok-{self._party_token(f'{name} {value}')[_TOKEN_DIGITS:]}"

    def free_text(self, field: str, subject: str, entry: str, text: str) -> tuple[str, dict[str, str]]:
        """A free text as it is recorded, and what of it was masked."""
        form = self.disclosure.of(field)
        if not text or form == OMITTED:
            return "", {field: form} if text else {}
        if form != CLEAR:
            return self.digest(field, subject, entry, field, text), {field: form}
        plain = self.text(text)
        return plain, self.masked(entry, {field: text}) if plain != text else {}

    def _all_named(self, text: str) -> str:
        return " ".join(sorted({self.number_token(found.kind, found.number) for found in numbers_in(text)}))

    # -- requests ------------------------------------------------------------------------------------------------------------

    def asked(self, asked: Asked, request_id: str, items: Container[str]) -> tuple[Asked, str]:
        """A request and its identifier without numbers of persons in their texts; the same where there are none. An item that
        exists keeps its code whatever that looks like, and officers their identifiers."""
        request = asked.request
        texts = [request.step, request.case_id, request.level, request.acting_post, asked.channel, request_id]
        texts += [value for value in request.facts.values() if type(value) is str]
        texts += [*request.facts, *request.evidence] if request.facts or request.evidence else ()
        if asked.subject_type != OFFICER:
            texts.append(request.person)
        if request.item not in items:  # codes of items are long rows of digits, and would be looked through each time
            texts.append(request.item)
        # One look through all: no number reaches over the end of a line.
        return self._masked(asked, request_id, items) if numbers_in("\n".join(texts)) else (asked, request_id)

    def _masked(self, asked: Asked, request_id: str, items: Container[str]) -> tuple[Asked, str]:
        request = asked.request
        originals: dict[str, str] = {}

        def without(place: str, text: str) -> str:
            plain = self.text(text)
            if plain != text:
                originals[place] = text
            return plain

        def facts() -> dict[str, Asserted]:
            named = ((self._name(name), value) for name, value in request.facts.items())
            return {name: without(f"facts/{name}", value) if isinstance(value, str) else value for name, value in named}

        evidence = {self._name(name): reference for name, reference in asked.evidence.items()}
        plain = replace(
            request,
            person=request.person if asked.subject_type == OFFICER else without("subject/person", request.person),
            step=without("action/step", request.step),
            item=request.item if request.item in items else without("item", request.item),
            case_id=without("case_id", request.case_id),
            acting_post=without("asked/acting_post", request.acting_post),
            level=without("asked/level", request.level),
            facts=dict(sorted(facts().items())),
            evidence=frozenset(evidence),
        )
        channel = without("channel", asked.channel)
        request_id = without("request_id", request_id)
        told = replace(asked, request=plain, channel=channel, evidence=dict(sorted(evidence.items())), masked=originals)
        return told, request_id

    def _name(self, name: str) -> str:
        """The name of a fact or of evidence, in which only letters, digits and _ may stand."""
        plain = self.text(name)
        return name if plain == name else plain.replace("-", "_")
