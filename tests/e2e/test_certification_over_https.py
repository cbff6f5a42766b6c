"""The certification scenario over HTTPS, served as the reference page says, to a caller known by its client certificate."""

import contextlib
import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.e2e.processes import ROOT, free_port, listening, quanheng, run_quanheng
from tests.http_api.calling import token_of
from tests.http_api.certification import BATCH, BATCHES, DECISIONS, MALFORMED, READS, SEARCH, SEARCHES, SINGLE
from tests.http_api.test_caller_limits import caller

pytestmark = pytest.mark.slow

SETTINGS = "docs/examples/authzen_certification/settings.toml"
CALLERS = """
[callers.harness]
certificate = "URI:spiffe://example.gov.cn/harness"
may = ["ask", "read"]
[callers.both]
certificate = "DNS:both.example.gov.cn"
token_sha256 = "{both}"
[callers.portal]
token_sha256 = "{portal}"
items = ["record:record-2"]
"""


class Signer(NamedTuple):
    """Who signs certificates, and where they are kept."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue(self, name: str, *names: x509.GeneralName) -> tuple[Path, Path]:
        """The files of a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(name, key, self.key, self.certificate.subject, x509.SubjectAlternativeName(names))
        return _written(self.folder, name, key, made)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    building = x509.CertificateBuilder().subject_name(_named(name)).issuer_name(issuer).public_key(key.public_key())
    building = building.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
    return (
        building.not_valid_after(now + timedelta(hours=1)).add_extension(extension, critical=True).sign(signer, hashes.SHA256())
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _written(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, made: x509.Certificate) -> tuple[Path, Path]:
    pem, private = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return pem, private


def signer(folder: Path, name: str) -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate(name, key, key, _named(name), x509.BasicConstraints(ca=True, path_length=None))
    _written(folder, name, key, made)
    return Signer(folder, key, made)


class Served(NamedTuple):
    base: str
    trust: Path
    clients: Signer
    strangers: Signer

    @contextlib.contextmanager
    def client(self, files: tuple[Path, Path] | None = None, token: str = "") -> Iterator[httpx.Client]:
        """A caller with a certificate, a token, both, or neither."""
        context = ssl.create_default_context(cafile=str(self.trust))
        if files:
            context.load_cert_chain(*map(str, files))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        with httpx.Client(base_url=self.base, verify=context, headers=headers, trust_env=False, timeout=60) as made:
            yield made

    def harness(self) -> contextlib.AbstractContextManager[httpx.Client]:
        return self.client(self.clients.issue("harness", x509.UniformResourceIdentifier("spiffe://example.gov.cn/harness")))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder, port = tmp_path_factory.mktemp("https"), free_port()
    servers, clients, strangers = (signer(folder, name) for name in ("servers", "clients", "strangers"))
    certificate, key = servers.issue("server", x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    digests = {name: caller(name).token_sha256 for name in ("both", "portal")}
    text = f'tls_certificate = "{certificate}"\ntls_key = "{key}"\ntls_client_ca = "{folder / "clients.pem"}"\n'
    config = folder / "settings.toml"
    config.write_text(text + (ROOT / SETTINGS).read_text("utf-8") + CALLERS.format(**digests), "utf-8")
    data = folder / "data"
    assert run_quanheng("log", "create", "--data", str(data), "--origin", "certification.example/log").returncode == 0
    command = quanheng("serve", "--config", str(config), "--data", str(data), "--port", str(port))
    with listening(command, port, folder / "log"):
        yield Served(f"https://127.0.0.1:{port}", folder / "servers.pem", clients, strangers)


def test_the_scenario_at_all_levels(served: Served) -> None:
    """Basic, batch, search and discovery, each answer as in process."""
    with served.harness() as harness:
        for name, (body, decision) in DECISIONS.items():
            response = harness.post(SINGLE, json=body, headers={"x-request-id": name})
            assert (response.json()["decision"], response.headers["x-request-id"]) == (decision, name)
        for name, batch in BATCHES.items():
            found = [item["decision"] for item in harness.post(BATCH, json=batch.body).json()["evaluations"]]
            assert all(expected in (None, is_) for expected, is_ in zip(batch.decisions, found, strict=True)), name
        for name, search in SEARCHES.items():
            results = harness.post(SEARCH + search.kind, json=search.body).json()["results"]
            assert {result.get("id", result.get("name")) for result in results} == search.found, name
        for name, (path, body) in MALFORMED.items():
            assert harness.post(path, json=body).status_code == 400, name
        document = harness.get("/.well-known/authzen-configuration").json()
        assert document["policy_decision_point"] == served.base
        assert all(url.startswith("https://") for url in document.values())


def test_a_caller_is_known_by_its_certificate_or_its_token(served: Served) -> None:
    """In the lane and on the way of every request; the entry names the caller; whoever has neither is 401."""
    with served.harness() as harness:
        for _ in range(3):  # the head is known again from the second
            decision_id = harness.post(SINGLE, json=READS).json()["context"]["decision_id"]
        assert harness.get(f"/v1/decisions/{decision_id}").json()["entry"]["caller"] == "harness"
    with served.client(token=token_of("portal")) as portal:
        assert portal.post(SINGLE, json=READS).json()["context"]["code"] == "CALLER_OUT_OF_SCOPE"
    with served.client() as nobody:
        assert [nobody.post(path, json=READS).status_code for path in (SINGLE, BATCH)] == [401, 401]


def test_names_are_taken_as_they_are_written(served: Served) -> None:
    """T15: no wildcard, no other case, no trailing dot, no common name."""
    uri, dns = x509.UniformResourceIdentifier, x509.DNSName
    odd = [dns("*.example.gov.cn"), dns("BOTH.example.gov.cn"), dns("both.example.gov.cn."), dns("harness")]
    for number, name in enumerate([*odd, uri("spiffe://example.gov.cn/harness/")]):
        token = token_of("both") if number < 3 else ""
        with served.client(served.clients.issue(f"odd-{number}", name), token) as client:
            assert client.post(SINGLE, json=READS).status_code == 401, name


def test_a_caller_with_both_needs_both(served: Served) -> None:
    """A stolen token is of no use without the certificate, nor is the certificate without the token."""
    files = served.clients.issue("both", x509.DNSName("both.example.gov.cn"))
    for given, status in (((files, token_of("both")), 200), ((files, ""), 401), ((None, token_of("both")), 401)):
        with served.client(*given) as both:
            assert both.post(SINGLE, json=READS).status_code == status


def test_a_token_of_another_caller_is_refused(served: Served) -> None:
    """T13: the certificate says one, the token the other; and a certificate with the names of two."""
    uri, name = x509.UniformResourceIdentifier("spiffe://example.gov.cn/harness"), x509.DNSName("both.example.gov.cn")
    mixed = (served.clients.issue("harness-2", uri), token_of("portal")), (served.clients.issue("two", uri, name), "")
    for files, token in mixed:
        with served.client(files, token) as client:
            for path in (SINGLE, BATCH):
                response = client.post(path, json=READS)
                assert (response.status_code, response.text.split(":")[0]) == (403, "caller_mismatch")


def test_a_certificate_of_another_signer_is_no_connection(served: Served) -> None:
    """TLS ends it before anything is asked."""
    files = served.strangers.issue("harness", x509.UniformResourceIdentifier("spiffe://example.gov.cn/harness"))
    with served.client(files) as stranger, pytest.raises(httpx.TransportError):
        stranger.post(SINGLE, json=READS)
