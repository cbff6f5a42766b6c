"""Handling units (承办机构) and the post map that a person completes.

A list names units, not posts. Each unit is given the three posts of 追责对象范围 (handler, section head, leader), all
`confirmed: false`. Bureaux name their sections alike, so a unit is known by its file and its name together.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pypinyin import Style, lazy_pinyin

from adapters.importers.naming import distinct

MAX_INITIALS = 24
NO_UNIT = "（未载明承办机构）"
POSTS = (("handler", "承办人"), ("section_head", "负责人"), ("leader", "分管领导"))


@dataclass(slots=True)
class Units:
    """The units of one import, numbered in the order in which they are met."""

    organ: str
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def id_of(self, file: str, name: str) -> str:
        if (file, name) not in self.ids:
            self.ids[file, name] = distinct(f"{self.organ}-{initials(name)}", self.taken)
            self.taken.add(self.ids[file, name])
        return self.ids[file, name]

    def as_data(self) -> list[dict[str, object]]:
        return [{"id": unit, "name": name} for (_, name), unit in self.ids.items()]

    def posts(self) -> list[dict[str, object]]:
        return [post for (_, name), unit in self.ids.items() for post in _posts(unit, name)]


def _posts(unit: str, name: str) -> Iterable[dict[str, object]]:
    for rank, label in POSTS:
        yield {"id": rank, "name": f"{name}{label}", "unit": unit, "rank": rank, "confirmed": False}


def initials(name: str) -> str:
    """建筑市场监管科 → jzscjgk."""
    letters = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER, errors="default")).lower()
    return re.sub(r"[^a-z0-9]", "", letters)[:MAX_INITIALS] or "unit"
