"""The house: contracts of imports, and one catalogue for every code."""

import re
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from sidecar.controls.table import GUARDS
from sidecar.messages import CATALOGUE, say
from sidecar.power_list.control_kinds import ControlKind
from tests.e2e.processes import ROOT

SOURCES = [*(ROOT / "sidecar").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]


def test_imports_go_down_only() -> None:
    """Every contract of pyproject.toml is kept."""
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS


def test_every_code_has_a_sentence_in_both_languages() -> None:
    """Codes of findings, grounds and stops that stand in the source are in the catalogue."""
    used: set[str] = set()
    for path in SOURCES:
        if "importers" not in path.parts:  # the importer keeps a table of its own, with its own test
            used |= set(re.findall(r'(?:Finding|finding|Stop|_ground|say)\(\s*"([A-Z][A-Z_]+)"', path.read_text("utf-8")))
    assert len(used) > 50
    assert used <= CATALOGUE.keys()
    for code in CATALOGUE:
        sentence = say(code)
        assert re.search("[\u4e00-\u9fff]", sentence.zh), code
        assert not re.search("[\u4e00-\u9fff]", sentence.en), code


def test_every_control_has_a_guard() -> None:
    """What the compiler can write, the controls can judge."""
    assert set(GUARDS) == set(ControlKind)


def test_no_file_is_too_long_to_read() -> None:
    """A room is read in one sitting: no module beyond 500 lines."""
    long = {str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(Path(p).read_text("utf-8").splitlines())) > 500}
    assert long == {}
