"""A page of promises for each thing outside: the record, the clock."""
