"""What is not wrong in form but doubtful in law or in use: warnings, except a citizen's number, which is an error anywhere."""

import re
from collections.abc import Callable, Iterable

from sidecar.expressions.measures import MEASURES
from sidecar.power_list import vocabulary as words
from sidecar.power_list.calendars import CALENDAR
from sidecar.power_list.entries import ItemEntry, OrganEntry, PolicySet
from sidecar.power_list.findings import Finding, Place, Severity
from sidecar.power_list.load import Located
from sidecar.power_list.parts import Part
from sidecar.power_list.regions import has_province, is_whole_country
from sidecar.power_list.uscc import is_valid_uscc
from sidecar.timekeeping.limits import DAYS, WORKDAYS
from sidecar.timekeeping.statutes import day_of

CITIZEN_NUMBER_LENGTH = 18
NATIONAL = "1"  # level
# GB 11643: region 6, birthday 8, serial 3, check 1.
_CITIZEN_NUMBER = re.compile(
    r"(?<![0-9])[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)


def item_doubts(entry: ItemEntry) -> Iterable[Finding]:
    item, warn = entry.item, Severity.WARNING
    for n, basis in enumerate(item.legal_basis):
        if basis.article is None and basis.instrument in ("law", "administrative_regulation", "local_regulation"):
            yield entry.finding("NO_ARTICLE", ("legal_basis", n), warn, title=basis.title)
        if basis.instrument == "unclassified":
            yield entry.finding("UNCLASSIFIED_BASIS", ("legal_basis", n), warn, title=basis.title)
    if item.level != entry.organ.organ.level:
        own = words.label(words.LEVELS, entry.organ.organ.level)
        yield entry.finding("LEVEL_NOT_OWN", ("level",), warn, level=words.label(words.LEVELS, item.level), organ_level=own)
    if item.body.uscc and not is_valid_uscc(item.body.uscc):
        yield entry.finding("BAD_USCC", ("body", "uscc"), warn, value=item.body.uscc)
    yield from _limit_units(entry)


def _limit_units(entry: ItemEntry) -> Iterable[Finding]:
    """Limits in a unit that the statute they cite does not count in."""
    limits = entry.item.time_limits
    for key, limit in (("statutory", limits.statutory), ("rule", limits.rule)):
        meant = day_of(limit.basis, limit.n) if limit and limit.basis and limit.unit in (DAYS, WORKDAYS) else None
        if limit and meant and meant[0] != limit.unit:
            unit, rule = meant
            yield entry.finding(
                "LIMIT_UNIT",
                ("time_limits", key, "unit"),
                Severity.WARNING,
                basis=limit.basis,
                statute=rule.statute,
                article=rule.article,
                found=MEASURES[limit.unit].label,
                expected=MEASURES[unit].label,
                unit=unit,
            )


def missing_year(policies: PolicySet, year: int) -> Iterable[Finding]:
    """A warning when nobody has said which days of a year are worked."""
    if year not in policies.calendars:
        name = f"{CALENDAR}{year}.yaml"
        yield Finding("CALENDAR_YEAR_MISSING", Place(name, 1, 1), facts={"year": year, "name": name}, severity=Severity.WARNING)


def retention_unsaid(policies: PolicySet, ruled: Callable[[str], bool]) -> Iterable[Finding]:
    """A warning for each organ whose items do not say how long their records are kept, where no rule of the record says it."""
    for organ in policies.organs.values():
        entries = (entry for entry in policies.items.values() if entry.organ is organ and entry.item.retention is None)
        without = [entry for entry in entries if not ruled(entry.item.id)]
        if without and not organ.is_draft:
            yield without[0].finding("RETENTION_UNSAID", ("id",), Severity.WARNING, n=len(without))


def same_names(policies: PolicySet, organ: OrganEntry) -> Iterable[Finding]:
    seen: dict[tuple[object, ...], ItemEntry] = {}
    for entry in policies.items.values():
        if entry.organ is not organ:
            continue
        key = (entry.item.name, entry.item.subitem, entry.item.power_class, entry.item.body.name)
        first = seen.setdefault(key, entry)
        if first is not entry:
            yield entry.finding("SAME_NAME", ("name",), Severity.WARNING, first=first.item.id)


def organ_region(organ: OrganEntry) -> Iterable[Finding]:
    region, level = organ.organ.region, organ.organ.level
    if code := _doubtful_region(region, level):
        place = organ.located.place("organ", "region")
        yield Finding(code, place, facts=_region_facts(region, level, 1), severity=Severity.WARNING)


def item_regions(policies: PolicySet, organ: OrganEntry) -> Iterable[Finding]:
    """Once for each doubtful code, at the first item that has it: an import gives all items of a list the same."""
    doubtful: dict[tuple[str, str, str], list[ItemEntry]] = {}
    for entry in policies.items.values():
        region, level = entry.item.region, entry.item.level
        if entry.organ is organ and not entry.mended and (code := _doubtful_region(region, level)):
            doubtful.setdefault((code, region, level), []).append(entry)
    for (code, region, level), entries in doubtful.items():
        yield entries[0].finding(code, ("region",), Severity.WARNING, **_region_facts(region, level, len(entries)))


def _doubtful_region(region: str, level: str) -> str:
    """The code of the doubt, or nothing."""
    if is_whole_country(region):
        return "" if level == NATIONAL else "REGION_WHOLE_COUNTRY"
    return "" if has_province(region) else "REGION_NO_PROVINCE"


def _region_facts(region: str, level: str, n: int) -> dict[str, object]:
    return {"region": region, "level": words.label(words.LEVELS, level), "n": n}


def personal_numbers(part: Part, located: Located, path: tuple[str | int, ...] = (), item: str = "") -> Iterable[Finding]:
    """Citizen numbers anywhere in a block that stands at `path`."""
    for at, text in _texts(part, path):
        if len(text) >= CITIZEN_NUMBER_LENGTH and _CITIZEN_NUMBER.search(text):
            yield Finding("PERSON_IN_POLICY", located.place(*at), item=item)


def _texts(value: object, path: tuple[str | int, ...]) -> Iterable[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Part):
        for name, info in type(value).model_fields.items():
            yield from _texts(getattr(value, name), (*path, info.alias or name))
    elif isinstance(value, tuple | list):
        for n, child in enumerate(value):
            yield from _texts(child, (*path, n))
