"""A control profile (制约模板) as typed values: `profiles/*.yaml`, what the statute asks of every item of a class."""

from typing import Annotated

from pydantic import Field

from sidecar.power_list.model import (
    DeclaredFact,
    DelegationRule,
    DistinctPersons,
    Limitation,
    LookBack,
    Officers,
    Prohibition,
    StepLimit,
    StepSet,
)
from sidecar.power_list.parts import (
    ConditionText,
    ConstantText,
    Name,
    Part,
    PowerClass,
    Relation,
    Requirement,
    Slug,
    StepType,
    Tier,
    Verb,
)
from sidecar.power_list.procedure import ProfileCollective, ProfileEmergency, RuledCondition, RuledEvidence
from sidecar.power_list.timely import (
    ClockStop,
    ConditionalObligation,
    CourseRecord,
    Deadline,
    FormerStaff,
    MinimumTime,
    RuledFlag,
)
from sidecar.power_list.values import Zh


class ProfileStep(Part):
    """A step the statute requires. `tier` says which of a unit's posts takes it when the item names none. It speaks of the
    item's step of the same id, else of all of the same verb; with `by_id` only of the former."""

    id: Annotated[Slug, Zh("环节标识")]
    name: Annotated[Name, Zh("环节名称")]
    verb: Annotated[Verb, Zh("动作")]
    type: Annotated[StepType, Zh("环节类型")]
    tier: Annotated[Tier | None, Zh("层次")] = None
    after: Annotated[tuple[Slug, ...], Zh("前置环节")] = Field(default=(), strict=False)
    before: Annotated[tuple[Slug, ...], Zh("后续环节")] = Field(default=(), strict=False)
    officers: Annotated[Officers | None, Zh("人员")] = None
    requires: Annotated[tuple[Requirement, ...], Zh("要件")] = Field(default=(), strict=False)
    required_when: Annotated[ConditionText | None, Zh("必经情形")] = None
    also_required_when: Annotated[tuple[RuledCondition, ...], Zh("另一必经情形")] = Field(default=(), strict=False)
    optional: Annotated[bool, Zh("可选")] = False
    max_times: Annotated[Annotated[int, Field(ge=1)] | None, Zh("次数上限")] = None
    limit: Annotated[StepLimit | None, Zh("时限")] = None
    evidence_when: Annotated[tuple[RuledEvidence, ...], Zh("情形要件")] = Field(default=(), strict=False)
    closes: Annotated[bool | None, Zh("结案")] = None
    by_id: Annotated[bool, Zh("只认标识")] = False
    obligations: Annotated[tuple[Requirement, ...], Zh("附随义务")] = Field(default=(), strict=False)
    obligations_when: Annotated[tuple[ConditionalObligation, ...], Zh("情形义务")] = Field(default=(), strict=False)
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfileSeparation(Part):
    """Two steps that one person may not both do in one case, and the article that says so."""

    pair: Annotated[tuple[Slug, Slug], Zh("环节")] = Field(strict=False)
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfileNotAll(Part):
    """Steps that no one person may all do in one case (不得一人经办全过程)."""

    steps: Annotated[StepSet, Zh("环节")]
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfileDistinctPersons(DistinctPersons):
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfileTypesApart(Part):
    """Decision, execution and supervision of one item stay with different posts, and in one case with different persons."""

    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfileDelegation(DelegationRule):
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfilePrincipal(Part):
    """A bar of the principal: a matter of their own or of their kin goes up; they do not approve alone."""

    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfileRecusal(Part):
    relations: Annotated[tuple[Relation, ...], Zh("关系")] = Field(min_length=1, strict=False)
    look_back: Annotated[tuple[LookBack, ...], Zh("追溯年限")] = Field(default=(), strict=False)
    principal: Annotated[ProfilePrincipal | None, Zh("一把手本人事项")] = None
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfileFact(DeclaredFact):
    """A fact that the rules of a whole class ask for, with the rule that asks."""

    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfileParameter(Part):
    """A figure that an item may set otherwise under its own `parameters`, in the same type. What stands here holds where it does
    not: the strictest value, where the law leaves the figure to each place, within the bounds it sets."""

    name: Annotated[Requirement, Zh("参数名")]
    value: Annotated[ConstantText, Zh("参数值")]
    at_least: Annotated[ConstantText | None, Zh("不低于")] = None
    at_most: Annotated[ConstantText | None, Zh("不高于")] = None
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class ProfileFile(Part):
    """A control profile (制约模板): what the statute asks of every item of a class; an item may only tighten it."""

    profile: Annotated[Slug, Zh("模板标识")]
    name: Annotated[Name, Zh("模板名称")]
    applies_to: Annotated[tuple[PowerClass, ...], Zh("适用类型")] = Field(min_length=1, strict=False)
    requires_steps: Annotated[tuple[Slug, ...], Zh("必备环节")] = Field(min_length=1, strict=False)
    steps: Annotated[tuple[ProfileStep, ...], Zh("运行流程")] = Field(min_length=1, strict=False)
    separation: Annotated[tuple[ProfileSeparation, ...], Zh("分离")] = Field(default=(), strict=False)
    not_all: Annotated[tuple[ProfileNotAll, ...], Zh("不得一人经办全部")] = Field(default=(), strict=False)
    distinct_persons: Annotated[ProfileDistinctPersons | None, Zh("多人行使")] = None
    types_apart: Annotated[ProfileTypesApart | None, Zh("决策执行监督分设")] = None
    recusal: Annotated[ProfileRecusal | None, Zh("回避")] = None
    delegation: Annotated[ProfileDelegation | None, Zh("委托代理")] = None
    principal_not_in_charge: Annotated[ProfilePrincipal | None, Zh("一把手不直接分管")] = None
    prohibitions: Annotated[tuple[Prohibition, ...], Zh("禁止")] = Field(default=(), strict=False)
    limitations: Annotated[tuple[Limitation, ...], Zh("时效")] = Field(default=(), strict=False)
    deadlines: Annotated[tuple[Deadline, ...], Zh("时限")] = Field(default=(), strict=False)
    stops: Annotated[tuple[ClockStop, ...], Zh("停止计时")] = Field(default=(), strict=False)
    flags: Annotated[tuple[RuledFlag, ...], Zh("标记")] = Field(default=(), strict=False)
    minimum_times: Annotated[tuple[MinimumTime, ...], Zh("最短时间")] = Field(default=(), strict=False)
    recorded: Annotated[CourseRecord | None, Zh("全过程记录")] = None
    former_staff: Annotated[FormerStaff | None, Zh("离职人员")] = None
    facts: Annotated[tuple[ProfileFact, ...], Zh("事实")] = Field(default=(), strict=False)
    parameters: Annotated[tuple[ProfileParameter, ...], Zh("参数")] = Field(default=(), strict=False)
    collective: Annotated[ProfileCollective | None, Zh("集体决策")] = None
    emergency: Annotated[ProfileEmergency | None, Zh("紧急情况")] = None
