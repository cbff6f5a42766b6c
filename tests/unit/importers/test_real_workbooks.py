"""The four published workbooks, against figures and names that were computed independently of the importer."""

import csv
import gzip
import io
from collections import Counter

import pytest
from python_calamine import CalamineWorkbook

from adapters.importers.workbook import Import, import_workbooks
from sidecar.power_list.findings import Severity
from sidecar.power_list.policy_set import read_policy_set
from tests.real_data import real_data
from tests.unit.importers.workbooks import assert_accounted, codes, errors, workbook

HOUSING = "克拉玛依市住房和城乡建设局2024年权责清单.xls"
MARKET = "附件：克拉玛依市市场监督管理局2024年权责清单.xls"
FINANCE = "附件：克拉玛依市财政局2025年权责清单 (1).xlsx"
STATISTICS = "2025年克拉玛依市统计局权责清单.xlsx"
FILES = {HOUSING: 327, MARKET: 442, FINANCE: 19, STATISTICS: 3}


def read(file: str) -> bytes:
    return real_data("power-lists", file).read_bytes()


@pytest.fixture(scope="module")
def real() -> Import:
    return import_workbooks([(file, read(file)) for file in FILES], organ="karamay", region="650200", level="市级")


@pytest.fixture(scope="module")
def oracle() -> list[dict[str, str]]:
    with gzip.open(real_data("power-lists", "all-items.csv.gz"), "rt", encoding="utf-8-sig") as text:
        return list(csv.DictReader(text))


@pytest.mark.slow
@pytest.mark.parametrize(("file", "count"), FILES.items())
def test_every_item_is_found_in_order_with_its_row(real: Import, oracle: list[dict[str, str]], file: str, count: int) -> None:
    def bare(text: str) -> str:
        return "".join(text.split())

    expected = [(bare(r["item_name"]), bare(r["subitem_name"]), int(r["row"])) for r in oracle if r["source_file"] == file]
    found = [(bare(item.name), bare(item.subitem), item.row) for item in real.items if item.file == file]
    assert len(found) == count
    assert found == expected


@pytest.mark.parametrize("file", FILES)
def test_no_row_is_dropped_in_silence(real: Import, file: str) -> None:
    """Rows counted here by calamine alone."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(read(file)))
    sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
    filled = sum(any(str(value).strip() for value in row) for rows in sheets for row in rows)
    assert real.counts[file].rows == filled
    assert_accounted(real)


def test_titles_above_and_notes_below_are_reported(real: Import) -> None:
    reasons = Counter(entry.code for entry in real.unplaced)
    assert reasons == {"ABOVE_HEADING": 5, "NOTE": 1}
    note = next(entry for entry in real.unplaced if entry.code == "NOTE")
    assert (note.file, note.row, note.column) == (FINANCE, 23, "A")
    assert note.values == ("备注：包括市、区两级行使行政权力事项数量。",)


def test_an_old_workbook_under_a_new_name_opens_by_its_content() -> None:
    data = read(FINANCE)
    assert data.startswith(b"\xd0\xcf\x11\xe0")
    assert len(import_workbooks([("清单.xlsx", data)], organ="finance").items) == 19


def test_the_output_has_no_errors(real: Import) -> None:
    files = {"karamay/organ.yaml": real.organ_yaml.encode(), "karamay/powers.yaml": real.powers_yaml.encode()}
    policies = read_policy_set(files)
    assert [f for f in policies.findings if f.severity is Severity.ERROR] == []
    assert len(policies.items) == 791


def test_broken_cells_are_read_whole(real: Import) -> None:
    """The statistics list was typeset: every cell is broken into lines of four characters."""
    item = next(item for item in real.items if item.file == STATISTICS)
    assert item.name == "对拒绝配合统计调查、农业普查、经济普查、人口普查和统计检查的单位和个体工商户的处罚"
    assert item.units == ("政策法规科", "社会经济统计科", "社会经济普查科", "综合核算科")
    assert item.power_class == "penalty"
    assert item.data["body"] == {"name": "市统计局"}
    assert item.data["accountable"] == ["handler", "section_head", "leader"]


def test_most_bases_are_understood(real: Import) -> None:
    bases = [basis for item in real.items for basis in item.data["legal_basis"]]
    assert sum(basis["instrument"] == "unclassified" for basis in bases) == 0
    assert sum("article" not in basis for basis in bases) < 0.02 * len(bases)


def test_units_of_different_bureaux_are_different_units(real: Import) -> None:
    files = {
        (item.file, name): ref["unit"] for item in real.items for name, ref in zip(item.units, item.data["units"], strict=True)
    }
    assert len(set(files.values())) == len(files)


def test_columns_that_are_not_imported_are_named(real: Import) -> None:
    left = {(n.file, n.cell or n.row, n.code) for n in real.warnings if n.code in ("COLUMNS_NOT_CARRIED", "UNTITLED_COLUMN")}
    assert (FINANCE, "N3", "UNTITLED_COLUMN") in left
    assert (HOUSING, 2, "COLUMNS_NOT_CARRIED") in left


@pytest.mark.slow
def test_all_published_items_become_items_without_errors(oracle: list[dict[str, str]]) -> None:
    """The 21 normalised lists, written back into one sheet each: other bureaux, blanks and template phrases."""
    columns = {
        "item_name": "事项名称",
        "subitem_name": "子项名称",
        "power_class": "权力类型",
        "legal_basis": "实施依据",
        "exercising_body": "行使主体",
        "undertaking_unit": "承办机构",
        "level": "实施层级及权限",
        "authority_scope": "职责权限",
        "accountable_parties": "追责对象范围",
    }
    files: dict[str, list[list[str]]] = {}
    for row in oracle:
        files.setdefault(row["source_file"], [list(columns.values())]).append([row[column] for column in columns])
    result = import_workbooks([(file, workbook(rows)) for file, rows in files.items()], organ="karamay")
    assert len(result.items) == 2932
    assert Counter(item.power_class for item in result.items)["penalty"] == 2192
    assert errors(result) == []


def test_a_list_without_levels_takes_that_of_its_region_and_says_so_once() -> None:
    """The finance list has no level column: 650200 is a city, and one line says so for all 19 items."""
    result = import_workbooks([(FINANCE, read(FINANCE))], organ="finance", region="650200")
    assert {item.data["level"] for item in result.items} == {"3"}
    said = [notice for notice in result.warnings if notice.code.startswith("LEVEL")]
    assert [(notice.code, notice.row) for notice in said] == [("LEVEL_FROM_REGION", 0), ("LEVEL_NO_COLUMN", 3)]
    assert "19 个事项都按市级填写" in said[1].zh


def test_no_settings_are_assumed_when_they_are_given(real: Import) -> None:
    assert {"REGION_UNKNOWN", "LEVEL_ASSUMED"} & set(codes(real)) == set()
