"""Which names the rows of a plain Casbin policy know: the candidates of a search.

Casbin has no register of subjects, objects and actions. What can be found is what is written: the cells of the policy field of
the same name, and the members of the role definitions that the matcher asks for it. A name that only a pattern reaches stands
nowhere, and no search can list it; a name that is given to others as a role is a group and not one of them.
"""

import re

from sidecar.decision.engine import Engine

_EVERYTHING = "*"
_ASKED = r"\b(g\d*)\(\s*r[._]{}\s*,"  # g(r.sub, …)


def names_for(engine: Engine, field: str) -> list[str]:
    """The names that may stand in a field of the request, in order. Every cell, where nothing in the model speaks of the field by
    its name."""
    section = engine.section()
    fields = section.section.policy
    asked = re.findall(_ASKED.format(re.escape(field)), section.section.matcher)
    graphs = [engine.roles[name] for name in asked if name in engine.roles]
    own = f"p_{field}" in fields
    columns = [fields.index(f"p_{field}")] if own else range(len(fields)) if not graphs else ()
    names = {str(row[column]) for row in section.rows for column in columns}
    names |= {user for graph in graphs for user, _ in graph.links}
    return sorted(names - {role for graph in graphs for role, _ in graph.users} - {_EVERYTHING, ""})
