"""Evidence files as bytes (docs/format/evidence.md), and the tree that their records stand in: standard library only. What records mean is
no matter here; `verify.py` and `parts.py` judge them.
"""
import collections
import hashlib
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import read  # noqa: E402 (the format's reader stands beside this file)

MARK = b"earmark-evidence\x01"
HEADER, RECORD, NOTE, PROVEN, TAIL, SUMS, ENTRY, TRAILER = 1, 2, 3, 4, 5, 6, 7, 255
LONGEST = {HEADER: 64 * 1024, RECORD: read.MAX_RECORD_BYTES, NOTE: 64 * 1024, TRAILER: 64 * 1024,
           TAIL: 64 * 1024, SUMS: 64 * 1024, ENTRY: 64, PROVEN: read.MAX_RECORD_BYTES + 64 * 32 + 16}
FRAMES = {PROVEN: "EvidenceProven", TAIL: "EvidenceTail", SUMS: "EvidenceSums"}


class CannotVerify(Exception):
    """Nothing can be said of the file."""


class Damaged(Exception):
    """The file is no evidence file to its end."""


class File:
    """Frames of an evidence file, with the digest that its trailer must tell."""

    def __init__(self, stream):
        self.stream, self.digest, self.counts = stream, hashlib.sha256(), collections.Counter()
        if stream.read(len(MARK)) != MARK:
            raise CannotVerify("not an evidence file of a known version")
        self.digest.update(MARK)
        try:
            kind, payload = self.frame()
            if kind != HEADER:
                raise CannotVerify("the first frame is no header")
            self.header = whole("EvidenceHeader", payload)
        except Damaged as error:
            raise CannotVerify(str(error)) from error

    def frame(self):
        head = self.take(5)
        kind, length = struct.unpack("<BI", head)
        if length > LONGEST.get(kind, -1):
            raise Damaged("a damaged frame")
        payload = self.take(length)
        if kind != TRAILER:
            self.digest.update(head + payload)
        return kind, payload

    def take(self, count):
        data = self.stream.read(count)
        if len(data) != count:
            raise Damaged("ends too early")
        return data

    def frames(self):
        """Kind and payload of each frame up to a trailer that fits."""
        while True:
            kind, payload = self.frame()
            if kind == TRAILER:
                trailer = whole("EvidenceTrailer", payload)
                told = (trailer["records"], trailer["notes"], trailer["digest"])
                found = (self.counts[RECORD] + self.counts[PROVEN], self.counts[NOTE], self.digest.hexdigest())
                if told != found or self.stream.read(1):
                    raise Damaged("the trailer does not fit")
                return
            if kind == HEADER:
                raise Damaged("a second header")
            if kind in FRAMES:
                whole(FRAMES[kind], payload)
            if kind == NOTE:
                try:
                    payload.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise Damaged("a note that is not UTF-8") from error
            self.counts[kind] += 1
            yield kind, payload


def whole(kind, payload):
    """The value of a payload, if it re-encodes to the same bytes."""
    reader = read.Reader(payload)
    try:
        value = reader.read(kind)
        again = b"".join(read.spell(kind, value))
    except read.Refused as error:
        raise Damaged(str(error)) from error
    if reader.at != len(payload) or again != payload:
        raise Damaged(f"not a canonical {kind}")
    return value


class Tree:
    """The right edge of an RFC 6962 tree: roots of perfect subtrees with their sizes, largest first."""

    def __init__(self):
        self.size, self.edge = 0, []

    def push(self, leaf):
        size = 1
        while self.edge and self.edge[-1][0] == size:
            leaf = hashlib.sha256(b"\x01" + self.edge.pop()[1] + leaf).digest()
            size *= 2
        self.edge.append((size, leaf))
        self.size += 1

    def root(self):
        if not self.edge:
            return hashlib.sha256().digest()
        root = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        return root


def root_by(leaf, index, size, path):
    """The root that an inclusion proof leads to (RFC 9162 section 2.1.3.2); none if its length is not the one."""
    if not 0 <= index < size:
        return None
    last = size - 1
    for digest in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            leaf = hashlib.sha256(b"\x01" + digest + leaf).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            leaf = hashlib.sha256(b"\x01" + leaf + digest).digest()
        index, last = index >> 1, last >> 1
    return leaf if last == 0 else None


def tree_from(size, edge):
    """The tree of a size from its right edge; none if the edge has not as many roots as it must."""
    tree, bits = Tree(), [1 << level for level in reversed(range(64)) if size >> level & 1]
    if len(bits) != len(edge) or size >= 1 << 63:
        return None
    tree.size, tree.edge = size, [(width, bytes.fromhex(root)) for width, root in zip(bits, edge)]
    return tree


def leads_to(old, new, proof, old_root, new_root):
    """Whether a consistency proof leads from one root to another (RFC 9162 section 2.1.4.2)."""
    path = [bytes.fromhex(digest) for digest in proof]
    if old > new or old == 0 and (path or old_root != hashlib.sha256().digest()):
        return False
    if old == 0:
        return True
    if old == new:
        return not path and old_root == new_root
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    found_old = found_new = path[0]
    for digest in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            found_old = hashlib.sha256(b"\x01" + digest + found_old).digest()
            found_new = hashlib.sha256(b"\x01" + digest + found_new).digest()
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found_new = hashlib.sha256(b"\x01" + found_new + digest).digest()
        place, last = place >> 1, last >> 1
    return last == 0 and found_old == old_root and found_new == new_root


def name(event):
    return event if isinstance(event, str) else next(iter(event))


def inner(event):
    return event if isinstance(event, str) else next(iter(event.values()))
