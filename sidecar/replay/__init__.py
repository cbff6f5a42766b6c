"""What happened, put to `decide()` once more: the events of systems that were not connected."""
