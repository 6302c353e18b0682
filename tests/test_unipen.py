"""The import of UNIPEN, with each feature of its format in a file of a few lines."""

import gzip
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from train import cli
from train.data import unipen, unipen_format
from train.data.strokes import read_stroke_file
from train.data.unipen import import_unipen
from train.errors import DataError
from webapp.config import ROOT

UNIPEN = ROOT.parent / "shared" / "data" / "unipen"
EXCERPT = UNIPEN / "raw-excerpt.tar.gz"

INK = ".WRITER_ID amy\n.COORD X Y\n.PEN_DOWN\n5 9\n5 2\n7 2\n.PEN_UP\n"
SEVEN = '.SEGMENT CHARACTER 0 OK "7"\n'


@pytest.fixture
def distribution(tmp_path):
    """A function that writes a distribution: a data file, a file of ink it includes, and others."""

    def write(ink=INK, segments=SEVEN, files=None, name="data/1a/abc/amy.dat"):
        root = tmp_path / "train_r01_v07"
        texts = {name: f".VERSION 1.0\n.INCLUDE abc/amy.ink\n{segments}"}
        for path, text in {**texts, "include/abc/amy.ink": ink, **(files or {})}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode("latin-1"))
        return root

    return write


@pytest.fixture
def rows(tmp_path, distribution):
    """A function that imports such a distribution and returns the lines of the stroke file."""

    def run(*arguments, level="CHARACTER", **named):
        import_unipen(distribution(*arguments, **named), tmp_path / "out.jsonl.gz", level)
        return lines(tmp_path / "out.jsonl.gz")

    return run


def lines(path):
    """Return the content of a stroke file."""
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def down(*points):
    """Return ink with the pen down."""
    return ".PEN_DOWN\n" + "".join(f"{x} {y}\n" for x, y in points)


def tarball(folder, path):
    """Pack a folder like `tar czf`."""
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, "./" + folder.name)
    return path


def zipped(folder, path):
    """Pack a folder like `zip -r`."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


def test_it_works(rows):
    """A segment becomes a line of the stroke file, y downwards, its box at the origin."""
    ink = ".X_POINTS_PER_MM 40\n.Y_POINTS_PER_INCH 254\n.POINTS_PER_SECOND 100\n" + INK
    assert rows(ink) == [
        {
            "label": "7",
            "writer": "abc-amy",
            "strokes": [[[0, 0], [0, 7], [2, 7]]],
            "provider": "abc",
            "ppmm": [40, 10],
            "hz": 100,
            "src": "data/1a/abc/amy.dat#0",
            "quality": "OK",
        }
    ]


@pytest.mark.parametrize("pack", [tarball, zipped])
def test_an_archive_is_read_like_its_folder(distribution, tmp_path, pack):
    """An archive gives the same stroke file as its folder, byte for byte."""
    folder = distribution()
    archive = pack(folder, tmp_path / "archive")
    import_unipen(folder, tmp_path / "one.jsonl.gz")
    import_unipen(archive, tmp_path / "two.jsonl.gz")
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()


def test_what_it_writes_can_be_trained_on(distribution, tmp_path):
    """The project's own reader accepts the file."""
    import_unipen(distribution(), tmp_path / "out.jsonl.gz")
    (sample,) = read_stroke_file(tmp_path / "out.jsonl.gz")
    assert (sample.label, sample.writer, sample.strokes[0].shape) == ("7", "abc-amy", (3, 2))


@pytest.mark.parametrize(
    ("where", "strokes"),
    [
        ("0", [[[0, 0], [1, 0], [2, 0]]]),
        ("0-0", [[[0, 0], [1, 0], [2, 0]]]),
        ("0-1", [[[0, 0], [1, 0], [2, 0]], [[10, 0], [11, 0]]]),
        ("0,2", [[[0, 0], [1, 0], [2, 0]], [[20, 0]]]),
        ("0 , 2", [[[0, 0], [1, 0], [2, 0]], [[20, 0]]]),
        ("0:1-1:0", [[[0, 0], [1, 0]], [[9, 0]]]),
        ("0:1-0:2", [[[0, 0], [1, 0]]]),
        ("0:2-1", [[[0, 0]], [[8, 0], [9, 0]]]),
        ("0-1:0", [[[0, 0], [1, 0], [2, 0]], [[10, 0]]]),
        ("0:1", [[[0, 0]]]),
    ],
)
def test_segments_name_components_and_points(rows, where, strokes):
    """Ranges include both ends, and points are counted from 0 within their component."""
    ink = ".WRITER_ID amy\n" + down((0, 5), (1, 5), (2, 5)) + down((10, 5), (11, 5)) + down((20, 5))
    (row,) = rows(ink, f'.SEGMENT CHARACTER {where} ? "x"\n')
    assert row["strokes"] == strokes
    assert row["src"].endswith("#" + where.replace(" ", ""))


def test_a_lifted_pen_counts_only_where_it_was_recorded(rows):
    """.PEN_UP with points is a component without ink, and one without points is not a component."""
    ink = ".WRITER_ID amy\n" + down((1, 1)) + ".PEN_UP\n2 2\n" + down((3, 1)) + ".PEN_UP\n"
    ink += down((5, 1)) + ".PEN_UP\n"
    segments = '.SEGMENT CHARACTER 0-2 ? "x"\n.SEGMENT CHARACTER 3 ? "y"\n'
    first, second = rows(ink, segments)
    assert first["strokes"] == [[[0, 0]], [[2, 0]]]
    assert second["strokes"] == [[[0, 0]]]


def test_columns_are_where_coord_says(rows):
    """Time and pressure columns are skipped, and rows need not be lines."""
    ink = ".WRITER_ID amy\n.COORD T Y X P\n.PEN_DOWN 0 9 5 1 10 2\n5 1 20 2 7.5 1\n.PEN_UP\n"
    assert rows(ink)[0]["strokes"] == [[[0, 0], [0, 7], [2.5, 7]]]


def test_a_later_coord_counts_from_there_on(rows):
    """Ink is parsed by the statements before it."""
    ink = INK + ".COORD X Y T\n.WRITER_ID bob\n.PEN_DOWN\n1 1 0\n4 1 9\n"
    first, second = rows(ink, SEVEN + '.SEGMENT CHARACTER 1 ? "-"\n')
    assert (first["writer"], first["strokes"][0][2]) == ("abc-amy", [2, 7])
    assert (second["writer"], second["strokes"]) == ("abc-bob", [[[0, 0], [3, 0]]])


def test_includes_nest(rows):
    """An included file includes others, by their path below `include`."""
    ink = ".INCLUDE abc/doc/abc.doc\n.WRITER_ID amy\n" + down((1, 1))
    (row,) = rows(ink, files={"include/abc/doc/abc.doc": ".POINTS_PER_SECOND 66\n"})
    assert row["hz"] == 66


def test_other_statements_are_passed_over(rows):
    """Other statements, Windows' line ends and odd bytes are ignored."""
    ink = ".COMMENT .SEGMENT is\n  described below: é\n.DT 100\n.START_BOX\n" + INK + ".DT 20\n"
    assert rows(ink.replace("\n", "\r\n"))[0]["strokes"] == [[[0, 0], [0, 7], [2, 7]]]


@pytest.mark.parametrize(
    ("raw", "label"),
    [('"a b"', "a b"), (r'"\""', '"'), (r'"\\"', "\\"), (r'"\@"', r"\@"), ('"1 2\n3"', "1 2 3")],
)
def test_labels_lose_their_escapes(rows, raw, label):
    """Escaped quotes and backslashes in labels are decoded, and other text is kept."""
    assert rows(segments=f".SEGMENT CHARACTER 0 ? {raw}\n")[0]["label"] == label


def test_a_quality_may_be_missing(rows):
    """A segment without a quality is the same as one with an unknown quality."""
    assert rows(segments='.SEGMENT CHARACTER 0 "7"\n')[0]["quality"] == "?"


def test_one_level_is_imported(rows):
    """Segments of other levels are left out."""
    segments = SEVEN + '.SEGMENT WORD 0 ? "seven"\n'
    assert [row["label"] for row in rows(segments=segments)] == ["7"]
    assert [row["label"] for row in rows(segments=segments, level="WORD")] == ["seven"]


@pytest.mark.parametrize(
    ("provider", "writer"),
    [("apb", "ap-amy"), ("app", "ap-amy"), ("ced", "ce-amy"), ("aga", "aga-Amy")],
)
def test_writers_are_one_across_the_sets_of_an_institution(rows, provider, writer):
    """A writer has one name in all sets of an institution, since the name determines the split."""
    ink = INK.replace("amy", "Amy")
    assert rows(ink, name=f"data/1a/{provider}/x.dat")[0]["writer"] == writer


def test_unknown_resolutions_are_null(rows):
    """Unknown resolutions are null."""
    row = rows(".POINTS_PER_SECOND ?\n" + INK)[0]
    assert (row["ppmm"], row["hz"]) == ([None, None], None)


def test_parts_are_chosen_by_their_folders(distribution, tmp_path):
    """Only the named folders of `data` are read, in the order of their names."""
    other = ".INCLUDE abc/amy.ink\n" + SEVEN
    root = distribution(files={"data/1b/abc/a.dat": other, "data/2/abc/a.dat": other})
    out = tmp_path / "out.jsonl.gz"
    import_unipen(root, out, parts=("2", "1a"))
    assert [row["src"] for row in lines(out)] == ["data/1a/abc/amy.dat#0", "data/2/abc/a.dat#0"]
    with pytest.raises(DataError, match="has no part 9, only 1a, 1b, 2"):
        import_unipen(root, out, parts=("9",))


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ('.SEGMENT CHARACTER 1 ? "x"\n', unipen.NO_INK),
        ('.SEGMENT CHARACTER 0:9-0:12 ? "x"\n', unipen.NO_INK),
        ('.SEGMENT CHARACTER 0-9 ? "x"\n', unipen.NO_COMPONENT),
        (".SEGMENT CHARACTER 0 OK\n", unipen_format.NO_LABEL),
    ],
)
def test_what_cannot_be_drawn_is_counted(distribution, tmp_path, segment, reason):
    """A segment that is blanked out, out of range or unlabelled is counted with its reason."""
    root = distribution(INK + ".PEN_DOWN\n0 0\n.PEN_UP\n", SEVEN + segment)
    tally = import_unipen(root, tmp_path / "out.jsonl.gz")
    assert (tally.files, tally.samples, tally.left_out) == (1, 1, {reason: 1})


def test_ink_by_nobody_is_counted(distribution, tmp_path):
    """Ink without a writer is left out and counted, because it has no split."""
    root = distribution(down((1, 1)) + INK, SEVEN + '.SEGMENT CHARACTER 1 ? "7"\n')
    tally = import_unipen(root, tmp_path / "out.jsonl.gz")
    assert tally.left_out == {unipen.NO_WRITER: 1}


@pytest.mark.parametrize("path", ["abc/none.doc", "../../outside.doc", "/outside.doc"])
def test_what_is_not_in_the_distribution_is_not_included(distribution, tmp_path, path):
    """A missing include is reported, and no path leads out of the distribution."""
    (tmp_path / "outside.doc").write_text(".WRITER_ID mallory\n")
    root = distribution(f"{INK.partition('.PEN_DOWN')[0]}.INCLUDE {path}\n{down((1, 1))}")
    tally = import_unipen(root, tmp_path / "out.jsonl.gz")
    assert (tally.missing, tally.writers) == ({path: 1}, {"abc-amy"})


@pytest.mark.parametrize(
    ("ink", "segments", "message"),
    [
        (INK.replace("7 2", "7 b2"), SEVEN, r"amy\.ink, line 6: a coordinate .* got 'b2'"),
        (INK.replace("7 2", "7 nan"), SEVEN, r"amy\.ink, line 6: a coordinate .* got 'nan'"),
        (INK.replace("7 2", "7"), SEVEN, r"amy\.ink, line 3: 5 numbers are no rows of 2 \(X Y\)"),
        (".COORD T P\n", SEVEN, r"amy\.ink, line 1: .* got 'T P'"),
        (".POINTS_PER_SECOND fast\n", SEVEN, r"amy\.ink, line 1: .* got 'fast'"),
        (".X_POINTS_PER_MM 0\n", SEVEN, r"amy\.ink, line 1: .* got '0'"),
        (".INCLUDE abc/amy.ink\n", SEVEN, r"amy\.ink, line 1: .* includes itself"),
        (INK, '.SEGMENT CHARACTER x ? "7"', r"amy\.dat, line 3: no segment: CHARACTER x"),
        (INK, '.SEGMENT CHARACTER 0 ? "7', r"amy\.dat, line 3: no segment: CHARACTER 0"),
        (INK, '.SEGMENT CHARACTER 0-- ? "7"', r"amy\.dat, line 3: .* got '0--'"),
        (INK, '.SEGMENT CHARACTER 2-1 ? "7"', r"amy\.dat, line 3: .* runs forwards, got '2-1'"),
        (INK, '.SEGMENT CHARACTER 0:2-0:1 ? "7"', r"amy\.dat, line 3: .* runs forwards"),
    ],
)
def test_it_rejects_broken_files(rows, ink, segments, message):
    """The error has the file, the line and its content."""
    with pytest.raises(DataError, match=message):
        rows(ink, segments)


def test_broken_files_can_be_skipped(distribution, tmp_path):
    """With `skip_broken`, nothing of a broken file is imported, and the others are."""
    bad = f".INCLUDE abc/amy.ink\n{SEVEN}.SEGMENT CHARACTER x ?\n"
    files = {"data/1a/abc/bad.dat": bad.replace("?", '? "7"')}
    tally = import_unipen(distribution(files=files), tmp_path / "o.jsonl.gz", skip_broken=True)
    assert (tally.files, tally.samples) == (1, 1)
    assert tally.broken == ['data/1a/abc/bad.dat, line 3: no segment: CHARACTER x ? "7"']


def test_it_rejects_what_is_no_distribution(tmp_path):
    """A missing, invalid or truncated archive, or one of other content, is named in the error."""
    (tmp_path / "text").write_text("seven")
    (tmp_path / "cut").write_bytes(gzip.compress(os.urandom(9999))[:5000])
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "text").write_text("seven")
    zipped(tmp_path / "folder", tmp_path / "other")
    for name, message in (
        ("none", "cannot be read"),
        ("text", "cannot be read"),
        ("cut", "cannot be read"),
        ("other", "no folders data and include"),
    ):
        with pytest.raises(DataError, match=f"{name} .*{message}"):
            import_unipen(tmp_path / name, tmp_path / "out.jsonl.gz")
    assert not (tmp_path / "out.jsonl.gz").exists()


def test_an_archive_is_never_unpacked(distribution, tmp_path):
    """Paths with .., links and devices in an archive create no files."""
    archive = tarball(distribution(), tmp_path / "archive.tar.gz")
    with tarfile.open(tmp_path / "evil.tar", "w") as evil, tarfile.open(archive) as good:
        for member in good:
            evil.addfile(member, good.extractfile(member) if member.isreg() else None)
        for name in ("../climbed.dat", str(tmp_path / "absolute.dat")):
            info = tarfile.TarInfo(name)
            info.size = 1
            evil.addfile(info, io.BytesIO(b"x"))
        link = tarfile.TarInfo("train_r01_v07/data/1a/abc/link.dat")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        evil.addfile(link)
    before = list(tmp_path.rglob("*"))
    tally = import_unipen(tmp_path / "evil.tar", tmp_path / "out.jsonl.gz")
    assert tally.files == 1
    assert set(tmp_path.rglob("*")) == {*before, tmp_path / "out.jsonl.gz"}
    assert not (tmp_path.parent / "climbed.dat").exists()


def test_a_file_beyond_reason_is_refused(distribution, tmp_path, monkeypatch):
    """A packed file above the size limit is refused, so that it cannot fill the memory."""
    monkeypatch.setattr(unipen, "FILE_BYTES", 20)
    archive = tarball(distribution(), tmp_path / "archive.tar.gz")
    with pytest.raises(DataError, match="has more than 20 bytes"):
        import_unipen(archive, tmp_path / "out.jsonl.gz")


def test_a_failed_import_leaves_the_former_file(distribution, tmp_path):
    """A failed import leaves the previous output, and no temporary files."""
    output = tmp_path / "files" / "out.jsonl.gz"
    import_unipen(distribution(), output)
    former = output.read_bytes()
    broken = {"data/1a/abc/z.dat": '.SEGMENT CHARACTER x ? "7"\n'}
    with pytest.raises(DataError, match="line 1"):
        import_unipen(distribution(files=broken), output)
    with pytest.raises(DataError, match="has no WORD segments with ink"):
        import_unipen(distribution(files={"data/1a/abc/z.dat": ""}), output, "WORD")
    assert output.read_bytes() == former
    assert list(output.parent.iterdir()) == [output]


def test_it_rejects_an_output_that_cannot_be_written(distribution, tmp_path):
    """The error names the output that cannot be written."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file/out\.jsonl\.gz cannot be written"):
        import_unipen(distribution(), tmp_path / "file" / "out.jsonl.gz")


def test_the_command_says_what_came_of_it(distribution, tmp_path, capsys, monkeypatch):
    """The command prints samples on stdout, and progress and omissions on stderr."""
    monkeypatch.setattr(cli, "PROGRESS_SECONDS", 0)
    ink = ".INCLUDE abc/abc.doc\n" + INK
    root = distribution(ink, SEVEN + '.SEGMENT CHARACTER 5 ? "7"\n')
    output = tmp_path / "out.jsonl.gz"
    words = ["import-unipen", str(root), "--output", str(output), "--part", "1a"]
    assert cli.main(words) == 0
    said = capsys.readouterr()
    assert said.out == f"1 samples by 1 writers from 1 files: {output}\n"
    for line in (
        "0 of 1 files",
        f"Left out: 1 segments {unipen.NO_COMPONENT}.",
        "Not there: abc/abc.doc, which 1 files include.",
    ):
        assert line in said.err.splitlines()


def test_the_command_fails_with_a_message(tmp_path, capsys):
    """A failed import ends with one line and status 1."""
    words = ["import-unipen", str(tmp_path / "none"), "--output", str(tmp_path / "out.jsonl.gz")]
    assert cli.main(words) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_every_option_is_documented():
    """docs/training.md has every option of the command."""
    text = Path(ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    for option in ("--output", "--level", "--part", "--skip-broken"):
        assert f"| `{option}" in text


@pytest.mark.skipif(not EXCERPT.is_file(), reason="UNIPEN's files are not on this machine")
def test_the_original_comes_out_as_it_should(tmp_path):
    """Every digit of four contributors equals that of an independent import, row by row."""
    tally = import_unipen(EXCERPT, tmp_path / "out.jsonl.gz")
    found = lines(tmp_path / "out.jsonl.gz")
    providers = {row["provider"] for row in found}
    expected = [r for r in lines(UNIPEN / "digits.jsonl.gz") if r["provider"] in providers]
    for row in expected:
        row.pop("suspect", None)  # marked by hand
        if row["provider"] == "pri":  # the excerpt lacks the file that says so
            row |= {"ppmm": [None, None], "hz": None}
    assert len(found) == 2305
    assert tally.missing == {"pri/pri.doc": 15}
    assert found == expected
