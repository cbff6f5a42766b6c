"""The shared suite against Redis and Valkey."""

from pathlib import Path

import pytest

from sidecar.ports.records import RecordStore
from tests.conformance.record_store import RecordStoreSuite
from tests.conformance.shared import open_shared
from tests.redis_server import RedisServer


class TestRedisStore(RecordStoreSuite):
    shared = True

    @pytest.fixture(autouse=True)
    def _server(self, server: RedisServer, tmp_path: Path) -> None:
        self.server, self.folder = server, tmp_path / "record"

    def open_store(self) -> RecordStore:
        return open_shared(self.folder, self.server.url)
