"""A matcher as terms: what it demands of a row, one by one, and which of the demands an index can answer.

A matcher is usually a conjunction. Its terms are equalities between a request field and a policy field (`r.obj == p.obj`), role
terms (`g(r.sub, p.sub)`, with a domain or without), and the rest. Casbin evaluates them from the left for every row; an index
asks some of them first. That gives the same answers as long as no term that is passed over could have raised or given something
other than a truth value, so each term is classed:

    safe      cannot raise on text and gives a truth value: comparisons, roles, matching functions, functions declared total
    request   speaks of the request alone: evaluated once, before any row
    unsafe    anything else (attributes, arithmetic, eval): an index term behind it is not pulled in front of it, unless the term
              takes few different values over the rows and none of them raises

The syntax is what pycasbin evaluates (simpleeval), less what cannot be held equal: identity, calls of methods, comprehensions.
"""

import ast
import re
from collections.abc import Collection, Mapping
from math import isfinite
from typing import NamedTuple

from sidecar.decision.engine.functions import MATCHERS
from sidecar.decision.engine.model import Section, refuse_rewritten
from sidecar.errors import PolicyError

_EVAL = re.compile(r"\beval\(([^)]*)\)")
_PREFIXES = ("_", "func_")  # attributes simpleeval never gives
_METHODS = frozenset({"format", "format_map", "mro", "tb_frame", "gi_frame", "ag_frame", "cr_frame", "exec"})
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
EVAL = "eval"


class Names(NamedTuple):
    """What a matcher may name: fields to their columns, role definitions to their width, functions, and those that are total."""

    request: Mapping[str, int]
    policy: Mapping[str, int]
    roles: Mapping[str, int]
    functions: Collection[str]
    total: Collection[str]


class RoleTerm(NamedTuple):
    """`g(r.sub, p.role)`: a request field that must reach the role in a policy field. `domain` is a request column, or a text
    of the matcher itself; empty without a domain."""

    name: str
    subject: int
    column: int
    domain: int | str


class Term(NamedTuple):
    """One conjunct, with the columns it reads."""

    node: ast.expr
    request: frozenset[int]
    policy: frozenset[int]
    safe: bool
    equality: tuple[int, int] | None
    role: RoleTerm | None
    rules: frozenset[int]  # policy columns whose cells are rules, for eval
    texts: frozenset[int]  # request columns that must hold text for the term to be safe

    @property
    def text(self) -> str:
        return readable(self.node)

    @property
    def gives_truth(self) -> bool:
        """Whether its value, if it has one, is true or false."""
        negated = isinstance(self.node, ast.UnaryOp) and isinstance(self.node.op, ast.Not)
        return self.safe or negated or isinstance(self.node, ast.Compare)


def names_of(section: Section, roles: Mapping[str, int], functions: Collection[str], total: Collection[str]) -> Names:
    request = {name: n for n, name in enumerate(section.request)}
    policy = {name: n for n, name in enumerate(section.policy)}
    return Names(request, policy, roles, functions, total)


def terms_of(text: str, names: Names, place: str) -> list[Term]:
    """The conjuncts of a matcher, from the left. Raises PolicyError for what cannot be evaluated as Casbin would."""
    for argument in _EVAL.findall(text):
        if argument not in names.policy:
            raise PolicyError("EVAL_OF_NO_FIELD", place=place, argument=argument)
    tree = parse(text, names, place)
    conjuncts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    return [_term(node, names) for node in conjuncts]


def parse(text: str, names: Names, place: str) -> ast.expr:
    """One expression, rewritten as Casbin rewrites it, checked node by node."""
    python = re.sub(r"!(?!=)", "not ", text.replace("&&", "and").replace("||", "or"))
    try:
        node = ast.parse(python.strip(), mode="eval").body  # Casbin takes the first of several statements; here it is an error
        _check(node, names, place)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        raise PolicyError("EXPRESSION_UNREADABLE", place=place, fault=fault) from fault
    return node


def parse_rule(text: str, names: Names, place: str) -> ast.expr:
    """A rule that stands in a policy cell for `eval`. Casbin pastes it in as text; so it must be an expression by itself."""
    refuse_rewritten(text, place)
    if "#" in text or "\n" in text:
        raise PolicyError("RULE_WITH_COMMENT", place=place)
    escaped = _escaped(text)
    if _EVAL.search(escaped):
        raise PolicyError("EVAL_INSIDE_RULE", place=place)
    node = parse(escaped, names, place)
    if not ast.dump(parse(f"({escaped})", names, place)) == ast.dump(node):
        raise PolicyError("RULE_READS_OTHERWISE", place=place)
    return node


def _escaped(text: str) -> str:
    """`r.` and `p.` of the first section named in the text, as Casbin replaces them."""
    for letter in "pr":
        first = re.search(rf"\b{letter}(\d*)\.", text)
        if first:
            text = re.sub(rf"\b{letter}{first.group(1)}\.", f"{letter}{first.group(1)}_", text)
    return text


def readable(node: ast.expr) -> str:
    """An expression as people write it in a model."""
    return re.sub(r"\b([rp][0-9]*)_(?=[A-Za-z])", r"\1.", ast.unparse(node))


def _check(node: ast.expr, names: Names, place: str) -> None:
    problem = _problem(node, names)
    if problem:
        raise PolicyError("MATCHER_UNREADABLE", place=place, problem=problem)
    children = node.args if isinstance(node, ast.Call) else [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
    for child in children:
        _check(child, names, place)


def _problem(node: ast.expr, names: Names) -> str:  # noqa: PLR0911 - one line a kind of node
    match node:
        case ast.Name(id=name):
            return "" if name in names.request or name in names.policy else f"unknown field {readable(node)}"
        case ast.Constant(value=value):
            plain = value is None or type(value) in (str, int, bool) or (type(value) is float and isfinite(value))
            return "" if plain else f"the constant {value!r}"
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return _call_problem(node, name, names)
        case ast.Compare(ops=operators):
            return "" if all(isinstance(op, _COMPARISONS) for op in operators) else f"{readable(node)} compares identity"
        case ast.BinOp(op=operator):
            return "" if isinstance(operator, _ARITHMETIC) else f"the operator of {readable(node)}"
        case ast.Attribute(attr=name):
            return f"the attribute {name}" if name.startswith(_PREFIXES) or name in _METHODS else ""
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.UAdd()) | ast.BoolOp() | ast.IfExp() | ast.Tuple() | ast.List():
            return ""
        case ast.Subscript(slice=ast.Constant() | ast.Name()):
            return ""
    return f"{readable(node)} is not evaluated"


def _call_problem(node: ast.Call, name: str, names: Names) -> str:  # noqa: PLR0911 - one line a kind of function
    count = len(node.args)
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        return f"{readable(node)} is not evaluated"
    if name in names.roles:
        return "" if count in (2, 3) else f"{readable(node)} needs two arguments, or three with a domain"
    if name in MATCHERS:
        if count != 2:  # noqa: PLR2004 - a text and a pattern
            return f"{readable(node)} needs two arguments"
        fixed = isinstance(node.args[1], ast.Constant) and isinstance(node.args[1].value, str)
        own = isinstance(node.args[1], ast.Name) and node.args[1].id in names.policy
        return "" if fixed or own or name == "keyMatch" else f"the pattern of {readable(node)} does not come from the policy"
    if name == EVAL:
        return "" if count == 1 and isinstance(node.args[0], ast.Name) and node.args[0].id in names.policy else "eval of no field"
    if name == "timeMatch":
        return "timeMatch reads the local clock without a time zone; give the time as a request field and compare"
    return "" if name in names.functions else f"unknown function {name}"


def _term(node: ast.expr, names: Names) -> Term:
    rules = frozenset(
        names.policy[ast.unparse(call.args[0])]
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == EVAL
    )
    request, policy = columns_of(node, names)
    return Term(
        node, request, policy, _is_safe(node, names), _equality(node, names), _role(node, names), rules, _texts(node, names)
    )


def _texts(node: ast.expr, names: Names) -> frozenset[int]:
    """All request columns but those that only total functions read."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in names.total:
        return frozenset()
    if isinstance(node, ast.Name):
        return frozenset({names.request[node.id]}) if node.id in names.request else frozenset()
    children = node.args if isinstance(node, ast.Call) else [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
    return frozenset().union(*(_texts(child, names) for child in children))


def columns_of(node: ast.expr, names: Names) -> tuple[frozenset[int], frozenset[int]]:
    """The request columns and the policy columns an expression reads."""
    used = {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}
    request = frozenset(names.request[name] for name in used & names.request.keys())
    return request, frozenset(names.policy[name] for name in used & names.policy.keys())


def _equality(node: ast.expr, names: Names) -> tuple[int, int] | None:
    match node:
        case ast.Compare(left=ast.Name(id=one), ops=[ast.Eq()], comparators=[ast.Name(id=other)]):
            if one in names.request and other in names.policy:
                return names.request[one], names.policy[other]
            if other in names.request and one in names.policy:
                return names.request[other], names.policy[one]
    return None


def _role(node: ast.expr, names: Names) -> RoleTerm | None:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=subject), ast.Name(id=role), *rest]) if name in names.roles:
            of_domain = _domain(rest, names) if names.roles[name] > 2 else ""  # noqa: PLR2004 - else Casbin ignores it
            if subject in names.request and role in names.policy and of_domain is not None:
                return RoleTerm(name, names.request[subject], names.policy[role], of_domain)
    return None


def _domain(arguments: list[ast.expr], names: Names) -> int | str | None:
    """A request column, a fixed text (Casbin's `str` of the constant), or None for what differs from row to row."""
    match arguments:
        case []:
            return ""
        case [ast.Constant(value=value)]:
            return str(value)
        case [ast.Name(id=name)] if name in names.request:
            return names.request[name]
    return None


def _is_safe(node: ast.expr, names: Names) -> bool:
    """Whether the expression gives a truth value whatever text the fields hold."""
    match node:
        case ast.BoolOp(values=parts):
            return all(_is_safe(part, names) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_safe(operand, names)
        case ast.Constant(value=bool()):
            return True
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _is_safe_comparison(left, operator, right)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            plain = all(isinstance(argument, ast.Name | ast.Constant) for argument in arguments)
            harmless = name in names.roles or name in names.total or (name in MATCHERS and name != "ipMatch")
            texts = name in names.total or all(_is_text(argument) for argument in arguments)
            return plain and harmless and texts
    return False


def _is_safe_comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> bool:
    if isinstance(operator, ast.In | ast.NotIn) and isinstance(right, ast.Tuple | ast.List):
        return _is_text(left) and all(isinstance(element, ast.Constant) for element in right.elts)
    if isinstance(operator, ast.Eq | ast.NotEq):
        return all(isinstance(side, ast.Name | ast.Constant) for side in (left, right))
    return _is_text(left) and _is_text(right)


def _is_text(node: ast.expr) -> bool:
    """A field (which holds text, or the engine takes the slow way) or a text in the matcher itself."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
