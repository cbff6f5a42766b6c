"""The closed word lists of the language: identifier ↔ Chinese label ↔ national code.

Classes and levels follow the code tables of GB/T 39554.2-2020 as implemented on the national platform; class 90 (internal
power) is ours, for personnel, money, procurement and works, which no public list carries. Verbs are the steps a power runs
through. A table maps every accepted spelling to its identifier, so files may use either language.
"""

from collections.abc import Mapping
from types import MappingProxyType


def _table(**labels: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(labels)


# identifier: (Chinese label, national code, further spellings met in published lists …)
POWER_CLASSES = _table(
    licensing=("行政许可", "01", "行政审批", "许可"),
    penalty=("行政处罚", "02", "处罚"),
    compulsion=("行政强制", "03", "行政强制措施", "行政强制执行", "强制"),
    levy=("行政征收", "04", "征收"),
    payment=("行政给付", "05", "给付"),
    inspection=("行政检查", "06", "行政监督检查", "监督检查", "检查"),
    confirmation=("行政确认", "07", "确认"),
    award=("行政奖励", "08", "奖励"),
    adjudication=("行政裁决", "09", "裁决"),
    other=("其他行政权力", "10", "其他权力", "其它行政权力", "其他职权", "其他类"),
    public_service=("公共服务", "20", "公共服务事项"),
    internal=("内部权力", "90", "内部管理"),
)

LEVELS = MappingProxyType(
    {
        "1": ("国家级", "中央"),
        "2": ("省级", "自治区级", "直辖市级"),
        "3": ("市级", "地州市级", "地市级", "设区市级", "州级"),
        "4": ("县级", "县市区级", "区级", "县区级"),
        "5": ("镇(乡、街道)级", "乡镇级", "镇级", "街道级"),
        "6": ("村(社区)级",),
    }
)

STATUSES = _table(in_use=("在用", "1"), suspended=("暂停", "2"), cancelled=("取消", "3"))

INSTRUMENTS = _table(
    law=("法律",),
    administrative_regulation=("行政法规",),
    state_council_decision=("国务院决定",),
    local_regulation=("地方性法规",),
    departmental_rule=("部门规章",),
    provincial_rule=("省级政府规章",),
    local_rule=("其他政府规章",),
    normative_document=("规范性文件",),
    unclassified=("未分类",),
)

BASIS_ROLES = _table(creates=("设定",), details=("细化",))

VERBS = _table(
    accept=("受理",),
    **{"return": ("补正",)},
    inspect=("核查", "现场核查"),
    review=("审查", "初审"),
    hear=("听证",),
    legal_review=("法制审核",),
    deliberate=("集体讨论",),
    decide=("决定",),
    issue=("发证",),
    serve=("送达",),
    execute=("执行",),
    collect=("收缴",),
    publish=("公开",),
    extend=("延期",),
    revoke=("撤销",),
    correct=("纠正",),
    file=("立案",),
    investigate=("调查",),
    notify=("告知",),
    transfer=("移送",),
    archive=("归档",),
    request_recusal=("申请回避",),
    rule_on_recusal=("决定回避",),
)

# Acts that speak of an officer, not of the matter: they neither exercise the power nor add a hand to the case.
ABOUT_OFFICERS = frozenset({"request_recusal", "rule_on_recusal"})

STEP_TYPES = _table(execute=("执行",), decide=("决策",), supervise=("监督",))

# The three tiers of 追责对象范围, the standard wording of 2,481 of 2,932 published rows.
TIERS = _table(
    handler=("承办人", "具体承办人"), section_head=("内设机构负责人",), leader=("分管领导", "单位法定代表人或分管领导")
)

# What a unit deals with; the first five are what a principal commonly is not directly in charge of (五个不直接分管).
MATTERS = _table(
    personnel=("人事", "组织"),
    finance=("财务",),
    works=("工程",),
    approval=("审批",),
    procurement=("采购",),
    discipline=("纪检监察", "纪检", "监察"),
    audit=("审计",),
)
CHECKING_MATTERS = frozenset({"personnel", "discipline", "audit", "finance"})  # 公务员法第七十四条

# Economic activities whose key posts rotate (财会〔2012〕21号第十五条 ☐).
ACTIVITIES = _table(
    budget=("预算",),
    income_expense=("收支",),
    procurement=("采购",),
    assets=("资产",),
    works=("建设项目",),
    contract=("合同",),
    supervision=("监督",),
)

RANKS = _table(
    handler=("承办人",), section_head=("内设机构负责人",), leader=("分管领导",), principal=("一把手",), group=("领导班子",)
)

# What a policy may name as barring an officer. `kin` is every degree below it.
RELATIONS = _table(
    own_interest=("本人利害关系", "本人"),
    kin=("亲属",),
    spouse=("配偶", "夫妻"),
    lineal_kin=("直系血亲",),
    collateral_kin=("三代以内旁系血亲", "旁系血亲"),
    affinity=("近姻亲",),
    kin_interest=("亲属利害关系",),
    ownership=("持股",),
    former_employment=("曾任职",),
    employment_3y=("三年内任职",),
    director_3y=("三年内任董事监事",),
    controller_3y=("三年内控股或实际控制",),
    other_relation=("其他关系",),
)

# Kinship as it is declared (公务员回避规定第五条 ◐): code → (label, …), and its degree.
KIN = _table(
    grandparent=("祖父母",),
    maternal_grandparent=("外祖父母",),
    parent=("父母",),
    child=("子女",),
    grandchild=("孙子女",),
    maternal_grandchild=("外孙子女",),
    uncle_aunt=("伯叔姑舅姨",),
    sibling=("兄弟姐妹",),
    cousin=("堂表兄弟姐妹", "堂兄弟姐妹", "表兄弟姐妹"),
    nephew_niece=("侄甥", "侄子女", "甥子女"),
    parent_in_law=("配偶的父母",),
    sibling_in_law=("配偶的兄弟姐妹",),
    child_in_law=("子女的配偶",),
    child_in_law_parent=("子女配偶的父母",),
    collateral_spouse=("三代旁系的配偶", "旁系血亲的配偶"),
)

_DEGREES = MappingProxyType(
    {
        "lineal_kin": ("grandparent", "maternal_grandparent", "parent", "child", "grandchild", "maternal_grandchild"),
        "collateral_kin": ("uncle_aunt", "sibling", "cousin", "nephew_niece"),
        "affinity": ("parent_in_law", "sibling_in_law", "child_in_law", "child_in_law_parent", "collateral_spouse"),
    }
)
KIN_DEGREES = ("spouse", *_DEGREES)

# Kinship of two officers: a code of kin, a degree, or kin without saying which.
KINSHIP = MappingProxyType({name: labels for name, labels in {**RELATIONS, **KIN}.items() if name in (*KIN, *KIN_DEGREES, "kin")})

DECLARABLE = MappingProxyType({**RELATIONS, **KIN})  # what a declaration may say

# Relations that still bar for some years after they ended (政府采购法实施条例第九条: 参加采购活动前三年内).
LOOK_BACK_YEARS = MappingProxyType({"employment_3y": 3, "director_3y": 3, "controller_3y": 3})


def _counted() -> Mapping[str, frozenset[str]]:
    counts = {name: frozenset([name]) for name in RELATIONS}
    counts |= {name: frozenset([name, "kin"]) for name in KIN_DEGREES}
    counts |= {code: frozenset([code, degree, "kin"]) for degree, codes in _DEGREES.items() for code in codes}
    return MappingProxyType({**counts, "kin": frozenset(["kin", *KIN_DEGREES])})


# Declared relation → the names under which a policy may bar it. Who declares kin without saying which is barred as any of them.
COUNTS_AS = _counted()

CREDENTIALS = _table(
    enforcement_card=("执法证",),
    work_card=("工作证",),
    legal_qualification=("法律职业资格",),
    reviewer_before_2018=("二〇一八年前已从事法制审核",),
    review_expert=("评审专家资格",),
)

# Who may stand in for an officer: a colleague of the same organ (职务代理), or those whom a power is entrusted to (委托).
COLLEAGUE = "officer"
DELEGATES = _table(officer=("本机关人员",), organ=("行政机关",), organisation=("组织",), person=("个人",))

SUSPENDABLE = _table(item=("事项",), post=("岗位",), person=("人员",), case=("案件",))

OBJECTS = _table(
    natural_person=("自然人",),
    enterprise=("企业法人", "企业"),
    public_institution=("事业法人",),
    social_organisation=("社会组织法人",),
    unincorporated=("非法人企业",),
    government_organ=("行政机关",),
)

FACT_TYPES = _table(boolean=("是非",), integer=("整数",), money=("金额",), duration=("时长",), date=("日期",), choice=("选项",))

LIMIT_UNITS = _table(day=("日", "天"), workday=("工作日",), month=("月",), year=("年",), hour=("小时",))

DISCLOSURE_MODES = _table(proactive=("主动公开",), on_request=("依申请公开",), withheld=("不予公开",))

ARTEFACTS = _table(decision=("决策公开",), management=("管理公开",), service=("服务公开",), result=("结果公开",))

DISCLOSURE_TAGS = _table(
    major_matter=("重大事项",), public_concern=("普遍关注",), livelihood=("切身利益",), corruption_prone=("易发腐败",)
)

# Kinds of penalty (行政处罚法 9) and of compulsion (行政强制法 9, 12). Which instrument may create which: `lawfulness.py`.
PENALTIES = _table(
    warning=("警告",),
    criticism=("通报批评",),
    fine=("罚款",),
    confiscation=("没收违法所得、没收非法财物", "没收"),
    licence_suspended=("暂扣许可证件",),
    downgrade=("降低资质等级",),
    licence_revoked=("吊销许可证件",),
    business_licence_revoked=("吊销营业执照",),
    business_restricted=("限制开展生产经营活动",),
    business_stopped=("责令停产停业",),
    closure=("责令关闭",),
    employment_restricted=("限制从业",),
    detention=("行政拘留",),
)
COMPULSORY_MEASURES = _table(
    restrict_liberty=("限制公民人身自由",),
    seal=("查封",),
    seize=("扣押",),
    freeze=("冻结存款、汇款", "冻结"),
    other_measure=("其他强制措施",),
)
COMPULSORY_EXECUTIONS = _table(
    late_fine=("加处罚款或者滞纳金",),
    transfer=("划拨存款、汇款", "划拨"),
    auction=("拍卖或者依法处理", "拍卖"),
    removal=("排除妨碍、恢复原状", "强制拆除"),
    substitute=("代履行",),
    other_execution=("其他强制执行",),
)
MEASURES = MappingProxyType({**PENALTIES, **COMPULSORY_MEASURES, **COMPULSORY_EXECUTIONS})

# Why something is not public (政府信息公开条例 14–16).
WITHHOLDING_GROUNDS = _table(
    secret=("国家秘密、法律禁止或者危及安全稳定", "S1"),
    private=("商业秘密或者个人隐私", "S2"),
    internal=("内部事务、过程性信息或者执法案卷", "S3"),
)

# Three administrators with separated rights (三员分立, GB/T 22239).
ADMINISTRATIONS = _table(system=("系统管理员",), security=("安全管理员",), audit=("审计管理员",))

# What a prohibition may answer with: codes that say what is wrong with the act, never who acts.
PROHIBITION_CODES = MappingProxyType(
    {
        "OUT_OF_SCOPE": ("不属于本事项",),
        "DISCRETION_OUT_OF_BOUNDS": ("超出幅度",),
        "LIMITATION_EXPIRED": ("超过时效",),
        "TIME_BARRED": ("禁止的时间或者方式",),
        "STEP_OUT_OF_ORDER": ("尚不得办理",),
        "MISSING_REQUIREMENT": ("缺少要件",),
        "RIGHTS_NOT_NOTIFIED": ("未告知权利",),
        "LEGAL_REVIEW_REQUIRED": ("未经审核",),
        "COLLECTIVE_REQUIRED": ("未经集体讨论",),
        "NO_POWER": ("无权",),
    }
)

# What is marked and not refused, by gravity (电子监察红黄牌).
FLAG_GRADES = _table(blue=("提醒", "蓝"), yellow=("黄牌", "黄"), red=("红牌", "红"))
# What a limit of an item may say of its beginning, beside the id of a step: the verb of the step that is meant.
LIMIT_STARTS = MappingProxyType(
    {
        "accepted": "accept",
        "application_received": "accept",
        "complaint_received": "accept",
        "filed": "file",
        "executed": "execute",
    }
)

# The catalogue of rules: when a rule is checked, and how far its text was verified.
PHASES = MappingProxyType({"C": ("编译",), "D": ("决定",), "A": ("事后",)})
STANDINGS = _table(read=("已核原文",), partly=("部分核对",), memory=("待核",))

RISK_GRADES = _table(first=("一级",), second=("二级",), third=("三级",))


def spellings(table: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Every accepted spelling of a table → its identifier."""
    known: dict[str, str] = {}
    for identifier, labels in table.items():
        known[identifier] = identifier
        known.update(dict.fromkeys(labels, identifier))
    return known


def label(table: Mapping[str, tuple[str, ...]], identifier: str) -> str:
    """The Chinese label of an identifier, or the identifier itself where the table has none."""
    return table[identifier][0] if identifier in table else identifier
