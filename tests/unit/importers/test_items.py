"""What a row becomes: class, level, body, units, lists, identifiers, and text that YAML must not misread."""

import unicodedata

import pytest

from adapters.importers.workbook import Import, import_workbooks
from adapters.importers.workbook.items import read_level
from adapters.importers.workbook.text import numbered, single_line, unit_names
from adapters.importers.workbook.units import initials
from tests.unit.importers.workbooks import FILE, HEADINGS, codes, errors, imported, policies, row, workbook


def one(**fields: str) -> Import:
    return imported([HEADINGS, row(fields.pop("name", "甲"), **fields)])


@pytest.mark.parametrize(
    ("text", "identifier", "warning"),
    [
        ("行政\n处罚", "penalty", ""),
        ("其它行政权力", "other", ""),
        ("", "other", "CLASS_MISSING"),
        ("行政神游", "other", "CLASS_UNKNOWN"),
    ],
)
def test_class(text: str, identifier: str, warning: str) -> None:
    result = one(power_class=text)
    assert result.items[0].power_class == identifier
    assert [code for code in codes(result) if code.startswith("CLASS")] == ([warning] if warning else [])


@pytest.mark.parametrize(
    ("text", "found", "rest"),
    [
        ("地州\n市级", ("3",), ""),
        ("地州市级/市级", ("3",), ""),
        ("市级、县级", ("3", "4"), ""),
        ("镇(乡、街道)级", ("5",), ""),
        ("地州市级；负责对外劳务合作", ("3",), "负责对外劳务合作"),
        ("负责本级办公用房", (), "负责本级办公用房"),
        ("", (), ""),
    ],
)
def test_level(text: str, found: tuple[str, ...], rest: str) -> None:
    assert (read_level(text).found, read_level(text).rest) == (found, rest)


def test_a_silent_level_takes_that_of_the_rest_and_loses_no_text() -> None:
    result = imported(
        [HEADINGS, row("甲", level=""), row("乙", level="负责本级"), row("丙", level="市级、县级"), row("丁", level="市级")]
    )
    assert [item.data["level"] for item in result.items] == ["3", "3", "3", "3"]
    assert [item.data.get("scope") for item in result.items] == [None, {"function": "负责本级"}, {"function": "市级、县级"}, None]
    assert {"LEVEL_MISSING", "LEVEL_UNKNOWN", "LEVEL_SEVERAL"} <= set(codes(result))


def test_a_blank_basis_is_an_item_all_the_same() -> None:
    result = one(basis="")
    assert result.items[0].data["legal_basis"] == [
        {"instrument": "unclassified", "title": "（清单未载明依据）", "role": "creates"}
    ]
    assert "BASIS_MISSING" in codes(result)


def test_body_blank_and_template() -> None:
    result = imported([HEADINGS, row("甲", body=""), row("乙", body="地州市\n农业农村局"), row("丙")])
    assert [item.data["body"] for item in result.items] == [
        {"name": "某市住建局"},
        {"name": "地州市农业农村局"},
        {"name": "某市住建局"},
    ]
    assert {"BODY_MISSING", "BODY_TEMPLATE"} <= set(codes(result))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("建管科、质安科；综合科", ["建管科", "质安科", "综合科"]),
        ("住房科（征收办、补偿办）", ["住房科（征收办、补偿办）"]),
        ("消防救援支队\n各区消防救援大队", ["消防救援支队", "各区消防救援大队"]),
        ("社会经\n济统计\n科 、综\n合科", ["社会经济统计科", "综合科"]),
        ("检测站/质安科", ["检测站", "质安科"]),
        ("建管科、建管科", ["建管科"]),
        (" ", []),
    ],
)
def test_unit_names(text: str, names: list[str]) -> None:
    assert unit_names(text) == names


def test_several_units_the_first_leads() -> None:
    result = one(units="建筑市场监管科、质安科")
    assert result.items[0].data["units"] == [{"unit": "demo-jzscjgk", "lead": True}, {"unit": "demo-zak"}]
    assert "SEVERAL_UNITS_NO_LEAD" in codes(result)


def test_blank_unit_is_named_so() -> None:
    result = one(units="")
    assert result.items[0].units == ("（未载明承办机构）",)
    assert "UNIT_MISSING" in codes(result)


def test_each_unit_has_three_posts_to_be_confirmed() -> None:
    posts = policies(one(units="建筑市场监管科")).organs["demo"].posts
    assert {full: (post.name, post.rank, post.confirmed) for full, post in posts.items()} == {
        "demo-jzscjgk.handler": ("建筑市场监管科承办人", "handler", False),
        "demo-jzscjgk.section_head": ("建筑市场监管科负责人", "section_head", False),
        "demo-jzscjgk.leader": ("建筑市场监管科分管领导", "leader", False),
    }


def test_unit_ids_with_the_same_initials_are_told_apart() -> None:
    result = imported([HEADINGS, row("甲", units="建管科"), row("乙", units="价格科"), row("丙", units="金管科")])
    assert [item.data["units"][0]["unit"] for item in result.items] == ["demo-jgk", "demo-jgk-2", "demo-jgk-3"]


@pytest.mark.parametrize(
    ("name", "letters"), [("建筑市场监管科", "jzscjgk"), ("12345热线办", "12345rxb"), ("——", "unit"), ("局" * 40, "j" * 24)]
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_lists_are_split_and_tiers_recognised() -> None:
    headings = [*HEADINGS, "责任事项内容", "追责对象范围", "追责情形", "职权编码"]
    duties = "直接实施责任：\n1.公示依据；\n2.按期\n办结。\n指导监督责任：\n3.指导下级。"
    values = [
        *row("甲"),
        duties,
        "1.具体承办\n人；2.内设机构负责人；3.单位法定代表人或分管领导。",
        "1.不受理的；\n2.其他。",
        "0123",
    ]
    data = imported([headings, values]).items[0].data
    assert data["duties"] == ["直接实施责任：", "1.公示依据；", "2.按期办结。", "指导监督责任：", "3.指导下级。"]
    assert data["accountable"] == ["handler", "section_head", "leader"]
    assert data["accountability_grounds"] == ["1.不受理的；", "2.其他。"]
    assert data["codes"] == [{"scheme": "local.demo", "value": "0123"}]


def test_what_is_no_tier_is_reported() -> None:
    result = imported([[*HEADINGS, "追责对象"], [*row("甲"), "承办人、村民小组"], [*row("乙"), "村民小组"]])
    assert [item.data.get("accountable") for item in result.items] == [["handler"], None]
    assert {"ACCOUNTABLE_PARTLY", "ACCOUNTABLE_UNKNOWN"} <= set(codes(result))


def test_a_code_stored_as_a_number_is_doubted() -> None:
    result = imported([[*HEADINGS, "职权编码"], [*row("甲"), 12345]])
    assert [(n.cell, n.code) for n in result.warnings if n.code == "CODE_IS_NUMBER"] == [("I2", "CODE_IS_NUMBER")]


def test_identifiers_survive_insertion_and_renumbering() -> None:
    before = imported([HEADINGS, row("甲"), row("乙", power_class="行政处罚")])
    after = imported([HEADINGS, row("新", seq="1"), row("甲", seq="2"), ["说明"], row("乙", seq="3", power_class="行政处罚")])
    assert {item.id for item in before.items} < {item.id for item in after.items}
    assert before.items[0].id.startswith("demo-xk-")
    assert before.items[1].id.startswith("demo-cf-")


def test_true_duplicates_are_numbered() -> None:
    result = imported([HEADINGS, row("甲"), row("甲")])
    first, second = result.items
    assert second.id == f"{first.id}-2"
    (said,) = [notice for notice in result.warnings if notice.code == "SAME_ITEM"]
    assert "与 B2 的事项名称" in said.zh


def test_a_duplicate_in_another_file_is_named_with_its_file() -> None:
    """Two lists of one organ may hold the same item; the second says where the first stands."""
    data = workbook([HEADINGS, row("甲")])
    result = import_workbooks([("a.xlsx", data), ("b.xlsx", data)], organ="demo")
    (said,) = [notice for notice in result.warnings if notice.code == "SAME_ITEM"]
    assert said.file == "b.xlsx"
    assert "the item at a.xlsx [Sheet] B2;" in said.en


def test_the_same_files_give_the_same_bytes() -> None:
    data = workbook([HEADINGS, row("甲"), row("乙", units="建管科、质安科")])
    first, second = (import_workbooks([(FILE, data)], organ="demo") for _ in range(2))
    assert first == second
    assert first.powers_yaml.startswith("# 由 quanheng import workbook 生成")


@pytest.mark.parametrize(
    "name", ["yes", "Off", "n", "null", "~", "true", "007", "0890", "12", "1e5", "2024-01-01", ": a", "# x", "- a", "{a}", "'"]
)
def test_words_that_yaml_would_misread_stay_text(name: str) -> None:
    result = one(name=name, units=name, body=name)
    assert [entry.item.name for entry in policies(result).items.values()] == [name]


def test_text_is_normalised_and_cleaned() -> None:
    result = one(name="e\u0301甲\u200b\n乙\ufeff", units="科\u3000室")
    assert result.items[0].name == unicodedata.normalize("NFC", "e\u0301甲乙")
    assert "CONTROL_CHARACTERS" in codes(result)


def test_a_citizens_number_never_reaches_the_files() -> None:
    result = one(basis="联系人110101199003078515《建筑法》第一条")
    assert "110101199003078515" not in result.powers_yaml
    assert "PERSON_NUMBER_REMOVED" in codes(result)


def test_very_long_text_is_cut_or_divided() -> None:
    result = imported([[*HEADINGS, "责任事项"], [*row("甲" * 1500), "责" * 30_000]])
    assert len(result.items[0].name) == 1000
    assert "".join(result.items[0].data["duties"]) == "责" * 30_000
    assert "TEXT_CUT" in codes(result)


def test_the_year_in_the_file_name_is_no_first_day() -> None:
    """The date would decide requests; it is not written, and one warning for the file says so with the number of items."""
    result = imported([HEADINGS, row("甲"), row("乙")])
    (said,) = [notice for notice in result.warnings if notice.code == "YEAR_IS_NO_DATE"]
    assert (said.file, said.row) == (FILE, 0)
    assert "2024 年" in said.zh
    assert "2 个事项" in said.zh
    assert [entry.item.effective.start for entry in policies(result).items.values()] == [None, None]


def test_nothing_is_written_that_the_list_does_not_say() -> None:
    """Dates, status, version and disclosure stay out of the file unless a list names them."""
    assert {"effective", "status", "version", "disclosure"} & set(one().items[0].data) == set()


def test_several_files_make_one_organ() -> None:
    data = workbook([HEADINGS, row("甲")]), workbook([HEADINGS, row("乙", body="另一局")])
    result = import_workbooks(
        [("a.xlsx", data[0]), ("b.xlsx", data[1])], organ="demo", name="某市", region="650200", level="县级"
    )
    assert errors(result) == []
    assert [item.data["units"][0]["unit"] for item in result.items] == ["demo-jgk", "demo-jgk-2"]
    assert codes(result)[0] == "SEVERAL_BODIES"


def test_single_line_and_numbered() -> None:
    assert single_line(" 建筑 法\n（2019 修正） a  b ") == "建筑法（2019修正）a b"
    assert numbered("前言\n续\n（一）甲\n乙\n2.1米不是编号") == ["前言续", "（一）甲乙2.1米不是编号"]
