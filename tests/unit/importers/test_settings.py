"""What holds for the whole import: level, region, name, and what a sheet has no column for."""

import pytest

from adapters.importers.workbook import Import, import_workbooks
from tests.unit.importers.workbooks import FILE, HEADINGS, codes, errors, imported, row, workbook

WITHOUT_LEVEL = [HEADINGS[:-1], row("甲")[:-1], row("乙")[:-1]]


def placed(region: str | None, rows: list[list[str]] | None = None) -> Import:
    result = import_workbooks([(FILE, workbook(rows or WITHOUT_LEVEL))], organ="demo", region=region)
    assert errors(result) == []
    return result


@pytest.mark.parametrize(
    ("region", "level", "code"),
    [
        ("650000", "2", "LEVEL_FROM_REGION"),
        ("650200", "3", "LEVEL_FROM_REGION"),
        ("650203", "4", "LEVEL_FROM_REGION"),
        (None, "4", "LEVEL_GUESSED"),
    ],
)
def test_where_the_list_names_no_level_the_region_tells_it(region: str | None, level: str, code: str) -> None:
    """The level of 650200 is that of a city; the warning says where it was taken from, not that the list said so."""
    result = placed(region)
    assert [item.data["level"] for item in result.items] == [level, level]
    assert f'level: "{level}"' in result.organ_yaml
    assert [found for found in codes(result) if found.startswith("LEVEL")] == [code, "LEVEL_NO_COLUMN"]


def test_what_the_list_says_of_the_level_goes_before_the_region() -> None:
    """A list of county powers stays one, whatever the code of the region."""
    result = placed("650200", [list(HEADINGS), row("甲", level="县级"), row("乙", level="")])
    assert [item.data["level"] for item in result.items] == ["4", "4"]
    assert [found for found in codes(result) if found.startswith("LEVEL")] == ["LEVEL_ASSUMED", "LEVEL_MISSING"]


def test_a_column_that_is_not_there_is_said_once_with_the_number_of_items() -> None:
    """At the heading of its table, not once for each row; the sentence names the column."""
    result = imported(
        [
            ["序号", "事项名称", "子项名称", "权责事项", "备注", "权力类型"],
            ["1", "甲", "一", "", "", "行政许可"],
            ["2", "乙", "二"],
        ]
    )
    said = [notice for notice in result.warnings if notice.code.endswith("_NO_COLUMN")]
    assert sorted(notice.code for notice in said) == ["BASIS_NO_COLUMN", "BODY_NO_COLUMN", "LEVEL_NO_COLUMN", "UNIT_NO_COLUMN"]
    assert {(notice.sheet, notice.row, notice.cell) for notice in said} == {("Sheet", 1, "")}
    assert all("2 个事项" in notice.zh and "all 2 items" in notice.en for notice in said)
    assert [notice.cell for notice in result.warnings if notice.code == "CLASS_MISSING"] == ["F3"]


def test_a_name_that_no_list_gives_is_not_said_to_be_the_list_s() -> None:
    """Without a body anywhere the organ is called by its identifier, and told so."""
    result = imported([["序号", "事项名称", "权力类型", "实施依据"], ["1", "甲", "行政许可", "《建筑法》"]])
    assert "name: demo" in result.organ_yaml
    assert [found for found in codes(result) if found.startswith("NAME")] == ["NAME_GUESSED"]
