"""What is served: anything that decides an AuthZEN request and records it, a power list or a plain Casbin policy."""

from typing import Protocol

from sidecar.ports.clock import Clock
from sidecar.ports.records import RecordStore
from sidecar.ports.telling import Then
from sidecar.service.answering import CallerFacts
from sidecar.service.asked import EvaluationRequest
from sidecar.service.authorize import Answer
from sidecar.service.personal import Personal


class Deciding(Protocol):
    """`size` says how much policy is loaded, for people; `not_reloaded` why the last reload failed; `unconfirmed` how many posts
    nobody has confirmed; `unknown_year` is the present year when its working days are not known, else 0."""

    store: RecordStore
    clock: Clock
    personal: Personal
    not_reloaded: str

    @property
    def digest(self) -> str: ...

    @property
    def size(self) -> dict[str, int]: ...

    @property
    def has_cases(self) -> bool:
        """Whether an allow may change what is decided next."""
        ...

    @property
    def obligations(self) -> list[str]:
        """The types of obligations that an allow may bring."""
        ...

    @property
    def unconfirmed(self) -> int: ...

    @property
    def unknown_year(self) -> int: ...

    def begin(self, wire: EvaluationRequest, caller: CallerFacts, then: Then[Answer]) -> None:
        """Decide, record, then tell the answer. Raises RequestError for a request that cannot be understood."""
        ...
