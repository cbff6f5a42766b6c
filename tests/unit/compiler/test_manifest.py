"""The manifest: where every row comes from, and proof that model, rows and manifest belong together."""

import json

import pytest

from sidecar.compiler.manifest import read_manifest, write_manifest
from sidecar.errors import PolicyError
from tests.samples import MODEL, POWERS, compiled, policy_files

BUILT = compiled()
TEXT = BUILT.files["compiled/manifest.json"]


def test_it_reads_back_as_it_was() -> None:
    """Written and read, the same value."""
    assert read_manifest(TEXT, model=MODEL, policy=BUILT.policy) == BUILT.manifest
    assert write_manifest(BUILT.manifest) == TEXT


def test_every_row_has_its_place_and_article() -> None:
    """No row without file, line, rule and basis; each line exists."""
    files = policy_files()
    assert set(BUILT.manifest.rows) == {row.id for row in BUILT.rows}
    for source in BUILT.manifest.rows.values():
        assert 1 <= source.line <= len(files[source.file].splitlines())
        assert source.rule
        assert source.basis


def test_an_entry_is_a_line() -> None:
    """Two versions can be compared line by line, and the whole is JSON."""
    lines = TEXT.decode().splitlines()
    assert sum(line.startswith('  "permit.decide.') for line in lines) == 15
    assert json.loads(TEXT)["items"]["permit"]["steps"]["decide"]["posts"] == ["front.deputy", "front.head"]


def test_sources_are_named_by_digest() -> None:
    """A change of one source changes its digest and that of the whole."""
    other = compiled(policy_files(POWERS.replace("示范许可", "示例许可")))
    changed = {path for path, digest in other.manifest.sources.items() if BUILT.manifest.sources[path] != digest}
    assert changed == {"office/powers.yaml"}
    assert other.manifest.digest != BUILT.manifest.digest


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"format": 3', b'"format": 4', "format 4"),
        (b'"permit.decide.d6": ["profiles', b'"permit.decide.d6": ["Profiles', "manifest.json is not the one"),
        (b'"level": "3"', b'"level": "2"', "manifest.json is not the one"),
        (b'"policy": "sha256:', b'"policy": "sha256:0', "policy.csv is not the one"),
        (b'"model": "sha256:', b'"model": "sha256:0', "model.conf is not the one"),
        (b"{", b"[", "cannot be read"),
        (b'"items"', b'"itmes"', "cannot be read"),
        (b"\n", b"\xff\n", "cannot be read"),
    ],
)
def test_a_changed_manifest_is_refused(old: bytes, new: bytes, told: str) -> None:
    """Whichever part was touched is named."""
    assert old in TEXT
    with pytest.raises(PolicyError, match=told) as raised:
        read_manifest(TEXT.replace(old, new, 1), model=MODEL, policy=BUILT.policy)
    assert "quanheng build" in raised.value.hint


def test_changed_rows_and_models_are_refused() -> None:
    """One byte is enough."""
    with pytest.raises(PolicyError, match=r"policy\.csv is not"):
        read_manifest(TEXT, model=MODEL, policy=BUILT.policy.replace(b"deny", b"allow", 1))
    with pytest.raises(PolicyError, match=r"model\.conf is not"):
        read_manifest(TEXT, model=MODEL + b"\n", policy=BUILT.policy)
