"""What is wrong with an expression, and where inside it."""

CODES = frozenset(
    {
        "BAD_EXPRESSION", "EXPRESSION_TOO_LONG", "UNKNOWN_MEASURE", "UNKNOWN_FACT", "UNKNOWN_WORD", "TYPES_DIFFER", "NOT_ORDERED",
        "WRONG_RESULT", "DIVISOR_MAY_BE_ZERO", "UNEVEN_DAYS",
    }
)  # fmt: skip


class ExpressionError(ValueError):
    """`code` names the sentence in the catalogue, `at` the place in the text (characters from 0), `facts` fill the sentence."""

    def __init__(self, code: str, at: int, **facts: object) -> None:
        super().__init__(f"{code} at {at}: {facts}")
        self.code, self.at, self.facts = code, at, facts
