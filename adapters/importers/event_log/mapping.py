"""The mapping file of an event log: which column is what, which activity is which step, and by which rules it is judged.

    log:
      columns: {case: 案号, activity: 环节, person: 经办人, time: 办理时间}
      zone: Asia/Shanghai
    activities:
      - {activity: 审核, step: review}
      - {activity: 核准, step: decide, outcome: grant}
    rules:                                       # or: policies: DIR, item: ID
      steps:
        - {id: review, name: 审核, verb: review, type: execute}
        - {id: decide, name: 核准, verb: decide, type: decide}
      controls: {separation: [[review, decide]]}

`rules` is an item of the language of the power list of which only the steps must be said. What the log does not record may be
taken for granted, and is then said in every report: `assumed`.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from adapters.importers.event_log.sentences import Notice, notice, of_finding
from sidecar.case_history.history import MAX_EVENTS
from sidecar.compiler.manifest import ItemFacts
from sidecar.errors import EventLogError
from sidecar.messages import in_lines, near
from sidecar.power_list.findings import Finding
from sidecar.power_list.load import Located, load
from sidecar.power_list.model import Body, Item, LegalBasis, Step, UnitRef
from sidecar.power_list.parts import Level, Name, Part, PostRef, PowerClass, Region, Requirement, Slug
from sidecar.power_list.references import duplicate
from sidecar.power_list.source import read_source
from sidecar.power_list.values import Zh, formed

ISO = "iso"
ANYONE = "anyone"  # the one post of rules that stand in a mapping file: whoever acted
OWN_PROFILE = "event-log"  # and their control profile, which asks nothing

Encoding = Literal["utf-8", "gb18030", "gbk", "gb2312", "utf-16"]
Assumption = Literal["posts", "credentials", "evidence", "outcome"]


def _read_zone(value: object) -> object:
    try:
        return value if not isinstance(value, str) else ZoneInfo(value).key
    except (KeyError, ValueError, OSError):
        raise PydanticCustomError("BAD_FORM", "no zone", {"expected": "Asia/Shanghai"}) from None


def _read_time_format(value: object) -> object:
    if isinstance(value, str) and value != ISO:
        try:
            day = datetime(2011, 10, 9, 13, 45, 40)  # noqa: DTZ001 - a specimen
            understood = datetime.strptime(day.strftime(value), value).date() == day.date()  # noqa: DTZ007
        except ValueError:
            understood = False
        if not understood:
            raise PydanticCustomError("BAD_FORM", "no time format", {"expected": '"%Y/%m/%d %H:%M:%S"，或 iso'})
    return value


Zone = Annotated[str, BeforeValidator(_read_zone)]
TimeFormat = Annotated[str, BeforeValidator(_read_time_format)]
Delimiter = Annotated[str, *formed(r"^[^\"\r\n\w\s]$|^\t$", '","、";" 或 "\\t"')]


class CellSource(Part):
    """Where one value of a request comes from: a column of the row, or it is the same for all."""

    column: Annotated[Name | None, Zh("列")] = None
    value: Annotated[str | int | bool | None, Zh("固定值")] = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "CellSource":
        if (self.column is None) == (self.value is None):
            raise PydanticCustomError("BAD_VALUE", "column 与 value 只写其一 write exactly one of column, value", {})
        return self


class OutcomeColumn(Part):
    """The column that says what was decided, and the words in it that grant and that refuse."""

    column: Annotated[Name, Zh("列")]
    grant: Annotated[tuple[Name, ...], Zh("准予")] = Field(default=("grant",), strict=False)
    refuse: Annotated[tuple[Name, ...], Zh("不予")] = Field(default=("refuse",), strict=False)


class Columns(Part):
    """Names of columns as the heading row has them."""

    case: Annotated[Name, Zh("案号")]
    activity: Annotated[Name, Zh("活动")]
    person: Annotated[Name, Zh("人员")]
    time: Annotated[Name, Zh("时间")]
    tie_breaker: Annotated[Name | None, Zh("先后")] = None
    post: Annotated[Name | None, Zh("岗位")] = None
    on_behalf_of: Annotated[Name | None, Zh("代理")] = None
    about: Annotated[Name | None, Zh("涉及人员")] = None
    party: Annotated[CellSource | None, Zh("当事人")] = None
    region: Annotated[CellSource | None, Zh("行政区划")] = None
    outcome: Annotated[OutcomeColumn | None, Zh("结果")] = None
    facts: Annotated[dict[Requirement, CellSource], Zh("事实")] = Field(default_factory=dict)
    evidence: Annotated[dict[Requirement, CellSource], Zh("证据")] = Field(default_factory=dict)


class Lifecycle(Part):
    """Logs that write a start and an end of each activity: which transitions count as having done it."""

    column: Annotated[Name, Zh("列")]
    counts: Annotated[tuple[Name, ...], Zh("计入")] = Field(min_length=1, strict=False)


class LogFormat(Part):
    """How the log is written."""

    columns: Annotated[Columns, Zh("列")]
    encoding: Annotated[Encoding, Zh("编码")] = "utf-8"
    delimiter: Annotated[Delimiter, Zh("分隔符")] = ","
    time_format: Annotated[TimeFormat, Zh("时间格式")] = ISO
    zone: Annotated[Zone | None, Zh("时区")] = None
    lifecycle: Annotated[Lifecycle | None, Zh("状态")] = None
    nobody: Annotated[tuple[Name, ...], Zh("无人")] = Field(default=(), strict=False)


class Activity(Part):
    """An activity of the log that is a step."""

    activity: Annotated[Name, Zh("活动")]
    step: Annotated[Slug, Zh("环节")]
    intent: Annotated[Literal["exercise", "co_sign"], Zh("意图")] = "exercise"
    vote: Annotated[Literal["for", "against", "abstain"] | None, Zh("表决")] = None
    outcome: Annotated[Literal["grant", "refuse"] | None, Zh("结果")] = None


class RuleStep(Step):
    """A step of the mapping file's own rules. Whoever acted is taken as empowered; unless it is said, it may be done again."""

    posts: Annotated[tuple[PostRef, ...], Zh("岗位")] = Field(default=(ANYONE,), min_length=1, strict=False)
    max_times: Annotated[int, Field(ge=1, le=MAX_EVENTS), Zh("次数上限")] = MAX_EVENTS


class Rules(Item):
    """Rules that stand in the mapping file itself: an item of which only the steps must be said."""

    id: Annotated[Slug, Zh("事项标识")] = "event-log"
    name: Annotated[Name, Zh("事项名称")] = "事件日志 event log"
    power_class: Annotated[PowerClass, Zh("权力类型")] = "other"
    legal_basis: Annotated[tuple[LegalBasis, ...], Zh("设定依据")] = Field(
        default=(LegalBasis(instrument="unclassified", title="映射文件中的规则 rules of the mapping file"),), strict=False
    )
    body: Annotated[Body, Zh("行使主体")] = Body(name="-")
    level: Annotated[Level, Zh("行使层级")] = "4"
    region: Annotated[Region, Zh("行政区划")] = "000000"
    units: Annotated[tuple[UnitRef, ...], Zh("承办机构")] = Field(default=(UnitRef(unit="log", lead=True),), strict=False)
    steps: Annotated[tuple[RuleStep, ...], Zh("运行流程")] = Field(min_length=1, strict=False)
    control_profile: Annotated[Slug | None, Zh("制约模板")] = OWN_PROFILE


class MappingFile(Part):
    log: Annotated[LogFormat, Zh("日志")]
    activities: Annotated[tuple[Activity, ...], Zh("活动")] = Field(min_length=1, strict=False)
    rules: Annotated[Rules | None, Zh("规则")] = None
    policies: Annotated[Name | None, Zh("策略目录")] = None
    item: Annotated[Slug | None, Zh("事项")] = None
    personnel: Annotated[Name | None, Zh("任职数据目录")] = None
    assumed: Annotated[tuple[Assumption, ...], Zh("推定")] = Field(default=(), strict=False)

    @property
    def assumes(self) -> tuple[str, ...]:
        """What is taken for granted, in one order."""
        given = {*self.assumed, *(("posts",) if self.rules else ())}
        return tuple(name for name in ("posts", "credentials", "evidence", "outcome") if name in given)


class Mapped(NamedTuple):
    """A mapping file, and where its parts stand."""

    file: MappingFile
    located: Located


def read_mapping(file: str, data: bytes) -> Mapped:
    """A mapping file that is right in itself. Raises EventLogError with every mistake and its place."""
    loaded = load(read_source(file, data), MappingFile)
    notices = [of_finding(finding) for finding in loaded.findings]
    if loaded.draft:
        notices += _doubts(loaded.draft, loaded.located)
    refuse(notices)
    if loaded.model is None:
        raise EventLogError("MAPPING_FILE_UNUSABLE", file=file)
    return Mapped(loaded.model, loaded.located)


def refuse(notices: list[Notice]) -> None:
    """Raises EventLogError when there is anything to say."""
    if notices:
        ordered = sorted(dict.fromkeys(notices), key=lambda found: (found.place, found.code))
        lines = in_lines((found.place, found.sentence) for found in ordered)
        raise EventLogError("MAPPING_UNUSABLE", lines=lines)


def _doubts(mapping: MappingFile, located: Located) -> Iterator[Notice]:
    by_folder = mapping.policies is not None or mapping.item is not None
    if (mapping.rules is not None) == by_folder or (mapping.policies is None) != (mapping.item is None):
        yield notice("RULES_OR_POLICIES", located.place("#key", "rules" if mapping.rules else "policies"))
    if mapping.policies and not mapping.personnel and "posts" not in mapping.assumed:
        yield notice("POSTS_NOT_KNOWN", located.place("#key", "policies"))
    if mapping.personnel and {"posts", "credentials"} & set(mapping.assumed):
        yield notice("KNOWN_AND_ASSUMED", located.place("#key", "assumed"))
    if mapping.rules and mapping.personnel:
        yield notice("PERSONNEL_WITH_RULES", located.place("#key", "personnel"))
    yield from _repeated(mapping, located)
    if mapping.rules:
        yield from _steps(mapping, located, [step.id for step in mapping.rules.steps])
        mapped = {entry.step for entry in mapping.activities}
        for n, step in enumerate(mapping.rules.steps):
            if step.id not in mapped:
                yield notice("STEP_NOT_MAPPED", located.place("rules", "steps", n, "id"), step=step.id)


def _repeated(mapping: MappingFile, located: Located) -> Iterator[Notice]:
    first: dict[str, int] = {}
    for n, entry in enumerate(mapping.activities):
        k = first.setdefault(entry.activity, n)
        if k != n:
            place = located.place("activities", n, "activity")
            yield of_finding(duplicate("activity", entry.activity, place, located.place("activities", k, "activity")))


def _steps(mapping: MappingFile, located: Located, steps: list[str]) -> Iterator[Notice]:
    for n, entry in enumerate(mapping.activities):
        if entry.step not in steps:
            facts: dict[str, object] = {"step": entry.step, "near": ", ".join(steps)}
            yield of_finding(Finding("UNKNOWN_STEP", located.place("activities", n, "step"), facts=facts))


def refuse_unknown_names(mapped: Mapped, items: Mapping[str, ItemFacts]) -> None:
    """Raises EventLogError where the mapping file names an item, or a step of it, that the policy folder does not have."""
    mapping, located = mapped
    item = items.get(mapping.item or "")
    if item is None:
        facts: dict[str, object] = {"item": mapping.item, "near": near(mapping.item or "", items)}
        refuse([of_finding(Finding("UNKNOWN_ITEM_NAMED", located.place("item"), facts=facts))])
    else:
        refuse(list(_steps(mapping, located, list(item.steps))))


def refuse_undeclared_facts(mapped: Mapped, declared: Collection[str]) -> None:
    """Raises EventLogError for facts that no control of the item reads, as they are declared there."""
    paths = {name: ("log", "columns", "facts", "#key", name) for name in mapped.file.log.columns.facts}
    refuse(
        [
            notice("UNDECLARED_FACT", mapped.located.place(*path), fact=name, near=near(name, declared))
            for name, path in paths.items()
            if name not in declared
        ]
    )


def column_places(mapping: MappingFile) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Every column the mapping file names, with the path it is named at."""
    columns, base = mapping.log.columns, ("log", "columns")
    for key in ("case", "activity", "person", "time", "tie_breaker", "post", "on_behalf_of", "about"):
        name = getattr(columns, key)
        if name:
            yield name, (*base, key)
    if columns.outcome:
        yield columns.outcome.column, (*base, "outcome", "column")
    sources = {"party": columns.party, "region": columns.region}
    for key, source in sources.items():
        if source and source.column:
            yield source.column, (*base, key, "column")
    for key, named in (("facts", columns.facts), ("evidence", columns.evidence)):
        for name, source in named.items():
            if source.column:
                yield source.column, (*base, key, name, "column")
    if mapping.log.lifecycle:
        yield mapping.log.lifecycle.column, ("log", "lifecycle", "column")
