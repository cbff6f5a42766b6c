"""What each kind of control asks, in words for an inspector; `{arg}` is what its row says."""

from collections.abc import Mapping

from sidecar.messages import Sentence
from sidecar.power_list.control_kinds import ControlKind as K

ASKED: Mapping[str, Sentence] = {
    K.STATUS: Sentence("事项在用", "the item is in use"),
    K.LEVEL: Sentence("层级为 {arg}", "at level {arg}"),
    K.AFTER: Sentence("须在 {arg} 之后", "after {arg}"),
    K.UNLESS_DONE: Sentence("符合条件时须先办 {arg}", "under a condition only after {arg}"),
    K.TIMES: Sentence("一案至多 {arg} 次", "at most {arg} times in a case"),
    K.DISTINCT: Sentence("不得与 {arg} 为同一人", "another person than for {arg}"),
    K.OFFICERS: Sentence("须 {arg} 人以上共同办理", "persons together: {arg}"),
    K.SIGNERS: Sentence("各岗位会签人数 {arg}", "signers by post: {arg}"),
    K.ODD: Sentence("人数须为单数", "an odd number of persons"),
    K.EXPERTS: Sentence("专家人数 {arg}", "experts: {arg}"),
    K.MEMBERS: Sentence("由 {arg} 确定的成员全体签署", "everybody named in {arg} signs"),
    K.CREDENTIAL: Sentence("持有 {arg}", "holds {arg}"),
    K.RECUSAL: Sentence("与当事人无应回避的关系", "no relation to the party that bars"),
    K.RECUSED: Sentence("未被申请或决定回避", "not recused"),
    K.RECUSAL_RULING: Sentence("主要负责人的回避由集体决定", "on a principal's recusal a group rules"),
    K.PRINCIPAL_OWN: Sentence("主要负责人不办涉己事项", "a principal's own matters are decided elsewhere"),
    K.NOT_ALL: Sentence("一人不得办完 {arg}", "no one person does all of {arg}"),
    K.PERSONS: Sentence("全案经办人数 {arg}", "distinct persons in the case: {arg}"),
    K.INCOMPATIBLE: Sentence("不相容职责不集于一人：{arg}", "incompatible duties in different hands: {arg}"),
    K.PRINCIPAL_ALONE: Sentence("主要负责人不单独审批", "no principal approves alone"),
    K.TENURE: Sentence("任职未超期 {arg}", "within the term of office: {arg}"),
    K.DELEGATES: Sentence("可代理者 {arg}", "who may act for another: {arg}"),
    K.REQUIRES: Sentence("须有 {arg}", "carries {arg}"),
    K.FORBIDS: Sentence("禁止情形 {arg}", "forbidden where {arg}"),
    K.GRADE: Sentence("裁量幅度 {arg}", "within the discretion standard: {arg}"),
    K.GRADED: Sentence("属于裁量基准所列情形", "a case the discretion standard speaks of"),
    K.NOT_HEAVIER: Sentence("不重于事先告知 {arg}", "not heavier than was announced: {arg}"),
    K.LIMITATION: Sentence("未过时效 {arg}", "before the time runs out: {arg}"),
    K.EXCLUDES: Sentence("不属于除外情形 {arg}", "not outside the power: {arg}"),
    K.QUORUM: Sentence("到会与同意人数", "quorum and majority"),
    K.CHAIR_LAST: Sentence("主持人末位表态", "the chair speaks last"),
    K.CHAIR_REASONS: Sentence("主持人不同于多数须说明理由", "the chair gives reasons against the others"),
    K.DISSENT: Sentence("反对意见须书面", "who votes against leaves a reason"),
    K.MEMBERS_RECUSED: Sentence("成员与当事人无应回避的关系", "no member is barred"),
    K.COVERS_CASE: Sentence("决议针对本案", "the resolution is about this case"),
    K.COVERS: Sentence("办理内容与 {arg} 的决议一致", "what {arg} resolved"),
    K.RECORDED: Sentence("全过程记录齐全：{arg}", "the record of the whole course is there: {arg}"),
    K.EVIDENCE_WHEN: Sentence("符合条件时须有 {arg}", "under a condition carries {arg}"),
    K.TIME_LEFT: Sentence("须留足时间 {arg}", "time is left: {arg}"),
    K.OPEN_DAYS: Sentence("须间隔 {arg} 日", "days between: {arg}"),
    K.CLOSED: Sentence("案件未办结", "the case is not closed"),
    K.TIER: Sentence("按金额或层级分档审批", "the post for this sum or level"),
    K.SPLIT: Sentence("合并计算不超限额", "together below the limit"),
    K.EMERGENCY: Sentence("紧急处置后已补批", "emergencies were approved afterwards"),
    K.TRUE_DRAW: Sentence("抽取真实随机", "the draw is by lot"),
    K.DRAWN: Sentence("由抽中者办理", "only those who were drawn"),
}


# The terms of the matcher, as `nearest` tells which of them held.
TERMS: Mapping[str, Sentence] = {
    "r.item == p.item": Sentence("本事项", "of this item"),
    "r.step == p.step": Sentence("本环节", "of this step"),
    "within(r.reg, p.reg)": Sentence("区划之内", "within its region"),
    "in_force(r.day, p.since, p.until)": Sentence("当日有效", "in force that day"),
    "p.sub == '*' or g(r.sub, p.sub)": Sentence("本人当日任此岗位", "the officer holds the post that day"),
    "p.ctl == '-' or stops(r.case, p.ctl, p.arg)": Sentence("", ""),  # of a power always true
}


def term(text: str, lang: str) -> str:
    """A term in words; empty for one that says nothing of a power."""
    return TERMS[text].in_language(lang) if text in TERMS else text


def asked(kind: str, argument: str, lang: str) -> str:
    """What a control asks; one without words is named as in its row."""
    sentence = ASKED.get(kind)
    return sentence.in_language(lang).replace("{arg}", argument) if sentence else f"{kind} {argument}"
