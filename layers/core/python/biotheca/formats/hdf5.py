"""AnnData in HDF5, by what stands at its beginning. Numbers in brackets: HDF5 File Format Specification 3.0."""

from __future__ import annotations

from collections.abc import Iterator

from biotheca.formats.by_offset import MOST_TEXT_BYTES, OffsetCheck, Wrong

_ANNDATA = ("X", "obs", "var")
_LINK_INFO, _LINK, _GOES_ON = 0x02, 0x06, 0x10
_MOST_BLOCKS = 100


class H5adCheck(OffsetCheck):
    """AnnData in HDF5: the file is as long as its superblock says, and its root holds X, obs and var."""

    format = "h5ad"

    def look(self) -> None:
        if self.bytes_at(0, 8, "the signature") != b"\x89HDF\r\n\x1a\n":
            raise Wrong("format_broken", "it does not begin as HDF5 does")
        (version,) = self.unpacked("B", 8, "the superblock")
        if version in (0, 1):
            sizes = self.unpacked("BB", 13, "the superblock")
            at = 24 if version == 0 else 28
            _base, _free, end, _driver = self.unpacked("<4Q", at, "the superblock")
            root = at + 32
        elif version in (2, 3):
            sizes = self.unpacked("BB", 9, "the superblock")
            _base, _extension, end, root = self.unpacked("<4Q", 12, "the superblock")
        else:
            raise Wrong("format_broken", f"it has a superblock of version {version}")
        if sizes != (8, 8):
            raise Wrong("format_unseen", "its offsets are not of eight bytes")
        if end > self._ends.size_bytes:
            raise Wrong("format_cut", f"it says that it has {end:,} bytes and has {self._ends.size_bytes:,}")
        names = set(self._old_names(root) if version < 2 else self._new_names(root))
        self.lines = len(names)
        if missing := [name for name in _ANNDATA if name not in names]:
            raise Wrong("format_broken", f"its root has no {', '.join(missing)}: it is HDF5, but no AnnData")

    def _old_names(self, entry: int) -> Iterator[str]:
        """Links of a root whose entry keeps B-tree and heap at hand: symbol nodes of one or two floors (III.A)."""
        _name, _header, kind, _, tree, heap = self.unpacked("<QQIIQQ", entry, "the root group")
        if kind != 1:
            raise Wrong("format_unseen", "its root group is of a form that is not read")
        signature, _, size, _, data = self.unpacked("<4sIQQQ", heap, "the names of the root group")
        if signature != b"HEAP" or size > MOST_TEXT_BYTES:
            raise Wrong("format_broken", "the names of the root group cannot be found")
        names = self.bytes_at(data, size, "the names of the root group")
        for node in self._nodes(tree, 0):
            head, _version, _, count = self.unpacked("<4sBBH", node, "the root group")
            if head != b"SNOD":
                raise Wrong("format_broken", "a node of the root group is none")
            for n in range(min(count, 1_000)):
                (at,) = self.unpacked("<Q", node + 8 + 40 * n, "the root group")
                yield names[at : names.index(b"\0", at)].decode("utf-8", "replace")

    def _nodes(self, tree: int, depth: int) -> Iterator[int]:
        head, _kind, level, used = self.unpacked("<4sBBH", tree, "the root group")
        if head != b"TREE" or depth > 5:
            raise Wrong("format_broken", "the tree of the root group cannot be read")
        for n in range(min(used, 1_000)):
            (child,) = self.unpacked("<Q", tree + 32 + 16 * n, "the root group")
            if level:
                yield from self._nodes(child, depth + 1)
            else:
                yield child

    def _new_names(self, header: int) -> Iterator[str]:
        """Links that stand in a version 2 object header itself (IV.A.1.b)."""
        head, version, flags = self.unpacked("<4sBB", header, "the root group")
        if head != b"OHDR" or version != 2:
            raise Wrong("format_broken", "the root group cannot be found")
        at = header + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        size = int.from_bytes(self.bytes_at(at, width, "the root group"), "little")
        yield from self._links(self.bytes_at(at + width, min(size, MOST_TEXT_BYTES), "the root group"), flags, 0)

    def _links(self, block: bytes, flags: int, depth: int) -> Iterator[str]:
        """Names in the messages of a block of a header, and of the blocks that go on from it."""
        place, step = 0, 6 if flags & 4 else 4
        while place + step <= len(block):
            kind, length = block[place], int.from_bytes(block[place + 1 : place + 3], "little")
            message = block[place + step : place + step + length]
            if kind == _LINK_INFO and len(message) >= 18 and _heap_of(message) != b"\xff" * 8:
                raise Wrong("format_unseen", "the links of its root group lie elsewhere")
            if kind == _LINK:
                yield _link_name(message)
            if kind == _GOES_ON and depth < _MOST_BLOCKS:
                offset, size = int.from_bytes(message[:8], "little"), int.from_bytes(message[8:16], "little")
                more = self.bytes_at(offset, min(size, MOST_TEXT_BYTES), "the root group")
                yield from self._links(more[4:-4], flags, depth + 1)  # between signature and check sum
            place += step + length


def _heap_of(message: bytes) -> bytes:
    """Address of the heap of links in a link info message (IV.A.2.c); all ones if there is none."""
    at = 10 if message[1] & 1 else 2
    return message[at : at + 8]


def _link_name(message: bytes) -> str:
    """The name in a link message (IV.A.2.g)."""
    flags, at = message[1], 2
    at += (1 if flags & 8 else 0) + (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
    width = 1 << (flags & 3)
    length = int.from_bytes(message[at : at + width], "little")
    return message[at + width : at + width + length].decode("utf-8", "replace")
