"""The mapping file: strict, in either language, every mistake in one run and at its place."""

import re

import pytest

from adapters.importers.event_log.mapping import (
    Activity,
    CellSource,
    Columns,
    Lifecycle,
    LogFormat,
    MappingFile,
    OutcomeColumn,
    read_mapping,
    refuse_undeclared_facts,
    refuse_unknown_names,
)
from adapters.importers.event_log.rules import compile_rules
from adapters.importers.event_log.sentences import SENTENCES
from adapters.storage.policy_folder import shipped_law, shipped_model
from sidecar.errors import EventLogError
from sidecar.power_list.load_keys import keys_of
from tests.e2e.processes import ROOT
from tests.samples import SNAPSHOT, changed
from tests.unit.event_log.logs import MAPPING, log_of, replay
from tests.unit.event_log.test_replaying import FOLDER

CHINESE = """日志:
  列: {案号: 案号, 活动: 环节, 人员: 经办人, 时间: 时间}
  时区: Asia/Shanghai
活动:
  - {活动: 审核, 环节: review}
  - {活动: 核准, 环节: decide}
规则:
  运行流程:
    - {环节标识: review, 环节名称: 审核, 动作: 审查, 环节类型: 执行}
    - {环节标识: decide, 环节名称: 核准, 动作: 决定, 环节类型: 决策}
  制约措施: {分离: [[review, decide]]}
"""


def read(text: str) -> None:
    mapped = read_mapping("m.yaml", text.encode())
    if mapped.file.rules:
        compile_rules(mapped.file.rules, mapped.located, text.encode(), shipped_model(), shipped_law())
        refuse_undeclared_facts(mapped, {fact.name for fact in mapped.file.rules.facts})
    else:
        refuse_unknown_names(mapped, SNAPSHOT.items)
        refuse_undeclared_facts(mapped, SNAPSHOT.items["permit"].facts)


def said(text: str) -> str:
    with pytest.raises(EventLogError) as stopped:
        read(text)
    return stopped.value.message


def said_in_chinese(text: str) -> str:
    with pytest.raises(EventLogError) as stopped:
        read(text)
    return stopped.value.sentence.zh


def test_chinese_keys_mean_the_same() -> None:
    """The labels of the language, and those of the log."""
    rows = log_of("A,审核,甲,2026-01-05", "A,核准,甲,2026-01-06")
    assert replay(rows, CHINESE)[0].tally.codes == replay(rows, MAPPING)[0].tally.codes == {"SAME_PERSON_PRIOR_STEP": 1}


# what is changed in the mapping file → the text at whose beginning the mistake is said, and words of the sentence
MISTAKES = {
    ("zone: Asia/Shanghai", "zon: Asia/Shanghai"): ("zon: ", "unknown key zon — did you mean: zone"),
    ("zone: Asia/Shanghai", "zone: Mars"): ("Mars", '"Mars" — write it like Asia/Shanghai'),
    ("zone: Asia/Shanghai", "time_format: '%Y'"): ("'%Y'", "write it like"),
    ("zone: Asia/Shanghai", "encoding: latin-1"): ("latin-1", "'utf-8'"),
    ("zone: Asia/Shanghai", "delimiter: ab"): ("ab", "write it like"),
    ("zone: Asia/Shanghai", "lifecycle: {column: a, counts: []}"): ("[]", "may not be empty"),
    (", time: 时间", ""): ("{case", "time is missing"),
    (", time: 时间", ", time: 时间, party: {column: a, value: b}"): ("{column", "exactly one of column, value"),
    ("step: decide}", "step: decid}"): ("decid}", "unknown step decid — it must be one of: review, decide"),
    ("activity: 核准", "activity: 审核"): ("审核, step: decide", "activity 审核 is already defined at m.yaml:5:16"),
    ("[[review, decide]]", "[[review, decided]]"): ("decided", "unknown step decided"),
    ("[[review, decide]]", "[[review, review]]"): ("[review, review]", "review"),
    ("type: decide}", "type: decide, posts: [head]}"): ("head", "anyone, log.anyone"),
    ("type: decide}", "type: decide, after: [decide]}"): ("[decide]", "decide"),
    ("  controls:", "  control_profile: licensing\n  controls:"): ("licensing", "licensing"),
    ("rules:", "policies: here\nrules:"): ("rules:", "either rules, or policies with item"),
    ("rules:", "personnel: here\nrules:"): ("personnel", "personnel goes with policies only"),
}


def place_of(anchor: str, text: str) -> str:
    before = text[: text.index(anchor)]
    return f"m.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}:"


@pytest.mark.parametrize(("change", "expected"), MISTAKES.items(), ids=lambda value: str(value)[:50])
def test_a_mistake_is_said_at_its_place(change: tuple[str, str], expected: tuple[str, str]) -> None:
    """File, line, column, what is wrong and what to write."""
    text = changed(*change, MAPPING)
    anchor, words = expected
    told = [line for line in said(text).splitlines() if place_of(anchor, text) in line]
    assert any(words in line for line in told), said(text)
    chinese = [line for line in said_in_chinese(text).splitlines() if place_of(anchor, text) in line]
    assert any(re.search("[\u4e00-\u9fff]", line) for line in chinese), chinese


def test_all_mistakes_are_said_in_one_run() -> None:
    """A clerk corrects them all at once."""
    text = changed("zone:", "zon:", changed("step: decide}", "step: decid}", changed("核准, step", "审核, step", MAPPING)))
    assert [place_of(anchor, text) in said(text) for anchor in ("zon:", "审核, step: decid}", "decid}")] == [True] * 3


def test_a_rule_no_activity_can_meet_is_refused() -> None:
    """A separation whose second step never happens would find nothing for ever."""
    text = changed("  - {activity: 核准, step: decide}\n", "", MAPPING)
    assert "m.yaml:9:12: 环节“decide”没有对应的活动" in said_in_chinese(text)


def test_the_steps_of_a_policy_folder_are_known() -> None:
    """Item and step must exist, and who holds the posts must be said."""
    for old, new in (("item: permit", "item: permits"), ("step: decide}", "step: decid}"), ("{amount:", "{ amont:")):
        text = changed(old, new, FOLDER)
        assert place_of(new.split()[1], text) in said(text)
    assert "it is not said who holds which post" in said(changed("assumed: [posts]\n", "", FOLDER))
    assert "remove posts and credentials" in said(f"{FOLDER}personnel: people\n")
    assert "either rules, or policies with item" in said(changed("item: permit\n", "", FOLDER))


def test_columns_the_log_does_not_have_are_said_at_the_mapping_file() -> None:
    """All of them, with the nearest that it has."""
    with pytest.raises(EventLogError) as stopped:
        replay(log_of("A,审核,甲,2026-01-05", heading="案号,环节,经办人员,日期"))
    assert "mapping.yaml:2:45: 日志没有“经办人”这一列——是否应为：经办人员" in stopped.value.sentence.zh
    assert "mapping.yaml:2:56" in stopped.value.message
    with pytest.raises(EventLogError, match="more than once"):
        replay(log_of("A,审核,甲,2026-01-05,x", heading="案号,环节,经办人,时间,案号"))


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_says_what_to_do(code: str) -> None:
    """In both languages, with the same facts."""
    chinese, english = SENTENCES[code]
    fields = [set(re.findall(r"{(\w+)}", text)) for text in (chinese, english)]
    assert fields[0] == fields[1]
    assert re.search("[\u4e00-\u9fff].*——.*[\u4e00-\u9fff]", chinese)
    assert re.search("[a-z].* — .*[a-z]", english)
    assert not re.search("[\u4e00-\u9fff]", english)


def test_every_key_has_a_chinese_label() -> None:
    """As every file of the product."""
    assert all(key.label for key in keys_of(MappingFile).values())


HOW_TO = ROOT / "docs" / "how-to" / "replay-an-event-log.md"


def test_the_how_to_shows_a_file_that_can_be_used() -> None:
    """Both of its blocks, and every key of the file is on the page."""
    page = HOW_TO.read_text("utf-8")
    whole, folder = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    read(whole)
    read_mapping("m.yaml", (whole[: whole.index("rules:")] + folder).encode())
    blocks = (MappingFile, LogFormat, Columns, Lifecycle, Activity, OutcomeColumn, CellSource)
    assert [key.name for block in blocks for key in keys_of(block).values() if not re.search(rf"\b{key.name}\b", page)] == []


def test_the_example_can_be_used() -> None:
    """Without the log."""
    read((ROOT / "docs" / "examples" / "permit_log" / "receipt.yaml").read_text("utf-8"))
