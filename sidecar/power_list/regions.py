"""Containment of administrative regions (GB/T 2260, with the 9- and 12-digit levels below it).

`xx0000` holds the province, `xxxx00` the prefecture, six digits the county, longer codes what lies below. Four prefixes are
different: counties directly under a province (4190, 4290, 4690, 6590) have no prefecture above them, so their `xxxx00` holds
only itself. Development zones with codes of their own are held by prefix like the rest.
"""

COUNTY_LENGTH = 6  # digits; streets and villages have 9 and 12
_DIRECT_COUNTIES = frozenset({"4190", "4290", "4690", "6590"})


def within(region: str, of: str) -> bool:
    """Whether `region` lies in `of`; `*` is everywhere."""
    if of in ("*", region):
        return True
    if not region or len(region) < len(of):
        return False
    if len(of) > COUNTY_LENGTH:
        return region.startswith(of)
    if of[2:] == "0000":
        return of[:2] == "00" or region.startswith(of[:2])
    if of[4:] == "00":
        return of[:4] not in _DIRECT_COUNTIES and region.startswith(of[:4])
    return region.startswith(of)
