"""Four published workbooks in at one end, decided requests out at the other, and the record of them read by a person."""

import http.client
import json
from pathlib import Path

import pytest

from tests.e2e.processes import ask, free_port, run_quanheng, running, serve_command
from tests.real_data import real_data

pytestmark = pytest.mark.slow  # each test starts processes of its own

COUNTS = {"住房和城乡建设局": 327, "市场监督管理局": 442, "财政局": 19, "统计局": 3}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four workbooks imported together by the command line, and built."""
    out = tmp_path_factory.mktemp("imported")
    books = [str(path) for path in sorted(real_data("power-lists").glob("*.xls*"))]
    run = run_quanheng("import", "workbook", *books, "--organ", "klmy", "--region", "650200", "--out", str(out), "--json")
    assert run.returncode == 0, run.stderr
    (out / "import.json").write_text(run.stdout)
    built = run_quanheng("build", str(out), "--json")
    assert built.returncode == 0, built.stdout + built.stderr
    (out / "build.json").write_text(built.stdout)
    return out


def test_every_workbook_gives_its_known_number_of_items(imported: Path) -> None:
    """327, 442, 19 and 3 items, and what was not placed is listed."""
    report = json.loads((imported / "import.json").read_text())
    assert {"items", "unplaced", "warnings"} <= report.keys()
    for part, count in COUNTS.items():
        assert sum(part in item["file"] for item in report["items"]) == count
    assert all(row["code"] for row in report["unplaced"])


def test_the_lists_compile_to_thousands_of_rows(imported: Path) -> None:
    """More than 3,000 rows, and the check finds warnings but no error."""
    assert json.loads((imported / "build.json").read_text())["rows"] > 3000
    checked = run_quanheng("check", str(imported), "--json")
    assert checked.returncode == 0
    assert json.loads(checked.stdout)["errors"] == 0


def test_an_import_never_overwrites_a_completed_post_map(imported: Path) -> None:
    """Importing again into the same folder is refused unless --replace is said."""
    book = str(next(real_data("power-lists").glob("*统计局*")))
    again = run_quanheng("import", "workbook", book, "--organ", "klmy", "--out", str(imported))
    assert again.returncode == 2
    assert "--replace" in again.stderr


def test_a_named_post_is_allowed_and_another_refused_over_http(imported: Path, tmp_path: Path) -> None:
    """The handler of the section may accept, another section gets NO_POWER; both stand in the log with their source."""
    manifest = json.loads((imported / "compiled" / "manifest.json").read_text())
    item_id, item = next(
        (i, f) for i, f in manifest["items"].items() if "施工许可" in f["name"] and f["power_class"] == "licensing"
    )
    mine = item["steps"]["accept"]["posts"][0]
    other = next(post for post in manifest["posts"] if post.endswith(".handler") and post not in item["steps"]["accept"]["posts"])
    personnel = tmp_path / "personnel"
    personnel.mkdir()
    (personnel / "appointments.csv").write_text(f"person,post,from,to\no-1,{mine},2024-01-01,\no-2,{other},2024-01-01,\n")

    port, data = free_port(), tmp_path / "data"
    with running(serve_command(imported, data, personnel, port), port, "/readyz", tmp_path / "serve.log"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        answers = {person: ask(connection, "/access/v1/evaluation", _accept(person, item_id))[1] for person in ("o-2", "o-1")}
        connection.close()
    assert answers["o-1"]["decision"] is True
    assert answers["o-1"]["context"]["rows"] == [f"{item_id}.accept.a1"]
    assert (answers["o-2"]["decision"], answers["o-2"]["context"]["code"]) == (False, "NO_POWER")
    assert mine in answers["o-2"]["context"]["remedy"]["posts"]

    entries = json.loads(run_quanheng("log", "query", "--data", str(data), "--case", "KL-1", "--json").stdout)
    assert [(e["subject"]["person"], e["decision"]) for e in entries] == [("o-2", "deny"), ("o-1", "allow")]
    for entry in entries:
        assert entry["item"] == item_id
        assert any("建筑法" in basis for basis in entry["basis"])
        assert entry["sources"][0].startswith("klmy/powers.yaml:")
        line = int(entry["sources"][0].split(":")[1])
        assert item_id in (imported / "klmy" / "powers.yaml").read_text().splitlines()[line - 1]


def _accept(person: str, item: str) -> dict[str, object]:
    return {
        "subject": {"type": "officer", "id": person},
        "action": {"name": "accept"},
        "resource": {"type": "case", "id": "KL-1", "properties": {"item": item, "region": "650203", "party": "party-1"}},
    }
