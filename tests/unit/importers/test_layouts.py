"""Where things stand: headings by meaning, merged cells, notes, page breaks, several sheets, and the account of every row."""

import json

import openpyxl
import pytest

from adapters.importers.workbook import as_json, import_workbooks
from tests.unit.importers.workbooks import BASIS, FILE, HEADINGS, assert_accounted, codes, errors, fill, imported, row, saved


def test_headings_are_found_by_meaning_in_any_order() -> None:
    item = imported(
        [["责任科室", "职权类型", "法律依据", "职权名称", "实施主体"], ["建管科", "处罚", BASIS, "甲", "某局"]]
    ).items[0]
    assert (item.name, item.power_class, item.units, item.data["body"]) == ("甲", "penalty", ("建管科",), {"name": "某局"})
    assert item.row == 2


@pytest.mark.parametrize(
    "heading", ["事项\n名称", "事 项 名 称", "事项名称：", "事项\u00a0名称", "事项名称（全称）", "　权力事项名称"]
)
def test_headings_may_be_broken_or_padded(heading: str) -> None:
    assert imported([["序号", heading, "权力\n类型", "实施依据"], ["1", "甲", "行政许可", BASIS]]).items[0].name == "甲"


def test_a_heading_may_be_split_over_two_rows() -> None:
    rows: list[list[object]] = [
        ["事项", "权力", "实施", "承办"],
        ["名称", "类型", "依据", "机构"],
        ["甲", "行政许可", BASIS, "建管科"],
    ]
    result = imported(rows)
    assert [(item.name, item.units) for item in result.items] == [("甲", ("建管科",))]
    assert result.counts[FILE].headings == 2


def test_level_and_authority_stand_under_one_merged_heading() -> None:
    rows: list[list[object]] = [
        ["事项名称", "权力类型", "实施层级及权限", None, "实施依据"],
        ["甲", "行政许可", "地州\n市级", "负责本级许可", BASIS],
    ]
    data = imported(rows, ["C1:D1"]).items[0].data
    assert (data["level"], data["scope"]) == ("3", {"function": "负责本级许可"})


def test_the_second_line_of_a_level_heading_is_a_heading() -> None:
    rows: list[list[object]] = [
        ["事项名称", "权力类型", "实施层级及权限", None],
        [None, None, "层级", "权限"],
        ["甲", "行政许可", "县级", "全部"],
    ]
    result = imported(rows, ["A1:A2", "B1:B2", "C1:D1"])
    assert [(item.name, item.data["scope"]) for item in result.items] == [("甲", {"function": "全部"})]


def test_merged_cells_are_filled_down() -> None:
    rows = [HEADINGS, row("资质核准", subitem="一级"), [None, None, "二级", "行政处罚", BASIS, None, None, None]]
    items = imported(rows, ["A2:A3", "B2:B3", "F2:F3", "G2:G3", "H2:H3"]).items
    assert [(item.name, item.subitem, item.power_class, item.units) for item in items] == [
        ("资质核准", "一级", "licensing", ("建管科",)),
        ("资质核准", "二级", "penalty", ("建管科",)),
    ]


def test_the_lower_halves_of_merged_cells_are_no_items() -> None:
    result = imported([HEADINGS, row("甲"), [None] * 8, row("乙")], [f"{letter}2:{letter}3" for letter in "ABCDEFGH"])
    assert [(item.name, item.row) for item in result.items] == [("甲", 2), ("乙", 4)]


def test_rows_that_are_no_items_are_reported_with_their_reason() -> None:
    rows = [
        ["附件"],
        ["某局权责清单"],
        HEADINGS,
        row("甲"),
        ["一、行政许可"],
        ["备注：共一项", None, "见附件"],
        ["2", None, None, "行政许可"],
    ]
    result = imported(rows)
    found = [(entry.row, entry.column, entry.code) for entry in result.unplaced]
    assert found == [
        (1, "A", "ABOVE_HEADING"),
        (2, "A", "ABOVE_HEADING"),
        (5, "A", "TOO_FEW_VALUES"),
        (6, "", "NOTE"),
        (7, "", "NO_NAME"),
    ]
    assert result.unplaced[4].values == ("2", "行政许可")
    assert all(entry.zh and entry.en for entry in result.unplaced)


def test_a_note_merged_over_the_row_is_no_item() -> None:
    rows = [HEADINGS, row("甲"), ["说明文字"] + [None] * 7]
    assert [entry.code for entry in imported(rows, ["A3:H3"]).unplaced] == ["TOO_FEW_VALUES"]


def test_repeated_heading_rows_are_not_items() -> None:
    result = imported([HEADINGS, row("甲"), HEADINGS, row("乙")])
    assert [item.name for item in result.items] == ["甲", "乙"]
    assert result.counts[FILE].headings == 2


def test_a_second_table_with_other_columns_is_read_by_its_own_heading() -> None:
    rows = [HEADINGS, row("甲"), ["权力类型", "职权名称", "承办科室"], ["行政奖励", "乙", "综合科"]]
    assert [(item.name, item.power_class) for item in imported(rows).items] == [("甲", "licensing"), ("乙", "award")]


def test_several_sheets_and_one_without_a_list() -> None:
    book = openpyxl.Workbook()
    fill(book.worksheets[0], [HEADINGS, row("甲")])
    fill(book.create_sheet("第二页"), [HEADINGS, row("乙")])
    fill(book.create_sheet("说明"), [["填表说明"], ["一"], ["二"]])
    book.create_sheet("空")
    book.create_sheet("隐藏").sheet_state = "hidden"
    fill(book["隐藏"], [HEADINGS, row("丙")])
    book.create_chartsheet("图")
    result = import_workbooks([(FILE, saved(book))], organ="demo")
    assert [(item.sheet, item.name) for item in result.items] == [("Sheet", "甲"), ("第二页", "乙"), ("隐藏", "丙")]
    assert [(entry.sheet, entry.row, entry.code, entry.rows) for entry in result.unplaced] == [("说明", 0, "NO_HEADING", 3)]
    assert {"SHEET_HIDDEN", "NOT_A_SHEET"} <= set(codes(result))
    assert errors(result) == []
    assert_accounted(result)


def test_unknown_and_repeated_columns_are_reported_once() -> None:
    rows: list[list[object]] = [
        [*HEADINGS, "星级", "事项名称", None],
        [*row("甲"), "五", "甲", "x"],
        [*row("乙"), "四", "乙", "y"],
    ]
    left = [(n.cell, n.code) for n in imported(rows).warnings if "COLUMN" in n.code]
    assert left == [("", "COLUMNS_NOT_CARRIED"), ("I1", "UNKNOWN_COLUMN"), ("J1", "REPEATED_COLUMN"), ("K1", "UNTITLED_COLUMN")]


def test_the_columns_that_policy_files_do_not_carry_are_said_in_one_line() -> None:
    """They need nothing done, so they do not crowd out the others; each is named with its number of values."""
    (said,) = [n for n in imported([[*HEADINGS, "备注"], [*row("甲"), ""], [*row("乙"), "略"]]).warnings if "CARRIED" in n.code]
    assert (said.sheet, said.row) == ("Sheet", 1)
    assert "A 序号 (2)、I 备注 (1)" in said.zh
    assert "A 序号 (2)、I 备注 (1)" in said.en


def test_a_column_that_is_left_out_shows_its_first_values() -> None:
    """Who must decide whether a column matters sees what is in it; values of rows that are no items do not count."""
    items: list[list[object]] = [[*row(str(n)), "五" if n < 2 else "四", f"选项{n}" * n] for n in range(5)]
    rows: list[list[object]] = [[*HEADINGS, "星级", None], *items, ["备注：", "", "", "", "", "", "", "", "x"]]
    said = {notice.cell: notice for notice in imported(rows).warnings if notice.code.endswith("_COLUMN")}
    assert "5 格没有导入（如：五、四）" in said["I1"].zh
    assert "J 列没有列名，这一列的 4 格没有导入（如：选项1、选项2选项2、选项3选项3选项3）" in said["J1"].zh
    assert "column J has no heading; its 4 values (such as 选项1、" in said["J1"].en


def test_values_outside_the_columns_are_reported() -> None:
    rows: list[list[object]] = [[*HEADINGS], [*row("甲")], [None] * 9 + ["行政检查"]]
    result = imported(rows)
    assert [(entry.row, entry.column, entry.code) for entry in result.unplaced] == [(3, "J", "OUTSIDE_COLUMNS")]


def test_the_better_of_two_headings_wins() -> None:
    rows: list[list[object]] = [["项目", "责任主体", "行使主体", "权力类型"], ["甲", "乙局", "丙局", "行政许可"]]
    assert imported(rows).items[0].data["body"] == {"name": "丙局"}


def test_formulas_without_result_and_error_values_are_reported() -> None:
    rows = [HEADINGS, row("甲", seq="=1+1"), row("乙", units="#N/A")]
    lost = [(n.sheet, n.cell) for n in imported(rows).warnings if n.code == "NO_STORED_VALUE"]
    assert lost == [("Sheet", "A2"), ("Sheet", "G3")]


def test_the_account_is_json() -> None:
    result = imported([["清单"], HEADINGS, row("甲")])
    account = json.loads(json.dumps(as_json(result), ensure_ascii=False))
    assert set(account) == {"items", "unplaced", "warnings", "counts"}
    assert account["counts"] == {FILE: {"rows": 3, "items": 1, "headings": 1, "unplaced": 1}}
    assert account["items"][0]["units"] == ["建管科"]
