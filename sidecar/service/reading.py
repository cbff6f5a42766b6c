"""Who reads the record, and what of it: all, or what some units decided.

Whoever looks into the record sees what citizens and officers did, so reading is held to the least that the reader's duty needs
(GB/T 22239-2019, 8.1.4.2, least privilege; 8.1.4.3, the audit record is protected). The unit of an entry is the organ of the post
that was acted through. An organ is below another when its level is lower and its region lies in the other's: the relation by
which an upper organ undoes what a lower one decided (行政许可法 69). Entries of no unit, such as the readings of others and what
happens to the log itself, are for those who may read all.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sidecar.compiler.manifest import OrganFacts
from sidecar.errors import RequestError
from sidecar.ports.records import Filter
from sidecar.power_list.regions import within
from sidecar.service.answering import CallerFacts

BELOW = "/*"  # behind the name of a unit: and all that are below it
OUTSIDE = "outside what it may read"

Organs = Mapping[str, OrganFacts]


class ReadingRefusedError(RequestError):
    """What was asked for is not for this reader."""

    def __init__(self, units: Iterable[str]) -> None:
        super().__init__("forbidden", f"this caller may read {', '.join(units)} and nothing else", 403)


class Reader(NamedTuple):
    """A caller that reads. `grants` are names of units, `/*` behind one for those below it, too; None is the whole record.
    `person` is for whom it reads, by its own word."""

    caller: CallerFacts
    grants: tuple[str, ...] | None = None
    person: str = ""

    def units(self, organs: Organs) -> frozenset[str] | None:
        """The units whose entries it may read, by the policies that serve now; None is all entries."""
        if self.grants is None:
            return None
        named = {grant.removesuffix(BELOW) for grant in self.grants}
        above = {grant.removesuffix(BELOW) for grant in self.grants if grant.endswith(BELOW)} & organs.keys()
        return frozenset(named | {unit for unit in organs for upper in above if is_below(organs[unit], organs[upper])})

    def narrowed(self, wanted: Filter, organs: Organs) -> Filter:
        """What is wanted, as far as this reader may see it. Raises ReadingRefusedError where another unit is named."""
        units = self.units(organs)
        if units is None:
            return wanted
        if wanted.unit:
            self._refuse_unless(wanted.unit in units)
            return wanted
        return wanted._replace(units=tuple(sorted(units)))

    def refuse_unless_all(self) -> None:
        """For what cannot be shown in part. Raises ReadingRefusedError."""
        self._refuse_unless(self.grants is None)

    def _refuse_unless(self, holds: bool) -> None:
        if not holds:
            raise ReadingRefusedError(self.grants or ())


def is_below(organ: OrganFacts, upper: OrganFacts) -> bool:
    return upper.level < organ.level and within(organ.region, upper.region)
