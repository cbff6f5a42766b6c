"""The smallest parts of the language: the kinds of single values, and the base of every block."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic.json_schema import WithJsonSchema

from sidecar.expressions.measures import BOOLEAN, DATE, DURATION, HOUR, MONEY, MONTH
from sidecar.power_list import vocabulary as words
from sidecar.power_list.values import (
    Expressed,
    formed,
    one_of,
    read_article,
    read_constant,
    read_day,
    read_expression,
    read_part,
    read_share,
)

_DAY_SCHEMA = WithJsonSchema({"type": "string", "format": "date"})
_ARTICLE_SCHEMA = WithJsonSchema({"type": ["integer", "string"]})
_EXPRESSION_SCHEMA = WithJsonSchema({"type": ["string", "integer", "boolean"]})

Slug = Annotated[str, *formed(r"^[a-z0-9][a-z0-9_-]{0,95}$", "building-permit (a-z 0-9 - _)")]
PostRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Name = Annotated[str, *formed(r"^[^\n]{1,1000}$", "一行文字 one line of text")]
Region = Annotated[str, *formed(r"^[0-9]{6}([0-9]{3}){0,2}$", '"650200"')]
Day = Annotated[date, BeforeValidator(read_day), _DAY_SCHEMA]
ConditionText = Annotated[str, BeforeValidator(read_expression), _EXPRESSION_SCHEMA, Expressed(BOOLEAN)]
MoneyText = Annotated[str, BeforeValidator(read_expression), _EXPRESSION_SCHEMA, Expressed(MONEY)]
DateText = Annotated[str, BeforeValidator(read_expression), _EXPRESSION_SCHEMA, Expressed(DATE)]
MonthsText = Annotated[str, BeforeValidator(read_expression), _EXPRESSION_SCHEMA, Expressed(MONTH)]
HoursText = Annotated[str, BeforeValidator(read_expression), _EXPRESSION_SCHEMA, Expressed(HOUR)]
DurationText = Annotated[str, BeforeValidator(read_expression), _EXPRESSION_SCHEMA, Expressed(DURATION)]
ConstantText = Annotated[str, BeforeValidator(read_constant), _EXPRESSION_SCHEMA]
Article = Annotated[str, BeforeValidator(read_article), _ARTICLE_SCHEMA]
PowerClass = Annotated[str, *one_of(words.POWER_CLASSES)]
Level = Annotated[str, *one_of(words.LEVELS)]
Status = Annotated[str, *one_of(words.STATUSES)]
Instrument = Annotated[str, *one_of(words.INSTRUMENTS)]
Verb = Annotated[str, *one_of(words.VERBS)]
StepType = Annotated[str, *one_of(words.STEP_TYPES)]
Tier = Annotated[str, *one_of(words.TIERS)]
Rank = Annotated[str, *one_of(words.RANKS)]
Relation = Annotated[str, *one_of(words.RELATIONS)]
Declared = Annotated[str, *one_of(words.DECLARABLE)]
Delegate = Annotated[str, *one_of(words.DELEGATES)]
Suspendable = Annotated[str, *one_of(words.SUSPENDABLE)]
Credential = Annotated[str, *one_of(words.CREDENTIALS)]
Share = Annotated[str, BeforeValidator(read_share), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]?/[1-9][0-9]?$"})]
ShareText = Annotated[str, BeforeValidator(read_part), WithJsonSchema({"type": "string"})]
Phase = Annotated[str, *one_of(words.PHASES)]
Standing = Annotated[str, *one_of(words.STANDINGS)]
FactType = Annotated[str, *one_of(words.FACT_TYPES)]
Requirement = Annotated[str, *formed(r"^[a-z][a-z0-9_]{0,63}$", "site_area (a-z 0-9 _)")]


class Part(BaseModel):
    """Base of every block of the language: strict, closed, immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True)
