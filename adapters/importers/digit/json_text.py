"""JSON text with the places of its values.

The standard library reads the values; where one stands is found afterwards, by walking its containers once and remembering where
their members begin. So a file of a megabyte costs two readings and no more.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, NoReturn

from sidecar.errors import DigitError
from sidecar.power_list.findings import Place

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\r\n]*")


class JsonText:
    """One JSON file. Raises DigitError when it is none; a name said twice in one object is a mistake, not a choice."""

    def __init__(self, file: str, data: bytes) -> None:
        self.file = file
        try:
            self._text = data.decode("utf-8-sig")
            self.value: Any = json.loads(self._text, object_pairs_hook=self._object, parse_constant=self._constant)
        except UnicodeDecodeError as fault:
            raise DigitError("MASTER_DATA_NOT_UTF8", file=file, fault=fault) from fault
        except json.JSONDecodeError as fault:
            raise DigitError("MASTER_DATA_NOT_JSON", file=file, lineno=fault.lineno, colno=fault.colno, msg=fault.msg) from fault
        except RecursionError as fault:
            raise DigitError("MASTER_DATA_TOO_DEEP", file=file) from fault
        self._lines = [0, *(found.end() for found in re.finditer("\n", self._text))]
        self._decoder = json.JSONDecoder()
        self._members: dict[int, Mapping[str | int, int]] = {}

    def place(self, path: Path) -> Place:
        """Where the value at a path begins; where the path leads nowhere, the last container on it."""
        offset = self._skip(0)
        for name in path:
            found = self._members_of(offset).get(name)
            if found is None:
                break
            offset = found
        line = bisect_right(self._lines, offset)
        return Place(self.file, line, offset - self._lines[line - 1] + 1)

    def _members_of(self, start: int) -> Mapping[str | int, int]:
        if start not in self._members:
            self._members[start] = self._walk(start) if self._text[start] in "[{" else {}
        return self._members[start]

    def _walk(self, start: int) -> dict[str | int, int]:
        """Where each member of an array or object begins."""
        begins: dict[str | int, int] = {}
        keyed, at = self._text[start] == "{", self._skip(start + 1)
        while self._text[at] not in "]}":
            name: str | int = len(begins)
            if keyed:
                name, at = self._decoder.raw_decode(self._text, at)
                at = self._skip(self._skip(at) + 1)  # over the colon
            begins[name] = at
            _, at = self._decoder.raw_decode(self._text, at)
            at = self._skip(at)
            if self._text[at] == ",":
                at = self._skip(at + 1)
        return begins

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        named = dict(pairs)
        if len(named) < len(pairs):
            twice = next(name for n, (name, _) in enumerate(pairs) if name in dict(pairs[:n]))
            raise DigitError("KEY_TWICE_IN_OBJECT", file=self.file, twice=twice)
        return named

    def _constant(self, text: str) -> NoReturn:
        raise DigitError("NOT_A_JSON_NUMBER", file=self.file, text=text)


def pointer(path: Path) -> str:
    """RFC 6901."""
    return "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in path)
