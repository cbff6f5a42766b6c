"""The registers as a text that can be kept, so that what was decided on them can be decided again later.

    {"format":1}
    ["appointments",{"person":"o-1001","post":"office.window","span":{"start":"2025-01-01","end":null}}]
    …

One entry a line, in the order in which `Personnel.entries` gives them. Parties stand in it as keyed tokens, as everywhere
behind the reading of the tables: a citizen's name is not kept. The digest of a state of the registers is SHA-256 over this text.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sidecar.errors import PersonnelError
from sidecar.personnel.registers import (
    Appointment,
    Audit,
    CredentialHeld,
    Delegation,
    Interest,
    Leaver,
    Personnel,
    Suspension,
)

FORMAT = 1
_HEADING = b'{"format":%d}\n' % FORMAT

_FORMS: dict[str, type[Any]] = {
    "appointments": Appointment,
    "credentials": CredentialHeld,
    "interests": Interest,
    "delegations": Delegation,
    "suspensions": Suspension,
    "audits": Audit,
    "leavers": Leaver,
}
_READERS = {name: msgspec.json.Decoder(form).decode for name, form in _FORMS.items()}
_encode = msgspec.json.Encoder().encode
_line = msgspec.json.Decoder(tuple[str, msgspec.Raw]).decode


def lines_of(personnel: Personnel) -> Iterator[bytes]:
    """The text, line by line; each ends in a line feed."""
    yield _HEADING
    for entry in personnel.entries():
        yield _encode(entry) + b"\n"


def read_lines(lines: Iterable[bytes]) -> Personnel:
    """The registers of such a text. Raises PersonnelError."""
    found: dict[str, list[Any]] = {name: [] for name in _FORMS}
    rest = iter(lines)
    if next(rest, b"") != _HEADING:
        raise PersonnelError("REGISTERS_OF_ANOTHER_FORM", format=FORMAT)
    for line in rest:
        try:
            name, entry = _line(line)
            found[name].append(_READERS[name](entry))
        except (msgspec.MsgspecError, KeyError) as fault:
            raise PersonnelError("REGISTERS_UNREADABLE", fault=fault) from fault
    return Personnel(**found)
