"""The catalogue of rules (`catalogue.yaml`): what the law asks, one rule a line, for a lawyer to read and the rest to cite.

A rule is known by its id everywhere: profiles and items name it beside each restraint, refusals and findings answer with it. The
catalogue says what a rule is and from where; where it stands in policy and program is computed (`expectations/coverage.py`),
never written down. Figures of the law are parameters of their rule, each with the text that sets it.
"""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from sidecar.power_list.findings import Place
from sidecar.power_list.parts import ConstantText, Name, Part, Phase, Requirement, Standing
from sidecar.power_list.values import Zh, formed

RuleId = Annotated[str, *formed(r"^[A-Z][A-Z0-9]{1,4}(-[A-Z0-9]{1,8}[a-z]?)?$", "AL-32a (A-Z 0-9 -)")]
Outcome = Annotated[
    str,
    *formed(
        r"^(deny [A-Z_]+|(error|warning)( [A-Z_]+)?|obligation|flag (blue|yellow|red)|report)$",
        "deny NO_POWER, error BASIS_TOO_LOW, obligation, flag red, report",
    ),
]


class RuleParameter(Part):
    """A figure of the law under a name that profiles, items and expressions may use."""

    name: Annotated[Requirement, Zh("参数名")]
    value: Annotated[ConstantText, Zh("参数值")]
    basis: Annotated[Name, Zh("依据")]
    standing: Annotated[Standing, Zh("核对")] = "read"


class Rule(Part):
    """One rule. `standing` says how far its text was verified; an outcome names the code that is answered. A rule of a single
    statute stands in its items (`of_items`), so that a list without such an item lacks nothing."""

    id: Annotated[RuleId, Zh("规则编号")]
    name: Annotated[Name, Zh("名称")]
    english: Annotated[Name, Zh("英文名称")]
    source: Annotated[Name, Zh("出处")]
    standing: Annotated[Standing, Zh("核对")] = "read"
    phases: Annotated[tuple[Phase, ...], Zh("阶段")] = Field(min_length=1, strict=False)
    outcomes: Annotated[tuple[Outcome, ...], Zh("后果")] = Field(min_length=1, strict=False)
    parameters: Annotated[tuple[RuleParameter, ...], Zh("参数")] = Field(default=(), strict=False)
    of_items: Annotated[bool, Zh("由事项写明")] = False

    @property
    def must_stand(self) -> bool:
        """Whether something has to check it when policies are built or requests are decided."""
        return "C" in self.phases or "D" in self.phases


class Chapter(Part):
    name: Annotated[Name, Zh("名称")]
    english: Annotated[Name, Zh("英文名称")]
    rules: Annotated[tuple[Rule, ...], Zh("规则")] = Field(min_length=1, strict=False)


class CatalogueFile(Part):
    chapters: Annotated[tuple[Chapter, ...], Zh("章")] = Field(min_length=1, strict=False)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the law as expressions use it: name and value, and where it stands."""

    name: str
    value: str
    place: Place


@dataclass(slots=True)
class Catalogue:
    """The rules by id, with the places where they stand; empty where a folder has none."""

    chapters: tuple[Chapter, ...] = ()
    rules: dict[str, Rule] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    parameters: dict[str, RuleParameter] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
