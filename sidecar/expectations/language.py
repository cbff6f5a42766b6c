"""`expectations.yaml` as typed values. Officers here are made-up labels (甲, 乙), never people."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from sidecar.expressions.facts import MAX_TEXT, Asserted
from sidecar.power_list.parts import (
    Credential,
    Day,
    Declared,
    Delegate,
    Name,
    Part,
    PostRef,
    Region,
    Requirement,
    Slug,
    Suspendable,
)
from sidecar.power_list.values import Zh

_DECISIONS = {"准许": "allow", "拒绝": "deny"}


def _read_decision(value: object) -> object:
    return _DECISIONS.get(value, value) if isinstance(value, str) else value


def _read_moment(value: object) -> object:
    """`09:30` is a time of the expectation's day, `2026-01-04 16:00` of another."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            datetime.fromisoformat(value if " " in value else f"2000-01-01 {value}")
        except ValueError:
            pass
        else:
            return value
    raise PydanticCustomError("BAD_FORM", "bad form", {"expected": '"09:30" 或 or "2026-01-04 16:00"'})


def _read_fact(value: object) -> object:
    if isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= MAX_TEXT):
        return value
    raise PydanticCustomError("BAD_FORM", "bad form", {"expected": 'true, 300, "30 wan_yuan", 2026-01-31'})


_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2} )?\d{2}:\d{2}", re.ASCII)
Moment = Annotated[str, BeforeValidator(_read_moment)]
Vote = Literal["for", "against", "abstain"]
Facts = dict[Requirement, Annotated[Asserted, BeforeValidator(_read_fact)]]


class InterestGiven(Part):
    party: Annotated[Name, Zh("当事人")]
    relation: Annotated[Declared, Zh("关系")]
    start: Annotated[Day | None, Zh("起")] = Field(default=None, alias="from")
    end: Annotated[Day | None, Zh("止")] = Field(default=None, alias="to")


class DelegationGiven(Part):
    """That one officer may act for another; ends included, as days are written in the register."""

    delegator: Annotated[Name, Zh("委托人")]
    delegate: Annotated[Name, Zh("代理人")]
    kind: Annotated[Delegate, Zh("代理人性质")] = "officer"
    posts: Annotated[tuple[PostRef, ...], Zh("岗位")] = Field(default=(), strict=False)
    items: Annotated[tuple[Slug, ...], Zh("事项")] = Field(default=(), strict=False)
    steps: Annotated[tuple[Slug, ...], Zh("环节")] = Field(default=(), strict=False)
    start: Annotated[Day | None, Zh("起")] = Field(default=None, alias="from")
    end: Annotated[Day | None, Zh("止")] = Field(default=None, alias="to")
    document: Annotated[Name, Zh("文号")] = "委托书"
    published: Annotated[Day | None, Zh("公开日期")] = None


class SuspensionGiven(Part):
    """An item, post, officer or case that is suspended; without days, always."""

    what: Annotated[Suspendable, Zh("对象类型")]
    target: Annotated[Name, Zh("对象")]
    start: Annotated[Day | None, Zh("起")] = Field(default=None, alias="from")
    end: Annotated[Day | None, Zh("止")] = Field(default=None, alias="to")


class LeaverGiven(Part):
    """A former officer who serves a party; `post` is the last one held."""

    party: Annotated[Name, Zh("当事人")]
    post: Annotated[PostRef, Zh("岗位")]
    left: Annotated[Day, Zh("离职日期")]


class OfficerGiven(Part):
    posts: Annotated[tuple[PostRef, ...], Zh("岗位")] = Field(default=(), strict=False)
    credentials: Annotated[tuple[Credential, ...], Zh("资格")] = Field(default=(), strict=False)
    interests: Annotated[tuple[InterestGiven, ...], Zh("利益")] = Field(default=(), strict=False)
    since: Annotated[Day | None, Zh("任职起")] = None
    audited: Annotated[Day | None, Zh("专项审计")] = None


class MemberGiven(Part):
    """What a member said at a meeting; `reason` where one was given."""

    officer: Annotated[Name, Zh("人员")]
    vote: Annotated[Vote | None, Zh("表决")] = None
    present: Annotated[bool, Zh("到会")] = True
    reason: Annotated[bool, Zh("说明理由")] = False


class ResolutionGiven(Part):
    """The record of a meeting, members in the order in which they spoke. It is about the expectation's own case where `case` is
    left out; `content` is any word for a draft."""

    members: Annotated[tuple[MemberGiven, ...], Zh("成员")] = Field(min_length=1, strict=False)
    chair: Annotated[Name, Zh("主持")]
    content: Annotated[Name, Zh("草案")]
    case: Annotated[Name | None, Zh("案件")] = None
    amount: Annotated[int | str | None, Zh("金额")] = None


class DrawGiven(Part):
    """Who could be drawn by lot and who was."""

    pool: Annotated[tuple[Name, ...], Zh("名单")] = Field(min_length=1, strict=False)
    drawn: Annotated[tuple[Name, ...], Zh("抽中")] = Field(min_length=1, strict=False)


class ActGiven(Part):
    """Something that happened before. `reported` says what became of it; `corrects` names the step whose decision it is about.
    `case` is the other case of an act that happened `elsewhere`."""

    officer: Annotated[Name, Zh("人员")]
    step: Annotated[Slug, Zh("环节")]
    post: Annotated[PostRef | None, Zh("岗位")] = None
    co_sign: Annotated[bool, Zh("会签")] = False
    vote: Annotated[Vote | None, Zh("表决")] = None
    outcome: Annotated[str, Zh("结果")] = ""
    on_behalf_of: Annotated[Name | None, Zh("代理")] = None
    about: Annotated[Name | None, Zh("涉及人员")] = None
    time: Annotated[Moment | None, Zh("时间")] = None
    evidence: Annotated[tuple[Requirement, ...], Zh("证据")] = Field(default=(), strict=False)
    facts: Annotated[Facts, Zh("事实")] = Field(default_factory=dict)
    content: Annotated[Name | None, Zh("草案")] = None
    resolution: Annotated[ResolutionGiven | None, Zh("会议决议")] = None
    draw: Annotated[DrawGiven | None, Zh("抽取")] = None
    corrects: Annotated[Slug | None, Zh("纠正")] = None
    pool: Annotated[tuple[Name, ...], Zh("名单")] = Field(default=(), strict=False)
    case: Annotated[Name | None, Zh("案件")] = None
    reported: Annotated[Literal["performed", "failed"] | None, Zh("回报")] = None


class RequestGiven(Part):
    officer: Annotated[Name, Zh("人员")]
    step: Annotated[Slug, Zh("环节")]
    post: Annotated[PostRef | None, Zh("岗位")] = None
    outcome: Annotated[Name | None, Zh("结果")] = None
    facts: Annotated[Facts, Zh("事实")] = Field(default_factory=dict)
    evidence: Annotated[tuple[Requirement, ...], Zh("证据")] = Field(default=(), strict=False)
    intent: Annotated[Literal["exercise", "co_sign", "vote", "question"], Zh("意图")] = "exercise"
    vote: Annotated[Vote | None, Zh("表决")] = None
    on_behalf_of: Annotated[Name | None, Zh("代理")] = None
    about: Annotated[Name | None, Zh("涉及人员")] = None
    item: Annotated[Slug | None, Zh("事项")] = None
    party: Annotated[Name | None, Zh("当事人")] = None
    region: Annotated[Region | None, Zh("行政区划")] = None
    level: Annotated[Name | None, Zh("层级")] = None
    content: Annotated[Name | None, Zh("草案")] = None
    resolution: Annotated[ResolutionGiven | None, Zh("会议决议")] = None
    draw: Annotated[DrawGiven | None, Zh("抽取")] = None
    corrects: Annotated[Slug | None, Zh("纠正")] = None


class Expected(Part):
    decision: Annotated[Annotated[Literal["allow", "deny"], BeforeValidator(_read_decision)], Zh("决定")]
    codes: Annotated[tuple[Name, ...], Zh("代码")] = Field(default=(), strict=False)
    rules: Annotated[tuple[Name, ...] | None, Zh("规则")] = Field(default=None, strict=False)
    obligations: Annotated[tuple[Name, ...] | None, Zh("义务")] = Field(default=None, strict=False)
    flags: Annotated[tuple[Name, ...] | None, Zh("标记")] = Field(default=None, strict=False)


class Expectation(Part):
    name: Annotated[Name, Zh("名称")]
    item: Annotated[Slug, Zh("事项")]
    day: Annotated[Day | None, Zh("日期")] = None
    time: Annotated[Moment | None, Zh("时间")] = None
    officers: Annotated[dict[Name, OfficerGiven], Zh("人员")]
    delegations: Annotated[tuple[DelegationGiven, ...], Zh("代理")] = Field(default=(), strict=False)
    suspensions: Annotated[tuple[SuspensionGiven, ...], Zh("暂停")] = Field(default=(), strict=False)
    leavers: Annotated[tuple[LeaverGiven, ...], Zh("离职人员")] = Field(default=(), strict=False)
    party: Annotated[Name | None, Zh("当事人")] = None
    region: Annotated[Region | None, Zh("行政区划")] = None
    history: Annotated[tuple[ActGiven, ...], Zh("经过")] = Field(default=(), strict=False)
    elsewhere: Annotated[tuple[ActGiven, ...], Zh("他案")] = Field(default=(), strict=False)
    request: Annotated[RequestGiven, Zh("请求")]
    expect: Annotated[Expected, Zh("期望")]


class ExpectationsFile(Part):
    expectations: Annotated[tuple[Expectation, ...], Zh("期望")] = Field(min_length=1, strict=False)
