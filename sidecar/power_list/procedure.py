"""Blocks of the language that shape a procedure: bodies that decide together, evidence that is asked for only sometimes.

Those named `Profile…` hold what the law asks of a whole class, each rule with its article.
"""

from typing import Annotated, Literal

from pydantic import Field

from sidecar.power_list.parts import (
    ConditionText,
    HoursText,
    Instrument,
    Level,
    MoneyText,
    Name,
    Part,
    PostRef,
    Requirement,
    ShareText,
    Slug,
)
from sidecar.power_list.values import Zh


class EvidenceWhen(Part):
    """Evidence that this step or an earlier one carries wherever the condition holds."""

    evidence: Annotated[Requirement, Zh("证据")]
    when: Annotated[ConditionText, Zh("情形")]


class Collective(Part):
    """How the body decides at the item's step `deliberate`. Members and chair are posts; without them the step's own posts, and
    the organ's principal. `amount` is the sum a resolution speaks of, over declared facts. What is left out is as the profile has
    it."""

    members: Annotated[tuple[PostRef, ...], Zh("成员岗位")] = Field(default=(), strict=False)
    chair: Annotated[PostRef | None, Zh("主持岗位")] = None
    quorum: Annotated[ShareText | None, Zh("到会人数")] = None
    majority: Annotated[ShareText | None, Zh("同意人数")] = None
    chair_last: Annotated[bool | None, Zh("末位表态")] = None
    record_dissent: Annotated[bool | None, Zh("记录不同意见")] = None
    amount: Annotated[MoneyText | None, Zh("金额")] = None


class TierOfSum(Part):
    """Up to a sum these posts decide, or a level; the last tier has no bound."""

    up_to: Annotated[MoneyText | None, Zh("限额")] = None
    posts: Annotated[tuple[PostRef, ...], Zh("岗位")] = Field(default=(), strict=False)
    level: Annotated[Level | None, Zh("层级")] = None


class RandomDraw(Part):
    """A draw by lot at a step: the pool was fixed by the step `fixed_by`, whose decision is the chance, and the steps in `binds`
    are for those who were drawn."""

    step: Annotated[Slug, Zh("环节")]
    fixed_by: Annotated[Slug, Zh("名单确定环节")]
    binds: Annotated[tuple[Slug, ...], Zh("约束环节")] = Field(default=(), strict=False)
    rule: Annotated[Name | None, Zh("规则")] = None
    basis: Annotated[Name | None, Zh("依据")] = None


class Tiers(Part):
    """Graded authorization (分级授权) at one step: the tiers, the lowest first, by a sum over declared facts."""

    step: Annotated[Slug, Zh("环节")]
    amount: Annotated[MoneyText, Zh("金额")]
    tiers: Annotated[tuple[TierOfSum, ...], Zh("层次")] = Field(min_length=1, strict=False)
    basis: Annotated[Name, Zh("依据")]


class AntiSplit(Part):
    """What counts together in one fiscal year (化整为零): acts of the step that agree in the facts of `group_by`. In sum they
    stay below the threshold."""

    step: Annotated[Slug, Zh("环节")]
    group_by: Annotated[tuple[Requirement, ...], Zh("分组")] = Field(min_length=1, strict=False)
    period: Annotated[Literal["fiscal_year"], Zh("期间")] = "fiscal_year"
    amount: Annotated[MoneyText, Zh("金额")]
    threshold: Annotated[MoneyText, Zh("限额")]
    rule: Annotated[Name, Zh("规则")] = "GP-28"
    basis: Annotated[Name, Zh("依据")]


class Ruled(Part):
    """A rule of the catalogue with its article."""

    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class RuledEvidence(EvidenceWhen, Ruled):
    """Evidence a statute asks for wherever the condition holds."""


class RuledCondition(Ruled):
    """A further condition under which a step is required, by another article than the step's own."""

    when: Annotated[ConditionText, Zh("情形")]


class RuledShare(Ruled):
    share: Annotated[ShareText, Zh("比例")]


class RuledSteps(Ruled):
    steps: Annotated[tuple[Slug, ...], Zh("环节")] = Field(min_length=1, strict=False)


class ProfileCollective(Part):
    """What the law asks of a body that decides together at the step `deliberate`. `head`: the chair's word decides, on the basis
    of the discussion (行政首长负责制). `covers`: the steps that may do only what the resolution covers."""

    quorum: Annotated[RuledShare, Zh("到会人数")]
    majority: Annotated[RuledShare, Zh("同意人数")]
    chair_last: Annotated[Ruled | None, Zh("末位表态")] = None
    chair_reasons: Annotated[Ruled | None, Zh("主持人说明理由")] = None
    record_dissent: Annotated[Ruled | None, Zh("记录不同意见")] = None
    head: Annotated[Ruled | None, Zh("首长决定")] = None
    covers: Annotated[RuledSteps, Zh("决议覆盖")]


class ProfileEmergency(Ruled):
    """Where an article lets `step` come before `approval`: when the condition holds, it is owed within `term`, in hours."""

    step: Annotated[Slug, Zh("环节")]
    approval: Annotated[Slug, Zh("补办环节")]
    when: Annotated[ConditionText, Zh("情形")]
    term: Annotated[HoursText, Zh("期限")]


class Emergency(Part):
    """An item's own: a debt besides what its profile says, never a way around it. It rests on an article of a law or regulation,
    and a profile that asks for the approval in every case still does."""

    step: Annotated[Slug, Zh("环节")]
    approval: Annotated[Slug, Zh("补办环节")]
    when: Annotated[ConditionText, Zh("情形")]
    term: Annotated[HoursText, Zh("期限")]
    instrument: Annotated[Instrument, Zh("文种")]
    basis: Annotated[Name, Zh("依据")]
