"""Prints random but valid bodies in hex, made from the tables alone: `random_bodies.py Record|Command SEED ROUNDS`.

Each round takes every variant of the type's outermost choice (event or command) once, so that every type of the format comes up.
"""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
import read  # noqa: E402

TEXTS = ["", "x", "USE-006", "职工住院二次医保", "粤工总〔2018〕18号", 'a"b\\c\n\t\u0000é', "𠮷"]


def number(kind):
    bits, signed = int(kind[1:]), kind[0] == "i"
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return random.choice([low, high, 0, 1, random.randint(low, high), random.randint(0, min(high, 30000))])


def value(kind, variant=None):
    head, inner = read.parts(kind)
    if head in read.NUMBERS:
        return number(head)
    if head == "bool":
        return random.random() < 0.5
    if head == "string":
        return random.choice(TEXTS)
    if head.startswith("bytes"):
        return random.randbytes(int(head[5:] or random.randint(0, 5))).hex()
    if head == "tuple":
        return [value(part) for part in inner]
    if head == "option":
        return value(inner[0]) if random.random() < 0.5 else None
    if head == "list":
        return [value(inner[0]) for _ in range(random.randint(0, 3))]
    if head == "packed":
        return value(inner[0]) if random.random() < 0.8 else {"unreadable": random.randbytes(3).hex()}
    if head == "plain":
        return value(inner[0], random.randrange(29))
    return named(head, variant)


def named(name, variant):
    table = read.TYPES[name]
    rows = table["rows"]
    if name == "Day":
        return random.choice(["2018-12-15", "1900-01-01", "2999-12-31", -(1 << 31), (1 << 31) - 1, 376200])
    if table["kind"] == "alias":
        return value(rows[0][0])
    if table["kind"] == "struct":
        return {field: value(kind, variant) if kind == "Event" else value(kind) for field, kind in rows}
    code, holds = rows[random.randrange(len(rows)) if variant is None else variant]
    return {code: value(holds)} if holds else code


kind, seed, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
variants = len(read.TYPES["Event" if kind == "Record" else "Command"]["rows"])
for _ in range(rounds):
    for tag in range(variants):
        print(read.encode(kind, value(kind, tag)).hex())
