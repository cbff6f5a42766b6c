"""What a rename or a write is worth only once it was synced."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Syncs a file, or a folder with the names in it. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Puts a file in the place of another, for its owner alone: whole and durable when this returns. Raises OSError, and then the
    earlier one stands."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("wb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    sync(path.parent)
