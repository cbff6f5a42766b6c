"""实施依据 as it is really written."""

import pytest

from adapters.importers.workbook.citations import Citation, arabic, read_citations
from tests.unit.importers.workbooks import HEADINGS, codes, imported, row

BUILDING = """【法律】《中华人民共和国建筑法》（1997年11月1日通过，2019年4月23日主席令第29号修正）
    第七条第一款：建筑工程开工前，违反本法第二十条规定的，依照《中华人民共和国行政处罚法》第九条处理。
    第六十四条、第六十五条：违反本法规定，
第七十条的除外。
【法规】《建设工程质量管理条例》（2000年1月30日国务院令第279号，2019年4月23日修订）第十三条"""


def test_the_published_form() -> None:
    assert read_citations(BUILDING) == [
        Citation("law", "建筑法", "主席令第29号", "2019-04-23", (7, 64, 65)),
        Citation("administrative_regulation", "建设工程质量管理条例", "国务院令第279号", "2019-04-23", (13,)),
    ]


@pytest.mark.parametrize(
    ("text", "instrument"),
    [
        ("【法规】《新疆维吾尔自治区物业管理条例》", "local_regulation"),
        ("【法规】《克拉玛依市市容条例》", "local_regulation"),
        ("【法规】《城市市容和环境卫生管理条例》", "administrative_regulation"),
        ("【规章】《建筑工程施工许可管理办法》（建设部令第18号）", "departmental_rule"),
        ("【法规】《城市绿线管理办法》（建设部令第112号）", "departmental_rule"),
        ("【规章】《新疆维吾尔自治区散装水泥管理办法》", "provincial_rule"),
        ("【规章】《乌鲁木齐市停车办法》", "local_rule"),
        ("【规范性文件】《关于加强管理的通知》（国办发〔2018〕118号）", "normative_document"),
        ("《关于加强管理的意见》", "normative_document"),
        ("【国务院决定】《国务院对确需保留的行政审批项目设定行政许可的决定》", "state_council_decision"),
        ("【法律】《物业管理条例》", "administrative_regulation"),
        ("《某种手册》", "unclassified"),
    ],
)
def test_instrument(text: str, instrument: str) -> None:
    assert [citation.instrument for citation in read_citations(text)] == [instrument]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("（国办发〔2018〕118号）", "国办发〔2018〕118号"),
        ("（2020年5月1日住房和城乡建设部令第13号）", "住房和城乡建设部令第13号"),
        ("（2002年9月9日中华人民共和国国务院令第363号公布）", "国务院令第363号"),
        ("（经2003年通过，国家经济贸易委员会、公安部令第5号）", "国家经济贸易委员会、公安部令第5号"),
        ("（2019年通过）", None),
    ],
)
def test_number(text: str, number: str | None) -> None:
    assert read_citations(f"《某某条例》{text}")[0].number == number


@pytest.mark.parametrize(
    ("text", "articles"),
    [
        ("第一百二十三条", (123,)),
        ("第 12 条第二款第（三）项、第１３条", (12, 13)),
        ("第七条之一", ("第七条之一",)),
        ("第三十九至第五十条、第五十九条", ("第三十九条至第五十条", 59)),
        ("：依照第九条执行", ()),
    ],
)
def test_articles(text: str, articles: tuple[int | str, ...]) -> None:
    assert read_citations(f"《某法》{text}")[0].articles == articles


def test_nested_titles_and_titles_without_brackets() -> None:
    nested, bare = read_citations(
        "【规章】《某省实施〈城市绿化条例〉办法》第三条\n【国务院决定】国务院关于取消审批的决定（国发〔2012〕52号）"
    )
    assert (nested.title, nested.articles) == ("某省实施〈城市绿化条例〉办法", (3,))
    assert (bare.title, bare.number) == ("国务院关于取消审批的决定", "国发〔2012〕52号")
    assert read_citations("《关于《甲》的《乙》通知》第一条")[0].title == "关于《甲》的《乙》通知"


def test_several_titles_without_markers() -> None:
    assert [c.title for c in read_citations("1.《甲法》第一条：……。\n2.《乙条例》第二条：依照\n《丙法》处理。")] == [
        "甲法",
        "乙条例",
    ]


def test_an_impossible_day_is_no_version() -> None:
    assert read_citations("《甲法》（2018年2月1日通过，2018年2月30日修正）")[0].version == "2018-02-01"


def test_roles_and_the_cap() -> None:
    many = "、".join(f"第{n}条" for n in range(1, 20))
    result = imported([HEADINGS, row("甲", basis=f"【法律】《甲法》{many}"), row("乙", basis="按有关规定执行")])
    first, second = (item.data["legal_basis"] for item in result.items)
    assert [basis["role"] for basis in first] == ["creates"] + ["details"] * 11
    assert second == [{"instrument": "unclassified", "title": "按有关规定执行", "role": "creates"}]
    assert {"ARTICLES_CUT", "BASIS_NO_TITLE"} <= set(codes(result))


@pytest.mark.parametrize(
    ("numeral", "number"), [("十", 10), ("二十一", 21), ("一百零五", 105), ("一〇五", 105), ("３２", 32), ("1千", 1000)]
)
def test_arabic(numeral: str, number: int) -> None:
    assert arabic(numeral) == number


@pytest.mark.parametrize("text", ["《", "《》", "【法律】", "【法律】《" + "《" * 3000, "第条", "》》（（", "《甲法》（" * 500])
def test_broken_text_never_fails(text: str) -> None:
    assert isinstance(read_citations(text), list)
