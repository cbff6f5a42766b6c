"""Listening: nothing says ready before it can be reached, and what cannot be listened on is a sentence with a hint."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sidecar.cli.commands import app
from sidecar.cli.listening import listen_at, listen_on
from sidecar.errors import SettingsError
from tests.e2e.processes import EXAMPLE, ROOT, free_port, get, quanheng

PROXY = ("proxy", "--routes", str(EXAMPLE / "routes.yaml"), "--upstream", "http://127.0.0.1:1")


def serve(data: Path, *where: str) -> list[str]:
    folders = ("--policies", str(ROOT / "policies"), "--personnel", str(EXAMPLE / "personnel"), "--data", str(data))
    return ["serve", "--insecure", *folders, *where]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with listen_at("127.0.0.1", free_port()) as other:
        yield other.getsockname()[1]


def test_a_busy_port_is_named_and_nothing_says_ready(tmp_path: Path, taken: int) -> None:
    """The sidecar and the proxy alike."""
    for command in (serve(tmp_path / "data"), [*PROXY]):
        run = CliRunner().invoke(app, [*command, "--port", str(taken)])
        assert isinstance(run.exception, SettingsError)
        assert f"cannot listen on 127.0.0.1:{taken}: Address already in use" in run.exception.message
        assert "--port" in run.exception.hint
        assert "ready" not in run.output


@pytest.mark.slow
@pytest.mark.parametrize("command", [serve(Path("data")), [*PROXY]], ids=["serve", "proxy"])
def test_ready_is_said_when_it_is_so(tmp_path: Path, command: list[str]) -> None:
    """Who reads `ready` may connect at once, without trying twice."""
    port = free_port()
    words = [str(tmp_path) if word == "data" else word for word in command]
    with subprocess.Popen(quanheng(*words, "--port", str(port)), cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert any('"event": "ready"' in line for line in process.stderr)
            assert get(port, "/healthz" if "serve" in command else "/.quanheng/healthz")[0] == 200
        finally:
            process.kill()


def test_an_address_that_is_not_of_this_machine_is_named() -> None:
    """Another machine's address, and one that is none."""
    for host in ("192.0.2.1", "a..b"):
        with pytest.raises(SettingsError, match=f"cannot listen on {host}:8181") as refused:
            listen_at(host, 8181)
        assert "--host" in refused.value.hint


def test_a_socket_that_somebody_answers_on_is_not_taken_away(tmp_path: Path) -> None:
    """A second sidecar on the same path is refused and the first still reached."""
    path = tmp_path / "s"
    with listen_on(path):
        with pytest.raises(SettingsError, match="Address already in use") as refused:
            listen_on(path)
        assert "--uds" in refused.value.hint
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))


def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    """After a kill the next start needs nobody's help."""
    path = tmp_path / "s"
    listen_on(path).close()
    assert path.is_socket()
    with listen_on(path), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))


def test_a_path_that_cannot_be_a_socket_is_named(tmp_path: Path) -> None:
    """A file is never replaced; a missing folder and a path too long are refused, by the command too."""
    file = tmp_path / "file"
    file.write_text("kept")
    for path in (file, tmp_path / "none" / "s", tmp_path / ("s" * 200)):
        run = CliRunner().invoke(app, serve(tmp_path / "data", "--uds", str(path)))
        assert isinstance(run.exception, SettingsError)
        assert f"cannot listen on {path}: " in run.exception.message
        assert "ready" not in run.output
    assert file.read_text() == "kept"


def test_certificates_that_cannot_be_used_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file and one that is no PEM, before anything says ready."""
    key = tmp_path / "key.pem"
    key.write_text("no key")
    monkeypatch.setenv("QUANHENG_TLS_KEY", str(key))
    for certificate in (tmp_path / "none.pem", key):
        monkeypatch.setenv("QUANHENG_TLS_CERTIFICATE", str(certificate))
        run = CliRunner().invoke(app, serve(tmp_path / "data", "--port", str(free_port())))
        assert isinstance(run.exception, SettingsError)
        assert str(certificate) in run.exception.message
        assert "ready" not in run.output
