"""Files, folders, gzips and zips within zips: opened, or refused in one sentence."""

import gzip
import io
import os
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compound_coverage.formulary import archives
from compound_coverage.formulary.archives import DAMAGE, ArchiveError, opened
from tests.formulary.trying import EXAMPLES


def zipped(**members):
    """The bytes of a zip; a double underscore in a name stands for a dot."""
    return zip_of({name.replace("__", "."): content for name, content in members.items()})


def zip_of(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def contents(*paths):
    with opened(paths) as found:
        read = {}
        for member in found:
            with member.open() as stream:
                read[member.name] = stream.read()
        return read


def peeked(path):
    with opened([path]) as found:
        return [member.peek() for member in found]


def refused(path, words):
    with pytest.raises(ArchiveError, match=words) as caught:
        peeked(path)
    assert "\n" not in str(caught.value)


def saved(tmp_path, content, name="bundle.zip"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


# what can be opened


def test_a_file_a_folder_and_a_gzip(tmp_path):
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "b.txt").write_bytes(b"b")
    (tmp_path / "folder" / "deep" / "a.txt.GZ").write_bytes(gzip.compress(b"a"))
    (tmp_path / "single").write_bytes(b"s")
    assert contents(tmp_path / "single", tmp_path / "folder") == {
        "single": b"s",
        "b.txt": b"b",
        "deep/a.txt": b"a",
    }


def test_zips_within_zips_as_regulators_nest_them(tmp_path):
    table = zipped(plan__txt=b"plans")
    release = zip_of({"plan.zip": table, "notes.txt": b"n"}, zipfile.ZIP_STORED)
    bundle = zip_of({"2026-Q1/SPUF.zip": release, "2026-Q1/": b"", "2026-Q1/layout.pdf": b"p"})
    assert contents(saved(tmp_path, bundle)) == {
        "bundle.zip/2026-Q1/SPUF.zip/plan.zip/plan.txt": b"plans",
        "bundle.zip/2026-Q1/SPUF.zip/notes.txt": b"n",
        "bundle.zip/2026-Q1/layout.pdf": b"p",
    }


def test_a_zip_is_known_by_what_it_holds_not_by_its_name(tmp_path):
    assert contents(saved(tmp_path, zipped(a__txt=b"a"), "download")) == {"download/a.txt": b"a"}


def test_a_member_can_be_read_again_and_again(tmp_path):
    with opened([saved(tmp_path, zipped(a__txt=b"x" * 100_000))]) as [member]:
        assert len(member.peek()) == archives.PEEK
        assert member.peek() == member.peek()
        assert member.open().read() == b"x" * 100_000


def test_the_base_name(tmp_path):
    path = saved(tmp_path, zip_of({"A\\plan  INFORMATION PPUF.txt": b""}))
    with opened([path]) as [member]:
        assert member.base == "plan information ppuf.txt"


def test_a_name_that_leads_outside_leads_nowhere(tmp_path):
    names = ["../../outside.txt", "/etc/outside.txt", "C:\\outside.txt"]
    path = saved(tmp_path, zip_of(dict.fromkeys(names, b"x")))
    assert set(contents(path).values()) == {b"x"}
    assert [item.name for item in tmp_path.iterdir()] == ["bundle.zip"]
    assert not (tmp_path.parent / "outside.txt").exists()


def test_a_name_on_disk_that_is_no_text(tmp_path):
    tmp_path.joinpath(os.fsdecode(b"caf\xe9.txt")).write_bytes(b"x")
    [name] = contents(tmp_path)
    assert name.encode("utf-8") == b"caf?.txt"


# what is refused


def test_a_path_that_is_not_there(tmp_path):
    refused(tmp_path / "none", "There is no file or folder")


def test_a_file_that_went_away(tmp_path):
    path = saved(tmp_path, b"x", "a.txt")
    with opened([path]) as [member]:
        path.unlink()
        with pytest.raises(ArchiveError, match=r"a\.txt can't be opened"):
            member.peek()


def test_nested_too_deep(tmp_path):
    content = zipped(a__txt=b"a")
    for _ in range(archives.DEEPEST):
        content = zip_of({"inner.zip": content})
    refused(saved(tmp_path, content), "more than 3 deep")


def test_a_bomb_by_its_declared_size(tmp_path):
    content = bytearray(zipped(bomb__txt=b"0" * 1_000))
    [at] = [content.index(b"PK\x01\x02")]
    struct.pack_into("<L", content, at + 24, 4_000_000_000)
    refused(saved(tmp_path, bytes(content)), "would grow .*-fold to 4,000,000,000 bytes")


def test_a_real_bomb_within_a_zip(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "SMALL", 1_000_000)
    bomb = zipped(bomb__txt=b"\0" * 2_000_000)
    refused(saved(tmp_path, zip_of({"inner.zip": bomb})), r"inner\.zip/bomb\.txt would grow")


def test_more_than_declared_is_not_read(tmp_path):
    content = bytearray(zipped(a__txt=b"0" * 1_000_000))
    struct.pack_into("<L", content, content.index(b"PK\x01\x02") + 24, 10)
    read = b""
    with opened([saved(tmp_path, bytes(content))]) as [member], suppress(*DAMAGE):
        read = member.open().read()
    assert len(read) <= 10  # or nothing: its checksum no longer fits


def test_a_password(tmp_path):
    content = bytearray(zipped(a__txt=b"a"))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    refused(saved(tmp_path, bytes(content)), r"a\.txt is locked with a password")


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MOST_MEMBERS", 20)
    many = zip_of({f"{number}.txt": b"" for number in range(21)})
    refused(saved(tmp_path, many), "more than 20 files")


def test_a_zip_cut_short(tmp_path):
    content = zip_of({"inner.zip": zipped(a__txt=os.urandom(5_000))}, zipfile.ZIP_STORED)
    cut = content[:1_000] + content[2_000:]
    refused(saved(tmp_path, cut), "is damaged|can't be opened")


def test_a_zip_whose_download_broke_off(tmp_path):
    refused(saved(tmp_path, zipped(a__txt=b"a" * 500)[:60]), r"bundle\.zip is no whole zip")


def test_what_calls_itself_a_zip_within_a_zip(tmp_path):
    refused(saved(tmp_path, zip_of({"inner.zip": b"no zip"})), r"inner\.zip can't be opened")


def test_a_damaged_member_of_a_zip(tmp_path):
    content = bytearray(zip_of({"a.txt": b"a" * 5_000}, zipfile.ZIP_STORED))
    content[100:110] = b"0123456789"
    refused(saved(tmp_path, bytes(content)), r"a\.txt is damaged")


def test_a_damaged_zip_within_a_zip(tmp_path):
    inner = zip_of({"a.txt": os.urandom(200)}, zipfile.ZIP_STORED)
    content = bytearray(zip_of({"inner.zip": inner}, zipfile.ZIP_STORED))
    content[120] ^= 255
    refused(saved(tmp_path, bytes(content)), r"inner\.zip is damaged")


@pytest.mark.parametrize("method", [99, 12345])
def test_a_way_of_packing_nobody_knows(tmp_path, method):
    content = bytearray(zipped(a__txt=b"a"))
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + 10, method)
    struct.pack_into("<H", content, 8, method)
    refused(saved(tmp_path, bytes(content)), r"a\.txt can't be opened")


@pytest.mark.parametrize(
    "content", [gzip.compress(b"a" * 9_000, mtime=0)[:-12], b"no gzip", b"\x1f\x8b\x08"]
)
def test_a_gzip_that_is_none_or_cut_short(tmp_path, content):
    refused(saved(tmp_path, content, "a.txt.gz"), r"a\.txt is damaged")


@settings(
    max_examples=max(300, EXAMPLES),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=8)), max_size=5),
    st.sampled_from(["bundle.zip", "bundle.gz"]),
)
def test_any_damage_is_refused_in_words(tmp_path, splices, name):
    inner = zipped(a__txt=b"one|two\r\n" * 50)
    content = zip_of({"inner.zip": inner, "b.txt": b"b" * 50})
    if name.endswith("gz"):
        content = gzip.compress(content)
    for where, length, piece in splices:
        start = int(where * len(content))
        content = content[:start] + piece + content[start + length :]
    with suppress(ArchiveError, *DAMAGE), opened([saved(tmp_path, content, name)]) as found:
        for member in found:
            member.peek()
            with member.open() as stream:
                stream.read(10_000_000)
