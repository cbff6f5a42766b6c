"""The guards: what stops an empowered person here and now, one family a file, pure functions of one context."""
