"""`quanheng log …` and `quanheng witness …` as a person uses them: words, files, exit statuses."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from adapters.storage.log_opening import Places
from sidecar.cli.commands import app
from sidecar.decision_log.checkpoint import open_checkpoint, read_checkpoint
from sidecar.decision_log.hashing import tree_hash
from sidecar.decision_log.notes import Cosigner, Key, read_key
from sidecar.decision_log.proof import read_evidence
from sidecar.decision_log.sheet import SheetError, groups, read_groups, read_root
from sidecar.errors import QuanhengError
from tests.e2e.processes import EXAMPLE, ROOT, ask, free_port, get, quanheng, run_quanheng, running
from tests.log.logs import ORIGIN, Kept, a_kept_log, change, copied, fill, keeping, made, places_in
from tests.log.small_disk import cannot

SHA = tree_hash("sha256")


def run(*words: object, expected: int = 0) -> str:
    """The command in this process; a failure that is foreseen becomes its message and hint, as `main` prints them."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    told, status = done.output, done.exit_code
    if isinstance(done.exception, QuanhengError):
        told, status = f"{told}quanheng: {done.exception.message}\n  → {done.exception.hint}\n", 2
    assert status == expected, (told, done.exception)
    return told


def run_apart(*words: object, expected: int = 0) -> str:
    """The command as a process of its own."""
    done = run_quanheng(*map(str, words))
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def log(tmp_path: Path) -> Places:
    return a_kept_log(tmp_path, 300)


def key_of(where: Places) -> str:
    return run("log", "key", "show", "--data", where.data).split()[0]


def test_create_says_where_everything_is(tmp_path: Path) -> None:
    """And refuses to do it again."""
    data = tmp_path / "data"
    told = run("log", "create", "--data", data, "--origin", ORIGIN)
    for part in (ORIGIN, f"{data}.keys", f"{data}.head", "sha256"):
        assert part in told
    assert "head of a log already" in run("log", "create", "--data", data, "--origin", ORIGIN, expected=2)
    assert "no such hash" in run("log", "create", "--data", tmp_path / "b", "--origin", ORIGIN, "--hash", "md5", expected=2)
    assert "SM2" not in told


def test_commands_tell_the_time_as_the_service_does(tmp_path: Path) -> None:
    """The first two entries of a log stood eight hours before the rest, to a reader of one column of times."""
    data = tmp_path / "data"
    run("log", "create", "--data", data, "--origin", ORIGIN)
    times = [entry["time"] for entry in json.loads(run("log", "query", "--data", data, "--json"))]
    assert len(times) == 2
    assert all(time.endswith("+08:00") for time in times)


def test_verify_says_what_it_found(log: Places) -> None:
    """0 and the head; 1 and the first entry that is wrong; 2 for what is no log."""
    told = run("log", "verify", log.data, "--key", key_of(log), "--held", log.head, "--chains", "--lang", "en")
    assert "verified: nothing is wrong" in told
    assert f"log {ORIGIN} (sha256), 304 entries" in told
    assert "核验通过" in run("log", "verify", "--data", log.data, "--lang", "zh")
    change(log, "UPDATE entries SET body = replace(body, 'ALLOWED', 'REFUSED') WHERE seq = 77")
    told = run("log", "verify", log.data, "--lang", "en", expected=1)
    assert "NOT VERIFIED. Look first at: entry 77: changed" in told
    assert "第 77 条: 被改动" in run("log", "verify", log.data, "--lang", "zh", expected=1)
    report = json.loads(run("log", "verify", log.data, "--json", expected=1))
    assert (report["sound"], report["first"]["kind"], report["first"]["first"]) == (False, "changed", 77)
    assert "is no copy of a log" in run("log", "verify", log.data / "nowhere", expected=2)
    assert "give files and keys whole" in run("log", "verify", log.data, "--key", "nonsense", expected=2)
    assert "'gone.pub': a key is written" in run("log", "verify", log.data, "--key", "gone.pub", expected=2)
    wrong = log.data / "wrong"
    wrong.write_text("no note\n")
    assert f"{wrong} is no checkpoint" in run("log", "verify", log.data, "--held", wrong, expected=2)
    assert f"{wrong}: a key is written" in run("log", "verify", log.data, "--key", wrong, expected=2)
    assert "DECISION_ID, --seq N" in run("log", "prove", "--data", log.data, expected=2)


def test_an_older_copy_against_the_head(log: Places, tmp_path: Path) -> None:
    """Rolled back, and known by the checkpoint somebody kept."""
    backup = copied(log, tmp_path / "backup")
    keeping(log, lambda kept: fill(kept.log.store, 5, start=300))
    run("log", "verify", backup.data)
    assert "older than a checkpoint you hold" in run("log", "verify", backup.data, "--held", log.head, "--lang", "en", expected=1)


def test_proofs_are_files(log: Places, tmp_path: Path) -> None:
    """Evidence of a decision and of any entry, and the way from a checkpoint somebody holds."""
    out = tmp_path / "d7.tlog-proof"
    run("log", "prove", "d7", "--data", log.data, "--out", out)
    evidence = read_evidence(out.read_bytes())
    evidence.verify(SHA)
    assert b'"decision_id":"d7"' in evidence.entry
    open_checkpoint(str(evidence.note).encode(), ORIGIN, [read_key(key_of(log))])
    run("log", "verify", log.data, "--held", out)
    assert read_evidence(run("log", "prove", "--seq", "1", "--data", log.data).encode()).index == 0
    assert "no decision nothing" in run("log", "prove", "nothing", "--data", log.data, expected=2)
    old = tmp_path / "checkpoint"
    run("log", "checkpoint", "--data", log.data, "--out", old)
    keeping(log, lambda kept: fill(kept.log.store, 5, start=300))
    told = json.loads(run("log", "prove", "--from", old, "--data", log.data))
    assert (told["from"], told["to"]) == (304, 311)


def test_a_copy_as_tiles(log: Places, tmp_path: Path) -> None:
    """Static files as other tools read them; they verify without the record, and every change of them is found."""
    out = tmp_path / "tiles"
    run("log", "tiles", "--data", log.data, "--out", out)
    told = run("log", "verify", out, "--key", key_of(log), "--held", log.head, "--lang", "en")
    assert "verified" in told
    for path, place in (("tile/entries/000", 5_000), ("tile/entries/001.p/48", 700)):
        data = bytearray((out / path).read_bytes())
        data[place] ^= 1
        broken = tmp_path / "broken"
        shutil.copytree(out, broken)
        (broken / path).write_bytes(bytes(data))
        assert "entry" in run("log", "verify", broken, "--lang", "en", expected=1)
        shutil.rmtree(broken)


def test_another_implementation_reads_our_tiles(log: Places, tmp_path: Path) -> None:
    """Checkpoint, tiles, entries and proofs, read by a package that knows nothing of us."""
    from tlog_scales import tiles as other_tiles  # noqa: PLC0415
    from tlog_scales.backend import LocalBackend  # noqa: PLC0415
    from tlog_scales.reader import TilesReader  # noqa: PLC0415
    from tlog_scales.signing import Vkey  # noqa: PLC0415

    out = tmp_path / "tiles"
    run("log", "tiles", "--data", log.data, "--out", out)
    reader = TilesReader(LocalBackend(out))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(Vkey.from_string(key_of(log)))
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index in (0, 255, 256, 303):
        leaf = other_tiles.leaf_hash(reader.get_entry(index))
        reader.get_inclusion_proof(index, checkpoint.size).check(leaf, checkpoint.root_hash)


def test_lines_with_a_checkpoint(log: Places, tmp_path: Path) -> None:
    """An export of one entry a line."""
    lines = tmp_path / "entries.jsonl"

    async def export(kept: Kept) -> None:
        rows = kept.log.store.reader._connection().execute("SELECT body FROM entries ORDER BY seq")
        lines.write_bytes(b"".join(row[0] + b"\n" for row in rows))

    keeping(log, export, begin=False)
    arguments = ("log", "verify", lines, "--checkpoint", log.head, "--key", key_of(log), "--lang", "en")
    assert "304 entries" in run(*arguments)
    text = lines.read_bytes().splitlines(keepends=True)
    lines.write_bytes(b"".join(text[:100] + text[101:]))
    assert "missing" in run(*arguments, expected=1)


def test_one_case(log: Places) -> None:
    """Each entry of it rests on the one before; an export of it cannot hide one."""
    assert "case c3: 60 entries" in run("log", "verify", log.data, "--case", "c3", "--lang", "en")
    assert "no entry of case" in run("log", "verify", log.data, "--case", "c99", expected=2)


def test_an_export_of_one_case(log: Places, tmp_path: Path) -> None:
    """L12: it holds together without the log; with evidence for its last entry all of it is under a signed head."""
    lines = tmp_path / "case.jsonl"
    with contextlib.closing(sqlite3.connect(log.data / "record.sqlite3")) as record:
        bodies = [row[0] for row in record.execute("SELECT body FROM entries WHERE case_id = 'c3' ORDER BY seq")]
    evidence = tmp_path / "last.tlog-proof"
    run("log", "prove", "d298", "--data", log.data, "--out", evidence)
    lines.write_bytes(b"".join(body + b"\n" for body in bodies))
    asked = ("log", "verify", lines, "--case", "c3", "--held", evidence, "--key", key_of(log), "--lang", "en")
    assert "a checkpoint covers 60, signed by record.example/binhe" in run(*asked)
    assert "nothing says that it was ever recorded" in run("log", "verify", lines, "--case", "c3", "--lang", "en")
    for broken, told in (
        (bodies[:20] + bodies[21:], "missing"),
        ([bodies[0].replace(b"ALLOWED", b"REFUSED"), *bodies[1:]], "missing"),
        ([*bodies[:5], bodies[6], bodies[5], *bodies[7:]], "missing"),
        ([*bodies[:5], bodies[2], *bodies[5:]], "reordered"),
        (bodies[1:], "missing"),
    ):
        lines.write_bytes(b"".join(body + b"\n" for body in broken))
        assert told in run(*asked, expected=1)


def test_the_verifier_ships_alone(log: Places, tmp_path: Path) -> None:
    """One file, with nothing of ours installed: only Python, and cryptography for signatures."""
    out = tmp_path / "quanheng-verify.pyz"
    run("log", "verifier", "--out", out)
    cryptography = Path(sys.modules["cryptography"].__file__ or "").parent.parent
    (tmp_path / "only").mkdir()
    for name in ("cryptography", "cffi", "_cffi_backend"):
        for path in cryptography.glob(f"{name}*"):
            (tmp_path / "only" / path.name).symlink_to(path)
    alone = [sys.executable, "-S", str(out), str(log.data), "--lang", "en"]
    environment = {"PYTHONPATH": str(tmp_path / "only"), "PATH": os.environ["PATH"], "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [*alone, "--key", key_of(log)], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "verified" in done.stdout) == (0, True), done.stderr
    root = read_checkpoint(log.head.read_bytes())[0].root.hex()
    bare = subprocess.run(
        [*alone, "--no-crypto", "--printed", f"304:{root}"],
        env=environment | {"PYTHONPATH": ""}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (bare.returncode, "verified" in bare.stdout) == (0, True), bare.stderr
    change(log, "DELETE FROM entries WHERE seq = 50")
    done = subprocess.run(alone, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "entry 50: missing" in done.stdout) == (1, True), done.stderr


@pytest.mark.slow
def test_keys_are_shown_and_rotated(log: Places, tmp_path: Path) -> None:
    """By the service that holds the log, or without one; the old public key still leads to the newest."""
    old = key_of(log)
    assert "log create" in run("log", "key", "new", expected=2)

    async def while_it_runs(kept: Kept) -> None:
        keeps = asyncio.create_task(kept.keeper.run())
        told = await asyncio.to_thread(run_apart, "log", "key", "rotate", "--data", log.data)
        keeps.cancel()
        await asyncio.gather(keeps, return_exceptions=True)
        assert str(kept.keeper.identity.key) in told
        assert "already written by process" in run_apart("log", "key", "rotate", "--lost", "--data", log.data, expected=2)

    keeping(log, while_it_runs)
    run("log", "key", "rotate", "--data", log.data)
    told = json.loads(run("log", "key", "show", "--data", log.data, "--json"))
    assert [key["from"] for key in told["keys"]] == [2, 306, 308]
    assert told["keys"][0]["key"] == old
    (tmp_path / "key.pub").write_text(old + "\n")
    run("log", "verify", log.data, "--key", tmp_path / "key.pub")


def test_the_head(log: Places) -> None:
    """Shown, and made again when somebody says so."""
    assert read_checkpoint(run("log", "head", "--data", log.data).encode())[0].size == 304
    assert "is there already" in run("log", "head", "--accept", "--data", log.data, expected=2)
    log.head.unlink()
    assert "304 entries" in run("log", "head", "--accept", "--data", log.data)


def test_what_happened_to_the_log_is_shown_like_decisions(log: Places) -> None:
    """In words, with who did it."""
    told = run("log", "query", "--data", log.data, "--kind", "key", "--lang", "zh")
    assert told.split("\t")[5:7] == ["密钥", "建立"]
    assert "uid " in told
    assert len(run("log", "query", "--data", log.data, "--kind", "stop", "--lang", "en").splitlines()) == 1


# -- anchors --------------------------------------------------------------------------------------------------------------------


def test_an_anchor_sheet_is_printed_typed_in_and_confirmed(log: Places) -> None:
    """Its digits are the root; a slip of the pen is found."""
    sheet = run("log", "anchor", "print", "--data", log.data)
    digits = [word for word in sheet.split() if word.isdigit() and len(word) == 5]
    checkpoint = read_checkpoint(log.head.read_bytes())[0]
    assert digits == groups(checkpoint)
    assert read_groups(ORIGIN, 304, digits) == checkpoint
    run("log", "verify", log.data, "--printed", f"{ORIGIN}:304:{' '.join(digits)}", "--no-crypto")
    for wrong in (digits[:-1], [*digits[:3], "00000", *digits[4:]], [*digits[:3], "65536", *digits[4:]]):
        with pytest.raises(SheetError):
            read_groups(ORIGIN, 304, wrong)
    with pytest.raises(SheetError, match="SIZE:ROOT"):
        read_root("nonsense")
    run("log", "anchor", "confirm", "--size", 300, "--holder", "区档案馆", "--data", log.data)
    assert "not signed yet" in run("log", "anchor", "confirm", "--size", 400, "--holder", "x", "--data", log.data, expected=2)

    async def look(kept: Kept) -> None:
        await kept.keeper.tick()
        (entry,) = kept.entries("anchor")
        assert (entry["size"], entry["holder"], entry["event"]) == (300, "区档案馆", "printed")

    keeping(log, look)


class Authority(BaseHTTPRequestHandler):
    """A time-stamping authority: OpenSSL's."""

    folder: Path

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["content-length"]))
        (self.folder / "query.tsq").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.end_headers()
        self.wfile.write((self.folder / "reply.tsr").read_bytes())

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    if shutil.which("openssl") is None:
        cannot("no openssl on this machine")
    folder = tmp_path / "tsa"
    folder.mkdir()
    lines = ["[ tsa ]", "default_tsa = own", "[ own ]", "serial = ./serial", "signer_cert = ./tsa.pem", "certs = ./tsa.pem"]
    lines += ["signer_key = ./tsa.key", "signer_digest = sha256", "default_policy = 1.2.3.4.1", "ess_cert_id_alg = sha256"]
    lines += ["digests = sha256, sha384, sha512", "accuracy = secs:1"]
    (folder / "tsa.cnf").write_text("\n".join(lines) + "\n")
    (folder / "serial").write_text("01\n")
    extensions = ["-addext", "extendedKeyUsage=critical,timeStamping", "-addext", "keyUsage=critical,digitalSignature"]
    subject = ["-subj", "/CN=tsa.example", "-days", "30", "-nodes", "-keyout", "tsa.key", "-out", "tsa.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *subject, *extensions], cwd=folder, check=True, capture_output=True
    )
    server = HTTPServer(("127.0.0.1", 0), type("Own", (Authority,), {"folder": folder}))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder / "tsa.pem"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_anchor_is_time_stamped(log: Places, tmp_path: Path, authority: tuple[str, Path]) -> None:
    """RFC 3161: the token verifies with OpenSSL, too; a wrong root is refused; the log tells of it."""
    url, roots = authority
    token = tmp_path / "anchor.tst"
    run("log", "anchor", "timestamp", "--tsa", url, "--roots", roots, "--out", token, "--data", log.data)
    (tmp_path / "text").write_text(read_checkpoint(log.head.read_bytes())[1].text)
    checked = subprocess.run(
        ["openssl", "ts", "-verify", "-data", tmp_path / "text", "-in", token, "-token_in", "-CAfile", roots],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in checked.stdout + checked.stderr
    stranger = tmp_path / "other.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=x", "-nodes", "-keyout", "/dev/null", "-out", stranger],
        check=True, capture_output=True,
    )  # fmt: skip
    told = run("log", "anchor", "timestamp", "--tsa", url, "--roots", stranger, "--out", token, "--data", log.data, expected=2)
    assert "does not hold" in told

    async def look(kept: Kept) -> None:
        await kept.keeper.tick()
        (entry,) = kept.entries("anchor")
        assert (entry["event"], entry["size"]) == ("timestamped", 304)
        assert entry["digest"].startswith("sha256:")

    keeping(log, look)


# -- a witness and a sidecar, as processes ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_witness_of_another_department(tmp_path: Path) -> None:
    """Made, served, asked by a sidecar: checkpoints carry its signature, and whoever verifies asks for it."""
    where, office, port = made(tmp_path), tmp_path / "office", free_port()
    key = key_of(where)
    told = run("witness", "init", "--dir", office, "--name", "witness.example/audit", "--log", key)
    witness = next(word for word in told.split() if word.startswith("witness.example/audit+"))
    assert "holds a witness already" in run("witness", "init", "--dir", office, "--name", "x", "--log", key, expected=2)
    settings = tmp_path / "settings.toml"
    settings.write_text(
        f'insecure = true\norigin = "{ORIGIN}"\ncheckpoint_interval = 0.1\nanchor_max_age = 60\nwitness_quorum = 1\n'
        f'[witnesses.audit]\nurl = "http://127.0.0.1:{port}"\nkey = "{witness}"\n'
    )
    serve = quanheng("witness", "serve", "--dir", str(office), "--port", str(port))
    with running(serve, port, "/key", tmp_path / "witness.log"):
        assert get(port, "/key")[1].strip() == witness
        _serve_and_ask(where, settings, tmp_path)
    report = run("log", "verify", where.data, "--key", key, "--witness", witness, "--quorum", 1, "--lang", "en")
    assert "witness.example/audit" in report
    assert "is gone" in _without_memory(office)


def _serve_and_ask(where: Places, settings: Path, tmp_path: Path) -> None:
    port = free_port()
    folders = ("--policies", str(ROOT / "policies"), "--personnel", str(EXAMPLE / "personnel"), "--data", str(where.data))
    command = quanheng("serve", "--config", str(settings), *folders, "--port", str(port))
    with running(command, port, "/readyz", tmp_path / "sidecar.log") as process:
        body = {
            "subject": {"type": "officer", "id": "o-1001"}, "action": {"name": "accept"},
            "resource": {"type": "case", "id": "W-1", "properties": {"item": "cn-xk-food-business-licence", "party": "p"}},
            "context": {"facts": {"only_prepackaged_food": False, "edible_farm_produce": False}, "options": {"receipt": "proof"}},
        }  # fmt: skip
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            status, answer = ask(connection, "/authorize", body)
        assert (status, answer["decision"]) == (200, True)
        assert "c2sp.org/tlog-proof@v1" in answer["context"]["receipt"]["proof"]
        for _ in range(100):
            told = get(port, "/readyz")[1]
            if told["log"]["anchor_age"] == 0 and told["log"]["unsigned"] == 0:
                break
            time.sleep(0.1)
        assert (told["ready"], told["log"]["lost"]) == (True, 0)
        process.terminate()
        process.wait(timeout=20)


def _without_memory(office: Path) -> str:
    (office / "witness.sqlite3").unlink()
    return run("witness", "serve", "--dir", office, "--port", free_port(), expected=2)


def test_a_witness_key_is_a_cosigners(tmp_path: Path) -> None:
    """The line `init` prints is the key that signs."""
    where, office = made(tmp_path), tmp_path / "office"
    told = run("witness", "init", "--dir", office, "--name", "w.example", "--log", f"{key_of(where)}=sm3")
    key = read_key(next(word for word in told.split() if word.startswith("w.example+")))
    assert isinstance(key, Key)
    assert key.type == Cosigner("w.example", bytes(32)).key.type
    assert 'hash = "sm3"' in (office / "witness.toml").read_text()


def test_serve_without_a_log_says_what_to_run(tmp_path: Path) -> None:
    """Only for trying out one is made by itself."""
    settings = tmp_path / "settings.toml"
    settings.write_text('[callers.portal]\ntoken_sha256 = "' + "0" * 64 + '"\n')
    where = places_in(tmp_path)
    folders = ("--policies", ROOT / "policies", "--personnel", EXAMPLE / "personnel", "--data", where.data)
    told = run("serve", "--config", settings, *folders, "--port", free_port(), expected=2)
    assert f"quanheng log create --data {where.data} --origin NAME" in told
