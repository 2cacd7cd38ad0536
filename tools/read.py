#!/usr/bin/env python3
"""Reads Earmark record bodies without Earmark: standard library only.

    read.py FILE            one record body in hex a line; prints each as a line of JSON, then size and root of their tree
    read.py --commands FILE the same for canonical commands
    read.py --vectors FILE  checks test vectors, one JSON object a line (docs/format.md, "Test vectors")
    read.py --tables        prints the format's tables as JSON

FILE may be - for standard input. Empty lines and lines that begin with # are passed over. The tables that say what a body
holds are the text blocks of docs/format/*.md, read as they stand there. Reading is strict: bytes have one meaning and a meaning
has one spelling, so a body is refused unless it re-encodes to itself. Exit: 0 all well, 1 something was refused, 2 bad usage.
"""
import argparse
import datetime
import functools
import hashlib
import json
import pathlib
import re
import struct
import sys

TABLES = pathlib.Path(__file__).resolve().parent.parent / "docs" / "format"
NUMBERS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i32": "<i", "i64": "<q"}
MAX_RECORD_BYTES = 256 * 1024
VERSION_1 = b"\x00"
EPOCH = datetime.date(1970, 1, 1)


class Refused(Exception):
    """Bytes that are no canonical encoding, or a value that has none."""


# ---- tables: {"kind": "struct" | "choice" | "codes" | "alias", "rows": [[name, type or None], ...]} by name


def load_tables(folder=TABLES):
    tables = {}
    for path in sorted(folder.glob("*.md")):
        for block in re.findall(r"^```text\n(.*?)^```", path.read_text("utf-8"), re.M | re.S):
            rows = None
            for line in filter(None, block.split("\n")):
                words = line.split()
                if line.startswith("  "):
                    rows.append(row(kind, words))
                    continue
                kind, name = words[0], words[1].rstrip(":")
                if name in tables:
                    raise SystemExit(f"{path}: {name} stands twice")
                rows = [[words[2], None]] if kind == "alias" else []
                tables[name] = {"kind": kind, "rows": rows}
    return tables


def row(kind, words):
    if kind == "struct":
        return [words[0], words[1]]
    if kind == "choice":
        name, _, holds = words[0].partition("=")
        return [name, None if holds == "nothing" else holds or name]
    return [words[0], None]


TYPES = load_tables()


@functools.cache
def parts(kind):
    """Splits `list<T>`, `option<T>`, `packed<T>`, `plain<T>` and `(A,B)` into its head and its inner types."""
    if kind.startswith("("):
        inner, depth, start = kind[1:-1], 0, 0
        found = []
        for at, letter in enumerate(inner):
            depth += (letter in "<(") - (letter in ">)")
            if letter == "," and depth == 0:
                found.append(inner[start:at])
                start = at + 1
        return "tuple", tuple(found + [inner[start:]])
    match = re.fullmatch(r"(list|option|packed|plain)<(.*)>", kind)
    return (match[1], (match[2],)) if match else (kind, ())


# ---- decoding


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Refused("ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, kind):
        form = NUMBERS[kind]
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def tag(self, what, count):
        tag = self.number("u8")
        if tag >= count:
            raise Refused(f"{what} has no tag {tag}")
        return tag

    def read(self, kind):
        head, inner = parts(kind)
        if head in NUMBERS:
            return self.number(head)
        if head == "bool":
            return self.tag("bool", 2) == 1
        if head == "string":
            try:
                return self.take(self.number("u32")).decode("utf-8")
            except UnicodeDecodeError as error:
                raise Refused("text is not UTF-8") from error
        if head == "bytes":
            return self.take(self.number("u32")).hex()
        if head.startswith("bytes"):
            return self.take(int(head[5:])).hex()
        if head == "tuple":
            return [self.read(part) for part in inner]
        if head == "option":
            return self.read(inner[0]) if self.tag("option", 2) else None
        if head == "list":
            # A count far beyond the bytes that are there ends in "ends too early", before any memory is taken for it.
            return [self.read(inner[0]) for _ in range(self.number("u32"))]
        if head == "packed":
            packed = self.take(self.number("u32"))
            try:
                return decode(inner[0], packed)
            except Refused:
                return {"unreadable": packed.hex()}
        if head == "plain":
            value = self.read(inner[0])
            if "CorrectVoucher" in value:
                raise Refused("a correction within a correction")
            return value
        return self.named(head)

    def named(self, name):
        table = TYPES[name]
        rows = table["rows"]
        if name == "Day":
            return day_text(self.number("i32"))
        if table["kind"] == "alias":
            return self.read(rows[0][0])
        if table["kind"] == "struct":
            return {field: self.read(kind) for field, kind in rows}
        code, holds = rows[self.tag(name, len(rows))]
        return {code: self.read(holds)} if holds else code


def decode(kind, data):
    """The value of canonical bytes: the version, then a value of this type, then nothing, and no other bytes for it."""
    if data[:1] != VERSION_1:
        raise Refused("unknown version")
    reader = Reader(data)
    reader.at = 1
    try:
        value = reader.read(kind)
    except RecursionError as error:
        raise Refused("corrections within corrections") from error
    if reader.at != len(data):
        raise Refused(f"{len(data) - reader.at} bytes too many")
    if encode(kind, value) != data:
        raise Refused("another spelling of the same value")
    if kind == "Record" and len(data) > MAX_RECORD_BYTES:
        raise Refused("longer than a record may be")
    return value


def day_text(days):
    """Days outside 1900..2999 have no calendar form here and stay numbers."""
    if -25567 <= days <= 376199:
        return (EPOCH + datetime.timedelta(days)).isoformat()
    return days


# ---- encoding


def encode(kind, value):
    return VERSION_1 + b"".join(spell(kind, value))


def spell(kind, value):
    head, inner = parts(kind)
    if head in NUMBERS:
        yield struct.pack(NUMBERS[head], value)
    elif head == "bool":
        yield bytes([value])
    elif head == "string":
        yield from counted(value.encode("utf-8"))
    elif head == "bytes":
        yield from counted(bytes.fromhex(value))
    elif head.startswith("bytes"):
        yield bytes.fromhex(value)
    elif head == "tuple":
        for part, item in zip(inner, value, strict=True):
            yield from spell(part, item)
    elif head == "option":
        yield bytes([value is not None])
        if value is not None:
            yield from spell(inner[0], value)
    elif head == "list":
        yield struct.pack("<I", len(value))
        for item in value:
            yield from spell(inner[0], item)
    elif head == "packed":
        unreadable = value.get("unreadable")
        yield from counted(encode(inner[0], value) if unreadable is None else bytes.fromhex(unreadable))
    else:
        yield from spell(inner[0], value) if head == "plain" else spell_named(head, value)


def counted(data):
    yield struct.pack("<I", len(data))
    yield data


def spell_named(name, value):
    table = TYPES[name]
    rows = table["rows"]
    if name == "Day":
        days = (datetime.date.fromisoformat(value) - EPOCH).days if isinstance(value, str) else value
        yield struct.pack("<i", days)
    elif table["kind"] == "alias":
        yield from spell(rows[0][0], value)
    elif table["kind"] == "struct":
        for field, kind in rows:
            yield from spell(kind, value[field])
    else:
        code = value if isinstance(value, str) else next(iter(value))
        tag = [name for name, _ in rows].index(code)
        yield bytes([tag])
        if rows[tag][1]:
            yield from spell(rows[tag][1], value[code])


# ---- hashes and identities


def leaf_hash(body):
    return hashlib.sha256(b"\x00" + body).digest()


def root(leaves):
    """RFC 6962 section 2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + root(leaves[:cut]) + root(leaves[cut:])).digest()


def fingerprint(book, person, command):
    text = b"earmark/command/v1\x00"
    for part in (book.encode("utf-8"), person.encode("utf-8")):
        text += struct.pack(">I", len(part)) + part
    return hashlib.sha256(text + command).digest()


def voucher_id(book, sequence, time):
    seed = b"earmark/voucher/v1\x00" + book.encode("utf-8") + b"\x00" + struct.pack(">Q", sequence)
    tail = hashlib.sha256(seed).digest()[:10]
    millis = struct.pack(">Q", time // 1000)[2:]
    made = millis + bytes([0x70 | tail[0] & 0x0F, tail[1], 0x80 | tail[2] & 0x3F]) + tail[3:]
    return re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", made.hex())


# ---- the command line


def lines(name):
    text = sys.stdin if name == "-" else open(name, encoding="utf-8")
    with text:
        for number, line in enumerate(text, 1):
            if line.strip() and not line.startswith("#"):
                yield number, line.strip()


def print_bodies(name, kind):
    refused, leaves = 0, []
    for number, line in lines(name):
        try:
            body = bytes.fromhex(line)
            value = decode(kind, body)
        except (Refused, ValueError) as error:
            refused += 1
            print(json.dumps({"line": number, "error": str(error)}, ensure_ascii=False))
            continue
        leaves.append(leaf_hash(body))
        print(json.dumps({"leaf": leaves[-1].hex(), kind.lower(): value}, ensure_ascii=False))
    if not refused and kind == "Record":
        print(json.dumps({"size": len(leaves), "root": root(leaves).hex()}))
    return refused


def check_vectors(name):
    refused, count, leaves = 0, 0, []
    for number, line in lines(name):
        vector, count = json.loads(line), count + 1
        try:
            if "body" in vector:
                body = bytes.fromhex(vector["body"])
                found = {"record": decode("Record", body), "leaf": leaf_hash(body).hex()}
                leaves.append(leaf_hash(body))
                found["root"] = root(leaves).hex()
            elif "bytes" in vector:
                data = bytes.fromhex(vector["bytes"])
                found = {"command": decode("Command", data)}
                found["fingerprint"] = fingerprint(vector["book"], vector["person"], data).hex()
            else:
                found = {"voucher_id": voucher_id(vector["book"], vector["sequence"], vector["time"])}
        except Refused as error:
            found = {"refused": str(error)}
        wrong = [key for key in found if found[key] != vector.get(key)]
        if wrong:
            refused += 1
            shown = {key: found[key] for key in wrong}
            print(json.dumps({"line": number, "name": vector.get("name"), "found": shown}, ensure_ascii=False))
    print(json.dumps({"vectors": count, "wrong": refused}))
    return refused


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = options.add_mutually_exclusive_group()
    for flag in ("--commands", "--vectors", "--tables"):
        what.add_argument(flag, action="store_true")
    options.add_argument("file", nargs="?", default="-")
    given = options.parse_args()
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")
    if given.tables:
        print(json.dumps(TYPES, ensure_ascii=False))
        return 0
    if given.vectors:
        return 1 if check_vectors(given.file) else 0
    return 1 if print_bodies(given.file, "Command" if given.commands else "Record") else 0


if __name__ == "__main__":
    sys.exit(main())
