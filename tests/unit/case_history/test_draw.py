"""Draws by lot: the same for everybody who does them again, and even."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.case_history.draw import drawn_from, pool_digest

names = st.lists(st.text("abcdef0123456789", min_size=1, max_size=6), min_size=1, max_size=12)


@pytest.mark.slow
@given(names, st.text(max_size=20), st.integers(1, 12))
def test_a_draw_is_the_same_for_everybody(pool: list[str], seed: str, n: int) -> None:
    """Whatever the order the pool is written in, by the rule as the documentation tells it."""
    ranked = sorted(set(pool), key=lambda one: hashlib.sha256(f"quanheng-draw-1\n{seed}\n{one}".encode()).hexdigest())
    assert drawn_from(pool, seed, n) == drawn_from(list(reversed(pool)), seed, n) == tuple(ranked[:n])


@given(names)
def test_one_more_name_is_another_pool(pool: list[str]) -> None:
    assert pool_digest(pool) == pool_digest([*reversed(pool), *pool])
    assert pool_digest(pool) != pool_digest([*pool, "another"])


def test_everybody_is_drawn_about_as_often() -> None:
    """Of five, two are drawn two thousand times: each some eight hundred times."""
    pool = ["o-1", "o-2", "o-3", "o-4", "o-5"]
    often = Counter(one for n in range(2_000) for one in drawn_from(pool, f"01M{n}", 2))
    assert all(700 <= often[one] <= 900 for one in pool)
