"""How a body decides, as one cell of its rows: written by the compiler, read by the guards."""

from functools import lru_cache
from typing import NamedTuple

from sidecar.power_list.shares import share_of, spelt_in_row


class Terms(NamedTuple):
    """Full ids of the posts that take part and that preside, the shares, and whether the chair's word decides (`head`)."""

    members: tuple[str, ...]
    chairs: tuple[str, ...]
    quorum: str
    majority: str
    head: bool = False

    @property
    def cell(self) -> str:
        parts = [f"members={'+'.join(self.members)}"]
        parts += [f"chair={'+'.join(self.chairs)}"] if self.chairs else []
        parts += [f"quorum={spelt_in_row(self.quorum)}", f"majority={spelt_in_row(self.majority)}"]
        return "|".join([*parts, "head"] if self.head else parts)


@lru_cache(maxsize=4096)
def read_terms(cell: str) -> Terms:
    """Raises KeyError or ValueError where the cell was damaged."""
    parts = dict(part.partition("=")[::2] for part in cell.split("|"))
    chairs = tuple(parts["chair"].split("+")) if "chair" in parts else ()
    terms = Terms(tuple(parts["members"].split("+")), chairs, parts["quorum"], parts["majority"], "head" in parts)
    share_of(terms.quorum)
    share_of(terms.majority)
    return terms
