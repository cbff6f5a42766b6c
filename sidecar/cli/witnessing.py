"""`quanheng witness init|serve`: what another department runs, so that the log cannot be rewritten behind its back."""

import sqlite3
import time
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.storage.key_folder import KeyFolder, public_key
from adapters.storage.witness_file import WITNESS_FILE, WitnessFile
from sidecar.cli.listening import listen_at, serve_http
from sidecar.cli.output import log_to_stderr, print_line
from sidecar.decision_log.hashing import NAMES, SHA256, tree_hash
from sidecar.decision_log.notes import COSIGNATURE, Key
from sidecar.decision_log.witnessing import KnownLog
from sidecar.errors import SettingsError, StoreError, reason_of
from sidecar.http_api.witness import witness_app
from sidecar.settings import is_loopback

witness_app_cli = typer.Typer(no_args_is_help=True, help="Cosign the heads of other people's logs 见证")

SETTINGS = "witness.toml"
Folder = Annotated[Path, typer.Option("--dir", help="Folder of the witness 见证目录")]


@witness_app_cli.command("init")
def init_command(
    directory: Folder,
    name: Annotated[str, typer.Option(help="Its name, like witness.example/audit 见证名称")],
    log: Annotated[
        list[str],
        typer.Option("--log", metavar="KEY[=HASH]", help="Public key of a log to witness; =sm3 for one hashed so 日志公钥"),
    ],
) -> None:
    """Make a witness: its key, what it remembers, and the logs it knows 建立见证."""
    if (directory / SETTINGS).exists() or (directory / WITNESS_FILE).exists():
        raise SettingsError("WITNESS_EXISTS", directory=directory)
    logs = [_given(text) for text in log]
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer = KeyFolder(directory).create(name)
    cosigner = Key(name, COSIGNATURE, signer.key.public)
    lines = [f'name = "{name}"', f'key = "{signer.key}"', ""]
    for key, hash_ in logs:
        lines += ["[[logs]]", f'key = "{key}"', f'hash = "{hash_}"', ""]
    (directory / SETTINGS).write_text("\n".join(lines), "utf-8")
    WitnessFile(directory).close()
    print_line(f"witness 见证   {cosigner}")
    print_line("Give this key to the operators of the logs and to everybody who verifies them. 请把公钥交给日志运维和核验方。")


def _given(text: str) -> tuple[Key, str]:
    """A log's key, and behind a hash sign its hash where it is not SHA-256: KEY or KEY=sm3 at the very end."""
    for hash_ in NAMES:
        if text.endswith(f"={hash_}"):
            return public_key(text.removesuffix(f"={hash_}")), hash_
    return public_key(text), SHA256


@witness_app_cli.command("serve")
def serve_command(
    directory: Folder,
    host: Annotated[str, typer.Option(help="Address to listen on 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on 端口")] = 8184,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM")] = None,
) -> None:
    """Serve a witness over HTTP (C2SP tlog-witness) 启动见证."""
    log_to_stderr()
    if bool(tls_certificate) != bool(tls_key):
        raise SettingsError("WITNESS_TLS_PAIR")
    if not (tls_certificate or is_loopback(host)):
        raise SettingsError("WITNESS_NOT_LOOPBACK", host=host)
    settings = _settings(directory)
    cosigner = KeyFolder(directory).cosigner(public_key(str(settings.get("key", ""))))
    memory = _memory(directory)
    app = witness_app(cosigner, _logs(settings), memory, lambda: int(time.time()))
    ready = {"witness": str(cosigner.key), "listening": f"{'https' if tls_certificate else 'http'}://{host}:{port}"}
    try:
        serve_http(app, listen_at(host, port), ready, ssl_certfile=tls_certificate, ssl_keyfile=tls_key)
    finally:
        memory.close()


def _settings(directory: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((directory / SETTINGS).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError("WITNESS_SETTINGS_UNREADABLE", settings=directory / SETTINGS, fault=reason_of(fault)) from fault


def _logs(settings: dict[str, Any]) -> dict[str, KnownLog]:
    logs: dict[str, KnownLog] = {}
    for told in settings.get("logs", ()):
        key = public_key(str(told.get("key", "")))
        known = logs.get(key.name)
        keys = (*(known.keys if known else ()), key)
        logs[key.name] = KnownLog(keys, tree_hash(str(told.get("hash", SHA256))))
    return logs


def _memory(directory: Path) -> WitnessFile:
    if not (directory / WITNESS_FILE).exists():
        raise StoreError("WITNESS_FORGOT", witness_file=directory / WITNESS_FILE)
    try:
        return WitnessFile(directory)
    except sqlite3.Error as fault:
        raise StoreError("WITNESS_FILE_UNUSABLE", witness_file=directory / WITNESS_FILE, fault=fault) from fault
