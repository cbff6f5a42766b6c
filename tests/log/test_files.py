"""Bits of the files themselves: whatever is flipped in them, it is found, or nothing that anybody reads has changed."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.storage.log_opening import Places
from adapters.storage.record_file import RECORD_FILE
from adapters.storage.tree_file import TREE_FILE
from adapters.verifier.copies import RecordCopy
from adapters.verifier.failures import CopyError
from sidecar.decision_log.notes import Key
from sidecar.decision_log.reading import Row
from sidecar.decision_log.verifier import Trust, verify
from tests.log.logs import a_kept_log, opened


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Places, Key]:
    """A small log whose write-ahead logs are copied back."""
    where = a_kept_log(tmp_path_factory.mktemp("small"), 12)
    log = opened(where)
    key = log.identity.key
    log.store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    log.tree._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    log.close()
    return where, key


def contents(folder: Path) -> tuple[list[Row], list[bytes | None], list[bytes]]:
    copy = RecordCopy(folder / RECORD_FILE)
    return list(copy.rows()), [copy.tile(0, 0)], list(copy.checkpoints())


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from([RECORD_FILE, TREE_FILE]), where_=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_bit_of_the_files(small: tuple[Places, Key], tmp_path: Path, name: str, where_: float, bit: int) -> None:
    """In pages, headers, indexes and free space alike. Only a file beside the entries that cannot be read any more is as good as
    absent: then the head outside still vouches for every entry."""
    where, key = small
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(where.data, copy, ignore=shutil.ignore_patterns("*-wal", "*-shm", "index*"))
    data = bytearray((copy / name).read_bytes())
    data[int(where_ * len(data))] ^= 1 << bit
    (copy / name).write_bytes(bytes(data))
    trust = Trust(keys=[key], held=[where.head.read_bytes()])
    try:
        report = verify(RecordCopy(copy / RECORD_FILE), trust, chains=True)
    except CopyError:
        return  # said to be unreadable: status 2
    if report.sound:
        (rows, _, _), (known, _, _) = contents(copy), contents(where.data)
        assert rows == known
        assert report.covered == report.size
