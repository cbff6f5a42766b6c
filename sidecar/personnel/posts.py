"""What the policies say of a post, as decisions and the personnel tables need it."""

import msgspec


class PostFacts(msgspec.Struct, frozen=True):
    name: str
    unit: str
    organ: str
    rank: str
