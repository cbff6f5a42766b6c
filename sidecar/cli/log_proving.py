"""`quanheng log verify|prove|checkpoint|tiles|verifier`: what needs no server and no key, on a data folder or any copy."""

import json as encoder
import zipapp
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from adapters.verifier import command as verifier
from adapters.verifier.copies import RecordCopy, open_copy, write_tiles
from adapters.verifier.failures import CopyError, VerifierError
from sidecar.cli.log_places import DataOption
from sidecar.cli.output import FOUND, JsonOption, LangOption, print_error, print_json, print_line
from sidecar.decision_log.checkpoint import Checkpoint, read_checkpoint
from sidecar.decision_log.hashing import TreeHash
from sidecar.decision_log.merkle import ProofError, verify_consistency
from sidecar.decision_log.notes import Note, NoteError
from sidecar.decision_log.proof import Evidence
from sidecar.decision_log.reading import Copy, Row, fields_of, hash_of, leaf_of
from sidecar.decision_log.tiles import TiledTree, TileEdge, hashes_in
from sidecar.errors import NotFoundError, SettingsError, StoreError
from sidecar.messages import Sentence

CopyArgument = Annotated[
    Path | None,
    typer.Argument(metavar="COPY", help="Data folder, folder of tiles or file of entries; else --data 日志副本"),
]
Keys = Annotated[list[str] | None, typer.Option("--key", help="Public key of the log, or a file with it 日志公钥")]
Held = Annotated[
    list[Path] | None, typer.Option("--held", help="A checkpoint, receipt or evidence file you kept 您保存的检查点、回执或证据")
]
Printed = Annotated[
    list[str] | None, typer.Option("--printed", metavar="SIZE:ROOT", help="From an anchor sheet; ORIGIN:SIZE:GROUPS, too 锚定单")
]
Witnesses = Annotated[list[str] | None, typer.Option("--witness", help="Public key of a witness, or a file with it 见证公钥")]


def verify_command(
    lang: LangOption,
    copy: CopyArgument = None,
    data: DataOption = Path("var/data"),
    checkpoint: Annotated[Path | None, typer.Option(help="Checkpoint of the log that lies elsewhere 另存的检查点")] = None,
    key: Keys = None,
    held: Held = None,
    printed: Printed = None,
    witness: Witnesses = None,
    quorum: Annotated[int, typer.Option(min=0, help="How many witnesses must have cosigned 见证数量")] = 0,
    released: Annotated[
        list[Path] | None, typer.Option("--released", help="A file that entries were released to 移出文件")
    ] = None,
    case: Annotated[str, typer.Option(help="Also follow the entries of this case 案号")] = "",
    chains: Annotated[bool, typer.Option("--chains", help="Follow the chain of every case 核对每个案件的链")] = False,
    crypto: Annotated[bool, typer.Option(help="Look at signatures; without, roots count 是否验签")] = True,
    json: JsonOption = False,
) -> None:
    """Verify a log offline: status 1 when anything is wrong, with the first entry and how 离线核验日志."""
    question = verifier.Question(
        copy or data,
        checkpoint,
        key or (),
        held or (),
        printed or (),
        witness or (),
        quorum,
        case,
        chains,
        crypto,
        released or (),
    )
    console = Console(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("verify 核验")
            report = verifier.ask(question, lambda done, of: bar.update(task, completed=done, total=of))
    except VerifierError as fault:
        raise StoreError("PASSED_ON", told=Sentence(*fault.sentence), advice=Sentence(*fault.advice)) from fault
    if json:
        print_json(verifier.as_json(report))
    else:
        for line in verifier.as_lines(report, lang.value):
            print_line(line)
    raise typer.Exit(verifier.status_of(report))


def prove_command(
    lang: LangOption,
    decision_id: Annotated[str, typer.Argument(metavar="[DECISION_ID]", help="决定编号")] = "",
    data: DataOption = Path("var/data"),
    seq: Annotated[int, typer.Option(min=0, help="Number of an entry instead 记录序号")] = 0,
    since: Annotated[
        Path | None, typer.Option("--from", help="A checkpoint you hold: prove that the log extends it 证明日志延续该检查点")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write, e.g. decision.tlog-proof 输出文件")] = None,
) -> None:
    """Evidence for one decision, or the proof that the log extends a checkpoint you hold 出具证明."""
    del lang
    copy = _copy(data)
    newest, note = newest_checkpoint(copy)
    hash_ = hash_of(copy)
    tree = TiledTree(hash_, newest.size, lambda level, number: hashes_in(copy.tile(level, number) or b""))
    if since is not None:
        _print_or_write(_consistency(tree, hash_, newest, since), out)
        return
    row = _row(copy, decision_id, seq)
    if row.seq > newest.size:
        raise StoreError("ENTRY_UNDER_NO_CHECKPOINT", seq=row.seq, size=newest.size)
    evidence = Evidence(row.body, row.seq - 1, tuple(_within(lambda: tree.inclusion(row.seq - 1, newest.size))), note)
    try:
        evidence.verify(hash_, leaf_of(copy, hash_, row, row.seq - 1))  # of a released entry the leaf hash alone is proven
    except ProofError as fault:
        raise StoreError("ENTRY_UNPROVEN", seq=row.seq, fault=fault) from fault
    _print_or_write(str(evidence), out)


def _consistency(tree: TiledTree, hash_: TreeHash, newest: Checkpoint, since: Path) -> str:
    try:
        old, _ = read_checkpoint(since.read_bytes())
    except NoteError as fault:
        raise SettingsError("CHECKPOINT_UNREADABLE", since=since, fault=fault) from fault
    if old.origin != newest.origin or old.size > newest.size:
        raise StoreError("CHECKPOINT_OF_ANOTHER_LOG", since=since, old=old, newest=newest)
    proof = _within(lambda: tree.consistency(old.size, newest.size))
    try:
        verify_consistency(hash_, old.size, newest.size, old.root, newest.root, proof)
    except ProofError as fault:
        print_error(f"the log does not extend it: {fault}")
        raise typer.Exit(FOUND) from None
    told = {"origin": newest.origin, "hash": hash_.name, "from": old.size, "to": newest.size, "hashes": [h.hex() for h in proof]}
    return encoder.dumps(told, indent=1) + "\n"


def _within(look: Callable[[], list[bytes]]) -> list[bytes]:
    try:
        return look()
    except ValueError as fault:
        raise StoreError("TREE_NOT_WHOLE", fault=fault) from fault


def checkpoint_command(
    copy: CopyArgument = None,
    data: DataOption = Path("var/data"),
    out: Annotated[Path | None, typer.Option(help="File to write 输出文件")] = None,
) -> None:
    """The newest signed checkpoint: keep it, and the log can be held to it later 最新检查点."""
    _print_or_write(str(newest_checkpoint(_copy(copy or data))[1]), out)


def tiles_command(
    out: Annotated[Path, typer.Option(help="Folder to write 输出目录")],
    data: DataOption = Path("var/data"),
) -> None:
    """Write the log as static files (C2SP tlog-tiles), for other tools and for copies 导出静态瓦片."""
    copy = _copy(data)
    newest, note = newest_checkpoint(copy)
    hash_ = hash_of(copy)
    edge = TileEdge(hash_)
    tiles = edge.extend([leaf_of(copy, hash_, row, index) for index, row in enumerate(islice(copy.rows(), newest.size))])
    if edge.root() != newest.root:
        raise StoreError("ENTRIES_NOT_SIGNED")
    write_tiles(copy, tiles, newest.size, out, str(note).encode())
    print_line(f"{newest} → {out}")


_SHIPPED = ("sidecar/__init__.py", "adapters/__init__.py", "adapters/verifier/*.py", "sidecar/decision_log/*.py")
_LEFT_OUT = frozenset({"canonical.py", "entry.py", "events.py", "identity.py"})  # how entries are made, with msgspec


def verifier_command(
    out: Annotated[Path, typer.Option(help="File to write 输出文件")] = Path("quanheng-verify.pyz"),
) -> None:
    """Write the verifier as one file that needs only Python and `cryptography` 导出独立核验程序."""
    root = Path(__file__).resolve().parents[2]
    with TemporaryDirectory() as folder:
        for pattern in _SHIPPED:
            for path in root.glob(pattern):
                if path.name not in _LEFT_OUT:
                    target = Path(folder) / path.relative_to(root)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(path.read_bytes())
        (Path(folder) / "__main__.py").write_text(
            "import sys\nfrom adapters.verifier.command import main\n\nsys.exit(main())\n", "utf-8"
        )
        zipapp.create_archive(folder, out, interpreter="/usr/bin/env python3")
    print_line(str(out))


def _copy(path: Path) -> Copy:
    try:
        return open_copy(path)
    except CopyError as fault:
        raise StoreError("PASSED_ON", told=Sentence(*fault.sentence), advice=Sentence(*fault.advice)) from fault


def newest_checkpoint(copy: Copy) -> tuple[Checkpoint, Note]:
    """The largest checkpoint beside the entries."""
    found = []
    for data in copy.checkpoints():
        try:
            found.append(read_checkpoint(data))
        except NoteError:
            continue  # the verifier says so; here another one is taken
    if not found:
        raise NotFoundError("NO_CHECKPOINT_YET")
    return max(found, key=lambda pair: pair[0].size)


def _row(copy: Copy, decision_id: str, seq: int) -> Row:
    if not (seq or decision_id):
        raise NotFoundError("NOTHING_TO_PROVE")
    if seq:
        row = next(copy.rows(seq - 1), None)
    elif isinstance(copy, RecordCopy):
        row = copy.find(decision_id)
    else:
        row = next((row for row in copy.rows() if fields_of(row.body).get("decision_id") == decision_id), None)
    if row is None:
        raise NotFoundError("NO_ENTRY_IN_COPY", seq=seq) if seq else NotFoundError("NO_DECISION_IN_COPY", decision_id=decision_id)
    return row


def _print_or_write(text: str, out: Path | None) -> None:
    if out is None:
        print_line(text.removesuffix("\n"))
    else:
        out.write_text(text, "utf-8")
        print_line(str(out))
