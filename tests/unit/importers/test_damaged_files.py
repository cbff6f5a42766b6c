"""Whatever the bytes, the answer is a WorkbookError that names the file and says what to do."""

import contextlib
import io
import random
import zipfile

import openpyxl
import pytest
from openpyxl.styles import Font

from adapters.importers.workbook import import_workbooks
from sidecar.errors import SettingsError, WorkbookError
from tests.real_data import real_data
from tests.unit.importers.workbooks import HEADINGS, row, saved, workbook


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr(name, content)
    return out.getvalue()


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    """A workbook with bytes of its parts replaced, for what openpyxl would not write."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as package:
        for name in source.namelist():
            package.writestr(name, source.read(name).replace(old, new))
    return out.getvalue()


def far_cell() -> bytes:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"], book.worksheets[0]["XFD1048576"] = "事项名称", "远"
    return saved(book)


GOOD = workbook([HEADINGS, row("甲")])
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

DAMAGED = {
    "empty": b"",
    "noise": random.Random(7).randbytes(4096),
    "text": "序号,事项名称\n1,甲\n".encode(),
    "zip of something": zipped("a.txt", b"a"),
    "no workbook part": zipped("xl/worksheets/sheet1.xml", b"<worksheet/>"),
    "cut short": GOOD[:-200],
    "ole without content": OLE + bytes(2048),
    "far cell": far_cell(),
    "no cells": workbook([]),
    "no list": workbook([["通知"], ["请各单位", "阅知"]]),
    "heading only": workbook([HEADINGS]),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_no_power_list_is_refused(kind: str) -> None:
    with pytest.raises(WorkbookError) as refused:
        import_workbooks([("坏.xlsx", DAMAGED[kind])], organ="demo")
    assert kind == "heading only" or "坏.xlsx" in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes_never_raise_a_foreign_exception(seed: int) -> None:
    """Both formats; the small real .xls and a made .xlsx."""
    chance = random.Random(seed)
    real = real_data("power-lists", "附件：克拉玛依市财政局2025年权责清单 (1).xlsx").read_bytes()
    for source in (GOOD, real):
        data = bytearray(source)
        for _ in range(chance.choice([1, 8, 200])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(WorkbookError):
            import_workbooks([("坏", bytes(data))], organ="demo")


def test_an_encrypted_xlsx_is_called_encrypted_or_unreadable() -> None:
    """An encrypted .xlsx is an OLE container without a workbook stream."""
    with pytest.raises(WorkbookError):
        import_workbooks([("密.xlsx", OLE + b"EncryptedPackage".ljust(3000, b"\0"))], organ="demo")


def test_styled_but_empty_far_cells_are_no_obstacle() -> None:
    book = openpyxl.Workbook()
    for values in (HEADINGS, row("甲")):
        book.worksheets[0].append(list(values))
    book.worksheets[0].cell(1_000_000, 50).font = Font(bold=True)
    assert len(import_workbooks([("a.xlsx", saved(book))], organ="demo").items) == 1


def test_a_merge_over_the_whole_sheet_is_clipped() -> None:
    data = replaced(workbook([HEADINGS, row("甲"), ["注"]], ["A3:B3"]), b"A3:B3", b"A3:XFD1048576")
    assert len(import_workbooks([("a.xlsx", data)], organ="demo").items) == 1


def test_a_file_given_twice_is_refused() -> None:
    with pytest.raises(WorkbookError):
        import_workbooks([("a.xlsx", GOOD), ("a.xlsx", GOOD)], organ="demo")


@pytest.mark.parametrize(
    "setting", [{"organ": "某局"}, {"organ": "a" * 60}, {"organ": "demo", "region": "65"}, {"organ": "demo", "level": "高级"}]
)
def test_bad_settings_are_refused(setting: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refused:
        import_workbooks([("a.xlsx", GOOD)], **setting)
    assert refused.value.hint


@pytest.mark.parametrize("organ", ["profiles", "compiled"])
def test_an_organ_may_not_take_the_name_of_a_reserved_folder(organ: str) -> None:
    """The policy folder keeps profiles/ and compiled/ for itself; the refusal names the folder in both languages."""
    with pytest.raises(SettingsError, match=f"keeps {organ}/ for other files") as refused:
        import_workbooks([("a.xlsx", GOOD)], organ=organ)
    assert f"策略目录中的 {organ}/" in refused.value.sentence.zh
    assert refused.value.hint
