"""What the proxy takes and how long it waits. What is late or too much is refused or ended."""

from typing import NamedTuple


class Bounds(NamedTuple):
    """Times in seconds, sizes in bytes."""

    clients: int = 1_000  # connections at once; what is above is answered 503
    head_seconds: float = 10.0  # from the first byte of a head to its last
    idle_seconds: float = 75.0  # a kept connection without a request
    stall_seconds: float = 30.0  # a body or an answer of which nothing more comes or nothing more is taken
    connect_seconds: float = 3.0  # to the system behind, or until one of its connections is free
    answer_seconds: float = 60.0  # from the request to the head of the answer
    upstreams: int = 256  # connections to the system behind at once
    kept_seconds: float = 4.0  # an unused connection to the system behind: below the five seconds after which many servers end it
    websocket_idle_seconds: float = 300.0  # a WebSocket on which nothing comes from either side
    websocket_ask_seconds: float = 60.0  # until it is asked again whether the officer still may
    websocket_seconds: float = 3600.0  # a WebSocket altogether: after it the officer is judged anew
    stop_seconds: float = 10.0  # requests that are being answered when the proxy is told to stop
    linger_seconds: float = 1.0  # what a client still sends is dropped for so long, lest a reset takes the answer from it
    tick_seconds: float = 0.5  # how often times are looked at

    max_headers: int = 100
    max_head: int = 64 * 1024


HIGH_WATER = 64 * 1024  # bytes waiting in one direction before the sender is told to wait
