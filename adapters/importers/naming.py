"""Names of what is imported: those a person gives to the organ, its region, its level, and identifiers that are free."""

import re
from collections.abc import Container

from sidecar.errors import SettingsError
from sidecar.power_list import vocabulary as words
from sidecar.power_list.policy_set import RESERVED_FOLDERS

_ORGAN = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_REGION = re.compile(r"[0-9]{6}([0-9]{3}){0,2}")


def checked_level(organ: str, region: str | None, level: str | None) -> str | None:
    """The level's code, once the three settings are known to be usable."""
    _check_organ(organ)
    if region is not None and not _REGION.fullmatch(region):
        raise SettingsError("NOT_A_REGION", region=region)
    levels = words.spellings(words.LEVELS)
    if level is not None and level not in levels:
        known = ", ".join(f"{code} ({labels[0]})" for code, labels in words.LEVELS.items())
        raise SettingsError("NOT_A_LEVEL", level=level, known=known)
    return levels[level] if level is not None else None


def _check_organ(organ: str) -> None:
    """The identifier becomes a folder beside those that a policy folder keeps for itself."""
    if not _ORGAN.fullmatch(organ):
        raise SettingsError("NOT_AN_ORGAN", organ=organ)
    if organ in RESERVED_FOLDERS:
        raise SettingsError("ORGAN_NAME_KEPT", organ=organ)


def distinct(wanted: str, taken: Container[str]) -> str:
    """`wanted`, or the first of `wanted-2`, `wanted-3` … that is free."""
    name, n = wanted, 1
    while name in taken:
        n += 1
        name = f"{wanted}-{n}"
    return name
