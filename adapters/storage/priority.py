"""Work that gives way to the thread that answers."""

import contextlib
import os
import threading

LOWEST_PRIORITY = 19  # nice


def behind_requests() -> None:
    """For a thread or process of its own, where the system lets them have a priority of their own. Not for one that runs much
    Python beside the requests: it would hold the interpreter and get no processor to let it go."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
