"""What the tests of the command line share."""


def with_copies(folder, photo, count):
    """The folder, with `count` copies of an image in its subfolder in/."""
    (folder / "in").mkdir()
    for number in range(count):
        (folder / f"in/{number}.jpg").write_bytes(photo)
    return folder


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
