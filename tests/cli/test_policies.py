"""`check`, `build`, `test`, `schema` as a maintainer runs them: status, sentences, JSON."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.storage.policy_folder import PolicyFolder
from sidecar.cli.commands import app
from sidecar.compiler.compile import check, compile_policies
from sidecar.errors import PolicyError
from tests.e2e.processes import ROOT

SHIPPED = ROOT / "policies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped policies that a test may spoil, with one organ and one file of expectations."""
    copy = tmp_path / "policies"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("expectations-*.yaml"))
    for organ in copy.glob("*/organ.yaml"):
        if organ.parent.name != "binhe":
            shutil.rmtree(organ.parent)
    files = PolicyFolder(copy)
    sources = files.sources()
    files.write(compile_policies(check(sources), files.model(), sources))
    return copy


def quanheng(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def spoil(folder: Path, old: str, new: str) -> int:
    """Replace the first occurrence in powers.yaml; the line it stands on."""
    path = folder / "binhe" / "powers.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_check_says_every_mistake_with_its_place(folder: Path) -> None:
    """Mistakes of form and of reference, in one item and in several, are all said in one run, and the status is 1."""
    post = spoil(folder, "posts: [licence_reviewer]", "posts: [licence_reviever]")
    status = spoil(folder, "status: in_use", "status: in_usage")
    key = spoil(folder, "power_class: penalty", "power_klass: penalty")
    step = spoil(folder, "after: [file]", "after: [fill]")
    twice = spoil(folder, "    power_klass: penalty", "    version: 1\n    power_klass: penalty")
    run = quanheng("check", str(folder), "--lang", "en")
    assert run.exit_code == 1
    errors = [line for line in run.output.splitlines() if ": error: " in line]
    assert [int(line.split("powers.yaml:")[1].split(":")[0]) for line in errors if "is missing" not in line] == sorted(
        [status, post, key + 1, twice + 3, step + 1]
    )
    for words in (
        "[cn-xk-food-business-licence] unknown post licence_reviever",
        'does not know "in_usage"',
        "[cn-cf-food-unlicensed] unknown key power_klass — did you mean: power_class",
        "[cn-cf-food-unlicensed] key version is written twice",
        "[cn-cf-food-unlicensed] unknown step fill",
    ):
        assert any(words in line for line in errors), words


def test_check_speaks_chinese(folder: Path) -> None:
    """The same finding in the language of the people who run it."""
    spoil(folder, "posts: [licence_reviewer]", "posts: [licence_reviever]")
    run = quanheng("check", str(folder), "--lang", "zh")
    assert "没有岗位“licence_reviever”" in run.output
    assert "1 个错误" in run.output


def test_check_as_json(folder: Path) -> None:
    """Programs get code, place, item and both sentences of each finding."""
    line = spoil(folder, "posts: [licence_reviewer]", "posts: [licence_reviever]")
    run = quanheng("check", str(folder), "--json")
    found = [f for f in json.loads(run.output)["findings"] if f["severity"] == "error"]
    assert [(f["code"], f["file"], f["line"], f["item"]) for f in found] == [
        ("UNKNOWN_POST", "binhe/powers.yaml", line, "cn-xk-food-business-licence")
    ]
    assert found[0]["zh"]
    assert found[0]["en"]


def test_the_shipped_policies_check_with_warnings_only() -> None:
    """Status 0; what a maintainer must look at is said."""
    run = quanheng("check", str(SHIPPED), "--lang", "en", "--all")
    assert run.exit_code == 0
    assert "0 errors" in run.output
    assert "key posts without a term of rotation" in run.output


def test_check_warns_of_items_whose_records_nobody_says_how_long_to_keep(folder: Path, tmp_path: Path) -> None:
    """Once an organ; said by the item, by a rule of the record for it, or by a default that somebody wrote down."""
    rules = tmp_path / "record.yaml"

    def told(text: str = "") -> dict[str, int]:
        """How many of each organ."""
        rules.write_text(text, "utf-8")
        options = ("--rules", str(rules)) if text else ()
        run = quanheng("check", str(folder), "--json", *options)
        found = [f for f in json.loads(run.stdout)["findings"] if f["code"] == "RETENTION_UNSAID"]
        assert {f["severity"] for f in found} <= {"warning"}
        return {f["file"].split("/")[0]: int(re.search(r"kept: (\d+)", f["en"])[1]) for f in found}  # type: ignore[index]

    assert told() == {"binhe": 14}
    ruled = told("retention:\n  items:\n    cn-xk-construction-permit: {years: 2, basis: 测试}\n")
    assert ruled == {"binhe": 13}
    assert told("retention:\n  default: {years: 2, basis: 测试}\n") == {}
    spoil(folder, "retention: {years: 15, from: procurement_end, basis: 政府采购法第四十二条}", "materials: []")
    assert told() == {"binhe": 15}


def test_build_refuses_a_broken_folder_and_keeps_the_good_build(folder: Path) -> None:
    """A bad version never replaces a good one."""
    good = (folder / "compiled" / "policy.csv").read_bytes()
    spoil(folder, "posts: [licence_reviewer]", "posts: [licence_reviever]")
    assert quanheng("build", str(folder)).exit_code == 1
    assert (folder / "compiled" / "policy.csv").read_bytes() == good


def test_building_again_changes_no_byte(tmp_path: Path) -> None:
    """What is checked in is what a build writes."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "policies"))
    names = ("policy.csv", "manifest.json")
    before = [(SHIPPED / "compiled" / name).read_bytes() for name in names]
    built = []
    for _ in range(2):
        assert quanheng("build", str(folder)).exit_code == 0
        assert [(folder / "compiled" / name).read_bytes() for name in names] == before
        built.append((folder / "compiled" / "prepared.bin").read_bytes())
    assert built[0] == built[1]


def test_test_runs_the_shipped_expectations() -> None:
    """All hold, no item and no rule is untouched."""
    report = json.loads(quanheng("test", str(SHIPPED), "--json").output)
    assert report["passed"]
    assert len(report["expectations"]) >= 100
    assert report["untouched_items"] == report["untouched_rules"] == []


def test_test_shows_what_differs(folder: Path) -> None:
    """An expectation that fails is shown with place, expected, found and the reason; the status is 1."""
    path = folder / "binhe" / "expectations.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("codes: [NO_POWER]", "codes: [RECUSAL]", 1), "utf-8")
    run = quanheng("test", str(folder), "--lang", "en")
    assert run.exit_code == 1
    assert "    codes:\n      expected: RECUSAL\n      found: NO_POWER\n" in run.output
    assert "    代码:\n      期望: RECUSAL\n      实际: NO_POWER\n" in quanheng("test", str(folder), "--lang", "zh").output
    assert "expectations.yaml:" in run.output
    assert "170/171 expectations hold\n" in run.output


@pytest.fixture
def spoilt_expectations(folder: Path) -> Path:
    """Two expectations with a mistake of form, two with one of name, and one name used twice."""
    path = folder / "binhe" / "expectations.yaml"
    text = path.read_text("utf-8")
    for old, new in (
        ("expect: {decision: allow}", "expect: {decison: allow}"),
        ("name: 审查之后由科长决定", "name: 属于许可范围的申请窗口可以受理"),
        ("[licence_reviewer, licence_section_head]", "[licence_reviever, licence_section_head]"),
        ("item: cn-cf-food-unlicensed", "item: cn-cf-food-unlicenced"),
        ("codes: [NO_POWER]", "codes: [NO_POWR]"),
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    return folder


WORDS = (
    "unknown key decison — did you mean: decision",
    "decision is missing",
    "expectation 属于许可范围的申请窗口可以受理 is already defined at binhe/expectations.yaml:6:11",
    "unknown post licence_reviever — define it in organ.yaml, or write: licence_reviewer",
    "unknown item cn-cf-food-unlicenced — did you mean: cn-cf-food-unlicensed",
    'codes does not know "NO_POWR" — write one of: NO_POWER',
)


def test_test_says_every_mistake_of_the_expectations(spoilt_expectations: Path) -> None:
    """Form and names in one run; what could not be run is counted, not passed over."""
    run = quanheng("test", str(spoilt_expectations), "--lang", "en")
    assert run.exit_code == 1
    errors = [line for line in run.output.splitlines() if ": error: " in line]
    assert len(errors) == len(WORDS)
    for words in WORDS:
        assert any(words in line for line in errors), words
    assert "167/171 expectations hold; 4 not run, mistakes above" in run.output
    report = json.loads(quanheng("test", str(spoilt_expectations), "--json").output)
    assert (report["passed"], report["held"], report["written"], report["unread"]) == (False, 167, 171, 4)


def test_check_says_them_too(spoilt_expectations: Path) -> None:
    """With the mistakes of the policy itself, which is not built: the maintainer sees all of it in one run."""
    spoil(spoilt_expectations, "status: in_use", "status: in_usage")
    run = quanheng("check", str(spoilt_expectations), "--lang", "en")
    assert run.exit_code == 1
    errors = [line for line in run.output.splitlines() if ": error: " in line]
    assert len(errors) == len(WORDS) + 1
    for words in (*WORDS, 'does not know "in_usage"'):
        assert any(words in line for line in errors), words
    assert "1 organ, 15 items: 7 errors, " in run.output


def test_policies_that_cannot_be_read_make_no_unknown_names(folder: Path) -> None:
    """One broken powers.yaml is one mistake, not one for each expectation that uses it."""
    (folder / "binhe" / "powers.yaml").write_text("items: [", "utf-8")
    run = quanheng("check", str(folder), "--lang", "en")
    assert [line.rsplit("(")[-1] for line in run.output.splitlines() if ": error: " in line] == ["YAML_SYNTAX)"]


def test_no_expectation_is_said(folder: Path) -> None:
    """A folder without expectations, or with a misspelt file of them, passes nothing."""
    path = folder / "binhe" / "expectations.yaml"
    path.rename(path.with_suffix(".yml"))
    for command in ("test", "check"):
        run = quanheng(command, str(folder), "--lang", "en")
        assert run.exit_code == 1
        assert "binhe/expectations.yml is no policy file" in run.output
        assert "expectations hold" not in run.output
    path.with_suffix(".yml").unlink()
    run = quanheng("test", str(folder), "--lang", "zh")
    assert run.exit_code == 1
    assert "没有任何期望——请在机关目录中写 expectations.yaml" in run.output
    assert json.loads(quanheng("test", str(folder), "--json").output)["passed"] is False
    assert quanheng("check", str(folder)).exit_code == 0


def test_test_refuses_a_build_older_than_its_sources(folder: Path) -> None:
    """An edited source that was not built is named, instead of testing yesterday's policy."""
    spoil(folder, "version: 1", "version: 2")
    run = quanheng("test", str(folder))
    assert isinstance(run.exception, PolicyError)
    assert "older than binhe/powers.yaml" in run.exception.message


@pytest.mark.parametrize("name", ["organ", "powers", "profile"])
def test_schema_prints_a_json_schema(name: str) -> None:
    """Editors get a schema with both spellings of the keys."""
    schema = json.loads(quanheng("schema", name).output)
    assert schema["$schema"].endswith("2020-12/schema")
    assert not all(key.isascii() for key in schema["properties"])


def test_a_folder_that_cannot_be_read_safely_is_refused(folder: Path) -> None:
    """Links and files anyone may change are not policy."""
    powers = folder / "binhe" / "powers.yaml"
    powers.chmod(0o666)
    assert "writable by everyone" in str(quanheng("check", str(folder)).exception)
    powers.rename(folder / "elsewhere.yaml")
    powers.symlink_to(folder / "elsewhere.yaml")
    assert "cannot be read" in str(quanheng("check", str(folder)).exception)


@pytest.mark.parametrize("command", ["check", "build"])
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[matchers]", "garbage", "model.conf"),
        (" && within(r.reg, p.reg)", "", "does not demand within(r.reg, p.reg)"),
        (' && (p.ctl == "-" || stops(r.case, p.ctl, p.arg))', "", "stops(r.case, p.ctl, p.arg)"),
        ("r.step == p.step && ", "", "r.step == p.step"),
        (" && !some(where (p.eft == deny))", "", "has the effect"),
    ],
)
def test_a_model_that_demands_less_is_refused(folder: Path, command: str, old: str, new: str, told: str) -> None:
    """A weakened matcher would make every power reach further; nobody may find that out when it is served."""
    model = folder / "model.conf"
    assert old in model.read_text("utf-8")
    model.write_text(model.read_text("utf-8").replace(old, new, 1), "utf-8")
    fault = quanheng(command, str(folder)).exception
    assert isinstance(fault, PolicyError)
    assert told in fault.message


def test_a_model_may_demand_more(folder: Path) -> None:
    """A further term narrows powers, which is the maintainers' right."""
    model = folder / "model.conf"
    model.write_text(model.read_text("utf-8").rstrip() + " && r.sub != 'officer:guest'\n", "utf-8")
    assert quanheng("build", str(folder)).exit_code == 0
    assert quanheng("test", str(folder)).exit_code == 0


def of_another_build(folder: Path) -> bytes:
    """The prepared form of the same policies with one power more widely held."""
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    spoil(other, "posts: [licence_reviewer]", "posts: [licence_reviewer, licence_section_head]")
    assert quanheng("build", str(other)).exit_code == 0
    return (other / "compiled" / "prepared.bin").read_bytes()


SPOILT: dict[str, Callable[[Path], bytes]] = {
    "empty": lambda _: b"",
    "cut short": lambda folder: (folder / "compiled" / "prepared.bin").read_bytes()[:-1],
    "one bit turned": lambda folder: (data := (folder / "compiled" / "prepared.bin").read_bytes())[:-9] + b"?" + data[-8:],
    "of another build": of_another_build,
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_prepared_form_that_is_not_of_these_files_is_never_served(folder: Path, how: str) -> None:
    """What people read is what decides: beside sound text files, a damaged or foreign cache changes no row."""
    assert quanheng("build", str(folder)).exit_code == 0
    prepared = folder / "compiled" / "prepared.bin"
    expected = rows_of(folder)
    spoilt = SPOILT[how](folder)
    assert spoilt != prepared.read_bytes()
    prepared.write_bytes(spoilt)
    assert rows_of(folder) == expected


def rows_of(folder: Path) -> tuple[str, list[tuple[object, ...]]]:
    snapshot = PolicyFolder(folder).snapshot()
    return snapshot.digest, list(snapshot.engine.section().rows)
