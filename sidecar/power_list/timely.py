"""Blocks about what is marked and mostly not refused: limits of a procedure, what stops their clock, and other flags.

A limit is an alarm, not a lock: an authority that is late still owes its decision, so no limit refuses (行政许可法 42,
行政处罚法 60). Who is late is marked: blue when four fifths of the limit have run, red over a limit of the law, yellow over a
limit an organ has set itself. Colours and the share differ from place to place (电子监察), so each limit may say its own. A time
that must be left is another matter: nobody is owed an act before it, so who writes it may have it refused.
"""

from typing import Annotated

from pydantic import Field

from sidecar.power_list import vocabulary as words
from sidecar.power_list.parts import ConditionText, DurationText, MonthsText, Name, Part, Requirement, Share, Slug
from sidecar.power_list.values import Zh, one_of

Grade = Annotated[str, *one_of(words.FLAG_GRADES)]


class ClockStop(Part):
    """A time that a limit does not count: from the day the step `from` is done to the day the step `to` is."""

    start: Annotated[Slug, Zh("起")] = Field(alias="from")
    end: Annotated[Slug, Zh("止")] = Field(alias="to")
    basis: Annotated[Name, Zh("依据")]


class Deadline(Part):
    """A limit the statute sets to a part of a procedure: from the last of the steps `from` to the first of the steps `to`.
    `extended_by` is added each time the step `extension` is done. `limit` may name a figure of the catalogue."""

    start: Annotated[tuple[Slug, ...], Zh("起算环节")] = Field(alias="from", min_length=1, strict=False)
    end: Annotated[tuple[Slug, ...], Zh("截止环节")] = Field(alias="to", min_length=1, strict=False)
    limit: Annotated[DurationText, Zh("时限")]
    extension: Annotated[Slug | None, Zh("延长环节")] = None
    extended_by: Annotated[DurationText | None, Zh("延长")] = None
    over: Annotated[Grade, Zh("超期")] = "red"
    remind_at: Annotated[Share, Zh("提醒比例")] = "4/5"
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class RuledFlag(Part):
    """Where the condition holds, the steps are let pass and marked; with `obligation`, the caller owes that besides."""

    steps: Annotated[tuple[Slug, ...], Zh("环节")] = Field(min_length=1, strict=False)
    when: Annotated[ConditionText, Zh("情形")]
    grade: Annotated[Grade, Zh("等级")] = "yellow"
    obligation: Annotated[Requirement | None, Zh("义务")] = None
    reason: Annotated[Name, Zh("理由")]
    reason_en: Annotated[Name, Zh("英文理由")]
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ConditionalObligation(Part):
    """What the caller owes after an allow where the condition holds, or cannot be judged for want of a fact."""

    obligation: Annotated[Requirement, Zh("义务")]
    when: Annotated[ConditionText, Zh("情形")]
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class MinimumTime(Part):
    """A time that must be left between two steps: from the last time `from` is done to `before`. Its shortness is marked, or,
    where `refused_as` names a code, refused until the time has run out, unless the condition holds."""

    start: Annotated[Slug, Zh("起算环节")] = Field(alias="from")
    before: Annotated[tuple[Slug, ...], Zh("此前")] = Field(min_length=1, strict=False)
    at_least: Annotated[DurationText, Zh("不少于")]
    grade: Annotated[Grade, Zh("等级")] = "yellow"
    refused_as: Annotated[Annotated[str, *one_of(words.PROHIBITION_CODES)] | None, Zh("拒绝代码")] = None
    unless: Annotated[ConditionText | None, Zh("例外情形")] = None
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class CourseRecord(Part):
    """The record of the whole course (全过程记录): each of the steps carries `evidence`, or is marked in red; the steps `before`
    which it must be whole are refused while any of it is missing and they do not carry it themselves."""

    steps: Annotated[tuple[Slug, ...], Zh("环节")] = Field(min_length=1, strict=False)
    evidence: Annotated[Requirement, Zh("证据")]
    before: Annotated[tuple[Slug, ...], Zh("此前")] = Field(min_length=1, strict=False)
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class FormerStaff(Part):
    """How many months after leaving a former colleague in the service of the party is told to whoever acts: leaders, others."""

    steps: Annotated[tuple[Slug, ...], Zh("环节")] = Field(min_length=1, strict=False)
    leader: Annotated[MonthsText, Zh("领导成员")]
    other: Annotated[MonthsText, Zh("其他人员")]
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]
