"""What the tests of the command line share."""


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
