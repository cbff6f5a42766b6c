"""`quanheng gateway`: the answers to a gateway that asks before it forwards, as a process."""

import asyncio
import importlib
import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import structlog
import typer
from prometheus_client import CollectorRegistry, start_http_server

from adapters.enforcement.forward_auth import CHANNEL, ForwardAuth, Style
from adapters.enforcement.identities import identity_of
from adapters.enforcement.identity import THIS_MACHINE, Gateways
from adapters.enforcement.observing import warn_of_observing
from adapters.enforcement.ruling import Enforcement
from sidecar.cli.addresses import SidecarCa, SidecarCertificate, SidecarKey, Trust, decider_at
from sidecar.cli.listening import listen_at, serve_http
from sidecar.cli.output import log_to_stderr
from sidecar.cli.proxying import ObserveOption, routes_of
from sidecar.errors import SettingsError
from sidecar.settings import is_loopback

GRACE = 5.0  # seconds for questions that are being answered when the process is told to stop

log = structlog.get_logger("quanheng")


def gateway_command(
    routes: Annotated[Path, typer.Option(help="Route file (YAML) 路由文件")],
    style: Annotated[Style, typer.Option(help="How the gateway says what was asked 网关类型")],
    gateway: Annotated[
        list[str] | None, typer.Option(help="Address or network the gateway asks from; this machine unless given 网关地址")
    ] = None,
    sidecar: Annotated[str, typer.Option(help="The sidecar 授权服务地址")] = "http://127.0.0.1:8181",
    sidecar_ca: SidecarCa = None,
    sidecar_certificate: SidecarCertificate = None,
    sidecar_key: SidecarKey = None,
    host: Annotated[str, typer.Option(help="Address to listen on 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on 端口")] = 8183,
    metrics_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the counters, on loopback; 0 for none 指标端口")
    ] = 0,
    policies: Annotated[
        Path | None, typer.Option(help="Check items and steps of the routes against this built folder 核对路由")
    ] = None,
    observe: ObserveOption = False,
) -> None:
    """Answer a gateway (nginx, Caddy, Traefik, HAProxy, Envoy) 网关外部授权. The token comes from QUANHENG_TOKEN."""
    log_to_stderr()
    table = routes_of(routes, policies)
    gateways, identity = _gateways(gateway), identity_of(table.officer, routes.parent)
    if not is_loopback(host):
        log.warning("INSECURE", what="questions are answered without TLS beyond loopback; only the named gateways are believed")
    warn_of_observing(observe=observe)
    decider = decider_at(sidecar, Trust(sidecar_ca, sidecar_certificate, sidecar_key))
    ready = {"listening": f"{host}:{port}", "style": style.value, "sidecar": sidecar, "routes": len(table.routes)}
    if style is Style.ENVOY:
        point = _ext_authz()
        answering = point.ExtAuthz(Enforcement(table, identity, point.CHANNEL, observe=observe), decider, gateways)
        _count(metrics_port, answering.registry)
        asyncio.run(serve_grpc(answering.server, host, port, ready))
    else:
        app = ForwardAuth(Enforcement(table, identity, CHANNEL, observe=observe), decider, gateways, style)
        _count(metrics_port, app.registry)
        serve_http(app, listen_at(host, port), {**ready, "listening": f"http://{host}:{port}"}, date_header=False)


def _gateways(given: list[str] | None) -> Gateways:
    try:
        return Gateways(given or THIS_MACHINE)
    except ValueError as fault:
        raise SettingsError("NOT_A_NETWORK", fault=fault) from fault


def _count(port: int, registry: CollectorRegistry) -> None:
    if port:
        start_http_server(port, "127.0.0.1", registry)


def _ext_authz() -> ModuleType:
    """The part that needs gRPC, which is installed where Envoy is used. Raises SettingsError."""
    try:
        return importlib.import_module("adapters.enforcement.ext_authz")
    except ModuleNotFoundError as fault:
        raise SettingsError("ENVOY_NOT_INSTALLED", fault=fault.name) from fault


async def serve_grpc(make: Callable[[], Any], host: str, port: int, ready: dict[str, Any]) -> None:
    """Serve until told to stop; questions that are being answered then get GRACE seconds. Raises SettingsError."""
    server = make()
    listen_at(host, port).close()  # says in words what gRPC says in numbers
    try:
        server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    except RuntimeError as fault:
        raise SettingsError("GATEWAY_PORT_TAKEN", host=host, port=port) from fault
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await server.start()
    log.info("ready", **ready)
    await stopped.wait()
    await server.stop(GRACE)
