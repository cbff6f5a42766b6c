"""Containment of administrative regions (GB/T 2260, with the 9- and 12-digit levels below it).

`xx0000` holds the province, `xxxx00` the prefecture, six digits the county, longer codes what lies below. Four prefixes are
different: counties directly under a province (4190, 4290, 4690, 6590) have no prefecture above them, so their `xxxx00` holds
only itself. Development zones with codes of their own are held by prefix like the rest.
"""

COUNTY_LENGTH = 6  # digits; streets and villages have 9 and 12
_DIRECT_COUNTIES = frozenset({"4190", "4290", "4690", "6590"})
_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
_PROVINCES = frozenset(str(code) for first, last in _PROVINCE_RANGES for code in range(first, last + 1))
_FICTITIOUS = "99"  # no province has it: for organs made up as examples


def is_whole_country(region: str) -> bool:
    return not region.strip("0")


def has_province(region: str) -> bool:
    """Whether a code begins with a province of GB/T 2260, or with the two digits kept for made-up places."""
    return region[:2] in _PROVINCES or region[:2] == _FICTITIOUS


def level_of(region: str) -> str:
    """The level (code of GB/T 39554.2) of an organ whose area is `region`: 650000 province, 650200 city, 650203 county."""
    if is_whole_country(region):
        return "1"
    area = region[:COUNTY_LENGTH]
    by_area = "2" if area.endswith("0000") else "3" if area.endswith("00") else "4"
    below = region[COUNTY_LENGTH:]
    return by_area if not below.strip("0") else "6" if below[3:].strip("0") else "5"


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
