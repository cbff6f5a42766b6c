"""Where frames of a WebSocket end, however their bytes arrive."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapters.enforcement.proxy.frames import Frames, close_frame


def frame(size: int, *, masked: bool) -> bytes:
    """One frame, its bytes such that no other head is where there is none."""
    mask, key = (0x80, b"\xff" * 4) if masked else (0, b"")
    if size < 126:
        head = bytes([0x82, mask | size])
    elif size < 65536:
        head = bytes([0x82, mask | 126]) + size.to_bytes(2)
    else:
        head = bytes([0x82, mask | 127]) + size.to_bytes(8)
    return head + key + b"\xff" * size


SIZES = st.sampled_from([0, 1, 2, 125, 126, 127, 300, 65535, 65536, 70000])


@given(st.lists(st.tuples(SIZES, st.booleans()), min_size=1, max_size=5), st.data())
def test_frames_are_followed_however_they_are_cut(said: list[tuple[int, bool]], data: st.DataObject) -> None:
    """Whole at the ends of frames and nowhere else; what has begun is carried to its end, and not a byte more."""
    frames = [frame(size, masked=masked) for size, masked in said]
    ends = {sum(map(len, frames[:n])) for n in range(len(frames) + 1)}
    every = b"".join(frames)
    cuts = sorted({0, len(every), *data.draw(st.lists(st.integers(0, len(every)), max_size=8))})
    following = Frames()
    for start, end in pairwise(cuts):
        following.feed(every[start:end])
        assert following.whole == (end in ends)
    begun = data.draw(st.integers(0, len(every)))
    following = Frames()
    following.feed(every[:begun])
    assert begun + len(following.rest(every[begun:])) == min(end for end in ends if end >= begun)
    assert following.whole


def test_a_closing_frame_says_its_code_and_stays_a_control_frame() -> None:
    """At most 125 bytes (RFC 6455, section 5.5), whatever is to be said; a client's is masked with a key of its own."""
    assert close_frame("NO_POWER", masked=False) == b"\x88\x0a\x03\xf0NO_POWER"
    assert len(close_frame("x" * 500, masked=False)) == 127
    first, second = close_frame("NO_POWER", masked=True), close_frame("NO_POWER", masked=True)
    assert (first[:2], len(first), first != second) == (b"\x88\x8a", 16, True)
    assert bytes(byte ^ first[2 + n % 4] for n, byte in enumerate(first[6:])) == b"\x03\xf0NO_POWER"
