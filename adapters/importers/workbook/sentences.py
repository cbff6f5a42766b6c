"""Every sentence that an import says about itself, by its code, in Chinese and English.

Each is for the clerk who holds the workbook: what is so, and then, after the dash, what to do about it. Codes are stable.
"""

from types import MappingProxyType
from typing import NamedTuple


class _Sentence(NamedTuple):
    """What is so and what to do, in Chinese, then the same in English."""

    zh: str
    zh_remedy: str
    en: str
    en_remedy: str


_ROWS = {
    "ABOVE_HEADING": _Sentence(
        "表头上方的标题或说明，没有当作事项",
        "通常不用处理；若是事项，请移到表头下方再导入",
        "a title or note above the heading row, not taken for an item",
        "usually nothing to do; if it is an item, move it below the heading and import again",
    ),
    "NO_HEADING": _Sentence(
        "整张工作表找不到表头，{n} 行都没有导入",
        "若是清单，请加一行表头，写明事项名称和权力类型、实施依据、行使主体等，再导入；若不是清单，不用处理",
        "the sheet has no heading row that can be recognised; none of its {n} rows was imported",
        "if it is a list, add a heading row with 事项名称 and two more (权力类型, 实施依据 …); else nothing to do",
    ),
    "NOTE": _Sentence(
        "备注、说明或合计，没有当作事项",
        "通常不用处理；若是事项，请改掉开头的“备注”“合计”等字再导入",
        "a note or a total, not taken for an item",
        "usually nothing to do; if it is an item, reword its beginning and import again",
    ),
    "TOO_FEW_VALUES": _Sentence(
        "本行自己的内容不足两格，没有当作事项",
        "若是小标题，不用处理；若是事项，请补齐其他列再导入",
        "fewer than two values of its own, not taken for an item",
        "if it is a subtitle, nothing to do; if it is an item, fill in the other columns and import again",
    ),
    "NO_NAME": _Sentence(
        "本行没有事项名称，没有导入",
        "请补上事项名称再导入",
        "the row has no item name and was not imported",
        "fill in the name and import again",
    ),
    "OUTSIDE_COLUMNS": _Sentence(
        "本行内容只在没有表头的列里，没有导入",
        "若是事项，请移到有表头的列，或给该列写上表头，再导入",
        "values only in columns without a heading; the row was not imported",
        "if it is an item, move it under the headings, or give the column a heading, and import again",
    ),
}

_WORKBOOK = {
    "SHEET_HIDDEN": _Sentence(
        "工作表是隐藏的，仍已导入",
        "若是旧版或草稿，请删去该工作表再导入",
        "the sheet is hidden and was imported all the same",
        "if it is an old version or a draft, delete the sheet and import again",
    ),
    "NOT_A_SHEET": _Sentence(
        "“{name}”是图表或宏，没有读取",
        "清单不在其中就不用处理",
        "{name} is a chart or macro and was not read",
        "nothing to do unless it holds part of the list",
    ),
    "NO_STORED_VALUE": _Sentence(
        "公式没有保存结果，或结果是错误值，读作空格",
        "请在表格软件中重新计算、保存，再导入",
        "a formula without a stored result, or an error value, was read as empty",
        "recalculate and save the workbook in a spreadsheet program and import again",
    ),
    "UNKNOWN_COLUMN": _Sentence(
        "不认识列名“{heading}”，这一列的 {n} 格没有导入（如：{values}）",
        "若是清单内容，请改用通行的列名再导入，或手工写入 powers.yaml；若不是，不用处理",
        "column {heading} is not known; its {n} values (such as {values}) were not imported",
        "if they belong to the list, use a usual heading and import again, or write them into powers.yaml by hand",
    ),
    "UNTITLED_COLUMN": _Sentence(
        "{column} 列没有列名，这一列的 {n} 格没有导入（如：{values}）",
        "若是清单内容，请写上列名再导入，或手工写入 powers.yaml；若不是（如下拉选项、批注），不用处理",
        "column {column} has no heading; its {n} values (such as {values}) were not imported",
        "if they belong to the list, give it a heading and import again; if not (choices, remarks), nothing to do",
    ),
    "REPEATED_COLUMN": _Sentence(
        "列“{heading}”与另一列意思相同，这一列的 {n} 格没有导入（如：{values}）",
        "若应取这一列，请改掉另一列的列名再导入",
        "column {heading} means the same as another; its {n} values (such as {values}) were not imported",
        "if this is the right one, rename the other and import again",
    ),
    "COLUMNS_NOT_CARRIED": _Sentence(
        "策略文件不收以下各列，内容只留在原表中（括号内为格数）：{columns}",
        "不影响授权，不用处理；需要时查原表",
        "policy files have no place for these columns; their values (as many as in parentheses) stay in the workbook: {columns}",
        "nothing to do, deciding does not need them; look them up in the workbook",
    ),
    "NO_ITEMS": _Sentence(
        "有表头，下面没有事项",
        "若应有事项，请核对它们是否写在表头下方",
        "a heading row, but no items below it",
        "if there should be items, check that they stand below the heading",
    ),
    "CLASS_NO_COLUMN": _Sentence(
        "表头里没有权力类型这一列，{n} 个事项都记为其他行政权力，按其制约模板办理",
        "请在原表加上“权力类型”列再导入",
        "the sheet has no column 权力类型 (class); all {n} items were set to 其他行政权力 (other), whose control profile applies",
        "add the column in the workbook and import again",
    ),
    "LEVEL_NO_COLUMN": _Sentence(
        "表头里没有行使层级这一列，{n} 个事项都按{level}填写",
        "请核对；不对请用 --level 指定，层级不一的请在原表加上“实施层级”列，再导入",
        "the sheet has no column 实施层级 (level); all {n} items were set to {level}",
        "check it; if wrong, import again with --level, or add the column in the workbook where levels differ",
    ),
    "BASIS_NO_COLUMN": _Sentence(
        "表头里没有实施依据这一列，{n} 个事项都没有依据",
        "请在原表加上“实施依据”列再导入",
        "the sheet has no column 实施依据 (legal basis); all {n} items are without one",
        "add the column in the workbook and import again",
    ),
    "BODY_NO_COLUMN": _Sentence(
        "表头里没有行使主体这一列，{n} 个事项都按“{value}”填写",
        "请核对；不对请在原表加上“行使主体”列再导入",
        "the sheet has no column 行使主体 (body); all {n} items were set to {value}",
        "check it; if wrong, add the column in the workbook and import again",
    ),
    "UNIT_NO_COLUMN": _Sentence(
        "表头里没有承办机构这一列，{n} 个事项的岗位都无从落实到科室",
        "请在原表加上“承办机构”列再导入",
        "the sheet has no column 承办机构 (handling unit); the posts of all {n} items belong to no section",
        "add the column in the workbook and import again",
    ),
    "YEAR_IS_NO_DATE": _Sentence(
        "文件名写的是 {year} 年，清单没有写各事项自哪天起有效；没有写日期，{n} 个事项都按现行有效办理",
        "有确切生效或失效日期的事项，请在 powers.yaml 该事项下写 effective",
        "the file name says {year}, the list says no day of validity; no date was written and all {n} items count as in force",
        "where an item begins or ends on a certain day, write it under `effective` in powers.yaml",
    ),
}

_CELLS = {
    "CONTROL_CHARACTERS": _Sentence(
        "单元格里有看不见的控制字符，已去除",
        "请核对这一格的文字是否完整",
        "invisible control characters were removed from the cell",
        "check that its text is whole",
    ),
    "PERSON_NUMBER_REMOVED": _Sentence(
        "单元格里有公民身份号码，已隐去",
        "清单不写个人，请从原表中删去",
        "a citizen's identity number was removed from the cell",
        "a power list names no persons; delete it from the workbook too",
    ),
    "CODE_IS_NUMBER": _Sentence(
        "编码 {value} 在表格里存成了数字，前导零可能已丢失",
        "请与正式编码核对；不对请把单元格改为文本、重写编码，再导入",
        "the code {value} is stored as a number and may have lost leading zeros",
        "compare it with the official code; if wrong, make the cell text, write it again and import again",
    ),
    "TEXT_CUT": _Sentence(
        "内容超过 {n} 字，后面的已截断",
        "请在原表中写短些再导入，或在 powers.yaml 中核对",
        "longer than {n} characters; the rest was cut off",
        "shorten it in the workbook and import again, or check it in powers.yaml",
    ),
    "CLASS_MISSING": _Sentence(
        "权力类型空白，暂记为其他行政权力，按其制约模板办理",
        "请在原表补上类型再导入",
        "the class is blank; set to 其他行政权力 (other), whose control profile applies",
        "fill in the class in the workbook and import again",
    ),
    "CLASS_UNKNOWN": _Sentence(
        "不认识权力类型“{value}”，暂记为其他行政权力，按其制约模板办理",
        "请在原表改为法定类型（如行政许可、行政处罚）再导入",
        "unknown class {value}; set to 其他行政权力 (other), whose control profile applies",
        "correct it in the workbook (行政许可, 行政处罚 …) and import again",
    ),
    "LEVEL_MISSING": _Sentence(
        "行使层级空白，按{level}填写",
        "请核对；不对请在原表补上再导入",
        "the level is blank and was set to {level}",
        "check it; if wrong, fill it in in the workbook and import again",
    ),
    "LEVEL_UNKNOWN": _Sentence(
        "不认识行使层级“{value}”，按{level}填写，原文并入职责权限",
        "请核对；不对请在原表改为国家级、省级、市级、县级等再导入",
        "unknown level {value}, set to {level}; its text was kept in `scope`",
        "check it; if wrong, write 国家级, 省级, 市级, 县级 … in the workbook and import again",
    ),
    "LEVEL_SEVERAL": _Sentence(
        "一行写了几个行使层级“{value}”，按{level}填写",
        "请在原表每个层级写一行再导入；只行使一级的，只留这一级",
        "several levels in one row ({value}), set to {level}",
        "give each level a row of its own in the workbook, or keep the one that is exercised, and import again",
    ),
    "BASIS_MISSING": _Sentence(
        "实施依据空白",
        "请在原表补上法律、法规或规章的名称和条款再导入",
        "the legal basis is blank",
        "fill in the law, regulation or rule and its article in the workbook and import again",
    ),
    "BASIS_NO_TITLE": _Sentence(
        "实施依据里找不到文件名称：{value}",
        "请在原表用《》写明名称，后面写条款，再导入",
        "no title could be found in the legal basis: {value}",
        "write the title in 《》 and then the article in the workbook and import again",
    ),
    "BASIS_UNCLASSIFIED": _Sentence(
        "看不出《{value}》是法律、法规、规章还是规范性文件",
        "请在 powers.yaml 该依据的 instrument 中写明",
        "whether {value} is a law, regulation, rule or normative document is not clear",
        "write it under `instrument` of this basis in powers.yaml",
    ),
    "ARTICLES_CUT": _Sentence(
        "《{value}》引用的条款过多，只保留了前 {n} 条",
        "要用其余条款，请在 powers.yaml 的 legal_basis 中补写",
        "{value}: too many articles cited, the first {n} were kept",
        "add the others under `legal_basis` in powers.yaml where they are needed",
    ),
    "BODY_MISSING": _Sentence(
        "行使主体空白，按“{value}”填写",
        "请核对；不对请在原表补上再导入",
        "the body is blank and was set to {value}",
        "check it; if wrong, fill it in in the workbook and import again",
    ),
    "BODY_TEMPLATE": _Sentence(
        "行使主体“{value}”是范本用语，不是机关名称",
        "请在原表改为机关全称再导入",
        "the body {value} is a phrase of the model list, not an organ",
        "write the organ's full name in the workbook and import again",
    ),
    "UNIT_MISSING": _Sentence(
        "承办机构空白，岗位无从落实到科室",
        "请在原表补上科室再导入",
        "the handling unit is blank, so the posts belong to no section",
        "fill in the section in the workbook and import again",
    ),
    "UNIT_TEMPLATE": _Sentence(
        "承办机构“{value}”是范本用语，不是科室名称",
        "请在原表改为具体科室再导入",
        "the unit {value} is a phrase of the model list, not a section",
        "name the section in the workbook and import again",
    ),
    "SEVERAL_UNITS_NO_LEAD": _Sentence(
        "有几个承办机构，清单没写由谁牵头，暂由第一个“{value}”牵头",
        "不对请在 powers.yaml 把 lead: true 移到牵头机构",
        "several units and none named as lead; the first, {value}, was set to lead",
        "if another leads, move `lead: true` to it in powers.yaml",
    ),
    "ACCOUNTABLE_UNKNOWN": _Sentence(
        "追责对象“{value}”不是承办人、内设机构负责人、分管领导中的任何一种，没有导入",
        "请在 powers.yaml 的 accountable 中写明",
        "the accountable parties {value} are neither handler, section head nor leader and were not imported",
        "write them under `accountable` in powers.yaml",
    ),
    "ACCOUNTABLE_PARTLY": _Sentence(
        "追责对象中这部分没有导入：{value}",
        "若与承办人、内设机构负责人、分管领导有出入，请核对 powers.yaml 的 accountable",
        "this part of the accountable parties was not imported: {value}",
        "if it differs from handler, section head and leader, check `accountable` in powers.yaml",
    ),
    "SAME_ITEM": _Sentence(
        "与 {first} 的事项名称、子项、类型、主体完全相同，标识另编为 {value}",
        "重复的请删去一行；确是两个事项的请用子项名称区分，再导入",
        "same name, sub-item, class and body as the item at {first}; numbered {value}",
        "if repeated, delete one row; if they are two items, tell them apart by the sub-item, and import again",
    ),
}

_SETTINGS = {
    "REGION_UNKNOWN": _Sentence(
        "没有给出行政区划，暂记为 000000（全国），任何地方的请求都算在辖区内",
        "请加上 --region（例如 --region 650200）再导入",
        "no region was given; set to 000000, the whole country, so a request from any place counts as inside",
        "import again with --region, for example --region 650200",
    ),
    "LEVEL_ASSUMED": _Sentence(
        "机关层级取清单中最常见的{level}",
        "不对请用 --level 指定，再导入",
        "the organ's level was taken from the list: {level}",
        "if wrong, import again with --level",
    ),
    "LEVEL_FROM_REGION": _Sentence(
        "清单没有写行使层级，机关层级按行政区划 {region} 定为{level}",
        "不对请用 --level 指定，再导入",
        "the list names no level; the organ's was derived from its region {region}: {level}",
        "if wrong, import again with --level",
    ),
    "LEVEL_GUESSED": _Sentence(
        "清单没有写行使层级，又没有给出行政区划，机关层级暂定为{level}",
        "请用 --region 或 --level 指定，再导入",
        "the list names no level and no region was given; the organ's level was set to {level}",
        "import again with --region or --level",
    ),
    "NAME_ASSUMED": _Sentence(
        "机关名称取清单中最常见的“{value}”",
        "不对请用 --name 指定，再导入",
        "the organ's name was taken from the list: {value}",
        "if wrong, import again with --name",
    ),
    "NAME_GUESSED": _Sentence(
        "清单没有写行使主体，又没有给出机关名称，名称暂写为机关标识“{value}”",
        "请用 --name 写明机关全称，再导入",
        "the list names no body and no name was given; the organ's name was set to its identifier {value}",
        "import again with --name and the organ's full name",
    ),
    "SEVERAL_BODIES": _Sentence(
        "这些文件的行使主体不是同一个机关（{value}），已写成一个机关",
        "不对请把各机关的文件分开导入",
        "these files belong to several bodies ({value}) and were written as one organ",
        "if wrong, import the files of each organ by themselves",
    ),
}

SENTENCES = MappingProxyType(_ROWS | _WORKBOOK | _CELLS | _SETTINGS)


def sentence(code: str, **facts: object) -> tuple[str, str]:
    """The sentence of `code` in Chinese and English."""
    known = SENTENCES[code]
    zh, en = f"{known.zh}——{known.zh_remedy}", f"{known.en} — {known.en_remedy}"
    return zh.format_map(facts), en.format_map(facts)
