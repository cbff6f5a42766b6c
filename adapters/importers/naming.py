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
        hint = "give a GB/T 2260 code of 6, 9 or 12 digits, for example 650200 / 请写 6、9 或 12 位行政区划代码，例如 650200"
        raise SettingsError(f"--region {region!r} is no region code / --region {region!r} 不是行政区划代码", hint)
    levels = words.spellings(words.LEVELS)
    if level is not None and level not in levels:
        known = ", ".join(f"{code} ({labels[0]})" for code, labels in words.LEVELS.items())
        raise SettingsError(
            f"--level {level!r} is no level / --level {level!r} 不是行使层级", f"use one of / 请写其中之一: {known}"
        )
    return levels[level] if level is not None else None


def _check_organ(organ: str) -> None:
    """The identifier becomes a folder beside those that a policy folder keeps for itself."""
    if not _ORGAN.fullmatch(organ):
        hint = "use up to 48 of a-z, 0-9, - and _, for example karamay-housing / 请用小写字母、数字、- 和 _，最多 48 个"
        raise SettingsError(f"--organ {organ!r} is no identifier / --organ {organ!r} 不能作机关标识", hint)
    if organ in RESERVED_FOLDERS:
        hint = f"name the organ otherwise, for example {organ}-bureau / 请换一个机关标识，例如 {organ}-bureau"
        kept = f"the policy folder keeps {organ}/ for other files / 策略目录中的 {organ}/ 另有用途，不能放机关"
        raise SettingsError(f"--organ {organ!r}: {kept}", hint)


def distinct(wanted: str, taken: Container[str]) -> str:
    """`wanted`, or the first of `wanted-2`, `wanted-3` … that is free."""
    name, n = wanted, 1
    while name in taken:
        n += 1
        name = f"{wanted}-{n}"
    return name
