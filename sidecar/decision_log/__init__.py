"""The record of decisions: what an entry holds and its canonical bytes. Knows no policy engine, so a verifier ships alone."""
