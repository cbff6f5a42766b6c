"""The catalogue of failures: everything that stops a command is said in Chinese and in English, and nothing is said beside it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from adapters.verifier.chinese import in_chinese as note_in_chinese
from adapters.verifier.failures import FAILURES as FAILURES_OF_VERIFIER
from sidecar import errors
from sidecar.errors import LogBrokenError, QuanhengError, RequestError, SettingsError, StateRolledBackError, reason_of
from sidecar.failures import FAILURES
from sidecar.failures.inputs import in_chinese
from sidecar.failures.settings import LINES
from sidecar.failures.system import SYSTEM
from sidecar.messages import Sentence
from sidecar.settings import read_settings
from tests.architecture.test_house import SOURCES
from tests.e2e.processes import ROOT

CHINESE = re.compile("[\u4e00-\u9fff]")
NAMES_OF_CHINESE = {"NO_BASIS", "NO_HEADING_OF_A_LIST"}  # whose English quotes what stands in Chinese in a law or a workbook
SAID_ELSEWHERE = {
    "AS_TOLD",
    "PASSED_ON",
    "PASSED_ON_OF",
    "SM2_UNUSABLE",
    "RECORD_FAILED",
    "NOT_MADE_AGAIN",
}  # only facts, which say it themselves
PLACES_ONLY = {code for code, texts in FAILURES.items() if not re.search("[a-z]{3}", re.sub(r"{[^}]*}|--[a-z]+", "", texts[1]))}
CLASSES = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, QuanhengError)}
OWN_WORDS = {"RequestError", "StateRolledBackError", "VersionConflictError", "ReleasedError"}  # made of facts, with one sentence


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def raised() -> Iterator[tuple[str, ast.Call]]:
    """Where a failure is made, and with what."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(Path(path).read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES - OWN_WORDS:
                yield f"{path}:{node.lineno}", node


@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_is_said_in_both_languages(code: str) -> None:
    """What is wrong and what to do, with the same facts in both."""
    zh, en, advice_zh, advice_en = FAILURES[code]
    assert CHINESE.search(zh) or code in SAID_ELSEWHERE | PLACES_ONLY
    assert not CHINESE.search(en)
    assert bool(advice_zh) == bool(advice_en)
    assert not CHINESE.search(advice_en) or code in NAMES_OF_CHINESE
    assert facts(zh) == facts(en) or code == "TOO_MANY_WAIT"
    assert facts(advice_zh) == facts(advice_en)
    assert advice_en or CHINESE.search(zh) or code in ("AS_TOLD", "NOT_MADE_AGAIN"), "a place and a reason need advice"


def test_every_failure_in_the_source_is_in_the_catalogue_with_its_facts() -> None:
    """A code, never a sentence; and every fact its sentence names is given where it is raised."""
    for place, call in raised():
        constants = [node.value for arg in call.args for node in ast.walk(arg) if isinstance(node, ast.Constant)]
        codes = {value for value in constants if isinstance(value, str)}
        assert codes <= FAILURES.keys(), f"{place}: {codes - FAILURES.keys()} is no code of sidecar/failures"
        assert not any(isinstance(node, ast.JoinedStr) for arg in call.args for node in ast.walk(arg)), place
        given = {keyword.arg for keyword in call.keywords}
        for code in codes if None not in given else ():
            wanted = set().union(*(facts(text) for text in FAILURES[code]))
            assert wanted <= given, f"{place}: {code} needs {wanted - given}"


def test_a_failure_speaks_the_language_of_its_facts() -> None:
    """A fact that is a sentence is said in the language of the whole; as text a failure is English."""
    fault = SettingsError(
        "RECORD_RULES_UNREADABLE", path="r.yaml", reason=reason_of(FileNotFoundError(2, "No such file or directory"))
    )
    assert fault.sentence == Sentence("r.yaml：文件或目录不存在", "r.yaml: No such file or directory")
    assert str(fault) == "r.yaml: No such file or directory"
    assert fault.advice.zh == "请用 --rules（设置中为 record_rules）指定可读的文件"
    assert (fault.code, fault.facts["path"]) == ("RECORD_RULES_UNREADABLE", "r.yaml")


def test_failures_made_of_facts_are_said_in_both() -> None:
    """Those whose sentence is always the same."""
    assert "已在文件" not in StateRolledBackError("case c-1", "version 1", "2").sentence.zh
    assert StateRolledBackError("案件 c-1", "1", "2").sentence.zh.startswith("案件 c-1：案件库中是 1")
    assert RequestError("bad_request", "no id").message == "no id"
    assert LogBrokenError(3, 4, "ENTRIES_MISSING", expected=3, seq=4).advice.zh.startswith("请保持数据目录原状")


def test_what_the_system_refuses_is_said_in_both() -> None:
    """Every number with Chinese; one that is not known in the words of the system."""
    for number, (reason, advice_zh, advice_en) in SYSTEM.items():
        assert CHINESE.search(reason), number
        assert CHINESE.search(advice_zh), number
        assert not CHINESE.search(advice_en), number
    assert reason_of(OSError(71, "Protocol error")) == Sentence("Protocol error", "Protocol error")


@pytest.mark.parametrize(
    ("given", "zh"),
    [
        ({"prot": 1}, "prot: 没有这一项"),
        ({"port": 99999}, "port: 不得大于 65535"),
        ({"port": "x"}, "port: 应为整数"),
        ({"insecure": "perhaps"}, "insecure: 应为 true 或 false"),
        ({"callers": {"a": {"token_sha256": "x"}}}, "callers.a.token_sha256: 不符合格式"),
        ({"callers": {"a": {}}}, "callers.a: 调用方要由"),
        ({"callers": "a"}, "callers: 应为表"),
        ({"timezone": "Mars"}, "'Mars' 不是时区"),
        ({}, "没有配置调用方"),
        ({"insecure": True, "host": "10.0.0.1"}, "insecure 只用于本机回环，不能用于 10.0.0.1"),
    ],
)
def test_wrong_settings_are_said_in_chinese(given: dict[str, object], zh: str) -> None:
    """Each line, pydantic's own as well as ours."""
    with pytest.raises(SettingsError) as refused:
        read_settings({}, given)
    assert zh in refused.value.sentence.zh
    assert not CHINESE.search(refused.value.message)


def test_lines_of_settings_are_in_both_languages() -> None:
    """Ours."""
    for code, (zh, en) in LINES.items():
        assert CHINESE.search(zh), code
        assert not CHINESE.search(en), code
        assert facts(zh) == facts(en), code


@pytest.mark.parametrize("code", FAILURES_OF_VERIFIER)
def test_the_verifier_speaks_both_languages(code: str) -> None:
    """It ships alone, with a catalogue of its own."""
    zh, en, advice_zh, advice_en = FAILURES_OF_VERIFIER[code]
    assert all(CHINESE.search(text) or text == "{path}：{fault}" for text in (zh, advice_zh))
    assert not CHINESE.search(en + advice_en)
    assert facts(zh) == facts(en)


def test_every_note_of_the_verifier_is_known_in_chinese() -> None:
    """Each text that is noted in the source, with something in place of its facts."""
    noted: list[str] = []
    for path in [*(ROOT / "sidecar" / "decision_log").glob("*.py"), *(ROOT / "adapters" / "verifier").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("report.notes.append"):
                parts = node.args[0].values if isinstance(node.args[0], ast.JoinedStr) else node.args
                noted.append("".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts))
    assert len(noted) > 8
    for note in noted:
        whole = note.replace("7: their", "7 entries were released to 7: their")
        assert CHINESE.search(note_in_chinese(whole)), note


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ('port = 1\n名称 = "x"', "SETTINGS_KEY_BARE", "s.toml:2:1"),
        ('[callers.门户]\ntoken_sha256 = "x"', "SETTINGS_KEY_BARE", "s.toml:1:10"),
        ("port =", "SETTINGS_NOT_TOML", "s.toml:1:7"),
        ("port = 1\nport = 2", "SETTINGS_NOT_TOML", "s.toml:2:9"),
    ],
)
def test_a_mistake_in_a_settings_file_is_said_at_its_place(tmp_path: Path, text: str, code: str, place: str) -> None:
    """A bare key that is not English is named: TOML itself says only that a statement is invalid."""
    file = tmp_path / "s.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings({}, {}, file)
    assert (refused.value.code, str(refused.value.facts["place"])) == (code, str(tmp_path / place))


def test_a_settings_file_in_another_encoding_is_said_at_its_line(tmp_path: Path) -> None:
    """GB18030, as Windows still writes it."""
    file = tmp_path / "s.toml"
    file.write_bytes(b"port = 1\n# " + "权衡".encode("gb18030"))
    with pytest.raises(SettingsError, match=r"s.toml:2:1: not UTF-8"):
        read_settings({}, {}, file)


def test_a_text_nobody_translated_is_shown_as_it_is() -> None:
    """Better in English than not."""
    assert in_chinese("Something new") == "Something new"
    assert in_chinese("No such command 'prov'. Did you mean 'prove'?") == "没有命令 'prov'；是否指 'prove'"
