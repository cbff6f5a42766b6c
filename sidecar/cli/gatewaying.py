"""`quanheng gateway`: the answers to a gateway that asks before it forwards, as a process."""

from pathlib import Path
from typing import Annotated

import structlog
import typer
from prometheus_client import start_http_server

from adapters.enforcement.forward_auth import CHANNEL, ForwardAuth, Style
from adapters.enforcement.identities import identity_of
from adapters.enforcement.identity import THIS_MACHINE, Gateways
from adapters.enforcement.ruling import Enforcement
from sidecar.cli.listening import listen_at, serve_http
from sidecar.cli.output import log_to_stderr
from sidecar.cli.proxying import decider_at, routes_of
from sidecar.settings import is_loopback

log = structlog.get_logger("quanheng")


def gateway_command(
    routes: Annotated[Path, typer.Option(help="Route file (YAML) 路由文件")],
    style: Annotated[Style, typer.Option(help="How the gateway says what was asked 网关类型")],
    gateway: Annotated[
        list[str] | None, typer.Option(help="Address or network the gateway asks from; this machine unless given 网关地址")
    ] = None,
    sidecar: Annotated[str, typer.Option(help="The sidecar 授权服务地址")] = "http://127.0.0.1:8181",
    host: Annotated[str, typer.Option(help="Address to listen on 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on 端口")] = 8183,
    metrics_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the counters, on loopback; 0 for none 指标端口")
    ] = 0,
    policies: Annotated[
        Path | None, typer.Option(help="Check items and steps of the routes against this built folder 核对路由")
    ] = None,
) -> None:
    """Answer a gateway (nginx, Caddy, Traefik, HAProxy, Envoy) 网关外部授权. The token comes from QUANHENG_TOKEN."""
    log_to_stderr()
    table = routes_of(routes, policies)
    enforcement = Enforcement(table, identity_of(table.officer, routes.parent), CHANNEL)
    app = ForwardAuth(enforcement, decider_at(sidecar), Gateways(gateway or THIS_MACHINE), style)
    if metrics_port:
        start_http_server(metrics_port, "127.0.0.1", app.registry)
    if not is_loopback(host):
        log.warning("INSECURE", what="questions are answered without TLS beyond loopback; only the named gateways are believed")
    ready = {"listening": f"http://{host}:{port}", "style": style.value, "sidecar": sidecar, "routes": len(table.routes)}
    serve_http(app, listen_at(host, port), ready, date_header=False)
