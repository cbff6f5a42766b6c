"""Addresses that commands are given, and whom to believe at them."""

import os
import ssl
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import httpx
import typer

from adapters.enforcement.decider import HttpDecider
from adapters.enforcement.proxy.upstream import Address
from sidecar.errors import SettingsError, reason_of
from sidecar.settings import is_loopback

DECISION_SECONDS = 5.0
UNIX = "unix://"


class Trust(NamedTuple):
    """Whom of a server we believe, and who we are to it. Without a file of authorities, those of this machine; `name` is what its
    certificate says where the address says another."""

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    name: str | None = None


SidecarCa = Annotated[
    Path | None,
    typer.Option("--sidecar-ca", help="Authorities (PEM) that may vouch for the sidecar, not this machine's 授权服务根证书"),
]
SidecarCertificate = Annotated[
    Path | None, typer.Option("--sidecar-certificate", help="Certificate (PEM) by which the sidecar knows this point 客户端证书")
]
SidecarKey = Annotated[Path | None, typer.Option("--sidecar-key", help="Its private key (PEM) 客户端私钥")]


def address_of(option: str, given: str, trust: Trust | None = None) -> Address:
    """What is no address would be found out by the first officer; a path after the upstream's would never be used. Raises
    SettingsError. There is no way to believe a system without proof: name the authority that signed its certificate."""
    trust = trust or Trust()
    if any(trust[:3]) and not given.startswith("https://"):
        raise SettingsError("TRUST_WITHOUT_HTTPS", option=option, given=given)
    if trust.key and not trust.certificate:
        raise SettingsError("KEY_WITHOUT_CERTIFICATE", option=option)
    if given.startswith(UNIX) and len(given) > len(UNIX):
        return Address(socket=given.removeprefix(UNIX))
    _refuse_no_address(option, given)
    address = httpx.URL(given)
    tls = _tls(trust) if address.scheme == "https" else None
    port = address.port or (443 if tls else 80)
    return Address(address.host, port, tls=tls, name=trust.name)


def _tls(trust: Trust) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=trust.authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if trust.certificate:
            context.load_cert_chain(trust.certificate, trust.key)
    except OSError as fault:
        named = ", ".join(str(path) for path in trust[:3] if path)
        raise SettingsError("PEM_UNUSABLE", named=named, fault=reason_of(fault)) from fault
    return context


def sidecar_at(given: str, trust: Trust) -> tuple[Address, str]:
    """Where the sidecar is, and the token of QUANHENG_TOKEN. Raises SettingsError."""
    token = os.environ.get("QUANHENG_TOKEN", "")
    address = address_of("--sidecar", given, trust)
    if token and not address.socket and not is_safe(given):
        raise SettingsError("SIDECAR_NOT_HTTPS", sidecar=given)
    return address, token


def decider_at(sidecar: str, trust: Trust) -> HttpDecider:
    """Who is asked. Raises SettingsError."""
    address, token = sidecar_at(sidecar, trust)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.AsyncHTTPTransport(uds=address.socket or None, verify=address.tls or True)
    base = "http://localhost" if address.socket else sidecar
    return HttpDecider(
        httpx.AsyncClient(base_url=base, headers=headers, timeout=DECISION_SECONDS, trust_env=False, transport=transport)
    )


def told_at(address: str | None) -> str | None:
    """Where duties are told. Raises SettingsError."""
    if address is not None:
        _refuse_no_address("--notify", address)
        if not is_safe(address):
            raise SettingsError("NOTIFY_NOT_HTTPS", address=address)
    return address


def is_safe(address: str) -> bool:
    """Whether what is sent there crosses no network in the clear."""
    parts = urlsplit(address)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def _refuse_no_address(option: str, given: str) -> None:
    """What is no address would be found out by the first officer; a path after the upstream's would never be used."""
    try:
        address = httpx.URL(given)
    except httpx.InvalidURL:
        address = httpx.URL()
    unused_path = option == "--upstream" and address.raw_path != b"/"
    if address.scheme not in ("http", "https") or not address.host or unused_path:
        raise SettingsError("NOT_A_SYSTEM", option=option, given=given)
