#!/usr/bin/env python3
"""Verifies an evidence file without Earmark: standard library only.

    verify.py FILE          an evidence file (docs/format/evidence.md); - for standard input
    verify.py --many FILE   a list of file names, one a line: a line of JSON for each

It checks what the format alone tells: frames and trailer, that every body is canonical, the order of records, commands whole, request ids,
the tree, voucher numbers, balance by source and grant, and it adds up the balances of all accounts. Rules and approvals are judged by
`earmark verify`; the two must agree on everything that both check (docs/verify.md). Of a part of a book (a grant, a voucher, a period) it
checks that its records are in the tree, that vouchers balance, and that what they name is there; of the proof of a balance or of outflows
everything but signatures. Prints JSON.

Exit: 0 nothing is wrong, 1 something is, 2 it could not be checked.
"""
import argparse
import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import read  # noqa: E402 (the format's reader stands beside this file)
from evidence import NOTE, RECORD, CannotVerify, Damaged, File, Tree, inner, name  # noqa: E402
from parts import Part  # noqa: E402

OWN_EVENTS = ("StateDigest", "Totals", "RefusalsSuppressed")


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
        kind, held = name(event), inner(event)
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


def verify(path):
    stream = sys.stdin.buffer if path == "-" else open(path, "rb")
    with stream:
        file = File(stream)
        if file.header["scope"] != "All":
            return Part(file).verify()
        book = Book()
        try:
            for kind, payload in file.frames():
                if kind == RECORD:
                    book.body(payload)
                elif kind != NOTE:
                    book.fault("VER-001")
        except Damaged:
            book.fault("VER-001")
        return book.report(file.header)


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
