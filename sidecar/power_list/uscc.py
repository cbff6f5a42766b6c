"""Unified social credit code (统一社会信用代码), GB 32100-2015: 18 characters, the last one a check modulo 31.

Codes in real use fail the check now and then, so callers warn; they do not refuse.
"""

LENGTH = 18
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, n, 31) for n in range(17))


def is_valid_uscc(code: str) -> bool:
    """Whether `code` has 18 characters of the alphabet and the right check character."""
    if len(code) != LENGTH or any(char not in _ALPHABET for char in code):
        return False
    total = sum(_ALPHABET.index(char) * weight for char, weight in zip(code, _WEIGHTS, strict=False))
    return code[-1] == _ALPHABET[(31 - total % 31) % 31]
