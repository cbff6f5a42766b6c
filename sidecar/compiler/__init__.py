"""Power list + profiles → Casbin rows, with a source map that leads each row back to its line and its article."""
