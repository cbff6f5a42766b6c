"""Indexed evaluation of a Casbin model: the same decisions as `casbin.Enforcer`, without walking every row.

Casbin's semantics are the specification. The model is read by Casbin itself; its matcher, a conjunction, is split into equality
terms (`r.item == p.item`), by which rows are hashed once, and the rest, which is compiled once and evaluated for the few rows
that share the request's key. All matching rows are returned, so that a decision can name each of them.

Stock Casbin stays silent about much that is wrong with a policy: an empty policy allows an empty request, a mistyped row type
or an effect spelt `Deny` is dropped, a short row raises only when asked. Here each is an error when the engine is built.
The effect must be "some allow and no deny"; a deny row whose evaluation raises counts as matching, an allow row does not.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from casbin.model import Model

from sidecar.errors import PolicyError

EFFECT = "some(where (p_eft == allow)) && !some(where (p_eft == deny))"

Row = tuple[str, ...]
Functions = Mapping[str, Callable[..., bool]]
_Residual = Callable[[Sequence[object], Row, Functions], bool]


class Matches(NamedTuple):
    """The rows that match a request. Allowed means: some allow and no deny."""

    allow: list[Row]
    deny: list[Row]
    considered: list[Row]

    @property
    def allowed(self) -> bool:
        return bool(self.allow) and not self.deny


class Engine:
    """One model with its rows, immutable. `extra` holds the rows of sections without a part in the effect (p2)."""

    def __init__(self, model_text: str, policy_text: str) -> None:
        model = _read_model(model_text)
        self.request_fields = tuple(model["r"]["r"].tokens)
        self.policy_fields = tuple(model["p"]["p"].tokens)
        self._effect_column = self.policy_fields.index("p_eft")
        matcher = _Matcher(model["m"]["m"].value, self.request_fields, self.policy_fields)
        self.functions = matcher.functions
        self._request_key = matcher.request_key
        self._residual = matcher.residual
        widths = {name: len(assertion.tokens) for name, assertion in model["p"].items()}
        rows = read_rows(policy_text, widths)
        self.extra = {name: found for name, found in rows.items() if name != "p"}
        self._index = self._indexed(rows["p"], matcher.policy_key)
        self.row_count = sum(len(found) for found in rows.values())

    def _indexed(self, rows: list[Row], key: tuple[int, ...]) -> dict[tuple[str, ...], list[Row]]:
        if not rows:
            raise PolicyError("the policy has no p row", "an empty policy decides nothing; build the policies first")
        index: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            if row[self._effect_column] not in ("allow", "deny"):
                raise PolicyError(f"row {row[0]}: effect {row[self._effect_column]!r} is neither allow nor deny")
            index.setdefault(tuple(row[n] for n in key), []).append(row)
        return index

    def candidates(self, *key: str) -> Sequence[Row]:
        """The rows that share these values of the equality terms, in their order in the matcher."""
        return self._index.get(key, ())

    def match(self, request: Sequence[Any], functions: Functions) -> Matches:
        """Evaluate one request. `functions` must hold every function the matcher names."""
        rows = self._index.get(tuple(request[n] for n in self._request_key), [])
        matches = Matches([], [], rows)
        for row in rows:
            denies = row[self._effect_column] == "deny"
            try:
                hit = self._residual(request, row, functions)
            except Exception:  # noqa: BLE001 - an error in a prohibition is a prohibition
                hit = denies
            if hit:
                (matches.deny if denies else matches.allow).append(row)
        return matches


def _read_model(text: str) -> Any:
    model = Model()
    try:
        model.load_model_from_text(text)
        effect, sections = model["e"]["e"].value, (model["r"]["r"], model["p"]["p"], model["m"]["m"])
    except Exception as fault:
        raise PolicyError(
            f"model.conf is not a Casbin model: {fault}", "compare it with the shipped policies/model.conf"
        ) from fault
    if effect != EFFECT or not all(sections) or "p_eft" not in model["p"]["p"].tokens:
        raise PolicyError(
            f"model.conf has the effect {effect!r}", "the effect must be: some allow and no deny, with a column eft"
        )
    return model


def read_rows(text: str, widths: Mapping[str, int]) -> dict[str, list[Row]]:
    """Rows by type. `widths` gives the columns of each known type; everything else is an error with its line."""
    rows: dict[str, list[Row]] = {name: [] for name in widths}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line or line.startswith("#"):
            continue
        ptype, *cells = [cell.strip() for cell in line.split(",")]
        if ptype not in widths:
            raise PolicyError(f"policy.csv:{number}:1: unknown row type {ptype!r}", f"known types: {', '.join(widths)}")
        if len(cells) != widths[ptype]:
            raise PolicyError(
                f"policy.csv:{number}:1: {len(cells)} cells, a {ptype} row has {widths[ptype]}", "build the policies again"
            )
        rows[ptype].append(tuple(cells))
    return rows


class _Matcher:
    """A matcher split into equality terms and a compiled rest."""

    def __init__(self, text: str, request_fields: tuple[str, ...], policy_fields: tuple[str, ...]) -> None:
        self._request = {name: n for n, name in enumerate(request_fields)}
        self._policy = {name: n for n, name in enumerate(policy_fields)}
        self.functions: set[str] = set()
        tree = _parse(text)
        terms = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
        pairs = [pair for pair in map(self._equality, terms) if pair]
        if not pairs:
            raise PolicyError("the matcher has no equality term like r.item == p.item", "rows are found by them; add one")
        self.request_key = tuple(r for r, _ in pairs)
        self.policy_key = tuple(p for _, p in pairs)
        self.residual = self._compiled([term for term in terms if not self._equality(term)])

    def _equality(self, term: ast.expr) -> tuple[int, int] | None:
        if not (isinstance(term, ast.Compare) and len(term.ops) == 1 and isinstance(term.ops[0], ast.Eq)):
            return None
        left, right = term.left, term.comparators[0]
        if not (isinstance(left, ast.Name) and isinstance(right, ast.Name)):
            return None
        for one, other in ((left.id, right.id), (right.id, left.id)):
            if one in self._request and other in self._policy:
                return self._request[one], self._policy[other]
        return None

    def _compiled(self, terms: list[ast.expr]) -> _Residual:
        if not terms:
            return _always
        rewritten = [self._rewrite(term) for term in terms]
        body = rewritten[0] if len(rewritten) == 1 else ast.BoolOp(ast.And(), rewritten)
        arguments = ast.arguments([], [ast.arg("r"), ast.arg("p"), ast.arg("f")], None, [], [], None, [])
        expression = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
        # Only the node kinds that `_rewrite` lets through reach this point; the names are ours.
        compiled: _Residual = eval(compile(expression, "model.conf", "eval"), {"__builtins__": {}})  # noqa: S307
        return compiled

    def _rewrite(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.BoolOp():
                return ast.BoolOp(node.op, [self._rewrite(value) for value in node.values])
            case ast.UnaryOp(op=ast.Not()):
                return ast.UnaryOp(node.op, self._rewrite(node.operand))
            case ast.Compare(ops=[ast.Eq() | ast.NotEq() | ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]):
                return ast.Compare(self._rewrite(node.left), node.ops, [self._rewrite(node.comparators[0])])
            case ast.Constant(value=str() | bool() | int()):
                return node
            case ast.Name():
                return self._field(node.id)
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                self.functions.add(name)
                function = ast.Subscript(ast.Name("f", ast.Load()), ast.Constant(name), ast.Load())
                return ast.Call(function, [self._rewrite(argument) for argument in node.args], [])
        raise PolicyError(
            f"the matcher holds {ast.unparse(node)!r}, which this engine does not evaluate", "use ==, !=, &&, ||, ! and functions"
        )

    def _field(self, name: str) -> ast.expr:
        for letter, table in (("r", self._request), ("p", self._policy)):
            if name in table:
                return ast.Subscript(ast.Name(letter, ast.Load()), ast.Constant(table[name]), ast.Load())
        raise PolicyError(f"the matcher names {name!r}, which no definition has", "name fields as r.field and p.field")


def _always(_request: Sequence[object], _row: Row, _functions: Functions) -> bool:
    return True


def _parse(text: str) -> ast.expr:
    if re.search(r"[#;\\]|eval", text):
        raise PolicyError("the matcher holds a comment, a continuation or eval", "write it on one line, plainly")
    for literal in re.findall(r'"[^"]*"|\'[^\']*\'', text):
        if re.search(r"[!&|]|[rp]_", literal):
            raise PolicyError(
                f"the matcher's literal {literal} would be rewritten by Casbin", "use a literal without ! & | r. p."
            )
    python = re.sub(r"!(?!=)", " not ", text.replace("&&", " and ").replace("||", " or "))
    try:
        return ast.parse(python.strip(), mode="eval").body
    except SyntaxError as fault:
        raise PolicyError(
            f"the matcher cannot be read: {fault.msg}", "compare it with the shipped policies/model.conf"
        ) from fault
