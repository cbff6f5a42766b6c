"""`quanheng serve` and `quanheng token`."""

import asyncio
import hashlib
import json
import re
import secrets
import ssl
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from sidecar.cli.listening import listen_at, listen_on, serve_http
from sidecar.cli.output import log_to_stderr, print_line
from sidecar.errors import SettingsError
from sidecar.http_api.app import doubts_of, warnings_of
from sidecar.settings import Settings, read_settings
from sidecar.wiring import build_service

log = structlog.get_logger("quanheng")


def serve_command(
    policies: Annotated[Path | None, typer.Option(help="Built policy folder 已编译的策略目录")] = None,
    model: Annotated[
        Path | None, typer.Option(help="A Casbin model.conf to serve as it is, with --policy 直接使用 Casbin 模型")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="Its policy.csv 及其策略文件")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=PATH", help="sub=subject.id, obj=resource.id, … 请求字段映射")
    ] = None,
    default_allow: Annotated[
        bool, typer.Option("--default-allow", help="The model may allow what no row speaks of 允许默认准许的效果")
    ] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the record 记录目录")] = None,
    personnel: Annotated[Path | None, typer.Option(help="Folder of appointments.csv and its companions 任职数据目录")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; beyond loopback TLS is needed 监听地址")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on 端口")] = None,
    uds: Annotated[Path | None, typer.Option(help="Unix socket instead of host and port")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings file (TOML) 设置文件")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Loopback callers need no token; for trying out 仅供本机试用")
    ] = False,
) -> None:
    """Serve decisions over HTTP 启动服务. Options win over the environment and the settings file."""
    overrides: dict[str, Any] = {
        "policies": policies,
        "model": model,
        "policy": policy,
        "map": _pairs(mapping) if mapping else None,
        "default_allow": default_allow or None,
        "data": data,
        "personnel": personnel,
        "host": host,
        "port": port,
        "uds": uds,
        "insecure": insecure or None,
    }
    log_to_stderr()
    settings = read_settings(overrides=overrides, config=config)
    service = build_service(settings)
    store = service.authorizer.store
    for warning in (*warnings_of(settings, store), *service.life.warnings, *service.life.keeper.warnings):
        log.warning("INSECURE", what=warning)
    for doubt in doubts_of(service.authorizer, settings):
        log.warning("DOUBT", what=doubt)
    origin = service.life.keeper.identity.origin
    ready = {"log": origin, "policy": service.authorizer.digest, **service.authorizer.size, **_where(settings)}
    try:
        serve_http(
            service.served.app,
            listen_on(settings.uds) if settings.uds else listen_at(settings.host, settings.port),
            ready,
            service.reload,
            service.life.begin,
            service.life.end,
            http=service.served.protocol,
            ssl_certfile=settings.tls_certificate,
            ssl_keyfile=settings.tls_key,
            ssl_ca_certs=settings.tls_client_ca,
            ssl_cert_reqs=ssl.CERT_OPTIONAL if settings.tls_client_ca else ssl.CERT_NONE,
            timeout_keep_alive=30,
        )
    finally:
        asyncio.run(service.life.end())


def _pairs(mapping: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in mapping]
    for field, equals, path in pairs:
        if not (field and equals and path):
            raise SettingsError("NOT_FIELD_PATH", field=field, equals=equals, path=path)
    return {field: path for field, _, path in pairs}


def _where(settings: Settings) -> dict[str, str]:
    scheme = "https" if settings.tls_certificate else "http"
    return {"socket": str(settings.uds)} if settings.uds else {"listening": f"{scheme}://{settings.host}:{settings.port}"}


def _toml_key(name: str) -> str:
    """A key of a TOML table: bare where TOML allows it, else quoted. A JSON string is a basic string of TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def token_command(name: Annotated[str, typer.Argument(help="Name of the calling system 调用系统名称")]) -> None:
    """Make a token for a calling system: the token for the caller, its hash for the settings 生成调用令牌."""
    if not name.strip():
        raise SettingsError("CALLER_WITHOUT_NAME")
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).hexdigest()
    print_line(f"# give this to the caller, once 交给调用方：\nAuthorization: Bearer {token}\n")
    print_line(f'# put this into the settings 写入设置：\n[callers.{_toml_key(name)}]\ntoken_sha256 = "{digest}"\nmay = ["ask"]')
