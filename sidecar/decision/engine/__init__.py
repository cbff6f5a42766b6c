"""Indexed evaluation of Casbin models: the answers of `casbin.Enforcer`, without walking every row.

    effects     what a request gets from the rows that match it
    model       model.conf as a value
    rows        policy.csv as rows
    roles       who reaches which role
    patterns    regular expressions that cannot run away
    functions   Casbin's matching functions
    matcher     a matcher as terms
    program     terms as compiled code
    index       rows by what they demand
    plan        which terms the index answers
    evaluator   one section of a model
    engine      all of it together

Casbin is the only specification. Where Casbin answers, the answer here is the same; where it would raise, nothing is allowed;
where it would be silent about a mistake, loading is refused with the reason.
"""

from sidecar.decision.engine.engine import Engine, engine_over, read_engine
from sidecar.decision.engine.evaluator import Evaluator, Failed, Matches
from sidecar.decision.engine.roles import RoleGraph, role_graph
from sidecar.decision.engine.rows import Row

__all__ = ["Engine", "Evaluator", "Failed", "Matches", "RoleGraph", "Row", "engine_over", "read_engine", "role_graph"]
