"""What a record says of each field, in which form: the declared schema and its strict defaults.

| form | the entry holds |
|---|---|
| clear | the value, numbers of persons in it masked |
| token | a token under the site's key: the same value, the same token, and no way back without the key |
| digest | a commitment (commitments.py) that the subject's key opens for whoever brings the value |
| sealed | a commitment; the value lies beside the log, sealed under the subject's key |
| omitted | nothing but that it was left out |

Fields that are not in the table are always clear: without them a decision cannot be found, replayed or answered for. Of the
others the first form is the default. What is not clear is named in the entry's `masked`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

CLEAR, TOKEN, DIGEST, SEALED, OMITTED = "clear", "token", "digest", "sealed", "omitted"
FORMS = (CLEAR, TOKEN, DIGEST, SEALED, OMITTED)
NUMBERS = "numbers"

# What may be chosen for each field, the default first, and what the field is.
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "request_id": (CLEAR, TOKEN, OMITTED),
    "client_ip": (CLEAR, TOKEN, OMITTED),
    "channel": (CLEAR, TOKEN, OMITTED),
    "facts_digest": (DIGEST, SEALED, OMITTED),
    "evidence_digests": (DIGEST, SEALED, OMITTED),
    "detail": (CLEAR, DIGEST, SEALED, OMITTED),
    NUMBERS: (SEALED, DIGEST),  # identity and phone numbers found in texts: what stood there
}


class Disclosure(NamedTuple):
    """The form of each field that has a choice."""

    forms: Mapping[str, str]

    def of(self, field: str) -> str:
        return self.forms[field]

    @property
    def text(self) -> str:
        """All that was chosen, in one spelling: what its digest is of."""
        return "".join(f"{field}: {form}\n" for field, form in sorted(self.forms.items()))


STRICT = Disclosure({field: forms[0] for field, forms in CHOICES.items()})


def always_clear(entry_fields: Mapping[str, object] | frozenset[str]) -> frozenset[str]:
    """The fields of entries that have no choice."""
    return frozenset(entry_fields) - CHOICES.keys()


def fields_of(*forms: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(name for form in forms for name in form.__struct_fields__)
