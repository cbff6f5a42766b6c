"""What was read from a policy folder: organs, items and profiles beside the places of their parts."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sidecar.messages import near
from sidecar.power_list.calendars import CalendarEntry
from sidecar.power_list.catalogue import Catalogue, Figure
from sidecar.power_list.findings import Finding, Place, Severity, has_errors
from sidecar.power_list.load import Located
from sidecar.power_list.model import Item
from sidecar.power_list.organs import IncompatibleFile, Organ, Post, Unit
from sidecar.power_list.profiles import ProfileFile


@dataclass(frozen=True, slots=True)
class DutyTable:
    """An organ's table of incompatible duties (不相容岗位), and for each of its lines the full ids of the posts it names."""

    file: IncompatibleFile
    located: Located
    posts: tuple[tuple[str, ...], ...]


@dataclass(slots=True)
class OrganEntry:
    """One organ with its units and posts by full id."""

    file: str
    organ: Organ
    units: dict[str, Unit]
    posts: dict[str, Post]
    located: Located
    duties: DutyTable | None = None
    charge: dict[str, tuple[str, ...]] = field(default_factory=dict)  # unit → posts of the leaders in charge of it

    @property
    def is_draft(self) -> bool:
        """Whether posts of an import are not confirmed yet: what the list lacks of the law is then a doubt, not a mistake."""
        return any(not post.confirmed for post in self.posts.values())

    def unit_id(self, name: str) -> str | None:
        """A unit by its id or by its name."""
        if name in self.units:
            return name
        return next((unit.id for unit in self.units.values() if unit.name == name), None)

    def named_post(self, name: str, place: Place, into: list[str]) -> Iterator[Finding]:
        """Add the one post that `name` means, or say that it means none or several."""
        found = self.post_ids(name)
        if len(found) == 1:
            into.append(found[0])
        elif found:
            yield Finding("AMBIGUOUS_POST", place, facts={"post": name, "near": ", ".join(found)})
        else:
            names = [*self.posts, *(post.id for post in self.posts.values()), *(post.name for post in self.posts.values())]
            yield Finding("UNKNOWN_POST", place, facts={"post": name, "near": near(name, names)})

    def unknown_unit(self, name: str, place: Place) -> Finding:
        names = [*self.units, *(unit.name for unit in self.units.values())]
        return Finding("UNKNOWN_UNIT", place, facts={"unit": name, "near": near(name, names)})

    def post_ids(self, name: str) -> list[str]:
        """Full ids of the posts that `name` may mean: a full id, an id or a name."""
        if name in self.posts:
            return [name]
        return [full for full, post in self.posts.items() if name in (post.id, post.name)]


@dataclass(slots=True)
class ItemEntry:
    """One item with the organ it belongs to and where its parts stand."""

    item: Item
    organ: OrganEntry
    located: Located
    index: int
    mended: bool = False
    step_posts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    upper_posts: tuple[str, ...] = ()
    unit_ids: tuple[str, ...] = ()

    def place(self, *path: str | int) -> Place:
        return self.located.place("items", self.index, *path)

    def finding(self, code: str, path: tuple[str | int, ...], severity: Severity = Severity.ERROR, **facts: object) -> Finding:
        return Finding(code, self.place(*path), item=self.item.id, facts=facts, severity=severity)


@dataclass(slots=True)
class ProfileEntry:
    """`whole` is False where mistakes of form were taken out of the file: what it declares is then not all that was written.
    `figures` are those of the catalogue, which expressions may name."""

    profile: ProfileFile
    located: Located
    whole: bool = True
    figures: tuple[Figure, ...] = ()


@dataclass(slots=True)
class PolicySet:
    """A policy folder read whole. Use it only when `findings` holds no error."""

    organs: dict[str, OrganEntry] = field(default_factory=dict)
    items: dict[str, ItemEntry] = field(default_factory=dict)
    profiles: dict[str, ProfileEntry] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=Catalogue)
    calendars: dict[int, CalendarEntry] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        return has_errors(self.findings)
