"""All files of a policy folder, read together: references resolved, identifiers unique, every mistake in one run.

A folder holds `<organ>/organ.yaml`, `<organ>/powers.yaml` and, where there is one, `<organ>/incompatible.yaml` for each
organ, `profiles/*.yaml`, `calendar/<year>.yaml` and `catalogue.yaml`. The names of units and of posts are organ-wide; a post's
full name, as it stands in compiled rows, is `unit.post`, so unit identifiers are unique over the whole folder.

Files with mistakes of form are checked further on what is left of them (`power_list/mending.py`).
"""

from collections.abc import Iterable, Mapping

from sidecar.messages import near
from sidecar.power_list.calendars import CALENDAR, CalendarEntry, read_calendar
from sidecar.power_list.charge import read_charge
from sidecar.power_list.declared import item_findings, profile_findings
from sidecar.power_list.doubts import item_doubts, item_regions, organ_region, personal_numbers, same_names
from sidecar.power_list.duties import item_duties, read_duties
from sidecar.power_list.entries import ItemEntry, OrganEntry, PolicySet, ProfileEntry
from sidecar.power_list.findings import Finding, Place, Severity, in_reading_order
from sidecar.power_list.lawfulness import ITEM_CHECKS, found_by, incomplete_administrators
from sidecar.power_list.load import Located, load
from sidecar.power_list.model import PowersFile
from sidecar.power_list.organs import OrganFile
from sidecar.power_list.profiles import ProfileFile
from sidecar.power_list.publicity import PUBLICITY_CHECKS
from sidecar.power_list.references import duplicate, item_references, profile_references
from sidecar.power_list.rules import read_catalogue, rules_named, unknown_rules
from sidecar.power_list.source import read_source
from sidecar.power_list.upper_organs import find_upper_posts
from sidecar.power_list.uscc import is_valid_uscc

ORGAN_FILE = "organ.yaml"
POWERS_FILE = "powers.yaml"
CATALOGUE_FILE = "catalogue.yaml"
INCOMPATIBLE_FILE = "incompatible.yaml"
ORGAN_FILES = (ORGAN_FILE, POWERS_FILE, INCOMPATIBLE_FILE)
PROFILES = "profiles/"
RESERVED_FOLDERS = frozenset({"profiles", "calendar", "compiled"})  # beside the organs' own folders; no organ may be called so


def read_policy_set(files: Mapping[str, bytes]) -> PolicySet:
    """Read `files` (path relative to the folder → bytes). The order of the mapping does not matter."""
    policies = PolicySet()
    if CATALOGUE_FILE in files:
        policies.catalogue, policies.findings = read_catalogue(CATALOGUE_FILE, files[CATALOGUE_FILE])
    for path in sorted(f for f in files if f.startswith(PROFILES) and f.endswith(".yaml")):
        _read_profile(policies, path, files[path])
    policies.calendars, wrong = read_calendars(files)
    policies.findings += wrong
    policies.findings += unread_files(files)
    organ_files = sorted(f for f in files if f.rsplit("/", 1)[-1] == ORGAN_FILE)
    if not organ_files:
        policies.findings.append(Finding("NO_POLICIES", Place(".", 1, 1)))
    for path in organ_files:
        _read_organ(policies, path, files)
    policies.findings += find_upper_posts(policies)
    policies.findings = in_reading_order(policies.findings)
    return policies


def unread_files(files: Iterable[str]) -> Iterable[Finding]:
    """Files that would be passed over: of no known name, or powers without their organ."""
    known = set(files)
    for path in sorted(known):
        folder, _, name = path.rpartition("/")
        shared = path.startswith(PROFILES) or is_calendar(path) or path == CATALOGUE_FILE
        if not shared and name not in ORGAN_FILES:
            yield Finding("UNREAD_FILE", Place(path, 1, 1), facts={"name": path})
        organ = f"{folder}/{ORGAN_FILE}" if folder else ORGAN_FILE
        if name in ORGAN_FILES and organ not in known:
            yield Finding("MISSING_FILE", Place(organ, 1, 1), facts={"name": organ})


def is_calendar(path: str) -> bool:
    return path.startswith(CALENDAR) and path.endswith(".yaml") and path.count("/") == 1


def read_calendars(files: Mapping[str, bytes]) -> tuple[dict[int, CalendarEntry], list[Finding]]:
    """The calendars among `files` by year, and what is wrong with them."""
    known: dict[int, CalendarEntry] = {}
    findings: list[Finding] = []
    for path in sorted(filter(is_calendar, files)):
        entry, wrong = read_calendar(path, files[path])
        findings += wrong
        first = known.setdefault(entry.file.year, entry) if entry else None
        if entry and first is not entry and first:
            place = first.located.place("year")
            findings.append(duplicate("calendar", str(entry.file.year), entry.located.place("year"), place))
    return known, findings


def _read_profile(policies: PolicySet, path: str, data: bytes) -> None:
    loaded = load(read_source(path, data), ProfileFile)
    policies.findings += loaded.findings
    if loaded.draft is None:
        return
    profile = loaded.draft
    place = loaded.located.place("profile")
    known = policies.profiles.get(profile.profile)
    if known:
        policies.findings.append(duplicate("profile", profile.profile, place, known.located.place("profile")))
        return
    entry = policies.profiles[profile.profile] = ProfileEntry(
        profile, loaded.located, loaded.model is not None, tuple(policies.catalogue.figures)
    )
    policies.findings += profile_references(profile, loaded.located)
    policies.findings += profile_findings(entry) if entry.whole else ()
    policies.findings += unknown_rules(policies.catalogue, rules_named(profile, loaded.located))


def _read_organ(policies: PolicySet, path: str, files: Mapping[str, bytes]) -> None:
    loaded = load(read_source(path, files[path]), OrganFile)
    policies.findings += loaded.findings
    powers_path = path.removesuffix(ORGAN_FILE) + POWERS_FILE
    if powers_path not in files:
        policies.findings.append(Finding("MISSING_FILE", Place(powers_path, 1, 1), facts={"name": powers_path}))
    organ = _add_organ(policies, path, loaded.draft, loaded.located) if loaded.draft else None
    policies.findings += organ_region(organ) if organ and loaded.model else ()
    duties_path = path.removesuffix(ORGAN_FILE) + INCOMPATIBLE_FILE
    if organ and duties_path in files:
        policies.findings += read_duties(organ, duties_path, files[duties_path])
    if powers_path in files:
        _read_powers(policies, powers_path, files[powers_path], organ)


def _add_organ(policies: PolicySet, path: str, file: OrganFile, located: Located) -> OrganEntry | None:
    known = policies.organs.get(file.organ.id)
    if known:
        first = known.located.place("organ", "id")
        policies.findings.append(duplicate("organ", file.organ.id, located.place("organ", "id"), first))
        return None
    entry = OrganEntry(path, file.organ, {}, {}, located)
    policies.findings += _add_units(policies, entry, file)
    policies.findings += _add_posts(entry, file)
    policies.findings += personal_numbers(file, located)
    policies.findings += incomplete_administrators(entry)
    policies.findings += read_charge(entry, file)
    policies.organs[file.organ.id] = entry
    return entry


def _add_units(policies: PolicySet, entry: OrganEntry, file: OrganFile) -> Iterable[Finding]:
    taken = {unit: organ for organ in policies.organs.values() for unit in organ.units}
    for n, unit in enumerate(file.units):
        place = entry.located.place("units", n, "id")
        if unit.id in taken:
            yield duplicate("unit", unit.id, place, taken[unit.id].located.place("units"))
        elif unit.id in entry.units:
            first = next(k for k, other in enumerate(file.units) if other.id == unit.id)
            yield duplicate("unit", unit.id, place, entry.located.place("units", first, "id"))
        entry.units.setdefault(unit.id, unit)
    if file.organ.uscc and not is_valid_uscc(file.organ.uscc):
        place = entry.located.place("organ", "uscc")
        yield Finding("BAD_USCC", place, facts={"value": file.organ.uscc}, severity=Severity.WARNING)


def _add_posts(entry: OrganEntry, file: OrganFile) -> Iterable[Finding]:
    unconfirmed = 0
    for n, post in enumerate(file.posts):
        if post.unit not in entry.units:
            facts: dict[str, object] = {"unit": post.unit, "near": near(post.unit, entry.units)}
            yield Finding("UNKNOWN_UNIT", entry.located.place("posts", n, "unit"), facts=facts)
        if post.full_id in entry.posts:
            first = next(k for k, other in enumerate(file.posts) if other.full_id == post.full_id)
            yield duplicate(
                "post", post.full_id, entry.located.place("posts", n, "id"), entry.located.place("posts", first, "id")
            )
        entry.posts.setdefault(post.full_id, post)
        unconfirmed += not post.confirmed
    if unconfirmed:
        yield Finding("POST_NOT_CONFIRMED", entry.located.place("posts"), facts={"n": unconfirmed}, severity=Severity.WARNING)


def _read_powers(policies: PolicySet, path: str, data: bytes, organ: OrganEntry | None) -> None:
    loaded = load(read_source(path, data), PowersFile)
    policies.findings += loaded.findings
    if loaded.draft is None or organ is None:
        return
    for index, item in enumerate(loaded.draft.items):
        mended = loaded.located.place("items", index) in loaded.mended
        entry = ItemEntry(item, organ, loaded.located, index, mended)
        known = policies.items.setdefault(item.id, entry)
        if known is not entry:
            policies.findings.append(duplicate("item", item.id, entry.place("id"), known.place("id")))
        policies.findings += personal_numbers(item, loaded.located, ("items", index), item.id)
        policies.findings += item_references(entry)
        policies.findings += unknown_rules(policies.catalogue, rules_named(item, loaded.located, ("items", index)), item.id)
        profile = policies.profiles.get(item.profile_id)
        readable = profile is not None and profile.whole and not loaded.touched(index)
        policies.findings += item_findings(entry, profile) if profile and readable else ()
        policies.findings += [] if mended else item_doubts(entry)
        policies.findings += [] if mended else found_by((*ITEM_CHECKS, *PUBLICITY_CHECKS), entry, policies.catalogue)
    policies.findings += item_duties(organ, loaded.draft.items)
    policies.findings += same_names(policies, organ)
    policies.findings += item_regions(policies, organ)
