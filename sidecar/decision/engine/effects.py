"""Casbin's policy effects: what a request gets from the rows that match it, in their order.

    some(where (p.eft == allow))                                    an allow is enough
    !some(where (p.eft == deny))                                    no deny is enough (allows when nothing matches)
    some(where (p.eft == allow)) && !some(where (p.eft == deny))    some allow and no deny
    priority(p.eft) || deny                                         the first row that matches
    subjectPriority(p.eft) || deny                                  the same, rows sorted by the subject's place in `g`

Casbin stops at the first row after which the answer is certain, and a row behind that point is not evaluated at all. So an error
behind it does not count, and an error before it leaves no answer: the request is refused.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

ALLOW, DENY = "allow", "deny"


class Hit(Enum):
    """What evaluating one row gave."""

    ALLOWS = ALLOW
    DENIES = DENY
    FAILED = "failed"


class Effect(NamedTuple):
    """One effect: the hits that end the evaluation, and whether a request is allowed that ends without one."""

    text: str
    ends: frozenset[Hit]
    needs_allow: bool
    sorts_by_subject: bool = False

    @property
    def allows_by_default(self) -> bool:
        return not self.needs_allow

    def answer(self, hits: Iterable[Hit]) -> bool | None:
        """Allowed or not, from the hits in row order; None when an error left no answer."""
        allowed = False
        for hit in hits:
            if hit is Hit.FAILED:
                return None
            if hit in self.ends:
                return hit is Hit.ALLOWS
            allowed = allowed or hit is Hit.ALLOWS
        return allowed or not self.needs_allow


_BOTH = frozenset({Hit.ALLOWS, Hit.DENIES})
_ALLOW_OVERRIDE = Effect("some(where (p_eft == allow))", frozenset({Hit.ALLOWS}), needs_allow=True)
_DENY_OVERRIDE = Effect("!some(where (p_eft == deny))", frozenset({Hit.DENIES}), needs_allow=False)
ALLOW_AND_DENY = Effect("some(where (p_eft == allow)) && !some(where (p_eft == deny))", frozenset({Hit.DENIES}), needs_allow=True)
_PRIORITY = Effect("priority(p_eft) || deny", _BOTH, needs_allow=True)
_SUBJECT_PRIORITY = Effect("subjectPriority(p_eft) || deny", _BOTH, needs_allow=True, sorts_by_subject=True)

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {effect.text: effect for effect in (_ALLOW_OVERRIDE, _DENY_OVERRIDE, ALLOW_AND_DENY, _PRIORITY, _SUBJECT_PRIORITY)}
)
