"""The power list as typed values: `powers.yaml`, and what its neighbours `organs.py` and `profiles.py` are made of.

Field names are the English keys; `Zh` gives the one Chinese label that the loader accepts in its place. Unknown keys are
errors, codes are strings, and a person has no place in any of these models: powers belong to posts (分岗设权).
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from sidecar.power_list import vocabulary as words
from sidecar.power_list.parts import (
    Article,
    ConditionText,
    ConstantText,
    Credential,
    DateText,
    Day,
    Delegate,
    FactType,
    Instrument,
    Level,
    MoneyText,
    MonthsText,
    Name,
    Part,
    PostRef,
    PowerClass,
    Region,
    Relation,
    Requirement,
    Share,
    Slug,
    Status,
    StepType,
    Text,
    Tier,
    Verb,
)
from sidecar.power_list.procedure import (
    AntiSplit,
    Collective,
    Emergency,
    EvidenceWhen,
    RandomDraw,
    Tiers,
)
from sidecar.power_list.timely import ClockStop, ConditionalObligation, Grade, MinimumTime, RuledFlag
from sidecar.power_list.values import Zh, one_of

MAX_LIMIT = 999  # of any unit


class Code(Part):
    scheme: Annotated[Name, Zh("编码体系")]
    value: Annotated[Name, Zh("编码值")]


class Effective(Part):
    """In force from the first day up to and including the last; an absent end means until further notice."""

    start: Annotated[Day | None, Zh("生效日期")] = Field(default=None, alias="from")
    end: Annotated[Day | None, Zh("失效日期")] = Field(default=None, alias="to")


class LegalBasis(Part):
    instrument: Annotated[Instrument, Zh("文种")]
    title: Annotated[Name, Zh("名称")]
    number: Annotated[Name | None, Zh("文号")] = None
    version: Annotated[Day | None, Zh("版本")] = None
    article: Annotated[Article | None, Zh("条款")] = None
    quote: Annotated[Text | None, Zh("条文")] = None
    role: Annotated[Annotated[str, *one_of(words.BASIS_ROLES)], Zh("作用")] = "creates"

    @property
    def citation(self) -> str:
        """As a person cites it: 建筑法第7条."""
        if self.article is None:
            return self.title
        return self.title + (f"第{self.article}条" if self.article.isdigit() else self.article)


class Entrustment(Part):
    """The written entrustment of a power (委托书): until when, and when it was made public. After it the item is not in force."""

    document: Annotated[Name, Zh("文号")]
    announced: Annotated[Day | None, Zh("公布日期")] = None
    until: Annotated[Day, Zh("截止日期")]


class Body(Part):
    """The organ. `named_by` is the article that names it, where only an organ named by law may act (freezing, liberty)."""

    name: Annotated[Name, Zh("名称")]
    uscc: Annotated[Name | None, Zh("统一社会信用代码")] = None
    nature: Annotated[Literal["1", "2", "3"] | None, Zh("实施主体性质")] = None
    power_source: Annotated[Literal["1", "2", "3", "4", "5", "6"] | None, Zh("权力来源")] = None
    entrusted_by: Annotated[Name | None, Zh("委托部门")] = None
    entrustment: Annotated[Entrustment | None, Zh("委托书")] = None
    named_by: Annotated[Name | None, Zh("法律指定依据")] = None


class UnitRef(Part):
    unit: Annotated[Name, Zh("机构")]
    lead: Annotated[bool, Zh("牵头")] = False


class Exclusion(Part):
    """A matter outside the power: when the condition holds the request is OUT_OF_SCOPE."""

    when: Annotated[ConditionText, Zh("情形")]
    reason: Annotated[Text, Zh("理由")]
    rule: Annotated[Name | None, Zh("规则")] = None
    basis: Annotated[Name | None, Zh("依据")] = None


class Prohibition(Part):
    """When the condition holds, the steps are refused under `code`. `reason` says why and what to do instead."""

    steps: Annotated[tuple[Slug, ...], Zh("环节")] = Field(min_length=1, strict=False)
    when: Annotated[ConditionText, Zh("情形")]
    code: Annotated[Annotated[str, *one_of(words.PROHIBITION_CODES)], Zh("代码")] = "OUT_OF_SCOPE"
    reason: Annotated[Name, Zh("理由")]
    reason_en: Annotated[Name, Zh("英文理由")]
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class Limitation(Part):
    """A time after which the power is gone (时效): from the day `from` to the day `until`, `term` months long, or `extended_term`
    where `extended_when` holds. The last day is still in time."""

    steps: Annotated[tuple[Slug, ...], Zh("环节")] = Field(min_length=1, strict=False)
    what: Annotated[Name, Zh("起算事由")]
    what_en: Annotated[Name, Zh("英文起算事由")]
    start: Annotated[DateText, Zh("起算日")] = Field(alias="from")
    until: Annotated[DateText, Zh("截至日")] = "today"
    term: Annotated[MonthsText, Zh("期限")]
    extended_term: Annotated[MonthsText | None, Zh("延长期限")] = None
    extended_when: Annotated[ConditionText | None, Zh("延长情形")] = None
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class Scope(Part):
    function: Annotated[Text | None, Zh("职责")] = None
    objects: Annotated[tuple[Annotated[str, *one_of(words.OBJECTS)], ...], Zh("实施对象")] = Field(default=(), strict=False)
    excludes: Annotated[tuple[Exclusion, ...], Zh("除外")] = Field(default=(), strict=False)
    limitations: Annotated[tuple[Limitation, ...], Zh("时效")] = Field(default=(), strict=False)
    anti_split: Annotated[AntiSplit | None, Zh("化整为零")] = None


class Extension(Part):
    """So many units more each time the step is done; without a name, the step with the verb `extend`."""

    step: Annotated[Slug | None, Zh("环节")] = None
    n: Annotated[int, Zh("数量")]
    approver: Annotated[Tier | None, Zh("批准人")] = None


class TimeLimit(Part):
    """A limit of the whole item: from what `from` says (accepted, filed, executed, or a step; the first step where nothing is
    said) to the last step that decides."""

    n: Annotated[int, Field(ge=0, le=MAX_LIMIT), Zh("数量")]
    unit: Annotated[Annotated[str, *one_of(words.LIMIT_UNITS)], Zh("单位")]
    start: Annotated[Name | None, Zh("起算")] = Field(default=None, alias="from")
    basis: Annotated[Name | None, Zh("依据")] = None
    extension: Annotated[Extension | None, Zh("延长")] = None
    over: Annotated[Grade | None, Zh("超期")] = None
    remind_at: Annotated[Share, Zh("提醒比例")] = "4/5"


class TimeLimits(Part):
    statutory: Annotated[TimeLimit | None, Zh("法定办结时限")] = None
    rule: Annotated[TimeLimit | None, Zh("规章时限")] = None
    promised: Annotated[TimeLimit | None, Zh("承诺办结时限")] = None
    excluded: Annotated[tuple[Name, ...], Zh("特别程序")] = Field(default=(), strict=False)
    stops: Annotated[tuple[ClockStop, ...], Zh("停止计时")] = Field(default=(), strict=False)


class StepLimit(Part):
    n: Annotated[int | None, Field(ge=0, le=MAX_LIMIT), Zh("数量")] = None
    unit: Annotated[Annotated[str, *one_of(words.LIMIT_UNITS)] | None, Zh("单位")] = None
    min_days_open: Annotated[int | None, Field(ge=1, le=3650), Zh("最短公示天数")] = None


class PostSigners(Part):
    """So many distinct persons sign through a post."""

    post: Annotated[PostRef, Zh("岗位")]
    n: Annotated[int, Field(ge=1, le=99), Zh("人数")] = 1


class Officers(Part):
    """How many distinct persons act together, and what each must hold on that day: `credential`, or `or_credential` in its
    place. `experts_share` is the least share of holders of the expert's qualification. `members_in` is the step whose acts name
    each member (`about`) of a committee that must sign as a whole; `silence_in` the step that records of one who neither signed
    nor dissented that they count as agreeing.
    """

    min: Annotated[int, Field(ge=1, le=99), Zh("人数")] = 1
    credential: Annotated[Credential | None, Zh("资格")] = None
    or_credential: Annotated[Credential | None, Zh("或者资格")] = None
    odd: Annotated[bool, Zh("单数")] = False
    experts_share: Annotated[Share | None, Zh("专家比例")] = None
    members_in: Annotated[Slug | None, Zh("成员名单环节")] = None
    silence_in: Annotated[Slug | None, Zh("未签字记录环节")] = None
    rule: Annotated[Name | None, Zh("规则")] = None
    basis: Annotated[Name | None, Zh("依据")] = None


class StepOfficers(Officers):
    """Of an item's own step: also which posts sign, `each_of` them once, or `signers` of a post."""

    each_of: Annotated[tuple[PostRef, ...], Zh("各岗位各一人")] = Field(default=(), strict=False)
    signers: Annotated[tuple[PostSigners, ...], Zh("岗位人数")] = Field(default=(), strict=False)


class Step(Part):
    """One step of an item. The first post named is the accountable one. `basis` (and `rule`, where the catalogue has one) is what
    the item's own words about the step rest on."""

    id: Annotated[Slug, Zh("环节标识")]
    name: Annotated[Name, Zh("环节名称")]
    verb: Annotated[Verb, Zh("动作")]
    type: Annotated[StepType, Zh("环节类型")]
    posts: Annotated[tuple[PostRef, ...], Zh("岗位")] = Field(min_length=1, strict=False)
    officers: Annotated[StepOfficers | None, Zh("人员")] = None
    after: Annotated[tuple[Slug, ...], Zh("前置环节")] = Field(default=(), strict=False)
    before: Annotated[tuple[Slug, ...], Zh("后续环节")] = Field(default=(), strict=False)
    distinct_from: Annotated[tuple[Slug, ...], Zh("不得同人")] = Field(default=(), strict=False)
    requires: Annotated[tuple[Requirement, ...], Zh("要件")] = Field(default=(), strict=False)
    required_when: Annotated[ConditionText | None, Zh("必经情形")] = None
    limit: Annotated[StepLimit | None, Zh("时限")] = None
    optional: Annotated[bool, Zh("可选")] = False
    max_times: Annotated[int, Field(ge=1), Zh("次数上限")] = 1
    evidence_when: Annotated[tuple[EvidenceWhen, ...], Zh("情形要件")] = Field(default=(), strict=False)
    closes: Annotated[bool | None, Zh("结案")] = None
    obligations: Annotated[tuple[Requirement, ...], Zh("附随义务")] = Field(default=(), strict=False)
    obligations_when: Annotated[tuple[ConditionalObligation, ...], Zh("情形义务")] = Field(default=(), strict=False)
    rule: Annotated[Name | None, Zh("规则")] = None
    basis: Annotated[Name | None, Zh("依据")] = None


StepSet = Annotated[tuple[Slug, ...], Field(min_length=3, strict=False)]


class Rotation(Part):
    """Posts that one person may not hold beyond so many years, in this item."""

    posts: Annotated[tuple[PostRef, ...], Zh("岗位")] = Field(min_length=1, strict=False)
    max_years: Annotated[int, Field(ge=1, le=50), Zh("最长年限")]
    compensating: Annotated[Literal["special_audit"] | None, Zh("替代措施")] = None
    over: Annotated[Literal["find", "refuse"], Zh("超期处理")] = "find"


class Bounds(Part):
    """From `min` to `max`, ends included; an absent end is open. `amount` is the fact that must lie between them."""

    amount: Annotated[MoneyText, Zh("数额")] = "fine"
    min: Annotated[MoneyText | None, Zh("下限")] = None
    max: Annotated[MoneyText | None, Zh("上限")] = None


class DiscretionGrade(Part):
    """One grade of the discretion standard (裁量阶次): the case it speaks of, and the fine it allows."""

    when: Annotated[ConditionText, Zh("情形")]
    fine: Annotated[Bounds, Zh("罚款")]


class Departure(Part):
    """How the bounds of discretion may be left: after the collective step, with the reason as evidence. Without it, never."""

    step: Annotated[Slug, Zh("环节")]
    evidence: Annotated[Requirement, Zh("证据")] = "departure_reason"
    basis: Annotated[Name, Zh("依据")]


class LookBack(Part):
    """How many years a relation still bars after it ended."""

    relation: Annotated[Relation, Zh("关系")]
    years: Annotated[int, Field(ge=1, le=50), Zh("年限")]
    basis: Annotated[Name, Zh("依据")]


class DelegationRule(Part):
    """Who may act for the holder of a power (委托、代理): kinds of delegates, none of them for nobody, and for which of them the
    delegation must have been published."""

    delegates: Annotated[tuple[Delegate, ...], Zh("代理人性质")] = Field(strict=False)
    published: Annotated[tuple[Delegate, ...], Zh("须公开")] = Field(default=(), strict=False)


class DistinctPersons(Part):
    """At least so many distinct persons take part in a case, counted over its mandatory steps (分解为多人行使)."""

    min: Annotated[int, Field(ge=2, le=99), Zh("人数")]


class Controls(Part):
    separation: Annotated[tuple[Annotated[tuple[Slug, Slug], Field(strict=False)], ...], Zh("分离")] = Field(
        default=(), strict=False
    )
    not_all: Annotated[tuple[StepSet, ...], Zh("不得一人经办全部")] = Field(default=(), strict=False)
    distinct_persons: Annotated[DistinctPersons | None, Zh("多人行使")] = None
    types_apart: Annotated[bool, Zh("决策执行监督分设")] = False
    recusal: Annotated[tuple[Relation, ...], Zh("回避")] = Field(default=(), strict=False)
    look_back: Annotated[tuple[LookBack, ...], Zh("追溯年限")] = Field(default=(), strict=False)
    delegation: Annotated[DelegationRule | None, Zh("委托代理")] = None
    rotation: Annotated[Rotation | None, Zh("轮岗")] = None
    collective: Annotated[Collective | None, Zh("集体决策")] = None
    discretion: Annotated[tuple[DiscretionGrade, ...], Zh("裁量基准")] = Field(default=(), strict=False)
    departure: Annotated[Departure | None, Zh("突破裁量基准")] = None
    random: Annotated[RandomDraw | None, Zh("随机")] = None
    tiers: Annotated[Tiers | None, Zh("分级")] = None
    principal_not_in_charge: Annotated[bool, Zh("一把手不直接分管")] = False
    emergency: Annotated[Emergency | None, Zh("紧急情况")] = None


class RiskPoint(Part):
    step: Annotated[Slug, Zh("环节名称")]
    form: Annotated[Text, Zh("表现形式")]
    likelihood: Annotated[int, Field(ge=1, le=5), Zh("可能性")]
    severity: Annotated[int, Field(ge=1, le=5), Zh("后果严重性")]
    grade: Annotated[Annotated[str, *one_of(words.RISK_GRADES)], Zh("风险等级")]
    measure: Annotated[Text, Zh("防控措施")]
    owner_post: Annotated[PostRef, Zh("责任人")]


class Supervision(Part):
    hotline: Annotated[Name | None, Zh("监督电话")] = None
    online: Annotated[bool, Zh("网上监督")] = False
    discipline_office: Annotated[bool, Zh("纪检监察")] = False

    @property
    def is_named(self) -> bool:
        return bool(self.hotline or self.online or self.discipline_office)


class DisclosureException(Part):
    """Why an item is not public: the kind of ground, the words, who reviewed it, and when it is looked at again. Trade secrets
    and privacy need the third party's opinion (第三方意见)."""

    kind: Annotated[Annotated[str, *one_of(words.WITHHOLDING_GROUNDS)], Zh("理由种类")]
    ground: Annotated[Text, Zh("理由")]
    third_party_opinion: Annotated[Name | None, Zh("第三方意见")] = None
    reviewer_post: Annotated[PostRef, Zh("审查岗位")]
    review_by: Annotated[Day, Zh("复核日期")]


class Disclosure(Part):
    mode: Annotated[Annotated[str, *one_of(words.DISCLOSURE_MODES)], Zh("方式")] = "proactive"
    artefacts: Annotated[tuple[Annotated[str, *one_of(words.ARTEFACTS)], ...], Zh("四公开")] = Field(default=(), strict=False)
    tags: Annotated[tuple[Annotated[str, *one_of(words.DISCLOSURE_TAGS)], ...], Zh("四类事项")] = Field(default=(), strict=False)
    deadline: Annotated[StepLimit | None, Zh("公开时限")] = None
    exception: Annotated[DisclosureException | None, Zh("例外")] = None


class Retention(Part):
    """How long the records of the item are kept, and the article or schedule that says so: fifteen years for procurement
    (政府采购法第四十二条), six months at least for any (网络安全法第二十三条). Where a rule of the record says longer, that
    counts. The time runs from the last record of a case; one for which the event that `from` names comes later is held, or not
    called closed, until then."""

    years: Annotated[int, Field(ge=1), Zh("年限")]
    start: Annotated[Name, Zh("起算")] = Field(alias="from")
    basis: Annotated[Name, Zh("依据")]


class DeclaredFact(Part):
    """A fact that the calling system asserts and expressions read. `unit` is what a bare number counts: fen, yuan, wan_yuan or
    yi_yuan of money; day, workday, hour, month or year of a duration; any word of an integer. `words` are those of a choice, each
    with its Chinese label; `source` says who knows the fact or where it stands."""

    name: Annotated[Requirement, Zh("事实名")]
    type: Annotated[FactType, Zh("类型")]
    unit: Annotated[Name | None, Zh("单位")] = None
    words: Annotated[dict[Requirement, Name], Zh("选项")] = Field(default_factory=dict)
    label: Annotated[Name, Zh("名称")]
    label_en: Annotated[Name | None, Zh("英文名称")] = None
    source: Annotated[Name | None, Zh("来源")] = None


class Parameter(Part):
    """A local figure (threshold, amount) that expressions may name, always with the text that sets it. The value is written with
    its unit: 300, 30 wan_yuan, 12 month, 2/3, 2026-01-31, true; that is its type."""

    name: Annotated[Requirement, Zh("参数名")]
    value: Annotated[ConstantText, Zh("参数值")]
    basis: Annotated[Name, Zh("依据")]


class Fee(Part):
    """A fee and the law or administrative regulation that allows it (行政许可法 58)."""

    name: Annotated[Name, Zh("名称")]
    standard: Annotated[Name, Zh("标准")]
    instrument: Annotated[Instrument, Zh("文种")]
    basis: Annotated[Name, Zh("依据")]


class Item(Part):
    """One power item (事项). An item without steps takes those of its control profile, tier by tier of its units."""

    id: Annotated[Slug, Zh("事项标识")]
    name: Annotated[Name, Zh("事项名称")]
    subitem: Annotated[Name | None, Zh("子项名称")] = None
    power_class: Annotated[PowerClass, Zh("权力类型")]
    codes: Annotated[tuple[Code, ...], Zh("编码")] = Field(default=(), strict=False)
    status: Annotated[Status, Zh("事项状态")] = "in_use"
    version: Annotated[int, Field(ge=1), Zh("事项版本")] = 1
    effective: Annotated[Effective, Zh("有效期")] = Effective()
    legal_basis: Annotated[tuple[LegalBasis, ...], Zh("设定依据")] = Field(min_length=1, strict=False)
    body: Annotated[Body, Zh("行使主体")]
    level: Annotated[Level, Zh("行使层级")]
    region: Annotated[Region, Zh("行政区划")]
    units: Annotated[tuple[UnitRef, ...], Zh("承办机构")] = Field(min_length=1, strict=False)
    scope: Annotated[Scope, Zh("职责权限")] = Scope()
    measures: Annotated[tuple[Annotated[str, *one_of(words.MEASURES)], ...], Zh("处罚强制种类")] = Field(default=(), strict=False)
    conditions: Annotated[tuple[Text, ...], Zh("条件")] = Field(default=(), strict=False)
    quantity: Annotated[Text | None, Zh("数量")] = None
    materials: Annotated[tuple[Text, ...], Zh("申请材料")] = Field(default=(), strict=False)
    fees: Annotated[tuple[Fee, ...], Zh("收费")] = Field(default=(), strict=False)
    time_limits: Annotated[TimeLimits, Zh("办理时限")] = TimeLimits()
    steps: Annotated[tuple[Step, ...], Zh("运行流程")] = Field(default=(), strict=False)
    upper_posts: Annotated[tuple[PostRef, ...], Zh("上级岗位")] = Field(default=(), strict=False)
    control_profile: Annotated[Slug | None, Zh("制约模板")] = None
    facts: Annotated[tuple[DeclaredFact, ...], Zh("事实")] = Field(default=(), strict=False)
    parameters: Annotated[tuple[Parameter, ...], Zh("参数")] = Field(default=(), strict=False)
    controls: Annotated[Controls, Zh("制约措施")] = Controls()
    prohibitions: Annotated[tuple[Prohibition, ...], Zh("禁止")] = Field(default=(), strict=False)
    flags: Annotated[tuple[RuledFlag, ...], Zh("标记")] = Field(default=(), strict=False)
    minimum_times: Annotated[tuple[MinimumTime, ...], Zh("最短时间")] = Field(default=(), strict=False)
    risk_points: Annotated[tuple[RiskPoint, ...], Zh("廉政风险点")] = Field(default=(), strict=False)
    duties: Annotated[tuple[Text, ...], Zh("责任事项")] = Field(default=(), strict=False)
    accountable: Annotated[tuple[Tier, ...], Zh("追责对象")] = Field(default=(), strict=False)
    accountability_grounds: Annotated[tuple[Text, ...], Zh("追责情形")] = Field(default=(), strict=False)
    supervision: Annotated[Supervision, Zh("监督方式")] = Supervision()
    remedies: Annotated[tuple[Name, ...], Zh("救济途径")] = Field(default=(), strict=False)
    disclosure: Annotated[Disclosure, Zh("公开")] = Disclosure()
    retention: Annotated[Retention | None, Zh("留存")] = None

    @property
    def last_day(self) -> date | None:
        """The last day in force: the item's own, or that of the entrustment it rests on, whichever comes first."""
        entrusted = self.body.entrustment
        days = [day for day in (self.effective.end, entrusted.until if entrusted else None) if day]
        return min(days, default=None)

    @property
    def profile_id(self) -> str:
        return self.control_profile or self.power_class


class PowersFile(Part):
    items: Annotated[tuple[Item, ...], Zh("事项")] = Field(min_length=1, strict=False)
