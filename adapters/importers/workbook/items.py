"""One row → one item of the power-list language.

Where the row is silent and the language wants an answer, it is the most cautious one there is (class 其他行政权力, basis
unclassified, the level and body that the rest of the file has), and a warning says so at the cell. Where the language can do
without (dates, status, disclosure), nothing is written that the list does not say. Reading a row never fails and never produces
an item that `check` would call an error.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from adapters.importers.naming import distinct
from adapters.importers.workbook.citations import MAX_ARTICLES, NO_BASIS, Citation, read_citations, untitled
from adapters.importers.workbook.report import Notice
from adapters.importers.workbook.rows import ItemRow
from adapters.importers.workbook.sentences import sentence
from adapters.importers.workbook.text import numbered, shortened, single_line, unit_names
from adapters.importers.workbook.units import NO_UNIT, Units
from sidecar.power_list import vocabulary as words

# What is blank in every row because the sheet has no such column is said once.
_NO_COLUMN = {
    "CLASS_MISSING": "CLASS_NO_COLUMN", "LEVEL_MISSING": "LEVEL_NO_COLUMN", "BASIS_MISSING": "BASIS_NO_COLUMN",
    "BODY_MISSING": "BODY_NO_COLUMN", "UNIT_MISSING": "UNIT_NO_COLUMN",
}  # fmt: skip

CLASS_LETTERS = {
    "licensing": "xk", "penalty": "cf", "compulsion": "qz", "levy": "zs", "payment": "jf", "inspection": "jc",
    "confirmation": "qr", "award": "jl", "adjudication": "cj", "other": "qt", "public_service": "gg", "internal": "nb",
}  # fmt: skip

MAX_NAME = 1_000
MAX_TEXT = 20_000

_CLASSES = words.spellings(words.POWER_CLASSES)
_LEVELS = words.spellings(words.LEVELS)
_BODY_TEMPLATE = re.compile(r"地州市|县市区|地（州|县（市|地\(州|县\(市")
_UNIT_TEMPLATE = re.compile(r"具体承办|业务科室|相关科室|有关科室|承办科室")
_HEAD = "法定代表人|主要负责人|主要领导|负责人"
_TIERS = {
    "handler": re.compile(r"(?:具体)?(?:承办|经办)人员?"),
    "section_head": re.compile(r"(?:内设机构|科室|处室|部门)(?:的)?(?:主要)?负责人"),
    "leader": re.compile(rf"(?:单位)?(?:{_HEAD})?(?:或者?|及|和|、)?分管(?:负责人|领导)|(?:单位)?(?:{_HEAD})"),
}
_LISTING = re.compile(r"[\s\d一二三四五六七八九十.．、，,；;：:。（）()]+")
_AFTER_LEVEL = re.compile(r"[；;。，,：:]")


@dataclass(slots=True)
class Setting:
    """What one file says of all its rows, and what all rows of the import share."""

    organ: str
    region: str
    level: str
    body: str
    units: Units
    taken: dict[str, ItemRow]
    notices: list[Notice] = field(default_factory=list)
    without_column: dict[tuple[str, int, str], "_WithoutColumn"] = field(default_factory=dict)

    def about_columns(self) -> list[Notice]:
        """One warning for each column that a table does not have."""
        return [
            Notice(told.file, sheet, heading, "", code, *sentence(code, **told.facts, n=told.items))
            for (sheet, heading, code), told in self.without_column.items()
        ]


@dataclass(slots=True)
class _WithoutColumn:
    """How many items of one table lack a field for want of a column, and what was set instead."""

    file: str
    facts: dict[str, object]
    items: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """A level cell: the levels it names and the text that is no level."""

    found: tuple[str, ...]
    rest: str


def item_data(row: ItemRow, setting: Setting) -> dict[str, object]:
    """The entry of `powers.yaml`, keys in the order in which a person reads them."""
    doubt = _doubts_of(row, setting)
    name, subitem = _name(row, "name", doubt), _name(row, "subitem", doubt)
    power_class = _power_class(row, doubt)
    body = _body(row, setting, doubt)
    level, level_text = _level(row, setting, doubt)
    return _without_blanks(
        {
            "id": _identity(row, setting, (name, subitem, power_class, body), doubt),
            "name": name,
            "subitem": subitem,
            "power_class": power_class,
            "codes": _codes(row, setting, doubt),
            "legal_basis": _legal_basis(row, doubt),
            "body": {"name": body},
            "level": level,
            "region": setting.region,
            "units": _units(row, setting, doubt),
            "scope": _scope(row, level_text, doubt),
            "control_profile": power_class,
            "duties": _entries(row, "duties"),
            "accountable": _accountable(row, doubt),
            "accountability_grounds": _entries(row, "grounds"),
            "remedies": [_cut(text, MAX_NAME, "remedies", doubt) for text in _entries(row, "remedies")],
        }
    )


Doubt = Callable[..., None]


def _doubts_of(row: ItemRow, setting: Setting) -> Doubt:
    def doubt(cell: str, code: str, **facts: object) -> None:
        if cell not in row.cells and code in _NO_COLUMN:
            place = (row.sheet, row.heading, _NO_COLUMN[code])
            setting.without_column.setdefault(place, _WithoutColumn(row.file, facts)).items += 1
        else:
            setting.notices.append(row.notice(cell, code, **facts))

    return doubt


def _without_blanks(data: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in data.items() if value not in (None, "", [], {})}


def _cut(text: str, most: int, cell: str, doubt: Doubt) -> str:
    if len(text) > most:
        doubt(cell, "TEXT_CUT", n=most)
    return text[:most]


def _name(row: ItemRow, cell: str, doubt: Doubt) -> str:
    return _cut(row.line(cell), MAX_NAME, cell, doubt)


def _identity(row: ItemRow, setting: Setting, parts: tuple[str, ...], doubt: Doubt) -> str:
    """Made of what the item is, never of where it stands; see the package's docstring."""
    digest = hashlib.sha256(unicodedata.normalize("NFC", "|".join(parts)).encode()).hexdigest()
    wanted = f"{setting.organ}-{CLASS_LETTERS[parts[2]]}-{digest[:8]}"
    given = distinct(wanted, setting.taken)
    if given != wanted:
        doubt("name", "SAME_ITEM", value=given, first=_seen_from(row, setting.taken[wanted]))
    setting.taken[given] = row
    return given


def _seen_from(row: ItemRow, other: ItemRow) -> str:
    """Where another item stands: its cell, with file and sheet only where they are not the same."""
    near = (row.file, row.sheet) == (other.file, other.sheet)
    return other.cells["name"] if near else f"{other.file} [{other.sheet}] {other.cells['name']}"


def _power_class(row: ItemRow, doubt: Doubt) -> str:
    text = "".join(row.text("power_class").split())
    if text in _CLASSES:
        return _CLASSES[text]
    doubt("power_class", "CLASS_UNKNOWN" if text else "CLASS_MISSING", value=shortened(text))
    return "other"


def _body(row: ItemRow, setting: Setting, doubt: Doubt) -> str:
    name = _name(row, "body", doubt)
    if not name:
        doubt("body", "BODY_MISSING", value=setting.body)
        return setting.body
    if is_template(name):
        doubt("body", "BODY_TEMPLATE", value=shortened(name))
    return name


def is_template(body: str) -> bool:
    """Whether a body is the phrase of a model list (地州市农业农村局) rather than an organ."""
    return bool(_BODY_TEMPLATE.match(body))


def read_level(text: str) -> Level:
    """The levels a cell names: 地州市级, 市级/县级, 地州市级；负责…… (what follows is authority, not level)."""
    whole = "".join(text.split())
    if whole in _LEVELS:
        return Level((_LEVELS[whole],), "")
    parts = [part for part in re.split(r"[、，,；;。/／及和与]", whole) if part]
    if parts and all(part in _LEVELS for part in parts):
        return Level(tuple(dict.fromkeys(_LEVELS[part] for part in parts)), "")
    first = _AFTER_LEVEL.search(whole)
    if first and whole[: first.start()] in _LEVELS:
        return Level((_LEVELS[whole[: first.start()]],), whole[first.end() :])
    return Level((), whole)


def _level(row: ItemRow, setting: Setting, doubt: Doubt) -> tuple[str, str]:
    """The level, and what else its cell says."""
    read = read_level(row.text("level"))
    if len(read.found) == 1:
        return read.found[0], read.rest
    code = "LEVEL_SEVERAL" if read.found else "LEVEL_UNKNOWN" if read.rest else "LEVEL_MISSING"
    shown = shortened(row.text("level"))
    doubt("level", code, value=shown, level=words.label(words.LEVELS, setting.level))
    return setting.level, row.line("level") if read.found else read.rest


def _codes(row: ItemRow, setting: Setting, doubt: Doubt) -> list[dict[str, object]]:
    code = _name(row, "code", doubt)
    if code and "code" in row.numbers:
        doubt("code", "CODE_IS_NUMBER", value=code)
    return [{"scheme": f"local.{setting.organ}", "value": code}] if code else []


def _units(row: ItemRow, setting: Setting, doubt: Doubt) -> list[dict[str, object]]:
    names = handling_units(row)
    if names == [NO_UNIT]:
        doubt("units", "UNIT_MISSING")
    for name in filter(_UNIT_TEMPLATE.search, names):
        doubt("units", "UNIT_TEMPLATE", value=shortened(name))
    if len(names) > 1:
        doubt("units", "SEVERAL_UNITS_NO_LEAD", value=names[0])
    ids = [setting.units.id_of(row.file, name) for name in names]
    return [{"unit": unit, "lead": True} if n == 0 else {"unit": unit} for n, unit in enumerate(ids)]


def handling_units(row: ItemRow) -> list[str]:
    """The names of an item's units, the first of which leads."""
    return [name[:MAX_NAME] for name in unit_names(row.text("units"))] or [NO_UNIT]


def _scope(row: ItemRow, level_text: str, doubt: Doubt) -> dict[str, object] | None:
    function = "；".join(filter(None, (level_text, row.line("authority"))))
    return {"function": _cut(function, MAX_TEXT, "authority", doubt)} if function else None


def _entries(row: ItemRow, cell: str) -> list[str]:
    """A numbered text, entry by entry; an entry too long for the language goes on in the next."""
    return [entry[at : at + MAX_TEXT] for entry in numbered(row.text(cell)) for at in range(0, len(entry), MAX_TEXT)]


def _accountable(row: ItemRow, doubt: Doubt) -> list[str]:
    """The three tiers, each recognised by its phrase. What is left over when they are taken out is reported."""
    rest, tiers = row.line("accountable"), []
    if not rest:
        return []
    for tier, phrase in _TIERS.items():
        rest, met = phrase.subn(" ", rest)
        tiers += [tier] if met else []
    left = single_line(_LISTING.sub(" ", rest))
    if left:
        doubt("accountable", "ACCOUNTABLE_PARTLY" if tiers else "ACCOUNTABLE_UNKNOWN", value=shortened(left))
    return tiers


def _legal_basis(row: ItemRow, doubt: Doubt) -> list[dict[str, object]]:
    """The first entry creates the power, the others detail it. There is always at least one."""
    text = row.text("legal_basis")
    entries = [entry for citation in read_citations(text) for entry in _basis(citation, doubt)]
    if not entries:
        doubt("legal_basis", "BASIS_NO_TITLE" if text else "BASIS_MISSING", value=shortened(text))
        entries = [{"instrument": "unclassified", "title": untitled(text) or NO_BASIS}]
    distinct_entries = [entry for n, entry in enumerate(entries) if entry not in entries[:n]]
    return [{**entry, "role": "details" if n else "creates"} for n, entry in enumerate(distinct_entries)]


def _basis(citation: Citation, doubt: Doubt) -> Iterable[dict[str, object]]:
    if citation.instrument == "unclassified":
        doubt("legal_basis", "BASIS_UNCLASSIFIED", value=shortened(citation.title))
    if len(citation.articles) > MAX_ARTICLES:
        doubt("legal_basis", "ARTICLES_CUT", value=shortened(citation.title), n=MAX_ARTICLES)
    known = {"instrument": citation.instrument, "title": citation.title, "number": citation.number, "version": citation.version}
    for article in citation.articles[:MAX_ARTICLES] or (None,):
        yield _without_blanks({**known, "article": article})
