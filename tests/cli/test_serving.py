"""`serve`, `proxy`, `token`: what is refused before anything listens, and in which words."""

import hashlib
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sidecar.cli.commands import app
from sidecar.errors import PersonnelError, PolicyError, QuanhengError, RouteFileError, SettingsError
from sidecar.settings import Settings, read_settings
from tests.e2e.processes import EXAMPLE, ROOT, free_port, get, quanheng, run_quanheng, running, serve_command


def refusal(*arguments: str) -> QuanhengError:
    fault = CliRunner().invoke(app, list(arguments)).exception
    assert isinstance(fault, QuanhengError)
    assert fault.hint
    return fault


def serve(tmp_path: Path, **changes: Path) -> list[str]:
    folders = {"policies": ROOT / "policies", "personnel": EXAMPLE / "personnel", "data": tmp_path / "data", **changes}
    return ["serve", "--insecure", *(word for name, path in folders.items() for word in (f"--{name}", str(path)))]


def test_stale_policies_stop_the_start(tmp_path: Path) -> None:
    """Compiled rows that are not those of the sources beside them are not served."""
    copy = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", copy)
    powers = copy / "binhe" / "powers.yaml"
    powers.write_text(powers.read_text("utf-8") + "# edited\n", "utf-8")
    fault = refusal(*serve(tmp_path, policies=copy))
    assert isinstance(fault, PolicyError)
    assert "quanheng build" in fault.hint


@pytest.mark.parametrize("name", ["compiled/policy.csv", "compiled/manifest.json", "model.conf"])
def test_changed_compiled_files_stop_the_start(tmp_path: Path, name: str) -> None:
    """One changed byte in rows, manifest or model is found by its digest."""
    copy = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", copy)
    path = copy / name
    path.write_bytes(path.read_bytes().replace(b"990100", b"990101", 1) if name != "model.conf" else path.read_bytes() + b"\n")
    assert isinstance(refusal(*serve(tmp_path, policies=copy)), PolicyError)


@pytest.mark.slow
def test_posts_nobody_confirmed_are_said_at_the_start_and_in_readyz(tmp_path: Path) -> None:
    """What an import wrote and nobody checked decides like the rest: the operators are told, in either spelling of the key."""
    copy, port = tmp_path / "policies", free_port()
    shutil.copytree(ROOT / "policies", copy)
    organ = copy / "binhe" / "organ.yaml"
    text = organ.read_text("utf-8")
    for key in ("confirmed", "已确认"):
        text = text.replace("rank: handler}", f"rank: handler, {key}: false}}", 1)
        organ.write_text(text, "utf-8")
    assert text.count(": false}") == 2
    assert run_quanheng("build", str(copy)).returncode == 0
    told = "2 posts written by an import, not confirmed: check organ.yaml and build 有 2 个岗位由导入生成，尚未确认"
    data, log = tmp_path / "data", tmp_path / "log"
    with running(serve_command(copy, data, EXAMPLE / "personnel", port), port, "/readyz", log):
        assert told in get(port, "/readyz")[1]["warnings"]
    assert f'{{"what": "{told}", "event": "DOUBT", "level": "warning"' in log.read_text("utf-8")


def test_missing_and_broken_personnel_stop_the_start(tmp_path: Path) -> None:
    """Every bad cell is named with file, line and column."""
    assert isinstance(refusal(*serve(tmp_path, personnel=tmp_path / "none")), PersonnelError)
    folder = tmp_path / "people"
    folder.mkdir()
    (folder / "appointments.csv").write_text(
        "person,post,from,to\no-1,approval.nobody,2026-13-01,\n张三,approval.window_clerk,,\n"
    )
    fault = refusal(*serve(tmp_path, personnel=folder))
    for place in ("appointments.csv:2:2", "appointments.csv:2:3", "appointments.csv:3:1"):
        assert place in fault.message


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "no caller is configured"),
        ({"QUANHENG_INSECURE": "true", "QUANHENG_HOST": "0.0.0.0"}, "loopback only"),  # noqa: S104 - refused
        ({"QUANHENG_CALLERS": '{a = {token_sha256 = "' + "0" * 64 + '"}}', "QUANHENG_HOST": "10.0.0.1"}, "tls_certificate"),
        ({"QUANHENG_INSECURE": "true", "QUANHENG_PROT": "80"}, "prot"),
        ({"QUANHENG_INSECURE": "true", "QUANHENG_PORT": "0"}, "port"),
        ({"QUANHENG_INSECURE": "true", "QUANHENG_TIMEZONE": "Mars/Base"}, "time zone"),
        ({"QUANHENG_CALLERS": '{a = {token_sha256 = "plain"}}'}, "callers.a.token_sha256"),
        ({"QUANHENG_CALLERS": "not toml"}, "inline TOML"),
        ({"QUANHENG_CONFIG": "/nowhere/settings.toml"}, "/nowhere/settings.toml"),
    ],
)
def test_settings_that_cannot_be_used_are_named(environment: dict[str, str], words: str) -> None:
    """Unknown keys, contradictions and unsafe combinations are errors with the key in them."""
    with pytest.raises(SettingsError, match=re.escape(words)):
        read_settings(environment)


def test_settings_come_from_file_environment_and_options(tmp_path: Path) -> None:
    """The later source wins."""
    file = tmp_path / "settings.toml"
    file.write_text(f'port = 1111\ntimezone = "UTC"\n[callers.portal]\ntoken_sha256 = "{"a" * 64}"\nmay = ["ask", "read"]\n')
    settings = read_settings({"QUANHENG_PORT": "2222"}, {"data": Path("d"), "host": None}, file)
    assert (settings.port, settings.timezone, settings.data, settings.host) == (2222, "UTC", Path("d"), "127.0.0.1")
    assert settings.callers["portal"].may == {"ask", "read"}


def test_every_setting_is_documented() -> None:
    """The reference names each field."""
    page = (ROOT / "docs" / "reference" / "settings.md").read_text("utf-8")
    for name in Settings.model_fields:
        assert f"`{name}`" in page, name


def test_token_prints_a_token_and_its_hash() -> None:
    """The hash in the settings is that of the token given to the caller, which is stored nowhere."""
    printed = CliRunner().invoke(app, ["token", "portal"]).output
    token = re.search(r"Bearer (\S+)", printed)
    digest = re.search(r'token_sha256 = "([0-9a-f]{64})"', printed)
    assert token is not None
    assert digest is not None
    assert hashlib.sha256(token.group(1).encode()).hexdigest() == digest.group(1)
    assert "[callers.portal]" in printed


@pytest.mark.parametrize("name", ["门户", "a.b", 'x"]\n[callers.y', "portal"])
def test_the_settings_a_token_prints_are_toml_whatever_the_caller_is_called(name: str) -> None:
    """What is printed to be copied can be read, and names the caller as it was named."""
    printed = CliRunner().invoke(app, ["token", name]).output
    settings = tomllib.loads(printed[printed.index("[callers") :])
    assert list(settings["callers"]) == [name]


def test_a_setting_is_told_wrong_in_our_words_only(tmp_path: Path) -> None:
    """No prefix of the library, no number of the operating system."""
    with pytest.raises(SettingsError) as told:
        read_settings({})
    assert "settings: no caller is configured" in told.value.message
    with pytest.raises(SettingsError) as told:
        read_settings({}, config=tmp_path / "none.toml")
    assert told.value.message == f"{tmp_path / 'none.toml'}: No such file or directory"


@pytest.mark.parametrize("given", ["1.2.3", "10.1.2.3/16", "gateway.example", "１０.1.2.3"])
def test_a_gateway_that_is_no_address_is_named(given: str) -> None:
    """Before anything listens, and without a traceback."""
    fault = refusal("gateway", "--routes", str(EXAMPLE / "routes.yaml"), "--style", "envoy", "--gateway", given)
    assert isinstance(fault, SettingsError)
    assert "--gateway" in fault.message
    assert given in fault.message


def test_all_mistakes_of_a_route_file_stop_the_proxy_in_one_run(tmp_path: Path) -> None:
    """With --policies a duplicate route, a route that is neither, an unknown item and an unknown step are said together."""
    routes = tmp_path / "routes.yaml"
    text = (EXAMPLE / "routes.yaml").read_text("utf-8")
    for old, new in (
        ("step: review", "step: revue"),
        ("item: cn-xk-food-business-licence\n    step: accept", "item: cn-xk-food-busines-licence\n    step: accept"),
        ("routes:\n", "routes:\n" + 2 * "  - {method: GET, path: /twice, not_a_power: twice}\n"),
        ("officer:", "fulfils: [deadline, deliver_decision]\nproxy_fulfils: {notify: [dead_line]}\nofficer:"),
        ("routes:\n", "routes:\n  - {method: GET, path: /neither, item: cn-xk-food-business-licence, step: isue}\n"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    routes.write_text(text, "utf-8")
    fault = refusal("proxy", "--routes", str(routes), "--upstream", "http://127.0.0.1:1", "--policies", str(ROOT / "policies"))
    assert isinstance(fault, RouteFileError)
    lines = fault.message.splitlines()[1:]
    for words in (
        "unknown step revue — it must be one of: accept, ",
        "unknown item cn-xk-food-busines-licence — did you mean: cn-xk-food-business-licence",
        "route GET /twice is already defined at",
        "is neither a step nor not_a_power",
        "unknown step isue",
        "no allow brings an obligation deliver_decision — did you mean: deliver_decision_and_list",
        "no allow brings an obligation dead_line — did you mean: deadline",
    ):
        assert any(words in line for line in lines), words
    assert len(lines) == 7


@pytest.mark.parametrize(
    "address", ["foo", "", "127.0.0.1:8182", "ftp://127.0.0.1", "http://", "http://:80", "http://a:b", "http://a/b"]
)
def test_an_upstream_that_is_no_address_stops_the_proxy(address: str) -> None:
    """A system that cannot be reached by that text is refused at start, not at the first request."""
    fault = refusal("proxy", "--routes", str(EXAMPLE / "routes.yaml"), "--upstream", address)
    assert f"--upstream {address} is not the address of a system" in fault.message
    fault = refusal("proxy", "--routes", str(EXAMPLE / "routes.yaml"), "--upstream", "http://127.0.0.1:1/", "--sidecar", "foo")
    assert "--sidecar foo" in fault.message


@pytest.mark.parametrize(
    ("declared", "given", "said"),
    [
        ("{record: [deadline]}", [], "--duties belong together"),
        ("", ["--duties", "duties"], "--duties belong together"),
        ("{notify: [deadline]}", ["--duties", "duties"], "--notify belong together"),
        ("{record: [deadline]}", ["--duties", "duties", "--notify", "http://127.0.0.1:9/x"], "--notify belong together"),
        ("{notify: [deadline]}", ["--duties", "duties", "--notify", "http://10.0.0.1/x"], "neither https nor on loopback"),
        ("{notify: [deadline]}", ["--duties", "duties", "--notify", "duties"], "--notify duties is not the address"),
        ("{notify: [deadline]}", ["--duties", "routes.yaml", "--notify", "https://x/y"], "routes.yaml"),
    ],
)
def test_what_the_proxy_is_to_fulfil_and_cannot_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: str, given: list[str], said: str
) -> None:
    """Found out at start, not by the first officer whose act would have to wait for ever."""
    monkeypatch.chdir(tmp_path)
    own = f"proxy_fulfils: {declared}\n" if declared else ""
    Path("routes.yaml").write_text(own + (EXAMPLE / "routes.yaml").read_text("utf-8"), "utf-8")
    fault = refusal("proxy", "--routes", "routes.yaml", "--upstream", "http://127.0.0.1:1", *given)
    assert isinstance(fault, SettingsError)
    assert said in fault.message


def test_a_token_never_crosses_a_network_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Towards another machine the sidecar must be https."""
    monkeypatch.setenv("QUANHENG_TOKEN", "secret")
    routes = str(EXAMPLE / "routes.yaml")
    fault = refusal("proxy", "--routes", routes, "--upstream", "http://127.0.0.1:1", "--sidecar", "http://10.0.0.1:8181")
    assert "https" in fault.hint


@pytest.mark.slow
def test_a_failure_is_one_sentence_a_hint_and_status_2(tmp_path: Path) -> None:
    """No stack reaches the person at the terminal."""
    run = run_quanheng("check", str(tmp_path / "nowhere"))
    assert run.returncode == 2
    assert run.stderr.startswith("quanheng: ")
    assert "→" in run.stderr
    assert "Traceback" not in run.stderr
    assert quanheng("check")[1:] == ["-m", "sidecar", "check"]
