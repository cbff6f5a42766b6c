"""Stores: policy folders on disk, the embedded SQLite record, and a memory store for tests."""
