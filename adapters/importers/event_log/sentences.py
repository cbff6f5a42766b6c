"""Every sentence about an event log or its mapping file that is said nowhere else, by its code, in Chinese and English.

What is wrong, and after the dash what to do about it. Codes are stable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sidecar.messages import Sentence, filled
from sidecar.power_list.findings import Finding, Place

SENTENCES: Mapping[str, Sentence] = MappingProxyType(
    {
        # the mapping file
        "RULES_OR_POLICIES": Sentence(
            "应当写 rules，或者写 policies 和 item，二者取一——请补上或删去其一",
            "either rules, or policies with item, must be written — add or remove one",
        ),
        "POSTS_NOT_KNOWN": Sentence(
            "没有说明谁担任哪个岗位——请写 personnel: 任职数据目录，或写 assumed: [posts] 推定经办人都有权",
            "it is not said who holds which post — write personnel: FOLDER, or assumed: [posts] to take everyone as empowered",
        ),
        "KNOWN_AND_ASSUMED": Sentence(
            "personnel 已经说明任职和资格，不能同时推定——请从 assumed 中删去 posts、credentials",
            "personnel says who holds which post and credential — remove posts and credentials from assumed",
        ),
        "PERSONNEL_WITH_RULES": Sentence(
            "personnel 只能与 policies 同用——请删去，或改用 policies 和 item",
            "personnel goes with policies only — remove it, or use policies and item",
        ),
        "STEP_NOT_MAPPED": Sentence(
            "环节“{step}”没有对应的活动，有关规则永远不会触发——请在 activities 中对应，或删去该环节",
            "no activity is step {step}, so its rules can never speak — map one under activities, or remove the step",
        ),
        "UNDECLARED_FACT": Sentence(
            "没有声明事实“{fact}”——请在规则或事项的 facts 中声明，或改为：{near}",
            "fact {fact} is not declared — declare it under `facts` of the rules or of the item, or write: {near}",
        ),
        "COLUMN_NOT_IN_LOG": Sentence(
            "日志没有“{column}”这一列——是否应为：{near}",
            "the log has no column {column} — did you mean: {near}",
        ),
        "COLUMN_TWICE": Sentence(
            "日志中“{column}”列不止一个——请改列名，使其唯一",
            "the log has column {column} more than once — rename one of them",
        ),
        "ACTIVITY_NOT_IN_LOG": Sentence(
            "日志中没有活动“{activity}”，有关规则没有用武之地——请核对写法：{near}",
            "no event of the log has the activity {activity} — check its spelling: {near}",
        ),
        # rows of the log
        "ROW_QUOTES": Sentence(
            "引号不合 CSV 规则（{problem}）——请改正该行引号后重新导出",
            "the quotes are not CSV ({problem}) — correct the row and export again",
        ),
        "ROW_ENCODING": Sentence(
            "该行不是 {encoding} 编码——请核对映射文件的 encoding，或另存后重试",
            "the row is not {encoding} — check `encoding` in the mapping file, or save the log again",
        ),
        "ROW_CELLS": Sentence(
            "该行有 {found} 格，表头有 {wanted} 格——请补齐或加引号",
            "the row has {found} cells, the heading {wanted} — complete it, or quote the cell that holds the delimiter",
        ),
        "CELL_EMPTY": Sentence("“{column}”是空的——请补上", "{column} is empty — fill it in"),
        "PERSON_EMPTY": Sentence(
            "“{column}”是空的：没有人对这一步负责——请查明经办人后补上",
            "{column} is empty: nobody answers for this step — find out who acted and fill it in",
        ),
        "BAD_TIME": Sentence(
            "“{value}”不是 {format} 格式的时间——请核对映射文件的 time_format",
            "{value} is not a time of the form {format} — check `time_format` in the mapping file",
        ),
        "TIME_WITHOUT_ZONE": Sentence(
            "“{value}”没有时区——请在映射文件写 zone，例如 Asia/Shanghai",
            "{value} has no offset — write `zone` in the mapping file, for example Asia/Shanghai",
        ),
        "BAD_FACT": Sentence(
            "“{value}”不是{form}——请改正该格或事实的声明",
            "{value} is not of the form: {form} — correct the cell, or how the fact is declared",
        ),
        "BAD_OUTCOME": Sentence(
            "不认识结果“{value}”——请在映射文件 outcome 的 grant 或 refuse 中列出",
            "outcome {value} is not known — list it under grant or refuse of `outcome` in the mapping file",
        ),
        "BAD_REGION": Sentence(
            "“{value}”不是 6、9 或 12 位行政区划代码——请改正",
            "{value} is no region code of 6, 9 or 12 digits — correct it",
        ),
        "TOO_LONG": Sentence(
            "“{column}”超过 {limit} 个字符——请核对列是否对错了",
            "{column} is longer than {limit} characters — check that it is the right column",
        ),
        "ROW_REPEATED": Sentence(
            "与前面一行逐字相同，只算一次——如确是两次办理，请加一列区分",
            "the same row stands above word for word and is counted once — if it happened twice, tell them apart by a column",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to look at, where it stands, and what to do."""

    code: str
    place: Place
    sentence: Sentence


def notice(code: str, place: Place, **facts: object) -> Notice:
    return Notice(code, place, filled(SENTENCES[code], facts))


def of_finding(finding: Finding) -> Notice:
    """What the language of the power list says of the file."""
    return Notice(finding.code, finding.place, finding.sentence)
