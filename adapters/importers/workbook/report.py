"""What an import says about itself: rows it could not place, doubts it had, and the count of everything.

Sentences are kept in one table so that Chinese and English say the same. Codes are stable.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A non-empty row (or a whole sheet, `rows` > 1) that is neither item nor heading. `row` is 0 for a whole sheet."""

    file: str
    sheet: str
    row: int
    column: str
    code: str
    zh: str
    en: str
    values: tuple[str, ...]
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning of the import: what was guessed, changed or left out, and at which cell. `row` is 0 for a whole file or sheet."""

    file: str
    sheet: str
    row: int
    cell: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one file: non-empty rows = items + headings + unplaced."""

    rows: int
    items: int
    headings: int
    unplaced: int


_SENTENCES = MappingProxyType(
    {
        # rows that were not placed
        "ABOVE_HEADING": ("表头之前的标题或说明", "title or note above the heading row"),
        "NO_HEADING": (
            "整张工作表没有可识别的表头（至少需要事项名称和另外两列），共 {n} 行",
            "the sheet has no heading row that can be recognised (item name and two more are needed); {n} rows",
        ),
        "NOTE": ("备注、说明或合计行，不是事项", "a note or a total, not an item"),
        "TOO_FEW_VALUES": ("本行自有内容不足两格，不像事项", "fewer than two values of its own: not taken for an item"),
        "NO_NAME": ("本行没有事项名称", "the row has no item name"),
        "OUTSIDE_COLUMNS": ("内容只在没有表头的列里", "values only in columns without a heading"),
        # the workbook
        "SHEET_HIDDEN": ("工作表是隐藏的，仍已导入——请确认", "the sheet is hidden and was imported all the same; please confirm"),
        "NOT_A_SHEET": ("“{name}”是图表或宏，不是工作表，未读取", "{name} is a chart or macro, not a worksheet; it was not read"),
        "NO_STORED_VALUE": (
            "公式没有保存结果，或结果是错误值，读作空格——请在表格软件中重新计算并保存",
            "a formula without a stored result, or an error value, read as empty: recalculate and save the workbook",
        ),
        "UNKNOWN_COLUMN": (
            "列“{heading}”不认识，{n} 格内容未导入——请改表头或手工补录",
            "column {heading} is not known; its {n} values were not imported: rename the heading or add them by hand",
        ),
        "REPEATED_COLUMN": (
            "列“{heading}”与前面的列重复，{n} 格内容未导入",
            "column {heading} repeats an earlier one; its {n} values were not imported",
        ),
        "COLUMN_NOT_CARRIED": (
            "列“{heading}”在语言中没有对应的键，{n} 格内容未导入，请查原表",
            "column {heading} has no key in the language; its {n} values stay in the workbook only",
        ),
        "NO_ITEMS": ("有表头而没有事项", "a heading row, but no items"),
        # cells
        "CONTROL_CHARACTERS": ("单元格里有控制字符，已去除", "control characters were removed from the cell"),
        "PERSON_NUMBER_REMOVED": ("单元格里有公民身份号码，已隐去", "a citizen's identity number was removed from the cell"),
        "CODE_IS_NUMBER": (
            "编码存成了数字，前导零可能已丢失——请核对：{value}",
            "the code is stored as a number and may have lost zeros: {value}",
        ),
        "TEXT_CUT": ("内容超过 {n} 字，已截断——请核对", "longer than {n} characters and cut: please check"),
        "CLASS_MISSING": (
            "权力类型空白，暂记为其他行政权力——请补上",
            "the class is blank and was set to other: please fill it in",
        ),
        "CLASS_UNKNOWN": (
            "不认识权力类型“{value}”，暂记为其他行政权力",
            "unknown class {value}, set to other: please correct it",
        ),
        "LEVEL_MISSING": ("行使层级空白，按{level}填写", "the level is blank and was set to {level}"),
        "LEVEL_UNKNOWN": (
            "不认识行使层级“{value}”，按{level}填写，原文并入职责",
            "unknown level {value}, set to {level}; its text was kept in scope",
        ),
        "LEVEL_SEVERAL": (
            "一行写了几个行使层级“{value}”，按{level}填写——请拆分",
            "several levels in one row ({value}), set to {level}: please split the item",
        ),
        "BASIS_MISSING": ("实施依据空白——请补上", "the legal basis is blank: please fill it in"),
        "BASIS_NO_TITLE": ("实施依据里找不到文件名称：{value}", "no title could be found in the legal basis: {value}"),
        "BASIS_UNCLASSIFIED": (
            "《{value}》的文种无法判断——请填写",
            "the kind of instrument of {value} is not clear: please fill it in",
        ),
        "ARTICLES_CUT": ("《{value}》引用条款过多，只保留前 {n} 条", "{value}: too many articles cited, the first {n} were kept"),
        "BODY_MISSING": ("行使主体空白，按“{value}”填写", "the body is blank and was set to {value}"),
        "BODY_TEMPLATE": (
            "行使主体“{value}”是模板用语，不是机关名称——请改正",
            "the body {value} is a template phrase, not an organ: please correct it",
        ),
        "UNIT_MISSING": ("承办机构空白——请补上", "the handling unit is blank: please fill it in"),
        "UNIT_TEMPLATE": (
            "承办机构“{value}”是模板用语——请改成具体科室",
            "the unit {value} is a template phrase: please name the unit",
        ),
        "SEVERAL_UNITS_NO_LEAD": (
            "有几个承办机构，清单未写牵头，暂以第一个“{value}”牵头",
            "several units and no lead named; the first, {value}, was set to lead",
        ),
        "ACCOUNTABLE_UNKNOWN": (
            "追责对象“{value}”没有对应的层次",
            "the accountable parties {value} match none of the three tiers",
        ),
        "ACCOUNTABLE_PARTLY": (
            "追责对象中这部分未导入：{value}",
            "this part of the accountable parties was not imported: {value}",
        ),
        "SAME_ITEM": (
            "与前面的事项完全同名同类同主体，标识加了序号：{value}",
            "same name, class and body as an earlier item; numbered {value}",
        ),
        # settings
        "REGION_UNKNOWN": ("未给出行政区划，暂记为 000000——请用 --region 指定", "no region given, set to 000000: pass --region"),
        "LEVEL_ASSUMED": (
            "机关层级取清单中最常见的{level}——可用 --level 指定",
            "the organ's level was taken from the list ({level}): pass --level",
        ),
        "NAME_ASSUMED": (
            "机关名称取清单中最常见的“{value}”——可用 --name 指定",
            "the organ's name was taken from the list ({value}): pass --name",
        ),
        "SEVERAL_BODIES": (
            "这些文件的行使主体不是同一个机关（{value}），已写入同一机关——可分开导入",
            "these files belong to several bodies ({value}) and were written as one organ: if wrong, import one by one",
        ),
    }
)


def sentence(code: str, **facts: object) -> tuple[str, str]:
    """The sentence of `code` in Chinese and English."""
    zh, en = _SENTENCES[code]
    return zh.format_map(facts), en.format_map(facts)
