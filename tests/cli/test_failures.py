"""What the system refuses (a path, a disk, a permission) is one sentence with the path, a hint and status 2: never a stack."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.cli import main
from sidecar.wiring import PARTY_KEY_FILE, STATE_KEY_FILE, key_file
from tests.e2e.processes import EXAMPLE, ROOT
from tests.unit.importers.workbooks import HEADINGS, row, workbook

Refusal = Callable[..., str]
SERVE = ("serve", "--insecure", "--policies", ROOT / "policies", "--personnel", EXAMPLE / "personnel")


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Runs the command as the shell does; what it says when it cannot."""

    def run(*arguments: str | Path) -> str:
        monkeypatch.setattr("sys.argv", ["quanheng", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr().err
        assert stopped.value.code == 2
        assert said.startswith("quanheng: ")
        assert [line[:4] for line in said.splitlines()[1:]] == ["  → "]
        return said

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file where a folder is wanted."""
    path = tmp_path / "readme.md"
    path.write_text("a file\n")
    return path


@pytest.mark.parametrize("below", ["", "deeper"])
def test_an_import_that_cannot_write_names_the_path(refused: Refusal, tmp_path: Path, file: Path, below: str) -> None:
    """An --out that is a file, below a file, or in a folder nobody can make."""
    book = tmp_path / "list.xlsx"
    book.write_bytes(workbook([HEADINGS, row("建筑工程施工许可证核发")]))
    for out in (file / below, Path("/proc/nope") / below):
        assert str(out) in refused("import", "workbook", book, "--organ", "demo", "--out", out)


def test_a_build_that_cannot_write_names_the_path(refused: Refusal, tmp_path: Path) -> None:
    """`compiled` is a file."""
    copy = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", copy)
    shutil.rmtree(copy / "compiled")
    (copy / "compiled").write_text("in the way\n")
    assert f"{copy / 'compiled' / 'policy.csv'}: cannot be written" in refused("build", copy)


def test_a_source_that_is_a_folder_is_named(refused: Refusal, tmp_path: Path) -> None:
    """`powers.yaml` made with mkdir."""
    (tmp_path / "office" / "powers.yaml").mkdir(parents=True)
    assert f"{tmp_path / 'office' / 'powers.yaml'}: cannot be read" in refused("check", tmp_path)


def test_a_data_folder_that_cannot_be_used_is_named(refused: Refusal, tmp_path: Path, file: Path) -> None:
    """A file, below a file, in a folder nobody can make, and a key that is a folder: the hint names the setting."""
    odd = tmp_path / "odd"
    (odd / PARTY_KEY_FILE).mkdir(parents=True)
    for data, named in (
        (file, file),
        (file / "data", file),
        (Path("/proc/nope"), Path("/proc/nope")),
        (odd, odd / PARTY_KEY_FILE),
    ):
        said = refused(*SERVE, "--data", data)
        assert str(named) in said
        assert "--data" in said


def test_a_data_folder_without_permission_is_named(refused: Refusal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the key nor the lock can be made in a folder of somebody else."""
    opened = os.open

    def forbidding(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if str(path).startswith(str(tmp_path)) and flags & os.O_CREAT and not Path(path).exists():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", forbidding)
    assert f"{tmp_path / PARTY_KEY_FILE}: the data folder cannot be used" in refused(*SERVE, "--data", tmp_path)
    for name in (PARTY_KEY_FILE, STATE_KEY_FILE):
        (tmp_path / name).write_bytes(bytes(32))
    assert f"{tmp_path / 'writer.lock'}: the data folder cannot be used" in refused(*SERVE, "--data", tmp_path)


def test_a_table_of_personnel_that_may_not_be_read_is_named(
    refused: Refusal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what it is: not the data folder."""
    read = Path.read_bytes

    def forbidding(path: Path) -> bytes:
        if path.name == "credentials.csv":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", forbidding)
    said = refused(*SERVE, "--data", tmp_path)
    assert "credentials.csv: cannot be read" in said
    assert "--data" not in said


def test_half_a_party_key_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a full disk the next start makes a whole key instead of asking for a backup of none."""

    def full(descriptor: int) -> None:
        os.ftruncate(descriptor, 3)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            key_file(tmp_path / PARTY_KEY_FILE)
    assert len(key_file(tmp_path / PARTY_KEY_FILE)) == 32


def test_any_other_refusal_of_the_system_is_a_sentence_too(refused: Refusal, tmp_path: Path, file: Path) -> None:
    """A path in the way anywhere else, a table of personnel that cannot be read."""
    assert "File name too long" in refused("check", tmp_path / ("x" * 300))
    people = tmp_path / "people"
    people.mkdir()
    (people / "appointments.csv").symlink_to(people / "appointments.csv")
    said = refused("serve", "--insecure", "--policies", ROOT / "policies", "--personnel", people, "--data", tmp_path / "data")
    assert "appointments.csv" in said
    assert str(file) in refused("log", "query", "--data", file)
