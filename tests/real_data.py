"""The one way tests reach the real data beside the checkout.

Without it a test skips and says why; with QUANHENG_REQUIRE_REAL_DATA=1 (set by `.ci/run`) a skip becomes a failure.
"""

import os
from pathlib import Path
from typing import NoReturn

import pytest

_ROOT = Path(__file__).resolve().parents[1]
_PLACES = (_ROOT.parent / "shared" / "data", _ROOT / "shared" / "data")


def shared_page(name: str) -> Path:
    """A page that lies beside the data, or a skip."""
    return real_data("..", name)


def real_data(*parts: str) -> Path:
    """The path of a file or folder of the real data, or a skip (a failure where the data is required)."""
    for place in _PLACES:
        path = place.joinpath(*parts)
        if path.exists():
            return path
    return absent(f"real data not found: {'/'.join(parts)} is in none of {', '.join(map(str, _PLACES))}")


def absent(reason: str) -> NoReturn:
    """Skip what needs something that is not here; fail where it is required."""
    if os.environ.get("QUANHENG_REQUIRE_REAL_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
