"""From settings to the store of one sidecar of many."""

from collections.abc import Mapping
from pathlib import Path

from adapters.storage.redis.ground import Fingerprints, fingerprint
from adapters.storage.redis.server import Address, Server
from adapters.storage.redis.standing import Standing
from adapters.storage.redis.store import Promises, RedisStore
from adapters.storage.sqlite import SqliteStore
from sidecar.errors import SettingsError


def address_of(url: str, password_file: Path | None, tls: Mapping[str, Path | None], deadline: float) -> Address:
    """`tls` names the files by redis-py's options; those without a file are left out. Raises SettingsError."""
    try:
        password = password_file.read_text("utf-8").strip() if password_file else None
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError("PASSWORD_UNREADABLE", password_file=password_file) from fault
    return Address(url, password, deadline, {name: str(file) for name, file in tls.items() if file})


def open_shared(own: SqliteStore, folder: Path, address: Address, keys: tuple[bytes, bytes], promises: Promises) -> RedisStore:
    """`keys` are those of party tokens and of state tokens."""
    server = Server(address)
    prints = Fingerprints(fingerprint(keys[0]), fingerprint(keys[1]))
    standing = Standing(server, folder, own.reader, prints, promises.replicas, on_disk=promises.on_disk)
    return RedisStore(own, server, standing, promises)
