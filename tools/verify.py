#!/usr/bin/env python3
"""Verifies an evidence file without Earmark: standard library only.

    verify.py FILE          an evidence file (docs/format/evidence.md); - for standard input
    verify.py --many FILE   a list of file names, one a line: a line of JSON for each

It checks what the format alone tells: frames and trailer, that every body is canonical, the order of records, commands whole, request ids,
the tree, voucher numbers, balance by source and grant, and it adds up the balances of all accounts. Rules and approvals are judged by
`earmark verify`; the two must agree on everything that both check (docs/verify.md). Of a part of a book it checks that its records are in the
tree. Prints JSON.

Exit: 0 nothing is wrong, 1 something is, 2 it could not be checked.
"""
import argparse
import collections
import hashlib
import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import read  # noqa: E402 (the format's reader stands beside this file)

MARK = b"earmark-evidence\x01"
HEADER, RECORD, NOTE, PROVEN, TRAILER = 1, 2, 3, 4, 255
LONGEST = {HEADER: 64 * 1024, RECORD: read.MAX_RECORD_BYTES, NOTE: 64 * 1024, TRAILER: 64 * 1024,
           PROVEN: read.MAX_RECORD_BYTES + 64 * 32 + 16}
OWN_EVENTS = ("StateDigest", "Totals", "RefusalsSuppressed")


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
            if kind == PROVEN:
                whole("EvidenceProven", payload)
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


class Book:
    """What is kept of a book from record to record."""

    def __init__(self):
        self.faults, self.tree = collections.Counter(), Tree()
        self.next, self.time, self.open = 1, 0, []
        self.requests, self.numbers = set(), {}
        self.accounts, self.sources, self.code = [], [], ""
        self.sums = collections.Counter()

    def fault(self, code):
        self.faults[code] += 1

    def body(self, body):
        self.tree.push(read.leaf_hash(body))
        expected, self.next = self.next, self.next + 1
        try:
            record = read.decode("Record", body)
        except read.Refused:
            self.fault("VER-002")
            self.tear()
            return
        if record["sequence"] != expected:
            self.fault("VER-003")
            self.next = record["sequence"] + 1
        if record["time"] < self.time:
            self.fault("VER-004")
        self.time = max(self.time, record["time"])
        self.gather(record)

    def gather(self, record):
        part, parts = record["part"], record["parts"]
        if self.open:
            last = self.open[-1]
            same = all(last[field] == record[field] for field in ("time", "actor", "rule_set", "parts"))
            follows = same and part == last["part"] + 1 and record["request"] is None
        else:
            follows = part == 0 and parts >= 1
        if not follows:
            self.fault("VER-005")
            self.tear()
            if part > 0 or parts == 0:
                self.take_in(record)
                return
        self.open.append(record)
        if part + 1 >= parts:
            command, self.open = self.open, []
            self.command(command)

    def tear(self):
        if self.open:
            self.fault("VER-005")
        torn, self.open = self.open, []
        for record in torn:
            self.take_in(record)

    def command(self, records):
        first, event = records[0], name(records[0]["event"])
        if first["request"] is None:
            if event not in OWN_EVENTS:
                self.fault("VER-006")
        elif (event == "BookCreated") != (first["sequence"] == 1):
            self.fault("VER-005")
        if first["request"] is not None and event in ("Submitted", "Refused"):
            command = first["event"][event]["command"]
            if "unreadable" in command:
                self.fault("VER-002")
        for record in records:
            self.take_in(record)

    def take_in(self, record):
        if record["request"] is not None:
            if record["request"]["id"] in self.requests:
                self.fault("VER-006")
            self.requests.add(record["request"]["id"])
        event = record["event"]
        kind, held = name(event), event if isinstance(event, str) else next(iter(event.values()))
        if kind == "BookCreated":
            self.code = held["book"]
            self.accounts += [account["code"] for account in held["preset"]["accounts"]]
            self.sources += [source["code"] for source in held["preset"]["sources"]]
        elif kind == "AccountDefined":
            self.accounts.append(held["account"]["code"])
        elif kind in ("VoucherPosted", "ReceiptPosted"):
            self.voucher(held["voucher"])

    def voucher(self, voucher):
        reference = voucher["reference"]
        cycle = (reference["word"], reference["cycle"])
        if reference["number"] != self.numbers.get(cycle, 0) + 1:
            self.fault("VER-012")
        self.numbers[cycle] = reference["number"]
        balance = collections.Counter()
        for line in voucher["lines"]:
            fen = line["fen"] if line["side"] == "D" else -line["fen"]
            balance[line["source"], line["grant"]] += fen
            self.sums[line["account"], line["source"]] += fen
        if any(balance.values()):
            self.fault("VER-013")

    def report(self, header):
        self.tear()
        root = self.tree.root().hex()
        if (self.tree.size, root) != (header["size"], header["root"]):
            self.fault("VER-008")
        code = lambda list_, no: list_[no - 1] if 0 < no <= len(list_) else ""  # noqa: E731
        balances = collections.Counter()
        for (account, source), fen in self.sums.items():
            balances[f"{code(self.accounts, account)} {code(self.sources, source)}"] += fen
        return {
            "book": self.code,
            "records": self.tree.size,
            "root": root,
            "balances": {at: fen for at, fen in sorted(balances.items()) if fen},
            "faults": dict(sorted(self.faults.items())),
        }


def name(event):
    return event if isinstance(event, str) else next(iter(event))


def verify(path):
    stream = sys.stdin.buffer if path == "-" else open(path, "rb")
    with stream:
        file = File(stream)
        if file.header["scope"] != "All":
            return part(file)
        book = Book()
        try:
            for kind, payload in file.frames():
                if kind == RECORD:
                    book.body(payload)
                elif kind == PROVEN:
                    book.fault("VER-001")
        except Damaged:
            book.fault("VER-001")
        return book.report(file.header)


def part(file):
    """A part of a book: every record is canonical, stands where it says, and is in the tree."""
    header, faults, last, count = file.header, collections.Counter(), 0, 0
    try:
        for kind, payload in file.frames():
            if kind == RECORD:
                faults["VER-001"] += 1
            if kind != PROVEN:
                continue
            proven = whole("EvidenceProven", payload)
            at, body = proven["sequence"], bytes.fromhex(proven["body"])
            faults["VER-003"] += at <= last
            last, count = at, count + 1
            try:
                faults["VER-003"] += read.decode("Record", body)["sequence"] != at
            except read.Refused:
                faults["VER-002"] += 1
            path = [bytes.fromhex(digest) for digest in proven["proof"]]
            found = root_by(read.leaf_hash(body), at - 1, header["size"], path)
            faults["VER-008"] += found is None or found.hex() != header["root"]
    except Damaged:
        faults["VER-001"] += 1
    told = {code: times for code, times in sorted(faults.items()) if times}
    return {"book": header["book"], "part": True, "records": count, "root": header["root"], "faults": told}


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


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--many", action="store_true", help="FILE lists the files, one a line")
    options.add_argument("file")
    given = options.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        if not given.many:
            report = verify(given.file)
            print(json.dumps(report, ensure_ascii=False))
            return 1 if report["faults"] else 0
        worst = 0
        for path in pathlib.Path(given.file).read_text("utf-8").splitlines():
            report = verify(path)
            print(json.dumps(report, ensure_ascii=False))
            worst = max(worst, 1 if report["faults"] else 0)
        return worst
    except (CannotVerify, OSError) as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
