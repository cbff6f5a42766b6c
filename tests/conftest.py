"""For all tests: one profile of property tests, and a log that writes nowhere a test has closed."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# A busy machine is no failure, and what failed once can be shown again.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """A command that ran in this process configures the log for its own streams, which are closed with it."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
