"""What an entry can be asked for: one table, read by the index that follows the record and by whoever looks through the record.

A field stands in a column of the record or in the entry's bytes; SQLite takes it out of either, so that no entry passes through
Python. The text of an altered entry may be no JSON: it is then found by its columns only.
"""

from typing import NamedTuple

from sidecar.ports.records import Filter

_BODY = "CASE WHEN json_valid(CAST(e.body AS TEXT)) THEN CAST(e.body AS TEXT) ELSE '{}' END"


def _at(path: str) -> str:
    return f"coalesce(json_extract({_BODY}, '$.{path}'), '')"


# One value an entry. `day` is the day of the service's own time zone, as its clock told it.
SINGLE = {
    "kind": "e.kind",
    "officer": "e.officer",
    "item": "e.item",
    "code": "e.code",
    "decision": "e.decision",
    "day": f"substr({_at('time')}, 1, 10)",
    "post": _at("subject.acting_post"),
    "unit": _at("subject.organ"),
    "step": _at("action.step"),
    "caller": _at("caller"),
    "party": _at("party_token"),
}
# Several values an entry, as a JSON array: rules that refused, and what a text search looks through.
_RULES = (
    f"SELECT DISTINCT json_extract(g.value, '$.rule') AS v FROM json_each({_BODY}, '$.grounds') AS g "  # noqa: S608 - the text is ours
    "WHERE g.type = 'object'"
)
_TEXTS = " UNION ".join(
    [f"SELECT {_at(path)} AS v" for path in ("item_name", "reason.zh", "reason.en", "detail")]
    + [f"SELECT value FROM json_each({_BODY}, '$.basis')"]  # noqa: S608
)
SEVERAL = {
    name: f"(SELECT json_group_array(v) FROM ({inner}) WHERE v != '')"  # noqa: S608
    for name, inner in (("rule", _RULES), ("text", _TEXTS))
}
FIELDS = {**SINGLE, **SEVERAL}

Term = tuple[str, list[object]]


class Source(NamedTuple):
    """Where rows come from, and what each field is called there."""

    table: str
    alias: str
    fields: dict[str, str]


RECORD = Source("main.entries AS e", "e", {"case_id": "e.case_id", **FIELDS})
RECENT = Source("idx.recent AS i", "i", {name: f"i.{name}" for name in FIELDS})


def like(text: str) -> str:
    """The pattern of LIKE for a text that stands anywhere; of ASCII letters the case does not matter."""
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def terms_of(wanted: Filter, source: Source) -> list[Term]:
    """What a search asks of each row of a source."""
    fields = source.fields
    terms: list[Term] = [
        (f"{fields[name]} = ?", [value])
        for name in (*SINGLE, "case_id")
        if name in Filter._fields and (value := getattr(wanted, name))
    ]
    for name, values in (("item", wanted.items), ("unit", wanted.units)):
        if values:
            terms.append((f"{fields[name]} IN ({', '.join('?' * len(values))})", list(values)))
    if wanted.rule:
        terms.append((f"EXISTS (SELECT 1 FROM json_each({fields['rule']}) WHERE value = ?)", [wanted.rule]))  # noqa: S608
    if wanted.text:
        found = f"EXISTS (SELECT 1 FROM json_each({fields['text']}) WHERE value LIKE ? ESCAPE '\\')"  # noqa: S608
        terms.append((found, [like(wanted.text)]))
    bounds = (
        (f"{source.alias}.time_ms >= ?", wanted.since_ms),
        (f"{source.alias}.time_ms < ?", wanted.until_ms),
        (f"{fields['day']} >= ?", wanted.since_day or None),
        (f"{fields['day']} < ?", wanted.until_day or None),
    )
    return terms + [(term, [value]) for term, value in bounds if value is not None]
