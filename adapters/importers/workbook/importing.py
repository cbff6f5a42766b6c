"""The whole import: workbooks in, the two policy files and an account of every row out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from adapters.importers.naming import checked_level
from adapters.importers.workbook.items import Setting, handling_units, is_template, item_data, read_level
from adapters.importers.workbook.opening import open_workbook
from adapters.importers.workbook.report import Counts, Notice, Unplaced
from adapters.importers.workbook.rows import ItemRow, Reading, read_rows
from adapters.importers.workbook.sentences import sentence
from adapters.importers.workbook.text import cleaned, most_common, shortened
from adapters.importers.workbook.units import Units
from adapters.importers.writing import write_yaml
from sidecar.errors import WorkbookError
from sidecar.power_list import vocabulary as words
from sidecar.power_list.regions import level_of

COMMAND = "import workbook"
NO_REGION = "000000"
_USUAL_LEVEL = "4"  # most lists are those of counties; used only where neither list nor region tells the level

_YEAR = re.compile(r"(?<![0-9])(20[0-9]{2})\s*年")


@dataclass(frozen=True, slots=True)
class ImportedItem:
    """One item, where it came from, and `data`, its entry in `powers.yaml`. `row` is the row a person sees in the sheet."""

    file: str
    sheet: str
    row: int
    id: str
    name: str
    subitem: str
    power_class: str
    units: tuple[str, ...]
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Import:
    """The result. `counts` is per file: non-empty rows = items + headings + unplaced."""

    items: tuple[ImportedItem, ...]
    unplaced: tuple[Unplaced, ...]
    warnings: tuple[Notice, ...]
    organ_yaml: str
    powers_yaml: str
    counts: Mapping[str, Counts]


def import_workbooks(
    files: Sequence[tuple[str, bytes]],
    *,
    organ: str,
    name: str | None = None,
    region: str | None = None,
    level: str | None = None,
) -> Import:
    """Import published workbooks (name, bytes) as one organ.

    Raises WorkbookError when a file is no workbook or holds no power list, SettingsError for a bad organ, region or level.
    """
    own_level = checked_level(organ, region, level)
    readings = [_reading(file, data) for file, data in _distinct_names(files)]
    rows = [row for reading in readings for row in reading.items]
    if not rows:
        raise WorkbookError("NO_ITEM_IN_ANY_FILE")
    level_of_organ, source = _organ_level(own_level, rows, region)
    shared = _Shared(organ, region or NO_REGION, level_of_organ, name or _body_of(rows) or organ, own_level)
    units, taken = Units(organ), dict[str, ItemRow]()
    notices = _about_settings(shared, readings, name=name, region=region, level_source=source)
    items: list[ImportedItem] = []
    for reading in readings:
        setting = _setting(shared, reading, units, taken)
        items += [_imported(row, setting) for row in reading.items]
        notices += [*_about_year(reading), *_in_reading_order([*reading.notices, *setting.about_columns(), *setting.notices])]
    return _result(shared, units, items, readings, notices)


def as_json(imported: Import) -> dict[str, object]:
    """The account of an import, ready for `json.dumps`; the items' data is in `powers.yaml`."""
    return {
        "items": [_listed(item) for item in imported.items],
        "unplaced": [asdict(entry) for entry in imported.unplaced],
        "warnings": [asdict(notice) for notice in imported.warnings],
        "counts": {file: asdict(counts) for file, counts in imported.counts.items()},
    }


@dataclass(frozen=True, slots=True)
class _Shared:
    """What holds for the organ as a whole. `fixed_level` is the level the caller gave, if any."""

    organ: str
    region: str
    level: str
    name: str
    fixed_level: str | None


def _distinct_names(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    names = [file for file, _ in files]
    twice = sorted({file for file in names if names.count(file) > 1})
    if twice:
        raise WorkbookError("WORKBOOK_GIVEN_TWICE", twice=twice[0])
    return list(files)


def _reading(file: str, data: bytes) -> Reading:
    reading = read_rows(file, open_workbook(file, data))
    if reading.has_list:
        return reading
    if reading.rows == 0:
        raise WorkbookError("WORKBOOK_EMPTY", file=file)
    raise WorkbookError("NO_HEADING_OF_A_LIST", file=file)


def _level_of(rows: Iterable[ItemRow]) -> str | None:
    found = (read_level(row.text("level")).found for row in rows)
    return most_common(levels[0] for levels in found if len(levels) == 1)


def _organ_level(own: str | None, rows: Iterable[ItemRow], region: str | None) -> tuple[str, str]:
    """The organ's level, and the code of the warning that says where it was taken from."""
    if own:
        return own, ""
    if listed := _level_of(rows):
        return listed, "LEVEL_ASSUMED"
    return (level_of(region), "LEVEL_FROM_REGION") if region else (_USUAL_LEVEL, "LEVEL_GUESSED")


def _body_of(rows: Sequence[ItemRow]) -> str | None:
    bodies = [body for row in rows if (body := row.line("body"))]
    return most_common(body for body in bodies if not is_template(body)) or most_common(bodies)


def _setting(shared: _Shared, reading: Reading, units: Units, taken: dict[str, ItemRow]) -> Setting:
    level = shared.fixed_level or _level_of(reading.items) or shared.level
    return Setting(shared.organ, shared.region, level, _body_of(reading.items) or shared.name, units, taken)


def _about_settings(
    shared: _Shared, readings: Sequence[Reading], *, name: str | None, region: str | None, level_source: str
) -> list[Notice]:
    label = words.label(words.LEVELS, shared.level)
    bodies = dict.fromkeys(filter(None, (_body_of(reading.items) for reading in readings)))
    said = {
        "REGION_UNKNOWN": region is None,
        level_source: bool(level_source),
        "NAME_ASSUMED": name is None and bool(bodies),
        "NAME_GUESSED": name is None and not bodies,
        "SEVERAL_BODIES": len(bodies) > 1,
    }
    facts = {"level": label, "value": shared.name, "region": shared.region}
    several = {"value": shortened("、".join(bodies), 120)}
    codes = [code for code, true in said.items() if true]
    return [Notice("", "", 0, "", code, *sentence(code, **(several if code == "SEVERAL_BODIES" else facts))) for code in codes]


def _about_year(reading: Reading) -> list[Notice]:
    """The year of a list is no first day of validity: its powers are older, and a request of today must not fail on it."""
    year = _YEAR.search(reading.file)
    if not year or not reading.items:
        return []
    said = sentence("YEAR_IS_NO_DATE", year=year[1], n=len(reading.items))
    return [Notice(reading.file, "", 0, "", "YEAR_IS_NO_DATE", *said)]


def _in_reading_order(notices: list[Notice]) -> list[Notice]:
    sheets = {sheet: n for n, sheet in enumerate(dict.fromkeys(notice.sheet for notice in notices))}
    return sorted(notices, key=lambda notice: (sheets[notice.sheet], notice.row))


def _imported(row: ItemRow, setting: Setting) -> ImportedItem:
    data = item_data(row, setting)
    names = tuple(handling_units(row))
    known = (str(data["id"]), str(data["name"]), str(data.get("subitem", "")), str(data["power_class"]))
    return ImportedItem(row.file, row.sheet, row.row, *known, names, data)


def _result(shared: _Shared, units: Units, items: list[ImportedItem], readings: list[Reading], notices: list[Notice]) -> Import:
    files = [cleaned(reading.file).text for reading in readings]
    about = {"id": shared.organ, "name": shared.name, "level": shared.level, "region": shared.region}
    organ: dict[str, object] = {"organ": about, "units": units.as_data(), "posts": units.posts()}
    return Import(
        items=tuple(items),
        unplaced=tuple(entry for reading in readings for entry in reading.unplaced),
        warnings=tuple(notices),
        organ_yaml=write_yaml("organ", organ, COMMAND, files),
        powers_yaml=write_yaml("powers", {"items": [item.data for item in items]}, COMMAND, files),
        counts={reading.file: reading.counts for reading in readings},
    )


def _listed(item: ImportedItem) -> dict[str, object]:
    known = asdict(item)
    del known["data"]
    return {**known, "units": list(item.units)}
