"""Every mistake a maintainer can make is reported with its place, its item, what is wrong and what to write."""

import pytest

from sidecar.compiler.compile import check
from sidecar.power_list.findings import Place, Severity
from tests.samples import ORGAN, PENALTY, POWERS, PROFILES, changed, compiled, errors_of, findings_of, policy_files

# name: (what is replaced, by what, code, text that must stand at line:column, item)
IN_POWERS = {
    "unknown key": ("power_class: licensing", "power_klass: licensing", "UNKNOWN_KEY", "power_klass", "permit"),
    "missing key": ("    name: 示范许可\n", "", "MISSING_KEY", "id: permit", "permit"),
    "duplicate key": ("    level: \"3\"", "    level: \"3\"\n    level: \"3\"", "DUPLICATE_KEY", "level", "permit"),
    "English and Chinese key": ("    level: \"3\"", "    level: \"3\"\n    行使层级: \"3\"", "DUPLICATE_KEY", "行使层级", "permit"),
    "duplicate item": ("id: fine", "id: permit", "DUPLICATE_ID", "permit", "permit"),
    "duplicate step": ("{id: review, name", "{id: accept, name", "DUPLICATE_ID", "accept, name: 审查", "permit"),
    "code not quoted": ('region: "650200"', "region: 650200", "NOT_TEXT", "650200", "permit"),
    "ambiguous word": ("lead: true}]\n    facts", "lead: yes}]\n    facts", "AMBIGUOUS_SCALAR", "yes", "permit"),
    "leading zero": ("article: 12", "article: 012", "AMBIGUOUS_SCALAR", "012", "permit"),
    "anchor": ("name: 示范许可", "name: &a 示范许可", "YAML_FORBIDDEN", "&a", ""),
    "alias": ("name: 示范许可", "name: *a", "YAML_FORBIDDEN", "*a", ""),
    "tag": ("name: 示范许可", "name: !!python/object:os.system 示范许可", "YAML_FORBIDDEN", "!!python", ""),
    "several documents": ("items:\n", "items: []\n---\nitems:\n", "YAML_FORBIDDEN", "---", ""),
    "syntax": ("    name: 示范许可", "\tname: 示范许可", "YAML_SYNTAX", None, ""),
    "a list as key": ("    name: 示范许可\n", "    name: 示范许可\n    ? [a]\n    : b\n", "YAML_FORBIDDEN", "[a]", ""),
    "unknown post": ("posts: [reviewer]", "posts: [reviever]", "UNKNOWN_POST", "reviever", "permit"),
    "ambiguous post": ("posts: [front.clerk]}", "posts: [clerk]}", "AMBIGUOUS_POST", "clerk", "permit"),
    "unknown unit": ("units: [{unit: front", "units: [{unit: frond", "UNKNOWN_UNIT", "frond", "permit"),
    "unknown step in after": ("after: [review]", "after: [revue]", "UNKNOWN_STEP", "revue", "permit"),
    "unknown step in distinct_from": ("distinct_from: [accept]", "distinct_from: [axept]", "UNKNOWN_STEP", "axept", "permit"),
    "unknown step in separation": ("[[review, decide]]", "[[review, decied]]", "UNKNOWN_STEP", "decied", "permit"),
    "a step after itself": ("after: [review]", "after: [decide]", "STEP_SELF", "[decide]", "permit"),
    "cycle": ("posts: [front.clerk]}\n      - {id: review", "posts: [front.clerk], after: [issue]}\n      - {id: review", "STEP_CYCLE", "-", "permit"),
    "no legal basis": ("    legal_basis:\n      - {instrument: law, title: 行政许可法, article: 12}\n", "", "NO_LEGAL_BASIS", "id: permit", "permit"),
    "empty legal basis": ("\n      - {instrument: law, title: 行政许可法, article: 12}", " []", "NO_LEGAL_BASIS", "[]", "permit"),
    "no accountable post": (", posts: [reviewer]", "", "NO_ACCOUNTABLE_POST", "{id: review", "permit"),
    "empty posts": ("posts: [reviewer]", "posts: []", "NO_ACCOUNTABLE_POST", "[]", "permit"),
    "two lead units": ("[{unit: front, lead: true}]", "[{unit: front, lead: true}, {unit: law, lead: true}]", "LEAD_UNIT", "[{unit", "permit"),
    "no lead unit": ("[{unit: front, lead: true}]", "[{unit: front}]", "LEAD_UNIT", "[{unit", "permit"),
    "unknown profile": ("power_class: licensing", "power_class: licensing\n    control_profile: licence", "UNKNOWN_PROFILE", "licence", "permit"),
    "profile of another class": ("power_class: licensing", "power_class: licensing\n    control_profile: penalty", "PROFILE_WRONG_CLASS", "penalty", "permit"),
    "fewer officers than the statute": ("officers: {min: 2,", "officers: {min: 1,", "LOOSER_OFFICERS", "{min: 1", "permit"),
    "call in a condition": ("when: amount <= 30", 'when: "open(1)"', "BAD_EXPRESSION", '(1)"', "permit"),
    "quotes in a condition": ("when: amount <= 30", "when: kind == 'a'", "BAD_EXPRESSION", "'a'", "permit"),
    "one equals sign": ("when: amount <= 30", "when: amount = 30", "BAD_EXPRESSION", "= 30", "permit"),
    "a comparison of three": ("when: amount <= 30", "when: 1 < amount < 30", "BAD_EXPRESSION", "< 30", "permit"),
    "a sentence for a condition": ("when: amount <= 30", "when: 金额较小的", "UNKNOWN_FACT", "金额较小的", "permit"),
    "unknown fact": ("when: amount <= 30", "when: amuont <= 30", "UNKNOWN_FACT", "amuont", "permit"),
    "unknown fact further on": ("when: amount <= 30", "when: amount > 0 and (accept_done or revue_done)", "UNKNOWN_FACT", "revue_done", "permit"),
    "unknown fact in quotes": ("when: amount <= 30", "when: 'amount > 0 and revue_done'", "UNKNOWN_FACT", "revue_done", "permit"),
    "unknown unit of money": ("when: amount <= 30", "when: amount <= 30 yaun", "UNKNOWN_MEASURE", "yaun", "permit"),
    "a number with money": ("when: amount <= 30", "when: amount <= 30 yuan", "TYPES_DIFFER", "<= 30", "permit"),
    "a truth value with a number": ("when: amount <= 30", "when: accept_done == 1", "TYPES_DIFFER", "== 1", "permit"),
    "a number for a condition": ("when: amount <= 30", "when: amount + 1", "WRONG_RESULT", "amount + 1", "permit"),
    "a number in an or": ("when: amount <= 30", "when: accept_done or amount", "WRONG_RESULT", "amount", "permit"),
    "an order of truth values": ("when: amount <= 30", "when: accept_done < decide_done", "NOT_ORDERED", "< decide", "permit"),
    "a division by a fact": ("when: amount <= 30", "when: 30 / amount > 1", "DIVISOR_MAY_BE_ZERO", "amount > 1", "permit"),
    "a division by zero": ("when: amount <= 30", "when: amount / 0 > 1", "DIVISOR_MAY_BE_ZERO", "0 > 1", "permit"),
    "a division by nothing left": ("when: amount <= 30", "when: amount / (large - 500) > 1", "DIVISOR_MAY_BE_ZERO", "large - 500", "permit"),
    "a fact without type": ("type: integer, label: 数额", "label: 数额", "MISSING_KEY", "{name: amount", "permit"),
    "a fact of unknown type": ("type: integer, label: 数额", "type: float, label: 数额", "NOT_IN_TABLE", "float", "permit"),
    "money without unit": ("type: integer, label: 数额", "type: money, label: 数额", "FACT_NEEDS_UNIT", "{name: amount", "permit"),
    "money in days": ("type: integer, label: 数额", "type: money, unit: day, label: 数额", "FACT_NEEDS_UNIT", "day", "permit"),
    "time in yuan": ("type: integer, label: 数额", "type: duration, unit: yuan, label: 数额", "FACT_NEEDS_UNIT", "yuan", "permit"),
    "a truth value with a unit": ("type: integer, label: 数额", "type: boolean, unit: yuan, label: 数额", "FACT_TAKES_NONE", "yuan", "permit"),
    "a choice without words": ("type: integer, label: 数额", "type: choice, label: 数额", "FACT_NEEDS_WORDS", "{name: amount", "permit"),
    "a number with words": ("type: integer, label: 数额", "type: integer, words: {a: 甲}, label: 数额", "FACT_TAKES_NONE", "{a: 甲", "permit"),
    "a fact declared twice": ("[{name: amount, type: integer, label: 数额}]", "[{name: amount, type: integer, label: 数额}, {name: amount, type: integer, label: 数额}]", "DUPLICATE_ID", "amount, type: integer, label: 数额}]", "permit"),
    "a fact of the case itself": ("name: amount, type: integer", "name: accept_done, type: boolean", "FACT_KNOWN_FROM_CASE", "accept_done", "permit"),
    "a parameter of a fact's name": ("[{name: large,", "[{name: amount,", "DUPLICATE_ID", "amount, value", "permit"),
    "a parameter that is no value": ("value: 500", "value: amount", "UNKNOWN_FACT", "amount, basis", "permit"),
    "a parameter with a point": ("value: 500", "value: 0.5", "NOT_TEXT", "0.5", "permit"),
    "not a day": ("from: 2025-01-01", "from: 2025-02-30", "NOT_A_DAY", "2025-02-30", "permit"),
    "ends before it begins": ("to: 2026-12-31", "to: 2024-12-31", "EFFECTIVE_ORDER", "{from", "permit"),
    "bad region": ('region: "650200"', 'region: "6502"', "BAD_FORM", '"6502"', "permit"),
    "bad id": ("id: permit", "id: Permit 1", "BAD_FORM", "Permit 1", "Permit 1"),
    "word not in the table": ("verb: review", "verb: revue", "NOT_IN_TABLE", "revue", "permit"),
    "too small a number": ("min: 2,", "min: 0,", "OUT_OF_BOUNDS", "0", "permit"),
    "too large a number": ("min: 2,", "min: 100,", "OUT_OF_BOUNDS", "100", "permit"),
    "three in a pair": ("[[review, decide]]", "[[review, decide, issue]]", "TOO_MANY", "[review", "permit"),
    "a code of a table not quoted": ('level: "3"', "level: 3", "NOT_TEXT", "3", "permit"),
    "a number as text": ("min: 2,", 'min: "2",', "NOT_INTEGER", '"2"', "permit"),
    "a block as text": ("effective: {from: 2025-01-01, to: 2026-12-31}", "effective: 2025", "NOT_A_BLOCK", "2025", "permit"),
    "a list as text": ("after: [review]", "after: review", "NOT_A_LIST", "review", "permit"),
    "null for a name": ("name: 示范许可", "name: ~", "NOT_TEXT", "~", "permit"),
    "a citizen's number": ("name: 示范许可", "name: 示范许可 11010119900101123X", "PERSON_IN_POLICY", "示范许可", "permit"),
    "a person": ("power_class: licensing", "power_class: licensing\n    person: 张三", "UNKNOWN_KEY", "person", "permit"),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_POWERS)
def test_a_mistake_in_powers_is_named_at_its_place(name: str) -> None:
    """Exactly this mistake is reported, at the word that is wrong, with the item and both sentences."""
    old, new, code, text, item = IN_POWERS[name]
    spoilt = changed(old, new)
    found = [finding for finding in errors_of(powers=spoilt) if finding.code == code]
    assert len(found) == 1, [(str(f.place), f.code) for f in errors_of(powers=spoilt)]
    finding = found[0]
    assert finding.place.file == "office/powers.yaml"
    if text is not None:
        line = spoilt.splitlines()[finding.place.line - 1]
        assert line[finding.place.column - 1 :].startswith(text)
    assert finding.item == item
    for sentence in finding.sentence:
        assert sentence
        assert "—" in sentence  # what is wrong — what to write instead


def test_no_mistake_no_finding() -> None:
    """The sample itself is clean, so each case above is the only mistake of its file."""
    assert errors_of() == []


def test_a_required_step_that_is_missing_is_named_with_its_article() -> None:
    """An item with steps of its own needs those of its profile."""
    spoilt = changed(
        "      - {id: decide, name: 决定, verb: decide, type: decide, posts: [deputy, head], after: [review], distinct_from: [accept]}\n",
        "",
    )
    spoilt = changed("after: [decide], limit", "after: [review], limit", spoilt).replace(
        "      separation: [[review, decide]]\n", ""
    )
    (finding,) = errors_of(powers=spoilt)
    assert (finding.code, finding.item) == ("MISSING_STEP", "permit")
    assert "行政许可法第三十八条" in finding.sentence.zh


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xef\xbb\xbf" + POWERS.encode(), "BAD_ENCODING"),
        (POWERS.encode("utf-16"), "BAD_ENCODING"),
        (POWERS.encode("gbk"), "BAD_ENCODING"),
        (POWERS.replace("\n", "\r").encode(), "BAD_ENCODING"),
        (POWERS.replace("示范许可", "e\u0301").encode(), "NOT_NFC"),
        (b"", "EMPTY_FILE"),
        (b"# only a comment\n", "EMPTY_FILE"),
        (b"items: " + b"[" * 40 + b"]" * 40, "TOO_DEEP"),
        (b"items: [", "YAML_SYNTAX"),
        (b"\x00\x01", "YAML_SYNTAX"),
    ],
)
def test_files_that_cannot_be_read_as_text_are_refused(data: bytes, problem: str) -> None:
    """Encodings, line ends and depth are judged before anything else."""
    files = policy_files() | {"office/powers.yaml": data}
    assert problem in {finding.code for finding in check(files).findings}
    assert check(files).broken


def test_crlf_is_read_like_lf() -> None:
    """Windows line ends are not a mistake and change nothing."""
    files = policy_files(powers=POWERS.replace("\n", "\r\n"))
    assert not check(files).broken
    assert [item.entry.item for item in check(files).items] == [item.entry.item for item in check(policy_files()).items]


@pytest.mark.parametrize(
    ("old", "new", "code", "text"),
    [
        ("unit: law, rank", "unit: low, rank", "UNKNOWN_UNIT", "low"),
        ("{id: law, name", "{id: front, name", "DUPLICATE_ID", "front"),
        ("{id: head, name", "{id: clerk, name", "DUPLICATE_ID", "clerk, name: 科长岗"),
        ("rank: leader", "rank: boss", "NOT_IN_TABLE", "boss"),
        ('level: "3"', "level: 市", "NOT_IN_TABLE", "市"),
    ],
)
def test_a_mistake_in_organ_is_named_at_its_place(old: str, new: str, code: str, text: str) -> None:
    """The organ file is checked like the powers file."""
    spoilt = changed(old, new, ORGAN)
    found = [finding for finding in errors_of(organ=spoilt) if finding.place.file == "office/organ.yaml"]
    assert code in [finding.code for finding in found]
    place = next(finding.place for finding in found if finding.code == code)
    assert spoilt.splitlines()[place.line - 1][place.column - 1 :].startswith(text)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("after: [file], rule", "after: [fill], rule", "UNKNOWN_STEP"),
        ("requires_steps: [file, decide]", "requires_steps: [file, decied]", "UNKNOWN_STEP"),
        ("pair: [decide, collect]", "pair: [decide, colect]", "UNKNOWN_STEP"),
        ("tier: section_head, rule: AP-54", "tier: section_head, after: [collect], rule: AP-54", "STEP_CYCLE"),
        ("profile: penalty", "profile: licensing", "DUPLICATE_ID"),
        ("rule: AP-54, basis: 行政处罚法第五十四条", "rule: AP-54", "MISSING_KEY"),
    ],
)
def test_a_mistake_in_a_profile_is_named(old: str, new: str, code: str) -> None:
    """Profiles hold the law; their mistakes are errors too."""
    assert code in {
        finding.code for finding in errors_of(penalty=changed(old, new, PENALTY)) if finding.place.file.startswith("profiles/")
    }


def test_mistakes_of_every_kind_are_reported_together() -> None:
    """Form, references and profile, in several items and files: one run says them all."""
    spoilt = changed("verb: review", "verb: revue")
    spoilt = changed("posts: [checker, head]", "posts: [cheker, head]", spoilt)
    spoilt = changed(
        "      - {instrument: law, title: 行政处罚法, article: 9}", "      - {instrument: law, titel: 行政处罚法}", spoilt
    )
    spoilt = changed(
        "units: [{unit: front, lead: true}]\n    scope: {function",
        "units: [{unit: nowhere, lead: true}]\n    scope: {function",
        spoilt,
    )
    found = {finding.code for finding in errors_of(powers=spoilt, organ=changed("rank: leader", "rank: boss", ORGAN))}
    assert {"NOT_IN_TABLE", "UNKNOWN_POST", "UNKNOWN_KEY", "MISSING_KEY", "UNKNOWN_UNIT"} <= found


def test_profile_mistakes_are_reported_beside_others() -> None:
    """A wrong reference in one item does not hide that another loosens its profile."""
    spoilt = changed("officers: {min: 2,", "officers: {min: 1,")
    spoilt = changed("posts: [reviewer]", "posts: [nobody]", spoilt)
    assert {finding.code for finding in errors_of(powers=spoilt)} == {"LOOSER_OFFICERS", "UNKNOWN_POST"}


def test_a_profile_may_cap_how_often_a_step_is_done() -> None:
    """An item that allows more is told so."""
    profile = changed("tier: leader, after: [accept]", "tier: leader, max_times: 1, after: [accept]", PROFILES)
    spoilt = changed("distinct_from: [accept]}", "distinct_from: [accept], max_times: 2}")
    assert [finding.code for finding in errors_of(powers=spoilt, licensing=profile)] == ["LOOSER_TIMES"]


def test_a_unit_without_the_profile_s_tier_is_named() -> None:
    """An item that follows its profile needs a post of each tier."""
    organ = changed("  - {id: deputy, name: 副局长岗, unit: front, rank: leader}\n", "", ORGAN)
    powers = POWERS[: POWERS.index("  - id: permit")] + POWERS[POWERS.index("  - id: fine") :]
    assert {finding.code for finding in errors_of(organ=organ, powers=powers)} == {"NO_TIER_POST"}


@pytest.mark.parametrize("missing", ["office/powers.yaml", "office/organ.yaml"])
def test_missing_files_are_named(missing: str) -> None:
    """An organ without powers, powers without an organ, and a folder without either."""
    files = policy_files()
    del files[missing]
    found = check(files).findings
    assert ("MISSING_FILE", missing) in [(f.code, f.place.file) for f in found]
    assert [f.code for f in check({}).findings] == ["NO_POLICIES"]


@pytest.mark.parametrize("path", ["office/powers2.yaml", "office/Organ.yaml", "more.yaml", "office/expectation.yml"])
def test_a_file_nobody_reads_is_named(path: str) -> None:
    """A list that was split or a name that was misspelt is not passed over."""
    found = [f for f in check(policy_files() | {path: b"items: []\n"}).findings if f.severity is Severity.ERROR]
    assert [(f.code, f.place.file) for f in found] == [("UNREAD_FILE", path)]


def test_a_profile_that_requires_an_unknown_step_is_named_once() -> None:
    """The mistake is the profile's; its items are checked all the same."""
    spoilt = changed("requires_steps: [accept, decide]", "requires_steps: [accept, decied]", PROFILES)
    assert [(f.code, f.place.file) for f in errors_of(licensing=spoilt)] == [("UNKNOWN_STEP", "profiles/licensing.yaml")]


def test_a_file_that_is_no_block_is_called_the_whole_file() -> None:
    """A full-width colon makes one text of it; the message has a subject and says which colon."""
    (found,) = [f for f in errors_of(powers="items： []\n") if f.code == "NOT_A_BLOCK"]
    assert found.sentence.zh.startswith("整个文件 应为键值块")
    assert "半角" in found.sentence.zh
    assert found.sentence.en.startswith("the whole file must be a block of keys")


def test_an_empty_list_of_items_is_named() -> None:
    """A list without items grants nothing, which nobody means."""
    assert [f.code for f in errors_of(powers="items: []\n")] == ["EMPTY_LIST"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("article: 12", "quote: 略", "NO_ARTICLE"),
        ("instrument: law, title: 行政许可法", "instrument: unclassified, title: 某文件", "UNCLASSIFIED_BASIS"),
        ('level: "3"', 'level: "2"', "LEVEL_NOT_OWN"),
        ("body: {name: 示范局}", "body: {name: 示范局, uscc: 91350211M0000XUF46}", "BAD_USCC"),
        ("recusal: [kin]", "recusal: [kin]\n      principal_not_in_charge: true", "CHARGE_UNKNOWN"),
    ],
)
def test_doubts_are_warnings(old: str, new: str, code: str) -> None:
    """What is doubtful in law is said, and stops nothing."""
    files = policy_files(powers=changed(old, new))
    checked = check(files)
    assert not checked.broken
    assert code in {f.code for f in checked.findings if f.severity is Severity.WARNING}


@pytest.mark.parametrize(
    ("region", "level", "code"),
    [
        ("000000", "3", "REGION_WHOLE_COUNTRY"),
        ("000000", "1", None),
        ("160200", "3", "REGION_NO_PROVINCE"),
        ("990100", "3", None),
        ("650200", "3", None),
    ],
)
def test_a_doubtful_region_is_said_once_for_the_organ_and_once_for_its_items(region: str, level: str, code: str | None) -> None:
    """Two items with the same wrong region are one warning with their number, at the first; made-up 99 is accepted."""

    def placed(text: str) -> str:
        return text.replace('region: "650200"', f'region: "{region}"').replace('level: "3"', f'level: "{level}"')

    checked = check(policy_files(organ=placed(ORGAN), powers=placed(POWERS)))
    found = [f for f in checked.findings if f.code.startswith("REGION")]
    assert not checked.broken
    assert [(f.code, f.place.file, f.facts["n"]) for f in found] == (
        [(code, "office/organ.yaml", 1), (code, "office/powers.yaml", 2)] if code else []
    )
    assert all(f.severity is Severity.WARNING and region in f.sentence.en for f in found)


def test_a_region_that_is_missing_is_not_called_the_whole_country() -> None:
    """What stands in for a missing key while the rest is checked is no finding of its own."""
    checked = check(policy_files(organ=changed(', region: "650200"', "", ORGAN), powers=changed('    region: "650200"\n', "")))
    assert {f.code for f in checked.findings if f.code in ("MISSING_KEY", "REGION_WHOLE_COUNTRY")} == {"MISSING_KEY"}


def test_chinese_keys_and_words_mean_the_same() -> None:
    """The same policy written in Chinese compiles to the same item."""
    chinese = POWERS
    for english, label in (
        ("items:", "事项:"), ("id: permit", "事项标识: permit"), ("power_class: licensing", "权力类型: 行政许可"), ("legal_basis:", "设定依据:"),
        ("instrument: law", "文种: 法律"), ("level: \"3\"", "行使层级: 市级"), ("steps:", "运行流程:"), ("verb: review", "动作: 审查"),
        ("posts: [reviewer]", "岗位: [审核岗]"), ("recusal: [kin]", "回避: [亲属]"), ("unit: workday", "单位: 工作日"),
    ):  # fmt: skip
        chinese = changed(english, label, chinese)
    assert compiled(policy_files(powers=chinese)).policy == compiled().policy


# how the condition is written, with @ before the word that is wrong
SPELLINGS = {
    "plain": "when: amount > 3 and @wrong",
    "single quotes": "when: 'amount > 3 and @wrong'",
    "double quotes": 'when: "amount > 3 and @wrong"',
    "folded plain": "when: amount > 3\n            and @wrong",
    "folded in quotes": "when: 'amount > 3\n            and\n            @wrong'",
    "an escape before": 'when: "amount > 3 \\x61nd @wrong"',
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_mistake_inside_an_expression_is_found_however_it_is_written(name: str) -> None:
    """Quotes and folded lines are followed; behind an escape the beginning of the text is the answer."""
    written = SPELLINGS[name]
    marked = changed("when: amount <= 30", written)
    line, column = next((n, text.index("@") + 1) for n, text in enumerate(marked.split("\n"), 1) if "@" in text)
    (finding,) = errors_of(powers=marked.replace("@", ""))
    if name == "an escape before":
        line, column = next((n, text.index('"amount') + 1) for n, text in enumerate(marked.split("\n"), 1) if '"amount' in text)
    assert (finding.code, finding.place.line, finding.place.column) == ("UNKNOWN_FACT", line, column)


def test_a_block_of_text_is_followed_too() -> None:
    """The folded and the literal block of YAML."""
    for style in (">-", "|"):
        block = f"required_when: {style}\n          amount >= large\n          or wrong\n        "
        spoilt = POWERS.replace(
            "      - {id: hear, name: 听证, verb: hear, type: execute, posts: [head], after: [accept], required_when: amount >= large}\n",
            f"      - id: hear\n        name: 听证\n        verb: hear\n        type: execute\n        posts: [head]\n        {block}after: [accept]\n",
        )
        (finding,) = errors_of(powers=spoilt)
        assert spoilt.split("\n")[finding.place.line - 1][finding.place.column - 1 :] == "wrong"


PROFILE_MISTAKES = {
    "undeclared": ("required_when: serious", "required_when: sirious", "UNKNOWN_FACT", "sirious"),
    "unknown step": ("complex or hear_done", "complex or heer_done", "UNKNOWN_FACT", "heer_done"),
    "a number for a condition": ("required_when: serious", "required_when: 3", "WRONG_RESULT", "3"),
}


@pytest.mark.parametrize("name", PROFILE_MISTAKES)
def test_a_mistake_in_a_profile_is_named_once_and_in_the_profile(name: str) -> None:
    """However many items follow it."""
    old, new, code, text = PROFILE_MISTAKES[name]
    spoilt = changed(old, new, PENALTY)
    (finding,) = errors_of(penalty=spoilt)
    assert (finding.code, finding.place.file, finding.item) == (code, "profiles/penalty.yaml", "")
    assert spoilt.splitlines()[finding.place.line - 1][finding.place.column - 1 :].startswith(text)


_FINE_FACTS = "    accountable: [handler]\n    facts: [{name: complex, type: %s, label: 复杂}]\n"


def test_an_item_may_not_declare_a_fact_of_its_profile_otherwise() -> None:
    """Its type is part of what the profile's rules mean; both places are told."""
    same = POWERS.rstrip("\n").removesuffix("    accountable: [handler]") + _FINE_FACTS % "boolean"
    assert errors_of(powers=same) == []
    (finding,) = errors_of(powers=POWERS.rstrip("\n").removesuffix("    accountable: [handler]") + _FINE_FACTS % "integer")
    assert (finding.code, finding.item, str(finding.facts["first"])) == ("FACT_REDECLARED", "fine", "profiles/penalty.yaml:18:5")


def test_a_parameter_may_not_answer_for_the_caller() -> None:
    """A parameter with the name of a fact that the statute asks for, or of what the case knows, would settle it for good."""
    for name, code in (("complex", "DUPLICATE_ID"), ("hear_done", "FACT_KNOWN_FROM_CASE")):
        own = f"    accountable: [handler]\n    parameters: [{{name: {name}, value: false, basis: 内部规定}}]\n"
        (finding,) = errors_of(powers=POWERS.rstrip("\n").removesuffix("    accountable: [handler]") + own)
        assert (finding.code, finding.item) == (code, "fine")


THRESHOLD = "parameters: [{name: threshold, value: 0 yuan, rule: CD-3Z1D, basis: 三重一大}]\n"
WITH_THRESHOLD = changed("required_when: serious", "required_when: value >= threshold", PENALTY) + THRESHOLD
WITH_THRESHOLD = changed("name: serious, type: boolean", "name: value, type: money, unit: yuan", WITH_THRESHOLD)


def test_a_parameter_keeps_the_type_of_its_profile() -> None:
    """What a profile compares with money an item sets as money; what it does not set holds as the profile has it."""
    own = "    accountable: [handler]\n    parameters: [{name: threshold, value: %s, basis: 内部规定}]\n"
    base = POWERS.rstrip("\n").removesuffix("    accountable: [handler]")
    assert errors_of(powers=base + own % "5 万元", penalty=WITH_THRESHOLD) == []
    (finding,) = errors_of(powers=base + own % "50000", penalty=WITH_THRESHOLD)
    assert (finding.code, finding.item, finding.facts["first"]) == (
        "PARAMETER_TYPE",
        "fine",
        Place("profiles/penalty.yaml", 20, 14),
    )


def test_what_nobody_reads_is_a_warning() -> None:
    """A declaration without a reader is often a name misspelt elsewhere."""
    powers = changed("label: 数额}]", "label: 数额}, {name: amonut, type: integer, label: 数额二}]")
    powers = changed("basis: 内部规定}]", "basis: 内部规定}, {name: lrage, value: 3, basis: 内部规定}]", powers)
    warned = [f for f in findings_of(powers=powers) if f.code.startswith("UNUSED")]
    assert [(f.code, f.facts["name"], str(f.facts["near"]).split(", ")[0]) for f in warned] == [
        ("UNUSED_FACT", "amonut", "amount"),
        ("UNUSED_PARAMETER", "lrage", "large"),
    ]
    assert not any(f.code.startswith("UNUSED") for f in findings_of())


def test_a_misspelt_key_does_not_hide_a_misspelt_fact() -> None:
    """Nor does a fact that was mistaken in form make every condition that names it wrong."""
    both = changed(
        "power_class: licensing", "power_class: licensing\n    stauts: in_use", changed("when: amount", "when: amuont")
    )
    assert {finding.code for finding in errors_of(powers=both)} == {"UNKNOWN_KEY", "UNKNOWN_FACT"}
    broken = changed("type: integer, label: 数额", "type: integer")
    assert {finding.code for finding in errors_of(powers=broken)} == {"MISSING_KEY"}


@pytest.mark.parametrize(
    ("limit", "warned"),
    [
        ("{n: 20, unit: day, basis: 行政许可法第四十二条}", "workday"),
        ("{n: 20, unit: workday, basis: 行政许可法第四十二条}", ""),
        ("{n: 90, unit: workday, basis: 行政处罚法第六十条}", "day"),
        ("{n: 7, unit: day, basis: 行政处罚法第六十一条}", "workday"),
        ("{n: 2, unit: month, basis: 行政许可法第四十二条}", ""),
        ("{n: 20, unit: day, basis: 建筑法第八条}", ""),
        ("{n: 20, unit: day}", ""),
    ],
)
def test_a_limit_counts_as_its_statute_does(limit: str, warned: str) -> None:
    """许可法 82, 处罚法 85: a limit in the other unit is too long or too short, and the right one is told."""
    powers = changed("    parameters:", f"    time_limits: {{statutory: {limit}}}\n    parameters:")
    found = [finding for finding in findings_of(powers=powers) if finding.code == "LIMIT_UNIT"]
    assert [finding.facts["unit"] for finding in found] == ([warned] if warned else [])
    for finding in found:
        line = powers.splitlines()[finding.place.line - 1]
        assert line[finding.place.column - 1 :].startswith(("day, basis", "workday, basis"))


def test_a_limit_has_a_bound() -> None:
    """Nobody is given a thousand years."""
    (finding,) = errors_of(powers=changed("limit: {n: 10,", "limit: {n: 1000,"))
    assert finding.code == "OUT_OF_BOUNDS"
