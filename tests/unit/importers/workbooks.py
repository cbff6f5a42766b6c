"""Hand-made workbooks for the tests of the importer."""

import io
from collections.abc import Sequence

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from adapters.importers.workbook import Import, import_workbooks
from sidecar.power_list.entries import PolicySet
from sidecar.power_list.findings import Severity
from sidecar.power_list.policy_set import read_policy_set

FILE = "某局2024年权责清单.xlsx"
HEADINGS = ("序号", "事项名称", "子项名称", "权力类型", "实施依据", "行使主体", "承办机构", "实施层级")
BASIS = "【法律】《中华人民共和国建筑法》（2019年4月23日主席令第29号修正）\n    第七条：建筑工程开工前……"


def row(name: str, **fields: str) -> list[str]:
    """One item in the order of HEADINGS."""
    known = {
        "seq": "1",
        "subitem": "",
        "power_class": "行政许可",
        "basis": BASIS,
        "body": "某市住建局",
        "units": "建管科",
        "level": "县级",
    }
    known |= {"name": name, **fields}
    return [known[key] for key in ("seq", "name", "subitem", "power_class", "basis", "body", "units", "level")]


def fill(sheet: Worksheet, rows: Sequence[Sequence[object]], merged: Sequence[str] = ()) -> None:
    for values in rows:
        sheet.append(list(values))
    for area in merged:
        sheet.merge_cells(area)


def saved(workbook: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def workbook(rows: Sequence[Sequence[object]], merged: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    fill(book.worksheets[0], rows, merged)
    return saved(book)


def imported(rows: Sequence[Sequence[object]], merged: Sequence[str] = ()) -> Import:
    """The rows as one workbook, imported; the output must be free of errors whatever the rows are."""
    result = import_workbooks([(FILE, workbook(rows, merged))], organ="demo")
    assert errors(result) == []
    assert_accounted(result)
    return result


def policies(result: Import) -> PolicySet:
    return read_policy_set({"demo/organ.yaml": result.organ_yaml.encode(), "demo/powers.yaml": result.powers_yaml.encode()})


def errors(result: Import) -> list[str]:
    return [f"{f.place} {f.code} {f.facts}" for f in policies(result).findings if f.severity is Severity.ERROR]


def assert_accounted(result: Import) -> None:
    """Every non-empty row is an item, a heading or unplaced."""
    for file, counts in result.counts.items():
        assert counts.rows == counts.items + counts.headings + counts.unplaced
        assert counts.items == sum(item.file == file for item in result.items)
        assert counts.unplaced == sum(entry.rows for entry in result.unplaced if entry.file == file)


def codes(result: Import) -> list[str]:
    return [notice.code for notice in result.warnings]
