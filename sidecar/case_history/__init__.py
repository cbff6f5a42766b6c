"""The case's own history: a fold of the acts this sidecar recorded, never of what a caller says."""
