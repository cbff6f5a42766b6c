"""Documentation is executed: pages that follow from the code are up to date, commands exist, links lead somewhere."""

import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer

from sidecar.cli.commands import app
from tests.e2e.processes import ROOT, ask, free_port, run_quanheng, running, serve_command

PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _blocks(page: Path, kind: str) -> list[str]:
    return [m.group(2) for m in re.finditer(rf"^( *)```{kind}\n(.*?)^ *```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("name", ["codes.md", "power-list.md", "commands.md", "rules.md"])
def test_generated_pages_are_up_to_date(name: str) -> None:
    """`make docs` would write exactly what is checked in."""
    written = (ROOT / "docs" / "reference" / name).read_text("utf-8")
    assert written == _generator().pages()[name], "run `make docs`"


def test_the_commands_are_documented_with_defaults_and_bounds() -> None:
    """A reader need not try an option to know what leaving it out means."""
    page = _generator().pages()["commands.md"]
    for row in (
        "| `DIR` | required | Policy folder 策略目录 |",
        "| `--limit` | `50` | The newest so many 最多条数 (1 to 10000) |",
        "| `--follow --no-follow` | `--follow` | Wait for new entries 持续 |",
        "| `--decision` |  | 决定 (allow \\| deny) |",
        "| `--port` | `8181` | Port to listen on 端口 |",
        "| `--json` |  | JSON for programs 供程序读取 |",
    ):
        assert row in page, row
    assert page.count("`--lang` | of the terminal |") >= 8


def test_the_tutorial_writes_only_where_git_looks_away() -> None:
    """Who follows it in a clone has a clean clone afterwards."""
    page = (ROOT / "docs" / "tutorial" / "first-power.md").read_text("utf-8")
    written = re.findall(r"Write `([^`]+)`|mkdir (?:-p )?(\S+)|> (\S+\.csv)|--data (\S+)", page)
    assert len(written) >= 5
    assert all("".join(places).startswith("var/") for places in written)
    assert "var/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file or folder of the project."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def _quanheng_lines() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for block in _blocks(page, "console"):
            for line in block.splitlines():
                found = re.match(r"\s*\$ (?:\.venv/bin/)?quanheng (.*?)(?:\s{2,}#.*)?$", line)
                if found:
                    yield page, found.group(1)


@pytest.mark.parametrize(("page", "line"), list(_quanheng_lines()), ids=lambda value: str(value)[-60:])
def test_every_command_shown_exists_with_its_options(page: Path, line: str) -> None:
    """A command in the documentation is a command of the product, and so is each option."""
    words = shlex.split(line)
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        name = words.pop(0)
        assert name in command.commands, f"{page.name}: {name}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.slow
def test_the_request_of_the_readme_is_allowed(tmp_path: Path) -> None:
    """The JSON a reader copies from the README is understood and allowed for the person it names."""
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"-d '(\{\n.*?\})'", text, re.DOTALL)
    assert found is not None
    port = free_port()
    personnel = ROOT / "docs" / "examples" / "food_licence" / "personnel"
    with running(serve_command(ROOT / "policies", tmp_path / "data", personnel, port), port, "/readyz", tmp_path / "log"):
        status, answer = _ask_once(port, json.loads(found.group(1)))
    assert (status, answer["decision"]) == (200, True)


@pytest.mark.slow
def test_the_tutorial_works_as_written(tmp_path: Path) -> None:
    """Its two files check without error and build, and its request is allowed."""
    page = ROOT / "docs" / "tutorial" / "first-power.md"
    organ, powers = (re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in _blocks(page, "yaml"))
    office = tmp_path / "mine" / "office"
    office.mkdir(parents=True)
    (office / "organ.yaml").write_text(organ, "utf-8")
    (office / "powers.yaml").write_text(powers, "utf-8")
    people = tmp_path / "people"
    people.mkdir()
    appointments = re.search(r"printf '(.*?)' >", page.read_text("utf-8"))
    assert appointments is not None
    (people / "appointments.csv").write_text(appointments.group(1).replace("\\n", "\n"))
    for command in ("check", "build"):
        run = run_quanheng(command, str(tmp_path / "mine"))
        assert run.returncode == 0, run.stdout + run.stderr
    request = re.search(r"-d '(\{.*?\})'$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert request is not None
    port = free_port()
    with running(serve_command(tmp_path / "mine", tmp_path / "data", people, port), port, "/readyz", tmp_path / "log"):
        status, answer = _ask_once(port, json.loads(request.group(1)))
    assert (status, answer["decision"]) == (200, True)


def _ask_once(port: int, body: object) -> tuple[int, dict[str, object]]:
    import http.client  # noqa: PLC0415 - used here only

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        return ask(connection, "/authorize", body)
    finally:
        connection.close()
