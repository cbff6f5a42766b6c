"""Servers that many tests share; each test begins with an empty one."""

from collections.abc import Iterator

import pytest

from tests.redis_server import RedisServer


@pytest.fixture(scope="session", params=["redis", pytest.param("valkey", marks=pytest.mark.slow)])
def shared_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp(request.param), request.param).start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def redis_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """For tests that bring cases of their own and need no second kind of server."""
    server = RedisServer(tmp_path_factory.mktemp("alone")).start()
    yield server
    server.kill()


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    shared_server.start_again_if_dead()  # a test that failed with the server down fails alone
    with shared_server.client as client:
        client.flushall()
    return shared_server
