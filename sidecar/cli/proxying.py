"""`quanheng proxy`: the reverse proxy as a process."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import structlog
import typer

from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.identities import identity_of
from adapters.enforcement.proxy import CHANNEL, ReverseProxy
from adapters.enforcement.routes import RouteFile, read_routes
from adapters.enforcement.ruling import Enforcement
from adapters.storage.policy_folder import PolicyFolder
from sidecar.cli.listening import listen_at, serve_http
from sidecar.cli.output import log_to_stderr
from sidecar.errors import RouteFileError, SettingsError
from sidecar.settings import is_loopback

log = structlog.get_logger("quanheng")

DECISION_SECONDS = 5.0
UPSTREAM_SECONDS = 60.0


def proxy_command(
    routes: Annotated[Path, typer.Option(help="Route file (YAML) 路由文件")],
    upstream: Annotated[str, typer.Option(help="The system behind, http://host:port 被保护的系统")],
    sidecar: Annotated[str, typer.Option(help="The sidecar 授权服务地址")] = "http://127.0.0.1:8181",
    host: Annotated[str, typer.Option(help="Address to listen on 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on 端口")] = 8180,
    policies: Annotated[
        Path | None, typer.Option(help="Check items and steps of the routes against this built folder 核对路由")
    ] = None,
) -> None:
    """Stand in front of a system: ask, forward or refuse, report 反向代理. The token comes from QUANHENG_TOKEN."""
    log_to_stderr()
    table = routes_of(routes, policies)
    _refuse_no_address("--upstream", upstream)
    decider = decider_at(sidecar)
    behind = httpx.AsyncClient(base_url=upstream, timeout=UPSTREAM_SECONDS, trust_env=False, follow_redirects=False)
    app = ReverseProxy(Enforcement(table, identity_of(table.officer, routes.parent), CHANNEL), decider, behind)
    if not is_loopback(host):
        log.warning("INSECURE", what="the proxy listens without TLS beyond loopback; put it behind the authenticating gateway")
    ready = {"listening": f"http://{host}:{port}", "upstream": upstream, "sidecar": sidecar, "routes": len(table.routes)}
    serve_http(app, listen_at(host, port), ready, date_header=False)


def routes_of(path: Path, policies: Path | None) -> RouteFile:
    """A route file, held against the items and steps of a built folder where one is given. Raises RouteFileError."""
    return read_routes(str(path), read_file(path), steps_in(policies) if policies else None)


def decider_at(sidecar: str) -> HttpDecider:
    """Who is asked, with the token of QUANHENG_TOKEN. Raises SettingsError."""
    _refuse_no_address("--sidecar", sidecar)
    token = os.environ.get("QUANHENG_TOKEN", "")
    _refuse_plain(sidecar, token)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return HttpDecider(httpx.AsyncClient(base_url=sidecar, headers=headers, timeout=DECISION_SECONDS, trust_env=False))


def read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise RouteFileError(f"{path}: {fault.strerror}", "name a readable route file") from fault


def _refuse_no_address(option: str, given: str) -> None:
    """What is no address would be found out by the first officer; a path after the upstream's would never be used."""
    try:
        address = httpx.URL(given)
    except httpx.InvalidURL:
        address = httpx.URL()
    unused_path = option == "--upstream" and address.raw_path != b"/"
    if address.scheme not in ("http", "https") or not address.host or unused_path:
        raise SettingsError(
            f"{option} {given} is not the address of a system",
            "write it like http://127.0.0.1:8182, no path / 请写成这样的地址，不带路径",
        )


def _refuse_plain(sidecar: str, token: str) -> None:
    """A token never crosses a network in the clear."""
    address = urlsplit(sidecar)
    if address.scheme != "https" and not is_loopback(address.hostname or "") and token:
        raise SettingsError(f"the sidecar {sidecar} is neither https nor on loopback", "use https://")


def steps_in(policies: Path) -> dict[str, Collection[str]]:
    """Every item of a built folder with its steps."""
    return {name: item.steps for name, item in PolicyFolder(policies).snapshot().items.items()}
