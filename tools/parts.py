"""Parts of a book in evidence files, and proofs of figures: what their records and entries show without the rest (docs/verify.md). Standard
library only; `verify.py` is the program.
"""
import collections
import datetime

import read
from evidence import ENTRY, NOTE, PROVEN, RECORD, SUMS, TAIL, Damaged, inner, leads_to, name, root_by, tree_from, whole


class Part:
    """A part of a book, or the proof of a figure: every record is canonical, stands where it says, and is in the tree."""

    def __init__(self, file):
        self.file, self.header, self.faults = file, file.header, collections.Counter()
        self.last, self.count, self.code = 0, 0, ""
        kind = name(self.header["scope"])
        about = self.header["scope"][kind]
        self.shows = Figure(self, kind, about) if kind in ("Balance", "Outflows") else Holds(self, kind, about)

    def verify(self):
        try:
            for kind, payload in self.file.frames():
                if kind == PROVEN:
                    self.proven(whole("EvidenceProven", payload))
                elif kind != NOTE:
                    self.shows.frame(kind, payload)
            self.shows.close()
            if self.code != self.header["book"]:
                self.faults["VER-015" if self.code and isinstance(self.shows, Holds) else "VER-035"] += 1
        except Damaged:
            self.faults["VER-001"] += 1
        told = {code: times for code, times in sorted(self.faults.items()) if times}
        report = {"book": self.header["book"], "part": True, "records": self.count, "root": self.header["root"]}
        return {**report, **self.shows.report(), "faults": told}

    def proven(self, proven):
        at, body = proven["sequence"], bytes.fromhex(proven["body"])
        self.faults["VER-003"] += at <= self.last
        self.last, self.count = at, self.count + 1
        record = None
        try:
            record = read.decode("Record", body)
            if record["sequence"] != at:
                self.faults["VER-003"] += 1
                record = None
        except read.Refused:
            self.faults["VER-002"] += 1
        path = [bytes.fromhex(digest) for digest in proven["proof"]]
        found = root_by(read.leaf_hash(body), at - 1, self.header["size"], path)
        if found is None or found.hex() != self.header["root"]:
            self.faults["VER-008"] += 1
            record = None
        if record is not None:
            kind, held = name(record["event"]), inner(record["event"])
            if kind == "BookCreated":
                self.code = held["book"]
            self.shows.proven(record, kind, held)


class Holds:
    """What the records of a scope show by themselves: vouchers balance, and what they name is there."""

    def __init__(self, part, kind, about):
        self.part, self.kind, self.about = part, kind, about
        self.known, self.needed = collections.defaultdict(set), []
        self.vouchers = 0

    def frame(self, kind, payload):
        self.part.faults["VER-001"] += 1

    def proven(self, record, kind, held):
        if kind == "BookCreated":
            self.known["org"].update(range(1, len(held["preset"]["organizations"]) + 2))
        for event, what in (("GrantOpened", "grant"), ("BatchSubmitted", "grant"), ("ApprovalRecorded", "approval"),
                            ("Committed", "commitment"), ("OrganizationRegistered", "org"), ("BankTransactionRegistered", "bank")):
            if kind == event:
                self.known[what].add(held["no"])
        if kind in ("VoucherPosted", "ReceiptPosted"):
            self.voucher(held["voucher"])

    def voucher(self, voucher):
        self.vouchers += 1
        balance = collections.Counter()
        named = {("approval", voucher["approval"]), ("commitment", voucher["commitment"])}
        for line in voucher["lines"]:
            balance[line["source"], line["grant"]] += line["fen"] if line["side"] == "D" else -line["fen"]
            named |= {("grant", line["grant"]), ("bank", line["bank"]), ("org", line["holder"]), ("org", line["counterparty"])}
        self.part.faults["VER-013"] += any(balance.values())
        if voucher["corrects"] is not None:
            named.add(("voucher", cited(voucher["corrects"])))
        self.needed += named
        self.known["voucher"].add(cited(voucher["reference"]))

    def close(self):
        there = {"Grant": lambda: self.about in self.known["grant"],
                 "Voucher": lambda: cited(self.about) in self.known["voucher"],
                 "Period": lambda: self.vouchers > 0}
        missing = sum(no != 0 and no not in self.known[what] for what, no in self.needed)
        self.part.faults["VER-035"] += missing + (not there[self.kind]())

    def report(self):
        return {"vouchers": self.vouchers}


def cited(reference):
    return (reference["word"], reference["cycle"], reference["number"])


class Figure:
    """The proof of a balance or of outflows: entries of a Totals record, shown whole by their neighbours, and the records after it."""

    KEY = ("account", "source", "grant", "holder", "day", "use_code", "class", "plan", "year")

    def __init__(self, part, kind, about):
        self.part, self.kind, self.about = part, kind, about
        self.totals, self.runs, self.tail = None, [], None
        self.accounts, self.sources, self.uses, self.grants, self.orgs = {}, [], [], {}, {}
        self.sums = {}

    def fault(self, code):
        self.part.faults[code] += 1

    def proven(self, record, kind, held):
        if kind == "Totals":
            behind = record["sequence"] - held["at"]
            if self.totals or self.runs or self.tail or behind not in (1, 2) or held["at"] > self.about["known_at"]:
                self.fault("VER-036")
            else:
                self.totals = held
            return
        self.name(kind, held)

    def name(self, kind, held):
        if kind == "BookCreated":
            preset = held["preset"]
            for no, account in enumerate(preset["accounts"], 1):
                self.accounts[no] = (account["code"], account["element"] == "ASSET")
            self.sources = [source["code"] for source in preset["sources"]]
            self.uses = [use["code"] for use in preset["uses"]]
            orgs = [held["organization"]] + preset["organizations"]
            self.orgs.update((no, org["code"]) for no, org in enumerate(orgs, 1))
        elif kind == "AccountDefined":
            self.accounts[held["no"]] = (held["account"]["code"], held["account"]["element"] == "ASSET")
        elif kind == "GrantOpened":
            self.grants[held["no"]] = held["code"]
        elif kind == "BatchSubmitted":
            self.grants[held["no"]] = held["batch"]["code"]
        elif kind == "OrganizationRegistered":
            self.orgs[held["no"]] = held["organization"]["code"]

    def frame(self, kind, payload):
        {SUMS: self.begin_run, ENTRY: self.entry, TAIL: self.begin_tail, RECORD: self.record}[kind](payload)

    def begin_run(self, payload):
        said = whole("EvidenceSums", payload)
        entries = self.totals["entries"] if self.totals else 0
        after = self.runs[-1]["end"] if self.runs else 0
        run = {"said": said, "tree": tree_from(said["first"], said["edge"]), "first": None, "end": said["first"] + said["count"],
               "last": self.runs[-1]["last"] if self.runs else None}
        whole_before = not self.runs or self.runs[-1]["tree"] is not None and self.runs[-1]["tree"].size == after
        if said["first"] < after or not said["count"] or run["end"] > entries or run["tree"] is None or self.tail or not whole_before:
            self.fault("VER-036")
        self.runs.append(run)

    def entry(self, payload):
        run = self.runs[-1] if self.runs else None
        try:
            entry = whole("TotalsEntry", payload)
        except Damaged:
            entry = None
        if entry is None or run is None or run["tree"] is not None and run["tree"].size >= run["end"]:
            self.fault("VER-036")
            return
        key = tuple(day_number(entry[field]) if field == "day" else entry[field] for field in self.KEY)
        if run["last"] is not None and run["last"] >= key:
            self.fault("VER-036")
        run["first"], run["last"] = run["first"] or key, key
        if run["tree"] is None:
            return
        run["tree"].push(read.leaf_hash(payload))
        if run["tree"].size == run["end"] and self.totals:
            root = bytes.fromhex(self.totals["root"])
            if not leads_to(run["end"], self.totals["entries"], run["said"]["bridge"], run["tree"].root(), root):
                self.fault("VER-036")
        self.add(key, entry["debit"], entry["credit"], entry["heads"])

    def add(self, key, debit, credit, heads):
        if not self.asked(key):
            return
        row = self.sums.setdefault(key[5], [0, 0, 0])
        for place, value in enumerate((debit, credit, heads)):
            row[place] += value

    def asked(self, key):
        account, source, grant, holder, day = key[:5]
        about = self.about
        if self.kind == "Outflows":
            asset = self.accounts.get(account, ("", False))[1]
            return asset and source == about["source"] and day_number(about["from"]) <= day <= day_number(about["to"])
        within = about["as_of"] is None or day <= day_number(about["as_of"])
        others = ((about["source"], source), (about["grant"], grant), (about["holder"], holder))
        return account == about["account"] and all(asked in (0, no) for asked, no in others) and within

    def begin_tail(self, payload):
        said = whole("EvidenceTail", payload)
        after = self.totals["at"] if self.totals else 0
        tree = tree_from(said["after"], said["edge"])
        right = (said["after"], said["to"]) == (after, self.about["known_at"]) and said["to"] <= self.part.header["size"]
        if not right or tree is None or self.tail:
            self.fault("VER-037")
        self.tail = {"said": said, "tree": tree}

    def record(self, body):
        if self.tail is None or self.tail["tree"] is None:
            self.fault("VER-037")
            return
        tree = self.tail["tree"]
        tree.push(read.leaf_hash(body))
        if tree.size > self.tail["said"]["to"]:
            self.fault("VER-037")
            return
        self.part.count += 1
        try:
            record = read.decode("Record", body)
        except read.Refused:
            self.fault("VER-002")
            return
        self.part.faults["VER-003"] += record["sequence"] != tree.size
        kind, held = name(record["event"]), inner(record["event"])
        self.name(kind, held)
        if kind in ("VoucherPosted", "ReceiptPosted"):
            voucher = held["voucher"]
            for line in voucher["lines"]:
                key = tuple(day_number(voucher["date"]) if field == "day" else line[field] for field in self.KEY)
                debit = line["side"] == "D"
                fen, heads = line["fen"], line["heads"]
                self.add(key, fen if debit else 0, 0 if debit else fen, heads if debit else -heads)

    def close(self):
        self.check_tail()
        self.check_runs()
        if self.kind == "Outflows":
            allowed = set(self.about["uses"])
            self.part.faults["VER-038"] += sum(row[1] != 0 and use not in allowed for use, row in self.sums.items())
        about = self.about
        named = [(about["source"], code_of(self.sources, about["source"]))]
        if self.kind == "Outflows":
            named += [(no, code_of(self.uses, no)) for no in about["uses"]]
        else:
            named += [(about["account"], self.accounts.get(about["account"], ("",))[0]),
                      (about["grant"], self.grants.get(about["grant"])), (about["holder"], self.orgs.get(about["holder"]))]
        self.part.faults["VER-035"] += sum(no != 0 and not code for no, code in named)

    def check_tail(self):
        if self.tail is None or self.tail["tree"] is None:
            self.fault("VER-037")
            return
        said, tree, header = self.tail["said"], self.tail["tree"], self.part.header
        root = bytes.fromhex(header["root"])
        if tree.size != said["to"] or not leads_to(said["to"], header["size"], said["bridge"], tree.root(), root):
            self.fault("VER-037")

    def check_runs(self):
        if not self.totals or not self.totals["entries"]:
            return
        entries = self.totals["entries"]
        if any(run["tree"] is None or run["tree"].size < run["end"] for run in self.runs):
            self.fault("VER-036")
        if self.kind == "Outflows":
            last = self.runs[-1] if self.runs and self.runs[-1]["end"] == entries else None
            if last is None or last["last"] is None:
                self.fault("VER-036")
            else:
                self.part.faults["VER-035"] += sum(no not in self.accounts for no in range(1, last["last"][0] + 1))
            wanted = [(no, self.about["source"]) for no, (_, asset) in sorted(self.accounts.items()) if asset]
        else:
            wanted = [()]
            for field in ("account", "source", "grant", "holder"):
                if self.about[field] == 0:
                    break
                wanted = [wanted[0] + (self.about[field],)]
        for prefix in wanted:
            if not any(covers(run, entries, prefix) for run in self.runs):
                self.fault("VER-036")

    def report(self):
        told = [(use, row) for use, row in sorted(self.sums.items()) if self.kind == "Balance" or use or row[1]]
        rows = {code_of(self.uses, use): row for use, row in told}
        return {"figure": self.kind, "rows": rows, "balance": sum(row[0] - row[1] for row in rows.values())}


def covers(run, entries, prefix):
    """Whether a run of entries holds every one whose key begins so, as its neighbours show."""
    if run["first"] is None or run["tree"] is None or run["tree"].size < run["end"]:
        return False
    before = run["said"]["first"] == 0 or run["first"][:len(prefix)] < prefix
    return before and (run["end"] == entries or run["last"][:len(prefix)] > prefix)


def code_of(codes, no):
    return codes[no - 1] if 0 < no <= len(codes) else ""


def day_number(day):
    """Days since 1970-01-01."""
    return (datetime.date.fromisoformat(day) - read.EPOCH).days if isinstance(day, str) else day
