"""What can be searched: any of the three AuthZEN searches, of a power list or of a plain Casbin policy."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from sidecar.service.answering import CallerFacts

Found = Callable[[Mapping[str, Any], CallerFacts], Awaitable[dict[str, object]]]


class Searching(Protocol):
    @property
    def kinds(self) -> Mapping[str, Found]:
        """`subject`, `resource`, `action` → the search for it, of a decoded body; those that are not here cannot be searched."""
        ...
