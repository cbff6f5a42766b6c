"""Use cases: authorize, report an outcome, read decisions and cases."""
