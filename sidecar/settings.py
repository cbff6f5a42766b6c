"""All settings, one frozen tree: environment variables with the prefix QUANHENG_, or a TOML file; unknown keys are errors.

policies        folder of compiled policies
model, policy   an existing Casbin model.conf and policy.csv, served instead of a policy folder
map             which part of an AuthZEN request is which field of its request definition: sub = "subject.id"
default_allow   the effect of that model may allow what no row speaks of
data            folder of the record (created; one writer)
personnel       folder with appointments.csv, credentials.csv, declarations.csv
host, port      where to listen; anything but loopback needs TLS
base_url        the https URL under which callers reach this sidecar, for its AuthZEN metadata; needed where it differs from host
                and port: behind a gateway, on a Unix socket, on all addresses
tls_client_ca   PEM of those who sign client certificates; a caller may then be known by one
uds             Unix socket instead of host and port
timezone        zone in which days are counted
party_key       file with the key of party tokens; in the data folder unless named
state_key       file with the key of state tokens; in the data folder unless named
cases           the case store many sidecars share: redis://HOST:PORT/DB, rediss://…, unix://PATH; without it the record of this
                sidecar holds its cases. What else belongs to it begins with cases_.
callers         name → {token_sha256, certificate, may, items, obligations, observe_until, reads, names_reader}: who may call,
                and what
insecure        loopback without tokens, and a log for trying out where none was made; said at each start and in /readyz
origin          the log that must lie in the data folder; another one stops the start
keys            folder of the log's signing key (default: the data folder's name with .keys, beside it)
subjects        file of the keys of subjects (default: the data folder's name with .subjects, beside it); in no backup of the log
record_rules    file that says in which form fields are recorded and how long entries are kept (docs/how-to/personal-data.md)
head            file of the largest signed head (default: the data folder's name with .head, beside it); no backup may set it back
witnesses       name → {url, key}: who cosigns checkpoints; witness_quorum of them must
"""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from sidecar.errors import SettingsError, reason_of
from sidecar.failures.inputs import in_chinese
from sidecar.failures.settings import LINES
from sidecar.messages import Sentence, filled, in_lines

PREFIX = "QUANHENG_"
_PLACE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)")
_BARE_KEY = re.compile(r"\s*\[*\s*(?:[A-Za-z0-9_-]+\s*\.\s*)*([^\s\"'=\[\].#]+)")
TIMEZONE = "Asia/Shanghai"  # of the service where none is set, and of every command
_OTHER_VARIABLES = frozenset(
    f"{PREFIX}{name}" for name in ("LANG", "CONFIG", "TOKEN", "REQUIRE_REAL_DATA", "REQUIRE_REDIS", "REQUIRE_FAULTS")
)

CertificateName = Annotated[str, StringConstraints(pattern=r"^(DNS|URI|IP):[^\s*]+$")]
ItemName = Annotated[str, StringConstraints(pattern=r"^[^*\s]*\*?$", min_length=1)]
UnitName = Annotated[str, StringConstraints(pattern=r"^[^*/\s]+(/\*)?$", max_length=128)]
Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class CallerSettings(BaseModel):
    """One calling system: known by its token, or by a name in its client certificate (`DNS:…`, `URI:…`, `IP:…`), or by both
    together. `may`: ask (decisions, outcomes), read (decisions and cases). `items`: those it may ask about, by name or by the
    beginning of a name (`cn-xk-food-*`); all where left out. `obligations`: types it fulfils; an allow that brings another is
    refused, and nothing is refused for them where left out. `observe_until`: the last day on which its enforcement points may let
    through what is refused, and only record it. `reads`: units (organs) whose entries it may read, `/*` behind one for all below
    it, too; the whole record where left out. `names_reader`: it reads for persons and names each in the header X-Reader."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token_sha256: Sha256Hex | None = None
    certificate: CertificateName | None = None
    may: frozenset[Literal["ask", "read"]] = frozenset({"ask"})
    items: tuple[ItemName, ...] | None = None
    obligations: frozenset[str] | None = None
    observe_until: date | None = None
    reads: Annotated[tuple[UnitName, ...], Field(min_length=1, max_length=200)] | None = None
    names_reader: bool = False

    @model_validator(mode="after")
    def _reads_if_it_may(self) -> "CallerSettings":
        if "read" not in self.may and (self.reads is not None or self.names_reader):
            raise _wrong("READS_WITHOUT_MAY")
        return self

    @model_validator(mode="after")
    def _known_by_something(self) -> "CallerSettings":
        if self.token_sha256 is None and self.certificate is None:
            raise _wrong("CALLER_UNKNOWABLE")
        return self


class WitnessSettings(BaseModel):
    """Somebody outside who cosigns checkpoints: where, and with which key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    key: str


class Settings(BaseModel):
    """Everything `serve` needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policies: Path = Path("policies")
    model: Path | None = None
    policy: Path | None = None
    map: dict[str, str] = Field(default_factory=dict)
    default_allow: bool = False
    data: Path = Path("var/data")
    personnel: Path = Path("var/personnel")
    host: str = "127.0.0.1"
    port: int = Field(default=8181, ge=1, le=65535)
    uds: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    base_url: str = ""
    timezone: str = TIMEZONE
    insecure: bool = False
    origin: str = ""
    keys: Path | None = None
    head: Path | None = None
    subjects: Path | None = None
    record_rules: Path | None = None
    checkpoint_interval: float = Field(default=1.0, ge=0.05, le=3600)  # seconds between signed checkpoints
    witnesses: dict[str, WitnessSettings] = Field(default_factory=dict)
    witness_quorum: int = Field(default=0, ge=0, le=16)  # witnesses that must cosign; 0: one, where any is named
    anchor_max_age: float = Field(default=0.0, ge=0, le=10**8)  # seconds an entry may wait for an anchor outside; 0: no limit
    callers: dict[str, CallerSettings] = Field(default_factory=dict)
    body_limit: int = Field(default=64 * 1024, ge=1024, le=1024 * 1024)  # bytes of one request body
    body_deadline: float = Field(default=2.0, gt=0, le=60)  # seconds a caller may take to send a body
    party_key: Path | None = None
    state_key: Path | None = None
    cases: SecretStr | None = None  # it may hold a password
    cases_password_file: Path | None = None
    cases_ca: Path | None = None
    cases_certificate: Path | None = None
    cases_key: Path | None = None
    cases_deadline: float = Field(default=1.0, gt=0, le=30)  # seconds until a decision whose case store is silent is refused
    cases_patience: float = Field(default=0.5, gt=0, le=30)  # seconds before others finish what a sidecar has begun
    cases_replicas: int = Field(default=0, ge=0, le=16)  # replicas that must have a commit before it is answered
    cases_replicas_wait: float = Field(default=0.2, gt=0, le=10)  # seconds to wait for them
    cases_on_disk: bool = False  # wait until store and replicas have synced it, too
    cases_identifiers: int = Field(default=7 * 24 * 3600, ge=60, le=10**8)  # seconds a request identifier is known

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as fault:
            raise _wrong("NO_SUCH_ZONE", value=value) from fault
        return value

    @model_validator(mode="after")
    def _safe(self) -> "Settings":
        if (self.model is None) != (self.policy is None):
            raise _wrong("MODEL_WITHOUT_POLICY")
        if self.model is None and (self.map or self.default_allow):
            raise _wrong("MAP_WITHOUT_MODEL")
        if not self.callers and not self.insecure:
            raise _wrong("NO_CALLER")
        if self.insecure and not (self.uds or is_loopback(self.host)):
            raise _wrong("INSECURE_NOT_LOOPBACK", host=self.host)
        if not (self.uds or is_loopback(self.host) or self.tls_certificate):
            raise _wrong("HOST_NOT_LOOPBACK", host=self.host)
        self._shared_cases()
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise _wrong("TLS_PAIR")
        self._known_certificates()
        self._for_power_lists()
        if self.witness_quorum > len(self.witnesses):
            raise _wrong("QUORUM_TOO_LARGE", quorum=self.witness_quorum, named=len(self.witnesses))
        return self

    def _for_power_lists(self) -> None:
        """What is observed must be recorded as such, and what is read by unit have one: only decisions by power lists do."""
        if self.model is not None and self.observed:
            raise _wrong("PLAIN_NOT_OBSERVED")
        if self.model is not None and any(caller.reads is not None for caller in self.callers.values()):
            raise _wrong("PLAIN_WITHOUT_UNITS")

    @property
    def observed(self) -> dict[str, date]:
        """Callers whose refusals may be let through, each with the last day."""
        return {name: caller.observe_until for name, caller in self.callers.items() if caller.observe_until}

    def _known_certificates(self) -> None:
        """Client certificates are proven by this process or by nobody."""
        if self.tls_client_ca and not self.tls_certificate:
            raise _wrong("CLIENT_CA_WITHOUT_TLS")
        certified = [caller.certificate for caller in self.callers.values() if caller.certificate]
        if certified and not self.tls_client_ca:
            raise _wrong("CERTIFICATE_WITHOUT_CA")
        if len(set(certified)) < len(certified):
            raise _wrong("CERTIFICATE_TWICE")

    @field_validator("base_url")
    @classmethod
    def _usable_address(cls, value: str) -> str:
        """As AuthZEN wants the identifier of a policy decision point: https, a host, no query and no fragment."""
        parts = urlsplit(value)
        usable = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        if value and not (usable and parts.hostname and "@" not in parts.netloc and not {"?", "#"} & set(value)):
            raise _wrong("NOT_A_BASE_URL", value=value)
        return value.rstrip("/")

    @property
    def address(self) -> str:
        """The URL callers reach this service under: `base_url`, or what follows from where it listens; else empty."""
        if self.base_url or self.uds or self.host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
            return self.base_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_certificate else 'http'}://{host}:{self.port}"

    def _shared_cases(self) -> None:
        """What belongs together where cases are shared."""
        if self.cases is None:
            if {name for name in self.model_fields_set if name.startswith("cases_")}:
                raise _wrong("CASES_NOT_SET")
            return
        if self.model is not None:
            raise _wrong("PLAIN_WITHOUT_CASES")
        if not self.cases.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise _wrong("NOT_A_CASE_STORE")
        if self.party_key is None or self.state_key is None:
            raise _wrong("CASES_WITHOUT_KEYS")
        if bool(self.cases_certificate) != bool(self.cases_key):
            raise _wrong("CASES_PAIR")
        if self.cases_patience >= self.cases_deadline:
            raise _wrong("PATIENCE_TOO_LONG")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong(code: str, **facts: object) -> PydanticCustomError:
    return PydanticCustomError(code, "{told}", facts | {"told": filled(Sentence(*LINES[code]), facts).en})


def _line_of(error: ErrorDetails) -> Sentence:
    if error["type"] in LINES:
        return filled(Sentence(*LINES[error["type"]]), error["ctx"])
    return Sentence(in_chinese(error["msg"]), error["msg"])


def read_settings(
    environment: Mapping[str, str] = os.environ, overrides: Mapping[str, Any] | None = None, config: Path | None = None
) -> Settings:
    """TOML file, then environment, then command line; the later wins. Raises SettingsError naming every bad key."""
    file = config or (Path(environment["QUANHENG_CONFIG"]) if environment.get("QUANHENG_CONFIG") else None)
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    try:
        return Settings.model_validate({**_from_file(file), **_from_environment(environment), **given})
    except ValidationError as fault:
        lines = in_lines((".".join(map(str, error["loc"])) or "settings", _line_of(error)) for error in fault.errors())
        raise SettingsError("SETTINGS_UNUSABLE", lines=lines) from fault


def read_case_settings(environment: Mapping[str, str] = os.environ, config: Path | None = None) -> Settings:
    """Only what tells where shared cases are, as a sidecar of the store has it. Raises SettingsError."""
    file = config or (Path(environment["QUANHENG_CONFIG"]) if environment.get("QUANHENG_CONFIG") else None)
    given = {**_from_file(file), **_from_environment(environment)}
    named = {name: value for name, value in given.items() if name.startswith("cases") or name in ("party_key", "state_key")}
    if "cases" not in named:
        raise SettingsError("NO_CASE_STORE")
    return read_settings({}, {**named, "insecure": True})


def _from_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return _tables_of(file, file.read_text("utf-8"))
    except OSError as fault:
        raise SettingsError("SETTINGS_UNREADABLE", file=file, reason=reason_of(fault)) from fault
    except UnicodeDecodeError as fault:
        raise SettingsError("SETTINGS_NOT_UTF8", file=file, line=fault.object[: fault.start].count(b"\n") + 1) from fault


def _tables_of(file: Path, text: str) -> dict[str, Any]:
    """Raises SettingsError with the place. TOML takes a key without quotes only where it is ASCII, and says so of none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        found = _PLACE.fullmatch(str(fault))
        lines = text.split("\n")
        end = (str(fault).removesuffix(" (at end of document)"), str(len(lines)), str(len(lines[-1]) + 1))
        told, line, column = found.groups() if found else end
        place = f"{file}:{line}:{column}"
        written = _BARE_KEY.match(lines[int(line) - 1])
        bare = written.group(1) if written and not written.group(1).isascii() else ""
        if bare:
            raise SettingsError("SETTINGS_KEY_BARE", place=place, key=bare) from fault
        raise SettingsError("SETTINGS_NOT_TOML", place=place, fault=told) from fault


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in environment.items():
        if name.startswith(PREFIX) and name not in _OTHER_VARIABLES:
            key = name.removeprefix(PREFIX).lower()
            values[key] = _table(name, text) if key in ("callers", "map", "witnesses") else text
    return values


def _table(name: str, text: str) -> dict[str, Any]:
    """Callers in the environment are one line of TOML: {portal = {token_sha256 = "…"}}."""
    try:
        table: dict[str, Any] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as fault:
        raise SettingsError("NOT_A_TABLE", name=name, fault=fault) from fault
    return table
