"""`quanheng proxy`: the reverse proxy as a process."""

import asyncio
import re
import signal
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import structlog
import typer
import uvloop

from adapters.enforcement.identities import identity_of
from adapters.enforcement.observing import warn_of_observing
from adapters.enforcement.proxy.bounds import Bounds
from adapters.enforcement.proxy.health import Health
from adapters.enforcement.proxy.reverse_proxy import CHANNEL, ReverseProxy
from adapters.enforcement.proxy.serving import Serving
from adapters.enforcement.proxy.sidecar_client import PooledDecider
from adapters.enforcement.proxy.upstream import Address, Pool
from adapters.enforcement.proxy.watch import Watch
from adapters.enforcement.routes import Known, RouteFile, read_routes
from adapters.enforcement.ruling import Enforcement
from adapters.storage.policy_folder import PolicyFolder
from sidecar.cli.addresses import (
    DECISION_SECONDS,
    SidecarCa,
    SidecarCertificate,
    SidecarKey,
    Trust,
    address_of,
    sidecar_at,
    told_at,
)
from sidecar.cli.fulfilling import Fulfilling, duties_of, fulfilling_of
from sidecar.cli.listening import BACKLOG, listen_at
from sidecar.cli.output import log_to_stderr
from sidecar.errors import RouteFileError, SettingsError, reason_of
from sidecar.messages import Sentence
from sidecar.settings import is_loopback
from sidecar.wiring import collect_rarely

log = structlog.get_logger("quanheng")

_ROUTE_FILE = Sentence("路由文件", "route file")

SIDECAR_CONNECTIONS = 128

ObserveOption = Annotated[
    bool,
    typer.Option(
        "--observe", help="Let through what is refused, as long as the sidecar declares this caller to be observed 只记录不拦截"
    ),
]


def proxy_command(
    routes: Annotated[Path, typer.Option(help="Route file (YAML) 路由文件")],
    upstream: Annotated[str, typer.Option(help="The system behind, http[s]://host:port or unix:///path 被保护的系统")],
    sidecar: Annotated[
        str, typer.Option(help="The sidecar, http[s]://host:port or unix:///path 授权服务地址")
    ] = "http://127.0.0.1:8181",
    host: Annotated[str, typer.Option(help="Address to listen on 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on 端口")] = 8180,
    policies: Annotated[
        Path | None, typer.Option(help="Check items and steps of the routes against this built folder 核对路由")
    ] = None,
    sidecar_ca: SidecarCa = None,
    sidecar_certificate: SidecarCertificate = None,
    sidecar_key: SidecarKey = None,
    upstream_ca: Annotated[
        Path | None, typer.Option(help="Authorities (PEM) that may vouch for the system behind, not this machine's 根证书")
    ] = None,
    upstream_certificate: Annotated[
        Path | None, typer.Option(help="Certificate (PEM) with which the system behind knows the proxy 客户端证书")
    ] = None,
    upstream_key: Annotated[Path | None, typer.Option(help="Its private key (PEM) 客户端私钥")] = None,
    upstream_name: Annotated[
        str | None, typer.Option(help="Name in the system's certificate, and Host, where it is not that of the address 证书名称")
    ] = None,
    connections: Annotated[int, typer.Option(min=1, help="Connections of clients at once 最大连接数")] = Bounds().clients,
    upstream_connections: Annotated[
        int, typer.Option(min=1, help="Connections to the system behind at once 后端最大连接数")
    ] = Bounds().upstreams,
    answer_seconds: Annotated[
        float, typer.Option(min=0.1, help="Until the system behind begins to answer 后端答复时限（秒）")
    ] = Bounds().answer_seconds,
    websocket_seconds: Annotated[
        float, typer.Option(min=1, help="How long a WebSocket lasts before its officer is judged anew 长连接时限（秒）")
    ] = Bounds().websocket_seconds,
    websocket_ask_seconds: Annotated[
        float, typer.Option(min=1, help="How often it is asked whether a WebSocket's officer still may 长连接复核间隔（秒）")
    ] = Bounds().websocket_ask_seconds,
    duties: Annotated[
        Path | None, typer.Option(help="Folder for the obligations the proxy itself fulfils (proxy_fulfils) 义务登记文件夹")
    ] = None,
    notify: Annotated[
        str | None, typer.Option(help="Where those of proxy_fulfils.notify are told, http[s]://host:port/path 义务告知地址")
    ] = None,
    upstream_health: Annotated[
        str | None, typer.Option(help="Path of the system behind that answers 2xx when it is well 后端健康检查路径")
    ] = None,
    health_seconds: Annotated[float, typer.Option(min=0.1, help="How often it is asked 健康检查间隔（秒）")] = 5.0,
    observe: ObserveOption = False,
) -> None:
    """Stand in front of a system: ask, forward or refuse, report 反向代理. The token comes from QUANHENG_TOKEN."""
    log_to_stderr()
    table = routes_of(routes, policies)
    behind = address_of("--upstream", upstream, Trust(upstream_ca, upstream_certificate, upstream_key, upstream_name))
    asked, token = sidecar_at(sidecar, Trust(sidecar_ca, sidecar_certificate, sidecar_key))
    own = table.proxy_fulfils
    fulfilling = fulfilling_of(own, duties, told_at(notify))
    enforcement = Enforcement(table, identity_of(table.officer, routes.parent), CHANNEL, own=own.types, observe=observe)
    bounds = Bounds(
        clients=connections,
        upstreams=upstream_connections,
        answer_seconds=answer_seconds,
        websocket_seconds=websocket_seconds,
        websocket_ask_seconds=websocket_ask_seconds,
    )
    if not is_loopback(host):
        log.warning("INSECURE", what="the proxy listens without TLS beyond loopback; put it behind the authenticating gateway")
    warn_of_observing(observe=observe)
    ready = {"listening": f"http://{host}:{port}", "upstream": upstream, "sidecar": sidecar, "routes": len(table.routes)}
    health = None if upstream_health is None else (_health_path(upstream_health), health_seconds)
    collect_rarely()
    uvloop.run(_serve(_Set(enforcement, behind, asked, token, bounds, fulfilling, health), (host, port), ready))


class _Set(NamedTuple):
    """What a proxy is started with. `health` is a path of the system behind and how often it is asked, in seconds."""

    enforcement: Enforcement
    behind: Address
    asked: Address
    token: str
    bounds: Bounds
    fulfilling: Fulfilling | None
    health: tuple[str, float] | None


async def _serve(given: _Set, where: tuple[str, int], ready: dict[str, Any]) -> None:
    """Until told to stop."""
    bounds, behind, asked = given.bounds, given.behind, given.asked
    loop, listening, watch = asyncio.get_running_loop(), listen_at(*where), Watch(bounds.tick_seconds)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    to_sidecar = bounds._replace(stall_seconds=DECISION_SECONDS)
    questions, reports = (Pool(asked.connect, watch, to_sidecar, SIDECAR_CONNECTIONS) for _ in range(2))
    decider = PooledDecider(questions, reports, asked.authority, given.token, DECISION_SECONDS)
    async with duties_of(given.fulfilling) as duties, _health_of(given, watch) as health:
        proxy = ReverseProxy(given.enforcement, decider, duties, health)
        serving = Serving(proxy, behind.connect, behind.authority, watch, bounds)
        server = await loop.create_server(serving.client, sock=listening, backlog=BACKLOG)
        log.info("ready", **ready)
        await stopped.wait()
        server.close()
        await serving.stop()
    questions.close()
    reports.close()
    watch.stop()


def _health_of(given: _Set, watch: Watch) -> AbstractAsyncContextManager[Health | None]:
    if given.health is None:
        return nullcontext()
    return Health(Pool(given.behind.connect, watch, given.bounds, 1), given.behind.authority, *given.health).asked()


def _health_path(path: str) -> str:
    if not re.fullmatch(r"/[\x21-\x7e]*", path):
        raise SettingsError("NOT_A_HEALTH_PATH", path=path)
    return path


def routes_of(path: Path, policies: Path | None) -> RouteFile:
    """A route file, held against items, steps and obligations of a built folder where one is given. Raises RouteFileError."""
    return read_routes(str(path), read_file(path), known_in(policies) if policies else None)


def read_file(path: Path, what: Sentence = _ROUTE_FILE) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise RouteFileError("FILE_UNREADABLE", path=path, reason=reason_of(fault), what=what) from fault


def known_in(policies: Path) -> Known:
    """Every item of a built folder with its steps, and the types of obligations."""
    snapshot = PolicyFolder(policies).snapshot()
    return Known({name: item.steps for name, item in snapshot.items.items()}, snapshot.obligations())
