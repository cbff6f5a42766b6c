"""Columns by meaning: which heading row a sheet has, and which field each of its columns holds.

Lists put their columns in any order and name them differently, so a heading is looked up in a table of synonyms after
everything but letters and digits is gone (line feeds, spaces, punctuation). A row is a heading row when it names the item and
at least two other fields. A heading may be split over two rows; then the two together name more fields than either alone.

实施层级及权限 stands above two physical columns, the level and the authority; 权限 alone is the level, unless another column is
better called that.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.importers.workbook.opening import Sheet
from adapters.importers.workbook.text import single_line

# Within a field, the earlier spelling wins when a sheet has two columns for it.
SYNONYMS = MappingProxyType(
    {
        "seq": ("序号", "编号", "序"),
        "name": (
            "事项名称", "权责事项名称", "权力事项名称", "行政权力事项名称", "职权名称", "行政职权名称", "权力名称",
            "行政权力名称", "权责名称", "职权事项", "权力事项", "权责事项", "主项名称", "项目名称", "事项", "项目",
        ),
        "subitem": ("子项名称", "子项", "事项子项", "实施事项", "子项目名称", "子项目"),
        "power_class": (
            "权力类型", "权力类别", "职权类型", "职权类别", "事项类型", "事项类别", "权责类型", "权责类别", "行政权力类型",
            "类型", "类别",
        ),
        "legal_basis": (
            "实施依据", "设定依据", "法律依据", "权力依据", "职权依据", "行使依据", "法定依据", "设定和实施依据", "依据",
        ),
        "body": ("行使主体", "实施主体", "实施机关", "实施部门", "行使机关", "行使部门", "实施单位", "责任主体", "部门名称"),
        "units": (
            "承办机构", "承办科室", "承办处室", "责任科室", "责任处室", "办理机构", "承办单位", "承办部门", "具体承办机构",
            "内设机构",
        ),
        "level": ("实施层级及权限", "实施层级和权限", "行使层级及权限", "实施层级", "行使层级", "层级", "权限"),
        "authority": ("职责权限", "权限内容", "权限范围", "层级权限", "行使权限", "实施权限"),
        "department_duty": ("部门职责", "部门主要职责", "主要职责"),
        "duties": ("责任事项内容", "责任事项", "责任内容"),
        "duties_basis": ("责任事项依据", "责任事项的依据", "责任依据"),
        "accountable": ("追责对象范围", "追责对象", "问责对象", "问责对象范围", "责任追究对象"),
        "grounds": ("追责情形", "问责情形", "责任追究情形", "追责情形及依据", "问责情形及依据", "追责情形和依据"),
        "remark": ("备注", "说明"),
        "code": ("职权编码", "事项编码", "权力编码", "权责编码", "实施编码", "基本编码", "职权代码", "事项代码", "编码", "代码"),
        "remedies": ("救济途径", "救济渠道", "救助渠道"),
        "risk_step": ("环节名称",),
        "risk_form": ("表现形式",),
        "risk_likelihood": ("可能性",),
        "risk_severity": ("后果严重性",),
        "risk_value": ("风险值",),
        "risk_grade": ("风险等级", "风险点等级"),
        "risk_measure": ("防控措施",),
        "risk_owner": ("责任人",),
    }
)  # fmt: skip

CARRIED = frozenset(
    {
        "name", "subitem", "power_class", "legal_basis", "body", "units", "level", "authority",
        "duties", "accountable", "grounds", "code", "remedies",
    }
)  # fmt: skip

_LOOKUP = {spelling: (name, rank) for name, spellings in SYNONYMS.items() for rank, spelling in enumerate(spellings)}
_FEWEST_OTHERS = 2


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading row (or two): the column of each field, and the headings of the columns that hold none."""

    rows: range
    fields: dict[str, int]
    titles: dict[int, str]
    repeated: frozenset[int] = field(default=frozenset())

    @property
    def is_list(self) -> bool:
        return "name" in self.fields and len(self.fields) > _FEWEST_OTHERS

    @property
    def carried(self) -> frozenset[int]:
        """Columns whose values reach the item. The rest are unknown, repeated, or have no key in the language."""
        return frozenset(column for name, column in self.fields.items() if name in CARRIED)


def key(text: str) -> str:
    """A heading reduced to its letters and digits."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def meaning(text: str) -> tuple[str, int] | None:
    """The field a heading names and the rank of its spelling; a remark in parentheses does not count."""
    return _LOOKUP.get(key(text)) or _LOOKUP.get(key(re.sub(r"[（(].*?[）)]", "", text, flags=re.DOTALL)))


def heading_at(sheet: Sheet, row: int) -> Heading | None:
    """The heading that begins in this row, if one does."""
    if not any(sheet.rows[row]):
        return None
    upper = _shown(sheet, row)
    one = _heading(range(row, row + 1), upper)
    if row + 1 < len(sheet.rows) and any(map(meaning, (lower := _shown(sheet, row + 1)))):
        two = _heading(range(row, row + 2), [_joined(u, low) for u, low in zip(upper, lower, strict=True)])
        if two.is_list and len(two.fields) > max(len(one.fields), len(_heading(range(0), lower).fields)):
            return two
    return one if one.is_list else None


def repeats_heading(sheet: Sheet, row: int, heading: Heading) -> bool:
    """A heading again (after a page break), or its second line: every value is one, or the name's cell says 事项名称."""
    name = meaning(sheet.filled_down(row, heading.fields["name"]))
    own = [value for column in range(len(sheet.rows[row])) if (value := sheet.own(row, column))]
    return bool(name and name[0] == "name") or (len(own) > 1 and all(map(meaning, own)))


def _shown(sheet: Sheet, row: int) -> list[str]:
    return [sheet.filled(row, column) for column in range(len(sheet.rows[row]))]


def _joined(upper: str, lower: str) -> str:
    """Of a heading over two rows: the two together if that means something, else the half that does."""
    return next((text for text in (upper + lower, lower, upper) if meaning(text)), upper or lower)


def _heading(rows: range, texts: Sequence[str]) -> Heading:
    best: dict[str, tuple[int, int]] = {}
    for column, text in enumerate(texts):
        found = meaning(text)
        if found and (found[0] not in best or found[1] < best[found[0]][0]):
            best[found[0]] = (found[1], column)
    fields = {name: column for name, (_, column) in best.items()}
    authority = _authority(fields, texts)
    if authority is not None:
        fields["authority"] = authority
    titles = {column: single_line(text) for column, text in enumerate(texts) if text or column == authority}
    repeated = frozenset(c for c in titles if c not in fields.values() and meaning(texts[c]))
    return Heading(rows, fields, titles, repeated)


def _authority(fields: dict[str, int], texts: Sequence[str]) -> int | None:
    """The second column of 实施层级及权限, or a column called 权限 beside one called 实施层级."""
    if "authority" in fields or "level" not in fields:
        return None
    level = fields["level"]
    if "权限" in (title := key(texts[level])) and level + 1 < len(texts) and key(texts[level + 1]) in ("", title):
        return level + 1
    return next((column for column, text in enumerate(texts) if key(text) == "权限" and column != level), None)
