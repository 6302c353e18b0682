"""Runs over many files: listing, parts, resuming after kills, a store, a cluster."""

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from support import hand
from support.cluster import ENVIRONMENT, two_workers
from webapp.batch import Asked, BatchError, opened, read_here, read_on_cluster, summary
from webapp.batch.cluster import _connect
from webapp.batch.listing import files_of
from webapp.batch.store import write_whole
from webapp.command import main
from webapp.config import ROOT
from webapp.files import PARTIAL

READ = [sys.executable, "-m", "webapp", "read", "--quiet"]


def small(digit):
    """Return a picture of a digit that is read quickly."""
    return hand.png(cv2.resize(hand.picture(digit), (64, 64), interpolation=cv2.INTER_AREA))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of 24 pictures and a file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(24):
        (folder / f"{number:02d}.png").write_bytes(small(number % 10))
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not listed")
    return folder


def rows_of(out):
    """Return the rows of all parts of a local run, part after part."""
    found = []
    for path in sorted(Path(out).glob("part-*.parquet")):
        found += pq.ParquetFile(path).read().to_pylist()
    return found


def check(out, count=25):
    """Check that each file is in the result once, in order, and read right."""
    rows = rows_of(out)
    assert [row["index"] for row in rows] == list(range(count))
    for row in rows:
        name = Path(row["file"]).stem
        if name == "broken":
            assert row["text"] is row["status"] is None
            assert "not a PNG" in row["error"]
        else:
            assert row["error"] is None
            assert row["text"] == str(int(name) % 10)
            assert row["lines"] == [row["text"]]
            assert 0.5 < row["confidence"] <= 1


def test_a_folder_is_read_into_parts(pictures, tmp_path):
    """Parts have the asked size, a broken file is a row, and the exit status tells of it."""
    out = tmp_path / "out"
    found = CliRunner().invoke(
        main,
        [
            "read",
            "--manifest",
            str(pictures),
            "--out",
            str(out),
            "--part-size",
            "10",
            "--jobs",
            "2",
        ],
    )
    assert found.exit_code == 1, found.output
    assert "25 files in 3 parts" in found.stderr
    assert "1 not read" in found.stderr
    check(out)
    sizes = [pq.ParquetFile(path).metadata.num_rows for path in sorted(out.glob("part-*"))]
    assert sizes == [10, 10, 5]


def test_one_file_in_one_part_is_said_so(tmp_path):
    """Counts of one have the singular."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "3.png").write_bytes(small(3))
    found = CliRunner().invoke(
        main, ["read", "--manifest", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    )
    assert "1 file in 1 part in" in found.stderr


def test_what_is_read_is_not_read_again(pictures, tmp_path, monkeypatch):
    """A finished run reads nothing; one with a missing part reads that part alone."""
    asked = Asked(source=str(pictures), part=10)
    run = opened(str(tmp_path / "out"), asked)
    assert [*read_here(run, 1)] == [0, 1, 2]
    assert [*read_here(run, 1)] == []
    before = Path(run.address(0)).stat().st_mtime_ns
    Path(run.address(1)).unlink()
    again = opened(str(tmp_path / "out"), asked)
    assert [*read_here(again, 1)] == [1]
    assert Path(run.address(0)).stat().st_mtime_ns == before
    found = summary(again)
    assert (found["not read"], found["ok"] + found.get("unsure", 0)) == (1, 24)
    check(tmp_path / "out")


def test_a_folder_that_grew_is_still_the_one_that_was_listed(pictures, tmp_path):
    """Files that come later do not move the parts."""
    source = tmp_path / "in"
    source.mkdir()
    (source / "b.png").write_bytes(small(1))
    asked = Asked(source=str(source))
    opened(str(tmp_path / "out"), asked)
    (source / "a.png").write_bytes(small(2))
    run = opened(str(tmp_path / "out"), asked)
    assert [*read_here(run, 1)] == [0]
    assert [Path(row["file"]).name for row in rows_of(tmp_path / "out")] == ["b.png"]


def test_another_run_does_not_go_into_the_same_folder(pictures, tmp_path):
    """A run that asks for something else is refused, with the name of what differs."""
    opened(str(tmp_path / "out"), Asked(source=str(pictures)))
    for asked, name in (
        (Asked(source=str(pictures), pattern="0{4}"), "pattern"),
        (Asked(source=str(pictures), sum_of=["1", "2"]), "sum_of"),
        (Asked(source=str(pictures), part=7), "part"),
        (Asked(source=str(tmp_path)), "source"),
    ):
        with pytest.raises(BatchError, match=f"another {name}"):
            opened(str(tmp_path / "out"), asked)


def test_other_models_do_not_go_on_with_a_run(pictures, tmp_path):
    """Readings of two models are not mixed."""
    run = opened(str(tmp_path / "out"), Asked(source=str(pictures)))
    path = Path(run.out) / "_run.json"
    about = json.loads(path.read_text())
    about["models"]["line"] = "000000000000"
    path.write_text(json.dumps(about))
    with pytest.raises(BatchError, match="another line"):
        opened(run.out, run.asked)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_manifest_names_files(pictures, tmp_path, ending):
    """Names count from the manifest's folder. Rows without a name are rows, too."""
    path = pictures.parent / f"list.{ending}"
    names = [f"{pictures.name}/03.png", str(pictures / "11.png"), "", "missing.png"]
    if ending == "csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("id", "file"), *enumerate(names)])
    else:
        pq.write_table(pa.table({"id": [1, 2, 3, 4], "file": names}), path)
    run = opened(str(tmp_path / "out"), Asked(source=str(path)))
    assert [*read_here(run, 1)] == [0]
    rows = rows_of(tmp_path / "out")
    assert [row["text"] for row in rows] == ["3", "1", None, None]
    assert rows[2]["error"] == "The list names no file."
    assert "No such file" in rows[3]["error"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"path,id\nx.png,1\n", "no column file"),
        ("a.csv", b"file\n", "no pictures"),
        ("a.csv", b'file\n""\n', "no pictures"),
        ("a.csv", b"a.png\nb.png\n", "no column file"),
        ("a.csv", b"file;id\na.png;1\n", "no column file"),
        ("a.csv", b"file\na,b.png\n", "line 2: 2 values"),
        ("a.csv", b'file\n"a.png\nb.png\n', "no CSV"),
        ("a.csv", b"\xff\xfe\x00", "no CSV"),
        ("a.parquet", b"PAR", "no Parquet"),
        ("a.txt", b"x.png", "no manifest"),
        ("nothing.csv", None, "No such file"),
    ],
)
def test_a_source_without_files_says_why(tmp_path, name, content, said):
    """Each kind of broken source has an error that names it."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BatchError, match=said) as caught:
        opened(str(tmp_path / "out"), Asked(source=str(tmp_path / name)))
    assert name in str(caught.value)
    assert not (tmp_path / "out" / "_run.json").exists()


def test_a_column_alone_may_have_any_name(tmp_path):
    """A list of one column needs no header `file`."""
    (tmp_path / "list.csv").write_text("picture\na.png\n")
    assert files_of(str(tmp_path / "list.csv")) == [f"{tmp_path}/a.png"]


def test_an_object_store_holds_source_and_result(pictures):
    """Addresses of any store that fsspec knows work for the files, the manifest and the result."""
    store = fsspec.filesystem("memory")
    for number in (4, 7):
        store.pipe_file(f"/in/{number}.png", small(number))
    for source in ("memory://in", "memory://in/list.csv"):
        store.pipe_file("/in/list.csv", b"file\n4.png\nmemory://in/7.png\n")
        out = f"memory://out-{source[-3:]}"
        run = opened(out, Asked(source=source, part=1))
        assert sorted(read_here(run, 1)) == [0, 1]
        assert summary(run) == {"ok": 2}
        read = [
            pq.read_table(store.open(f"/out-{source[-3:]}/part-000000{n}.parquet")).to_pylist()[0]
            for n in (0, 1)
        ]
        assert [row["text"] for row in read] == ["4", "7"]
        assert [row["file"].rpartition("/")[2] for row in read] == ["4.png", "7.png"]


def test_a_full_disk_loses_nothing(pictures, tmp_path, monkeypatch):
    """A part that cannot be written ends the run with a reason, and no part is left half."""
    run = opened(str(tmp_path / "out"), Asked(source=str(pictures), part=10))
    numbers = read_here(run, 1)
    assert next(numbers) == 0

    def full(*taken):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BatchError, match=r"part-0000001\.parquet: No space left"):
        next(numbers)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "_files.parquet",
        "_run.json",
        "part-0000000.parquet",
    ]
    monkeypatch.undo()
    assert [*read_here(run, 1)] == [1, 2]
    check(tmp_path / "out")


def test_what_a_kill_leaves_is_removed_at_the_end(pictures, tmp_path):
    """Files that were being written are no parts."""
    run = opened(str(tmp_path / "out"), Asked(source=str(pictures), part=25))
    left = tmp_path / "out" / f".part-0000000.parquet.{32 * '0'}{PARTIAL}"
    left.write_bytes(b"half")
    assert [*read_here(run, 1)] == [0]
    assert left.exists()
    summary(run)
    assert not left.exists()


def test_a_store_that_does_not_answer_ends_the_run(pictures, tmp_path, monkeypatch):
    """Files that could be read later are not written down as broken."""
    run = opened(str(tmp_path / "out"), Asked(source=str(pictures), part=10))

    def down(*taken):
        raise TimeoutError("the store is down")

    monkeypatch.setattr("webapp.batch.run.read_bytes", down)
    with pytest.raises(BatchError, match="the store is down"):
        [*read_here(run, 1)]
    assert run.missing() == [0, 1, 2]


def test_addresses_mean_the_same_in_every_folder(pictures, tmp_path, monkeypatch):
    """Relative names are those of the folder that the run was begun in."""
    monkeypatch.chdir(pictures.parent)
    run = opened("here/out", Asked(source=pictures.name))
    assert run.out == str(pictures.parent / "here" / "out")
    monkeypatch.chdir(tmp_path)
    assert [*read_here(run, 1)] == [0]
    check(run.out)
    assert opened(run.out, Asked(source=f"{pictures}/")).missing() == []


@pytest.mark.parametrize("name", ["a::b.png", "a#b?c*[d]%20.png", " .png"])
def test_any_name_of_a_file_is_read(tmp_path, name):
    """Local names are no addresses."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(small(6))
    run = opened(str(tmp_path / "out"), Asked(source=str(tmp_path / "in")))
    assert [*read_here(run, 1)] == [0]
    assert [row["text"] for row in rows_of(run.out)] == ["6"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_name_that_is_no_text_is_read(tmp_path, jobs):
    """Its file is read, and its row has the name with U+FFFD."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.png")).write_bytes(small(6))
    run = opened(str(tmp_path / "out"), Asked(source=str(folder)))
    assert [*read_here(run, jobs)] == [0]
    rows = rows_of(run.out)
    assert [(row["file"], row["text"]) for row in rows] == [(f"{folder}/\ufffd.png", "6")]


def test_a_pipe_and_the_files_of_a_run_are_no_pictures(tmp_path):
    """A pipe is a row with an error. The result of another run is not read."""
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "_run.json").write_text("{}")
    run = opened(str(tmp_path / "out"), Asked(source=str(tmp_path)))
    assert [*read_here(run, 1)] == [0]
    assert [(row["text"], row["error"]) for row in rows_of(run.out)] == [(None, "It is no file.")]


@pytest.mark.parametrize("place", ["local", "store"])
def test_a_folder_that_cannot_be_listed_ends_the_run(pictures, tmp_path, monkeypatch, place):
    """Its files would never be in the result."""
    if place == "local":
        (tmp_path / "in" / "shut").mkdir(parents=True)
        source, holder, name = str(tmp_path / "in"), os, "scandir"
    else:
        store = fsspec.filesystem("memory")
        store.pipe_file("/shut-in/a.png", small(1))
        store.pipe_file("/shut-in/shut/b.png", small(1))
        source, holder, name = "memory://shut-in", type(store), "ls"
    listed = getattr(holder, name)

    def refuse(*taken, **options):
        if str(taken[-1]).endswith("shut"):
            raise PermissionError(13, "Permission denied", taken[-1])
        return listed(*taken, **options)

    monkeypatch.setattr(holder, name, refuse)
    with pytest.raises(BatchError, match="shut: Permission denied"):
        opened(str(tmp_path / "out"), Asked(source=source))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"asked": 1}', b"\xff"])
def test_a_damaged_run_says_so(pictures, tmp_path, content):
    """The error names the file."""
    run = opened(str(tmp_path / "out"), Asked(source=str(pictures)))
    (Path(run.out) / "_run.json").write_bytes(content)
    with pytest.raises(BatchError, match=r"_run\.json is damaged"):
        opened(run.out, run.asked)


def test_a_folder_with_parts_of_another_run_is_refused(pictures, tmp_path):
    """Parts are trusted only with what says how they were read."""
    run = opened(str(tmp_path / "out"), Asked(source=str(pictures)))
    assert [*read_here(run, 1)] == [0]
    (Path(run.out) / "_run.json").unlink()
    with pytest.raises(BatchError, match="parts of a run"):
        opened(run.out, run.asked)


@pytest.mark.parametrize("address", ["", "s3://", "memory:///"])
def test_an_empty_address_is_refused(pictures, address):
    """An unset variable is not the root of the file system."""
    with pytest.raises(BatchError, match="no address"):
        opened(address, Asked(source=str(pictures)))
    with pytest.raises(BatchError, match="no address"):
        opened("memory://some", Asked(source=address))


def test_a_file_is_replaced_whole(tmp_path):
    """A file is written over at once, in a folder that is made for it."""
    path = tmp_path / "new" / "file"
    for content in (b"one", b"another"):
        write_whole(str(path), content)
        assert path.read_bytes() == content
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--manifest", "x"], "together"),
        (["--out", "x"], "together"),
        (["--cluster", "auto"], "together"),
        (["--part-size", "5", "a.png"], "together"),
        (["--manifest", "x", "--out", "y", "a.png"], "neither"),
        (["--manifest", "x", "--out", "y", "--json"], "neither"),
        ([], "name files"),
    ],
)
def test_options_that_do_not_go_together(options, said):
    """Wrong usage has the exit status 2 and a reason."""
    found = CliRunner().invoke(main, ["read", *options])
    assert found.exit_code == 2
    assert said in found.output


def progress(out):
    """Return the number of parts that are there."""
    return len([*Path(out).glob("part-*.parquet")])


def test_kills_neither_lose_nor_double_a_file(tmp_path):
    """Killed twenty times at any moment, the run ends with each file once."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(90):
        (source / f"{number:02d}.png").write_bytes(small(number % 10))
    command = [*READ, "--manifest", str(source), "--out", str(out), "--part-size", "2"]
    kills = 0
    rng = random.Random(1)
    while kills < 20:
        before = progress(out)
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and progress(out) == before:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.wait(60)
        kills += 1
        if progress(out) == 45:
            break
    assert kills > 5
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    check(out, 90)


def children(pid, pattern):
    """Return the processes below one whose command line matches a pattern."""
    found, rest = [], [pid]
    while rest:
        parent = rest.pop()
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                rest += [int(child) for child in (task / "children").read_text().split()]
            line = Path(f"/proc/{parent}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if re.search(pattern, line):
            found.append(parent)
    return found


def test_a_killed_worker_is_replaced(tmp_path):
    """With --jobs, a process that is killed costs its parts a second reading, and nothing else."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(80):
        (source / f"{number:02d}.png").write_bytes(small(number % 10))
    command = [*READ, "--manifest", str(source), "--out", str(out), "--part-size", "2"]
    process = subprocess.Popen(
        [*command, "--jobs", "2"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    for until in (3, 9):
        while progress(out) < until and process.poll() is None:
            time.sleep(0.01)
        os.kill(children(process.pid, "spawn_main")[0], signal.SIGKILL)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    check(out, 80)


@pytest.fixture(scope="module")
def cluster():
    """The address of a Ray cluster with two workers, and the process that holds it."""
    with two_workers() as found:
        yield found


def read_on(address, source, out, *options):
    """Read a manifest on a cluster, by the command."""
    return subprocess.run(
        [*READ, "--manifest", source, "--out", out, "--cluster", address, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        env=ENVIRONMENT,
    )


def test_a_refused_address_begins_no_run(pictures, tmp_path):
    """An address of Ray Client is refused before the folder of the run is made."""
    done = read_on("ray://127.0.0.1:10001", pictures, tmp_path / "out")
    assert done.returncode == 1
    assert "--cluster auto" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_cluster_reads_the_same(cluster, pictures, tmp_path):
    """A run on Ray has the parts of a run here, and goes on with what is missing."""
    address, _ = cluster
    done = read_on(address, pictures, tmp_path, "--part-size", "10")
    assert done.returncode == 1, done.stderr
    assert re.search(r"\b2\d ok\b", done.stderr)
    check(tmp_path)
    assert pq.read_table(tmp_path)["index"].to_pylist() == list(range(25))  # the folder is a table


def test_a_cluster_reads_a_name_that_is_no_text(cluster, tmp_path):
    """Ray takes names as bytes."""
    address, _ = cluster
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.png")).write_bytes(small(6))
    done = read_on(address, folder, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert [row["text"] for row in rows_of(tmp_path / "out")] == ["6"]


def test_a_worker_of_the_cluster_may_die(cluster, tmp_path):
    """Of two workers one is killed in the middle. No file is lost, none is there twice."""
    address, holder = cluster
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(60):
        (source / f"{number:02d}.png").write_bytes(small(number % 10))
    command = [*READ, "--manifest", str(source), "--out", str(out), "--part-size", "2"]
    process = subprocess.Popen(
        [*command, "--cluster", address],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    while progress(out) < 4 and process.poll() is None:
        time.sleep(0.02)
    workers = children(holder.pid, r"ray::.*PartReader|MapWorker")
    assert workers, "no worker is there to be killed"
    os.kill(workers[0], signal.SIGKILL)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    check(out, 60)


def test_ray_client_is_refused(pictures, tmp_path):
    """An address of Ray Client gets an error that says what to use."""
    run = opened(str(tmp_path), Asked(source=str(pictures)))
    with pytest.raises(BatchError, match="Start the command on a node of the cluster"):
        [*read_on_cluster(run, "ray://127.0.0.1:10001")]


@pytest.mark.parametrize("kind", [ConnectionError, RuntimeError])
def test_a_cluster_that_refuses_says_what_may_help(monkeypatch, kind):
    """Ray itself does not tell a program that its token is missing."""
    ray = pytest.importorskip("ray")

    def refuse(**options):
        raise kind("Failed to connect")

    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(BatchError, match="RAY_AUTH_MODE=token"):
        _connect(ray, "auto")


def test_a_cluster_that_is_not_there(pictures, tmp_path):
    """The error says that no cluster answers."""
    done = subprocess.run(
        [*READ, "--manifest", str(pictures), "--out", str(tmp_path), "--cluster", "127.0.0.1:1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "No cluster answers at 127.0.0.1:1" in done.stderr
