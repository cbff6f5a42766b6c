"""Decisions as a table in Apache Parquet, an extra: `pip install 'quanheng[parquet]'`.

The rows and columns are those of the spreadsheet, as what they are: numbers, moments, lists of text. A moment is kept as UTC and
shown in the zone of the service. Text that comes again and again is kept once a row group, as a dictionary; identifiers are not,
because nearly every one is another. A row group is written whenever so many decisions have gathered, so that memory does not
grow with the log; the names of the columns are part of the contract.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import IO, Any

from sidecar.decision_log.export import COLUMNS, Holds, values_of
from sidecar.errors import SettingsError
from sidecar.settings import TIMEZONE

ROW_GROUP = 50_000  # decisions; some 30 MB while they gather
PORTION = 1_000  # decisions that stand in memory as Python objects
UNALIKE = ("decision_id", "request_id", "case_id", "party_token")

Entries = Iterator[Mapping[str, Any]]


def writer() -> Callable[[IO[bytes], Entries, str], int]:
    """Writes decisions to a stream that the caller keeps open; the origin is kept in the file's metadata. Raises SettingsError
    where the extra is absent."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, as below
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as fault:
        raise SettingsError("PARQUET_NOT_INSTALLED") from fault
    types = {
        Holds.TEXT: pa.string(),
        Holds.TEXTS: pa.list_(pa.string()),
        Holds.NUMBER: pa.int64(),
        Holds.TIME: pa.timestamp("ms", tz=TIMEZONE),
    }
    schema = pa.schema([(name, types[column.holds]) for name, column in COLUMNS.items()])

    def write(stream: IO[bytes], entries: Entries, origin: str) -> int:
        named = schema.with_metadata({"origin": origin})
        count, waiting = 0, []
        with pq.ParquetWriter(stream, named, compression="zstd", use_dictionary=_DICTIONARIES) as file:
            while rows := [values_of(entry) for entry in islice(entries, PORTION)]:
                columns = [pa.array(cells, kept.type) for cells, kept in zip(zip(*rows, strict=True), named, strict=True)]
                waiting.append(pa.record_batch(columns, schema=named))
                count += len(rows)
                if sum(map(len, waiting)) >= ROW_GROUP:
                    file.write_table(pa.Table.from_batches(waiting, named), row_group_size=2 * ROW_GROUP)
                    waiting.clear()
            if waiting:
                file.write_table(pa.Table.from_batches(waiting, named), row_group_size=2 * ROW_GROUP)
        return count

    return write


_TEXTS = {Holds.TEXT: "{}", Holds.TEXTS: "{}.list.element"}
_DICTIONARIES = [
    _TEXTS[column.holds].format(name) for name, column in COLUMNS.items() if column.holds in _TEXTS and name not in UNALIKE
]
