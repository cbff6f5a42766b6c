"""The engine: a model and its rows, proven when they are loaded, with the role graphs requests are judged under."""

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from casbin.model import Model

from sidecar.decision.engine.effects import ALLOW, DENY
from sidecar.decision.engine.evaluator import Evaluator, Failed, Matches
from sidecar.decision.engine.index import RowIndex
from sidecar.decision.engine.matcher import names_of
from sidecar.decision.engine.model import CasbinModel, Section, read_model
from sidecar.decision.engine.program import Functions, Reach, Tools
from sidecar.decision.engine.roles import EMPTY, RoleGraph, role_graph
from sidecar.decision.engine.rows import Progress, Row, read_rows, refuse_empty
from sidecar.errors import PolicyError


class Engine:
    """A Casbin model with its rows. Immutable: `with_roles` gives another one that shares everything but the role graphs.

    `extra` holds the rows of policy definitions that no matcher reads.
    """

    def __init__(
        self,
        model: CasbinModel,
        evaluators: Mapping[str, Evaluator],
        roles: Mapping[str, RoleGraph],
        extra: Mapping[str, Sequence[Row]],
    ) -> None:
        self.model, self.roles, self.extra = model, roles, extra
        self._evaluators = evaluators
        self._reach: Mapping[str, Reach] = {name: graph.reach for name, graph in roles.items()}

    def section(self, name: str = "") -> Evaluator:
        return self._evaluators[name]

    def match(self, request: Sequence[Any], section: str = "", reach: Mapping[str, Reach] | None = None) -> Matches:
        """Evaluate one request. `reach` stands in for the role graphs where roles come from elsewhere at run time."""
        return self._evaluators[section].match(request, reach or self._reach)

    def nearest(
        self,
        request: Sequence[Any],
        section: str = "",
        reach: Mapping[str, Reach] | None = None,
        limit: int = 5,
        among: Iterable[Row] | None = None,
    ) -> list[Failed]:
        """Why not: the rows that came nearest, with the terms that failed. Looks at every row; for people, not for requests."""
        return self._evaluators[section].nearest(request, reach or self._reach, limit, among)

    def with_roles(self, roles: Mapping[str, RoleGraph]) -> "Engine":
        """The same rows under other role graphs."""
        return Engine(self.model, self._evaluators, {**self.roles, **roles}, self.extra)


def read_engine(
    model_text: str,
    policy_text: str,
    *,
    functions: Functions | None = None,
    total: Collection[str] = (),
    default_allow: bool = False,
    progress: Progress | None = None,
) -> Engine:
    """An engine from a model and its rows. Raises PolicyError with the place of what is wrong.

    `functions` are those the matcher may name beside Casbin's own; those in `total` never raise, give a truth value and
    answer alike for the same arguments.
    An effect that allows what no row speaks of is refused unless `default_allow` says it is meant.
    """
    model = read_model(model_text)
    if model.effect.allows_by_default and not default_allow:
        raise PolicyError("EFFECT_ALLOWS_ALL")
    rows = read_rows(policy_text, model.widths, progress)
    for name in model.roles:
        refuse_empty(rows[name])
    roles = {name: role_graph(row[:-1] for row in rows[name]) for name in model.roles}
    decided = {section.row_type for section in model.sections.values()}
    extra = {name: found for name, found in rows.items() if name[0] == "p" and name not in decided}
    links = rows["g"] if "g" in model.roles else []
    evaluators = {
        name: _evaluator(model, section, rows[section.row_type], links, functions or {}, total)
        for name, section in model.sections.items()
    }
    return Engine(model, evaluators, roles, extra)


def engine_over(model_text: str, rows: Sequence[Row], index: RowIndex, functions: Functions, total: Collection[str]) -> Engine:
    """An engine over rows that are indexed already and were proven when they were; for a model of one section."""
    model = read_model(model_text)
    names = names_of(model.sections[""], model.roles, functions.keys(), total)
    tools = Tools(names, functions, rows, lambda row: int(row[-1]) + 1)
    return Engine(model, {"": Evaluator(model.sections[""], model.effect, tools, index)}, dict.fromkeys(model.roles, EMPTY), {})


def _evaluator(
    model: CasbinModel, section: Section, rows: list[Row], links: list[Row], functions: Functions, total: Collection[str]
) -> Evaluator:
    if not rows:
        raise PolicyError("NO_POLICY_ROW", row_type=section.row_type)
    refuse_empty(rows)
    _refuse_effects(section, rows)
    ordered = _in_evaluation_order(model, section, rows, links)
    lines = array("I", [row[-1] for row in ordered])
    numbered = [(*row[:-1], number) for number, row in enumerate(ordered)]
    names = names_of(section, model.roles, functions.keys(), total)
    tools = Tools(names, functions, numbered, lambda row: lines[row[-1]])
    return Evaluator(section, model.effect, tools)


def _refuse_effects(section: Section, rows: Sequence[Row]) -> None:
    column = section.effect_column
    for row in rows:
        if column is not None and row[column] not in (ALLOW, DENY):
            raise PolicyError("NOT_AN_EFFECT", row=row[-1], column=row[column])


def _in_evaluation_order(model: CasbinModel, section: Section, rows: list[Row], links: list[Row]) -> list[Row]:
    """As Casbin sorts: by the subject's place in `g` where the effect asks for it, then by a field called priority."""
    if model.effect.sorts_by_subject:
        rows = _by_subject(section, rows, links, has_roles="g" in model.roles)
    name = f"{section.row_type}_priority"
    if name not in section.policy:
        return rows
    column = section.policy.index(name)
    try:
        return sorted(rows, key=lambda row: int(row[column]) if row[column].isdigit() else row[column])
    except (TypeError, ValueError) as fault:
        raise PolicyError("PRIORITIES_NOT_NUMBERS", row_type=section.row_type) from fault


def _by_subject(section: Section, rows: list[Row], links: list[Row], *, has_roles: bool) -> list[Row]:
    if not has_roles:
        raise PolicyError("NO_ROLE_DEFINITION")
    model = Model()
    try:
        places = model.get_subject_hierarchy_map([list(link[:-1]) for link in links])
    except RuntimeError as fault:
        raise PolicyError("SUBJECTS_IN_A_CIRCLE", fault=fault) from fault
    name = f"{section.row_type}_dom"
    domain = section.policy.index(name) if name in section.policy else None
    return sorted(rows, key=lambda row: places.get(f"{row[domain] if domain is not None else ''}::{row[0]}", 0))
