"""A proxy and a gateway that the sidecar knows by their client certificate, as processes."""

import ipaddress
from pathlib import Path

import pytest
from cryptography import x509

from tests.e2e.processes import free_port, quanheng, running
from tests.e2e.test_certification_over_https import Served, served  # noqa: F401 - a fixture
from tests.e2e.test_sidecar_down import JSON, TOLD, ask
from tests.enforcement.points import ROUTES

pytestmark = pytest.mark.slow  # starts processes

DO = "/things/T-1/do"
HARNESS = x509.UniformResourceIdentifier("spiffe://example.gov.cn/harness")


@pytest.mark.parametrize("point", ["proxy", "gateway"])
@pytest.mark.parametrize("known", [True, False])
def test_a_point_is_known_by_its_certificate(served: Served, tmp_path: Path, point: str, known: bool) -> None:  # noqa: F811
    """With a certificate of a caller the question is decided; with one that is no caller's there is no decision."""
    name = HARNESS if known else x509.IPAddress(ipaddress.ip_address("127.0.0.9"))
    certificate, key = served.clients.issue("point", name)
    (tmp_path / "routes.yaml").write_text(ROUTES, "utf-8")
    port = free_port()
    command = [point, "--routes", str(tmp_path / "routes.yaml"), "--port", str(port), "--sidecar", served.base]
    command += ["--sidecar-ca", str(served.trust), "--sidecar-certificate", str(certificate), "--sidecar-key", str(key)]
    command += ["--upstream", "http://127.0.0.1:1"] if point == "proxy" else ["--style", "forwarded"]
    headers = dict([("X-Officer", "o-1"), JSON], **({} if point == "proxy" else TOLD))
    method, target = ("POST", DO) if point == "proxy" else ("GET", "/")
    with running(quanheng(*command), port, "/", tmp_path / "log"):
        status, told = ask(port, method, target, headers)
    assert (status, bool(told.get("decision_id"))) == ((403, True) if known else (503, False)), told
