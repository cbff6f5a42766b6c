"""An enforcement point that proves itself to the sidecar with a certificate, and believes no other sidecar."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.enforcement.proxy.sidecar_client import PooledDecider
from adapters.enforcement.proxy.upstream import Pool
from adapters.enforcement.proxy.watch import Watch
from adapters.enforcement.verdict import Verdict
from sidecar.cli.addresses import Trust, address_of, decider_at, sidecar_at
from sidecar.errors import SettingsError
from tests.enforcement.certificates import Authority
from tests.enforcement.chain import ALLOW
from tests.enforcement.wire import QUICK

SAID = json.dumps(ALLOW).encode()
EVALUATION = {"subject": {"type": "officer", "id": "o-1"}}


@contextlib.asynccontextmanager
async def sidecar(context: ssl.SSLContext, seen: list[Any]) -> AsyncIterator[str]:
    """It allows everything, and notes whose certificate it was asked with."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
            seen.append(dict(writer.get_extra_info("peercert")["subject"][0])["commonName"])
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(SAID), SAID))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "localhost", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def by_proxy(address: str, trust: Trust) -> Verdict:
    watch = Watch(0.02)
    try:
        asked, token = sidecar_at(address, trust)
        pool = Pool(asked.connect, watch, QUICK, 2)
        verdict = await PooledDecider(pool, pool, asked.authority, token, 10).ask(EVALUATION, "r-1")
        pool.close()
        return verdict
    finally:
        watch.stop()


async def by_gateway(address: str, trust: Trust) -> Verdict:
    return await decider_at(address, trust).ask(EVALUATION, "r-1")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("theirs"))


def asking(authority: Authority) -> ssl.SSLContext:
    """A sidecar that takes callers with a certificate of this authority, and no others."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost"))
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


Asking = Callable[[str, Trust], Awaitable[Verdict]]
each_point = pytest.mark.parametrize("ask", [by_proxy, by_gateway])


def verdict_of(ask: Asking, server: ssl.SSLContext, trust: Trust) -> tuple[Verdict, list[str]]:
    seen: list[str] = []

    async def run() -> Verdict:
        async with sidecar(server, seen) as address:
            return await ask(address, trust)

    return asyncio.run(run()), seen


@each_point
def test_a_point_proves_itself_with_its_certificate(ask: Asking, ours: Authority) -> None:
    verdict, seen = verdict_of(ask, asking(ours), Trust(ours.file, *ours.issue("portal.example.gov.cn")))
    assert (verdict.allowed, verdict.clear, seen) == (True, True, ["portal.example.gov.cn"])


@each_point
@pytest.mark.parametrize("who", ["nobody", "a stranger", "a stranger's sidecar"])
def test_without_proof_on_both_sides_nothing_is_asked(ask: Asking, ours: Authority, theirs: Authority, who: str) -> None:
    """And what was not asked is no allow."""
    trust = {
        "nobody": Trust(ours.file),
        "a stranger": Trust(ours.file, *theirs.issue("portal.example.gov.cn")),
        "a stranger's sidecar": Trust(theirs.file, *ours.issue("portal.example.gov.cn")),
    }[who]
    verdict, seen = verdict_of(ask, asking(ours), trust)
    assert (verdict.allowed, verdict.clear, seen) == (False, False, [])


@pytest.mark.parametrize("option", ["--sidecar", "--upstream"])
@pytest.mark.parametrize("given", ["http://127.0.0.1:8181", "unix:///run/quanheng"])
def test_a_proof_that_would_not_be_shown_stops_the_point(ours: Authority, option: str, given: str) -> None:
    with pytest.raises(SettingsError, match=f"{option}-certificate"):
        address_of(option, given, Trust(ours.file))
    certificate, key = ours.issue("x")
    with pytest.raises(SettingsError, match=f"{option}-certificate"):
        address_of(option, given, Trust(None, certificate, key))


def test_a_key_needs_its_certificate(ours: Authority, theirs: Authority) -> None:
    key = ours.issue("x")[1]
    with pytest.raises(SettingsError, match="without --sidecar-certificate"):
        sidecar_at("https://localhost", Trust(None, None, key))
    with pytest.raises(SettingsError, match="cannot be used"):
        sidecar_at("https://localhost", Trust(None, theirs.issue("x")[0], key))
    with pytest.raises(SettingsError, match="nowhere"):
        decider_at("https://localhost", Trust(Path("nowhere")))
