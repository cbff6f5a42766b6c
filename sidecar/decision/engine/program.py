"""Terms → one compiled function that goes through rows; nothing is parsed when a request is decided.

The function is written as Python source from a syntax tree that `matcher.py` has checked node by node, so only its own names and
literals reach the compiler. Request fields become locals, policy fields cells of the row, patterns ready-made predicates, and a
role term a membership in what the subject reaches, found once before the loop where it can be.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import simpleeval

from sidecar.decision.engine.effects import ALLOW
from sidecar.decision.engine.functions import MATCHERS, Predicate, key_match
from sidecar.decision.engine.matcher import EVAL, Names, Term, parse_rule
from sidecar.decision.engine.patterns import PatternError
from sidecar.decision.engine.rows import Row
from sidecar.errors import PolicyError

Reach = Callable[..., frozenset[str]]
Functions = Mapping[str, Callable[..., Any]]
Fault = tuple[Row, Exception]
Run = Callable[[Iterable[Row], Sequence[Any], Mapping[str, Reach]], tuple[list[Row], list[Row], list[Fault]]]
Test = Callable[[Row, Sequence[Any], Mapping[str, Reach]], Any]


class NotTextError(Exception):
    """A request field is not text where an index term needs it: the request takes the slow way."""


class Tools(NamedTuple):
    """What compiled code may use: names, functions, and every row, for the patterns and rules that stand in cells.

    `line_of` gives the line of a row in the policy file."""

    names: Names
    functions: Functions
    rows: Sequence[Row]
    line_of: Callable[[Row], int]


def truth(value: object) -> bool:
    """A matcher's result as Casbin takes it: a truth value, or a float that is not zero. Raises TypeError for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value != 0
    raise TypeError(f"the matcher gave {type(value).__name__}, not a truth value")


def attribute(holder: Any, name: str) -> Any:
    """An attribute of a request object, or the member of that name."""
    try:
        return getattr(holder, name)
    except (AttributeError, TypeError):
        try:
            return holder[name]
        except (KeyError, TypeError):
            raise AttributeError(name) from None


_SIGNS: Mapping[type[ast.AST], str] = {
    ast.Not: "not ",
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_WRITERS: Mapping[type[ast.expr], str] = {
    ast.Name: "_name",
    ast.Constant: "_constant",
    ast.BoolOp: "_logic",
    ast.UnaryOp: "_unary",
    ast.Compare: "_comparison",
    ast.BinOp: "_arithmetic",
    ast.IfExp: "_choice",
    ast.Attribute: "_attribute",
    ast.Subscript: "_item",
    ast.Tuple: "_list",
    ast.List: "_list",
    ast.Call: "_call",
}


class Writer:
    """Writes expressions. With `ahead`, what depends on the request alone is computed before the loop."""

    def __init__(self, tools: Tools, *, ahead: bool) -> None:
        self.tools, self._ahead = tools, ahead
        self.scope: dict[str, Any] = {"truth": truth, "attribute": attribute, "key_match": key_match}
        self.before: dict[str, str] = {}  # local → its expression
        self.used: set[int] = set()

    def write(self, node: ast.expr) -> str:
        return getattr(self, _WRITERS[type(node)])(node)  # type: ignore[no-any-return]  # every method of the table gives text

    def _name(self, node: ast.Name) -> str:
        return self._field(node.id)

    def _constant(self, node: ast.Constant) -> str:
        return repr(node.value)

    def _logic(self, node: ast.BoolOp) -> str:
        return "(" + (" and " if isinstance(node.op, ast.And) else " or ").join(map(self.write, node.values)) + ")"

    def _unary(self, node: ast.UnaryOp) -> str:
        return f"({_SIGNS[type(node.op)]}{self.write(node.operand)})"

    def _arithmetic(self, node: ast.BinOp) -> str:
        """With simpleeval's own operators, which bound what they compute."""
        return f"{self._kept(simpleeval.DEFAULT_OPERATORS[type(node.op)])}({self.write(node.left)}, {self.write(node.right)})"

    def _choice(self, node: ast.IfExp) -> str:
        return f"({self.write(node.body)} if {self.write(node.test)} else {self.write(node.orelse)})"

    def _attribute(self, node: ast.Attribute) -> str:
        return f"attribute({self.write(node.value)}, {node.attr!r})"

    def _item(self, node: ast.Subscript) -> str:
        return f"{self.write(node.value)}[{self.write(node.slice)}]"

    def _list(self, node: ast.Tuple | ast.List) -> str:
        opening, closing = "()" if isinstance(node, ast.Tuple) else "[]"
        return opening + "".join(self.write(part) + ", " for part in node.elts) + closing

    def _field(self, name: str) -> str:
        column = self.tools.names.request.get(name)
        if column is None:
            return f"row[{self.tools.names.policy[name]}]"
        self.used.add(column)
        return f"r{column}"

    def _comparison(self, node: ast.Compare) -> str:
        text = self.write(node.left)
        for operator, operand in zip(node.ops, node.comparators, strict=True):
            text += f" {_SIGNS[type(operator)]} {self.write(operand)}"
        return f"({text})"

    def _call(self, node: ast.Call) -> str:
        name, arguments = ast.unparse(node.func), node.args
        if name in self.tools.names.roles:
            return self._role(name, arguments)
        if name in MATCHERS:
            return self._pattern(name, arguments)
        if name == EVAL:
            return self._rule(arguments[0])
        function = self._kept(self.tools.functions[name])
        asked = [self.write(argument) for argument in arguments]
        call = f"{function}({', '.join(asked)})"
        cells = [text for text in asked if text.startswith("row[")]
        return self._remembered(call, cells) if self._ahead and name in self.tools.names.total and cells else call

    def _remembered(self, call: str, cells: list[str]) -> str:
        """The answer for the row before where the cells are the very same texts: rows of one key mostly share region and dates.
        Only of functions declared total, which answer alike for the same arguments."""
        n = len(self.before)
        answer, seen = f"answer{n}", [f"seen{n}_{k}" for k in range(len(cells))]
        self.before |= {answer: "None", **dict.fromkeys(seen, "None")}
        same = " and ".join(f"{local} is {cell}" for local, cell in zip(seen, cells, strict=True))
        learnt = ", ".join(f"{local} := {cell}" for local, cell in zip(seen, cells, strict=True))
        return f"({answer} if {same} else (({answer} := {call}), {learnt})[0])"

    def _role(self, name: str, arguments: list[ast.expr]) -> str:
        """`g(a, b)`: b is in what a reaches. A definition without a domain ignores one; with a domain, none means ""."""
        asked = [self.write(arguments[0])]
        if self.tools.names.roles[name] > 2 and len(arguments) > 2:  # noqa: PLR2004
            asked.append(f"str({self.write(arguments[2])})")
        reached = f"reach[{name!r}]({', '.join(asked)})"
        if self._ahead and not any("row[" in text for text in asked):
            reached = self._once(reached)
        return f"({self.write(arguments[1])} in {reached})"

    def _once(self, expression: str) -> str:
        local = next((name for name, text in self.before.items() if text == expression), None)
        if local is None:
            local = f"once{len(self.before)}"
            self.before[local] = expression
        return local

    def _pattern(self, name: str, arguments: list[ast.expr]) -> str:
        key, pattern = arguments
        if isinstance(pattern, ast.Constant):
            return f"{self._kept(self._predicate(name, str(pattern.value), None))}({self.write(key)})"
        if name == "keyMatch":
            return f"key_match({self.write(key)}, {self.write(pattern)})"
        column = self.tools.names.policy[ast.unparse(pattern)]
        firsts: dict[str, Row] = {}
        for row in self.tools.rows:
            firsts.setdefault(row[column], row)
        table = self._kept({text: self._predicate(name, text, row) for text, row in firsts.items()})
        return f"{table}[row[{column}]]({self.write(key)})"

    def _predicate(self, name: str, pattern: str, row: Row | None) -> Predicate:
        try:
            return MATCHERS[name](pattern)
        except PatternError as fault:
            place = f"policy.csv:{self.tools.line_of(row)}:1" if row else "model.conf"
            raise PolicyError("PATTERN_UNUSABLE", place=place, name=name, pattern=pattern, fault=fault) from fault

    def _rule(self, field: ast.expr) -> str:
        column = self.tools.names.policy[ast.unparse(field)]
        rules: dict[str, Test] = {}
        for row in self.tools.rows:
            if row[column] not in rules:
                node = parse_rule(row[column], self.tools.names, f"policy.csv:{self.tools.line_of(row)}:1")
                rules[row[column]] = test_of(node, self.tools)
        return f"{self._kept(rules)}[row[{column}]](row, request, reach)"

    def _kept(self, value: Any) -> str:
        """A name for a value the code needs."""
        name = f"k{len(self.scope)}"
        self.scope[name] = value
        return name

    def fields(self) -> str:
        return "; ".join(f"r{column} = request[{column}]" for column in sorted(self.used)) or "pass"

    def compiled(self, source: str, name: str) -> Any:
        # Written here from checked nodes; nothing of a request or a cell is ever in the text.
        exec(compile(source, f"<{name}>", "exec"), self.scope)  # noqa: S102
        return self.scope[name]


def test_of(node: ast.expr, tools: Tools) -> Test:
    """One expression for one row."""
    writer = Writer(tools, ahead=False)
    expression = writer.write(node)
    test: Test = writer.compiled(f"def test(row, request, reach):\n    {writer.fields()}\n    return {expression}\n", "test")
    return test


def run_of(terms: Sequence[Term], tools: Tools, effect_column: int | None, texts: Iterable[int] | None) -> Run:
    """The loop over rows: those that allow, those that deny, and those whose evaluation raised.

    With `texts`, the request fields that must be text, or NotTextError is raised before the first row; without, nothing is
    computed ahead, as in Casbin.
    """
    writer = Writer(tools, ahead=texts is not None)
    expression = " and ".join(writer.write(term.node) for term in terms) or "True"
    tested = expression if all(term.gives_truth for term in terms) else f"truth({expression})"
    checks = [f"type(request[{column}]) is not str" for column in sorted(texts or ())]
    writer.scope["NotTextError"] = NotTextError
    kept = "allow.append(row)"
    if effect_column is not None:
        kept = f"(allow if row[{effect_column}] == {ALLOW!r} else deny).append(row)"
    source = [
        "def run(rows, request, reach):",
        "    allow, deny, faults = [], [], []",
        *([f"    if {' or '.join(checks)}: raise NotTextError"] if checks else []),
        f"    {writer.fields()}",
        *(f"    {local} = {text}" for local, text in writer.before.items()),
        "    for row in rows:",
        "        try:",
        f"            if {tested}:",
        f"                {kept}",
        "        except Exception as fault:",
        "            faults.append((row, fault))",
        "    return allow, deny, faults",
    ]
    run: Run = writer.compiled("\n".join(source) + "\n", "run")
    return run
