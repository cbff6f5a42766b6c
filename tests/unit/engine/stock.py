"""Stock Casbin beside our engine, on the same text."""

from collections.abc import Sequence
from typing import Any

import casbin
from casbin.persist import Adapter
from casbin.persist.adapter import load_policy_line
from casbin.util import generate_g_function, util

from sidecar.decision.engine import Matches, read_engine


class Lines(Adapter):  # type: ignore[misc]  # pycasbin ships no types
    """A policy in memory, read line by line as Casbin's file adapter reads a file."""

    def __init__(self, policy: str) -> None:
        self._policy = policy

    def load_policy(self, model: Any) -> None:
        for line in self._policy.split("\n"):
            load_policy_line(line.strip(), model)


def stock_enforcer(model: str, policy: str) -> Any:
    return casbin.Enforcer(casbin.Enforcer.new_model(text=model), Lines(policy))


class Both:
    """The two, asked the same. `answer` is Casbin's, None when it raised."""

    def __init__(self, model: str, policy: str, **options: Any) -> None:
        self.stock = stock_enforcer(model, policy)
        for name, function in options.get("functions", {}).items():
            self.stock.add_function(name, function)
        self.engine = read_engine(model, policy, default_allow=True, **options)

    def answer(self, request: Sequence[Any], section: str = "") -> bool | None:
        context = [self.stock.new_enforce_context(section)] if section else []
        try:
            return bool(self.stock.enforce(*context, *request))
        except Exception:  # whatever it is, it is no answer
            return None

    def match(self, request: Sequence[Any], section: str = "") -> Matches:
        return self.engine.match(request, section)

    def matching_rows(self, request: Sequence[Any]) -> list[tuple[str, ...]] | None:
        """Every row Casbin's own evaluator says matches, one by one; None when one of them raises."""
        model = self.stock.get_model()
        functions = dict(self.stock.fm.get_functions())
        for key, assertion in (model["g"] or {}).items():
            functions[key] = generate_g_function(assertion.rm)
        text, tokens = model["m"]["m"].value, model["p"]["p"].tokens
        found = []
        for row in model["p"]["p"].policy:
            cells = dict(zip(tokens, row, strict=True))
            rules = [util.escape_assertion(cells[name]) for name in util.get_eval_value(text)]
            try:
                expression = self.stock._get_expression(util.replace_eval(text, rules) if rules else text, functions)
                if expression.eval({**dict(zip(model["r"]["r"].tokens, request, strict=True)), **cells}) is True:
                    found.append(tuple(row))
            except Exception:  # no answer for this row
                return None
        return found
