"""What the policies say of a post, as decisions and the personnel tables need it."""

import msgspec


class PostFacts(msgspec.Struct, frozen=True):
    name: str
    unit: str
    organ: str
    rank: str
    superiors: tuple[str, ...] = ()  # full ids of the posts it reports to directly
    checks_others: bool = False  # of a unit for personnel, discipline, audit or finance
    term_years: int = 0  # after so many the holder must move; 0 where no term is set
