"""The stamp of compiled kernels: it changes with every source, and with the versions."""

from tinyae.machine import cache


def test_the_stamp_changes_with_every_source_its_name_and_the_versions(tmp_path):
    (tmp_path / "layers").mkdir()
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "layers" / "b.py").write_text("y = 1")

    def stamp(versions="1 2"):
        return cache.source_stamp(tmp_path, versions)

    seen = [stamp()]
    assert stamp() == seen[0]
    seen.append(stamp("1 3"))
    (tmp_path / "layers" / "b.py").write_text("y = 2")
    seen.append(stamp())
    (tmp_path / "layers" / "b.py").rename(tmp_path / "layers" / "c.py")
    seen.append(stamp())
    (tmp_path / "new.py").write_text("")
    seen.append(stamp())
    assert len(set(seen)) == len(seen)
    (tmp_path / "notes.txt").write_text("no source")
    assert stamp() == seen[-1]


def test_the_stamp_tells_where_one_file_ends(tmp_path):
    """The same text, cut into files at another place, is another package."""
    stamps = []
    for files in ({"a.py": "x = 1b.py\ny = 2"}, {"a.py": "x = 1", "b.py": "y = 2"}):
        folder = tmp_path / str(len(files))
        folder.mkdir()
        for file, content in files.items():
            (folder / file).write_text(content)
        stamps.append(cache.source_stamp(folder, ""))
    assert stamps[0] != stamps[1]
