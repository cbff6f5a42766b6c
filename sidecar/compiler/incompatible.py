"""Lines of the table of incompatible duties, bound to the posts that hold them in one item."""

from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.compiler.plan import Binder
from sidecar.personnel.rules import Incompatibility
from sidecar.power_list.findings import Place


@dataclass(frozen=True, slots=True)
class Duties:
    """At most `at_most` of the duties may lie in one hand; a duty is the posts that carry it."""

    duties: tuple[tuple[str, ...], ...]
    at_most: int
    steps: tuple[str, ...]  # the step of each duty; none where the table names posts
    place: Place
    rule: str
    basis: str
    reason: str

    @property
    def incompatibility(self) -> Incompatibility:
        """As the personnel tables are held against it."""
        place = f"{self.place.file}:{self.place.line}"
        return Incompatibility(self.duties, self.at_most, self.reason, self.basis, place)


def duties_of(binder: Binder) -> Iterator[Duties]:
    """The lines that bind an item: those that name posts, and those of whose steps it has more than may lie in one hand."""
    table = binder.entry.organ.duties
    if table is None:
        return
    for n, line in enumerate(table.file.incompatible):
        steps = tuple(name for name in dict.fromkeys(line.steps) if name in binder.plans)
        duties = tuple(binder.plans[name].posts for name in steps) or tuple((post,) for post in table.posts[n])
        if len(duties) > line.at_most:
            place = table.located.place("incompatible", n)
            yield Duties(duties, line.at_most, steps, place, line.rule, line.basis, line.reason)
