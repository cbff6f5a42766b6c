"""Event logs of systems that are not connected yet (CSV) → events that can be decided.

A mapping file says which column is what and which activity is which step, and brings the rules: a built policy folder, or rules
of its own in the language of the power list, which the same compiler turns into the same rows.

**Nothing is dropped in silence.** Every row is replayed, or counted as an activity that is no step, another lifecycle
transition, the same row again, or unreadable: with file, line, column and what to do.

The modules: `mapping` (the file), `rules` (rules of the file → compiled policies), `records` (text → cells), `reading` (cells →
events), `spool` (events put in order on disk, so that memory stays bounded), `sentences` (what is said to a person).
"""
