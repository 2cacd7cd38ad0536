//! Attacks on rows: of views, of the log, of signed heads.

use earmark_tests::attacked::Part;

use super::{Attack, How, Who};

fn views(name: &'static str, statements: &'static str, code: &'static str) -> Attack {
    Attack { name, how: How::Rows(Part::Views, statements), who: Who::Verify, code }
}

fn log(name: &'static str, statements: &'static str, code: &'static str) -> Attack {
    Attack { name, how: How::Rows(Part::Log, statements), who: Who::Verify, code }
}

/// Spelled for each engine.
fn each(name: &'static str, part: Part, [sqlite, postgres]: [&'static str; 2], code: &'static str) -> Attack {
    Attack { name, how: How::Each(part, Some(sqlite), Some(postgres)), who: Who::Verify, code }
}

pub fn attacks() -> Vec<Attack> {
    [of_vouchers(), of_other_views(), of_sums(), of_the_log(), of_signed_heads()].into_iter().flatten().collect()
}

fn of_vouchers() -> Vec<Attack> {
    vec![
        views(
            "a voucher's total is raised in the view",
            "UPDATE voucher SET total_fen = total_fen + 1 WHERE sequence = (SELECT MAX(sequence) FROM voucher)",
            "VER-043",
        ),
        views(
            "a voucher's text is rewritten in the view",
            "UPDATE voucher SET summary = 'x' WHERE sequence = (SELECT MAX(sequence) FROM voucher)",
            "VER-043",
        ),
        views(
            "a voucher vanishes from the view",
            "DELETE FROM voucher WHERE sequence = (SELECT MAX(sequence) FROM voucher)",
            "VER-041",
        ),
        views(
            "a voucher is invented in the view",
            "INSERT INTO voucher ({book}sequence, time, word, cycle, number, ledger, kind, template, date, total_fen, summary) \
             SELECT {book}sequence - 1, time, word, cycle, 999, ledger, kind, template, date, total_fen, summary FROM voucher \
             WHERE sequence = (SELECT MIN(sequence) FROM voucher)",
            "VER-042",
        ),
        views(
            "a line is raised by a fen in the view",
            "UPDATE line SET fen = fen + 1 WHERE line_no = 1 AND sequence = (SELECT MAX(sequence) FROM line)",
            "VER-043",
        ),
        views(
            "a line is laid to another source and grant in the view",
            "UPDATE line SET key_no = (SELECT MIN(no) FROM balance_key WHERE rough IS NOT NULL) \
             WHERE line_no = 1 AND sequence = (SELECT MAX(sequence) FROM line)",
            "VER-043",
        ),
        views(
            "a payment leaves the list of its grant",
            "UPDATE line SET leads = NULL WHERE sequence = (SELECT MAX(sequence) FROM line)",
            "VER-043",
        ),
        views(
            "a line vanishes from the view",
            "DELETE FROM line WHERE line_no = 2 AND sequence = (SELECT MAX(sequence) FROM line)",
            "VER-041",
        ),
        views(
            "a line is invented in the view",
            "INSERT INTO line ({book}sequence, line_no, key_no, leads, side, fen, counterparty, heads, price, bank) \
             SELECT {book}sequence, line_no + 90, key_no, NULL, side, 1, counterparty, heads, price, bank FROM line \
             WHERE line_no = 1 AND sequence = (SELECT MAX(sequence) FROM line)",
            "VER-042",
        ),
    ]
}

fn of_other_views() -> Vec<Attack> {
    vec![
        views(
            "it is forgotten that a request id was used",
            "DELETE FROM fact WHERE sequence = (SELECT MAX(sequence) FROM fact)",
            "VER-041",
        ),
        each(
            "a bill is made to seem used",
            Part::Views,
            [
                "INSERT INTO fact (era, key, sequence) VALUES (0, x'000102030405060708090a0b0c0d0e0f', 7)",
                "INSERT INTO fact (book, era, key, sequence) SELECT book, 0, '\\x000102030405060708090a0b0c0d0e0f'::bytea, 7 FROM reached",
            ],
            "VER-042",
        ),
        each(
            "a request id is made to seem used by a record to come",
            Part::Views,
            [
                "INSERT INTO fact (era, key, sequence) VALUES (0, x'000102030405060708090a0b0c0d0e0f', 200000)",
                "INSERT INTO fact (book, era, key, sequence) \
                 SELECT book, 0, '\\x000102030405060708090a0b0c0d0e0f'::bytea, 200000 FROM reached",
            ],
            "VER-042",
        ),
        views(
            "a fact is put where nobody looks for it",
            "UPDATE fact SET era = 7 WHERE sequence = (SELECT MAX(sequence) FROM fact)",
            "VER-041",
        ),
        views(
            "a refusal is laid to another rule in the view",
            "UPDATE rejection SET first_rule = 'USE-012'",
            "VER-043",
        ),
        views(
            "a refusal vanishes from the view",
            "DELETE FROM rejection WHERE sequence = (SELECT MAX(sequence) FROM rejection)",
            "VER-041",
        ),
        views(
            "a refusal is invented in the view",
            "INSERT INTO rejection ({book}sequence, time, person, request_id, first_rule, hits) \
             SELECT {book}sequence - 1, time, person, 'invented', first_rule, hits FROM rejection \
             WHERE sequence = (SELECT MIN(sequence) FROM rejection)",
            "VER-042",
        ),
        views(
            "a refusal is invented for a record to come",
            "INSERT INTO rejection ({book}sequence, time, person, request_id, first_rule, hits) \
             SELECT {book}sequence + 100000, time, person, 'to come', first_rule, hits FROM rejection \
             WHERE sequence = (SELECT MIN(sequence) FROM rejection)",
            "VER-042",
        ),
        views(
            "a source gets another's name",
            "UPDATE name SET name = (SELECT name FROM name WHERE list = 'SOURCE' AND no = 2) WHERE list = 'SOURCE' AND no = 1",
            "VER-043",
        ),
        views("a person's name vanishes", "DELETE FROM name WHERE list = 'PERSON' AND no = 1", "VER-041"),
        views(
            "a grant is invented by name",
            "INSERT INTO name ({book}list, no, code, name) SELECT {book}list, no + 9000, code, name FROM name \
             WHERE list = 'GRANT' AND no = 1",
            "VER-042",
        ),
        views("the views are set back by five records", "UPDATE reached SET sequence = sequence - 5", "VER-042"),
        views("the views are said to reach beyond the log", "UPDATE reached SET sequence = sequence + 5", "VER-042"),
    ]
}

fn of_sums() -> Vec<Attack> {
    vec![
        views(
            "sums are added up under another grant",
            "UPDATE balance_key SET grant_no = grant_no + 1 WHERE no = (SELECT MAX(no) FROM balance_key)",
            "VER-043",
        ),
        views(
            "a key of sums vanishes",
            "DELETE FROM balance_key WHERE no = (SELECT MAX(no) FROM balance_key)",
            "VER-041",
        ),
        views(
            "a key of sums is invented",
            "INSERT INTO balance_key ({book}no, rough, account, source, grant_no, holder, year, class, plan, use_no) \
             SELECT {book}no + 1, rough, account, source, grant_no + 500, holder, year, class, plan, use_no FROM balance_key \
             WHERE no = (SELECT MAX(no) FROM balance_key)",
            "VER-042",
        ),
        views(
            "a balance is raised by a fen",
            "UPDATE balance SET debit_fen = debit_fen + 1 WHERE key_no = (SELECT MIN(key_no) FROM balance)",
            "VER-043",
        ),
        views("a balance vanishes", "DELETE FROM balance WHERE key_no = (SELECT MAX(key_no) FROM balance)", "VER-041"),
        views(
            "a balance is invented for another day",
            "INSERT INTO balance ({book}level, block, key_no, date, debit_fen, credit_fen, heads) \
             SELECT {book}level, block, key_no, date + 1000, debit_fen, credit_fen, heads FROM balance \
             WHERE key_no = (SELECT MIN(key_no) FROM balance) AND date = (SELECT MIN(date) FROM balance \
             WHERE key_no = (SELECT MIN(key_no) FROM balance))",
            "VER-042",
        ),
        views(
            "a balance is invented for records to come",
            "INSERT INTO balance ({book}level, block, key_no, date, debit_fen, credit_fen, heads) \
             SELECT {book}level, block + 1, key_no, date, debit_fen, credit_fen, heads FROM balance",
            "VER-042",
        ),
    ]
}

fn of_the_log() -> Vec<Attack> {
    vec![
        each(
            "a byte of a record is changed",
            Part::Log,
            [
                "UPDATE log SET bodies = CAST(substr(bodies, 1, 200) || x'ff' || substr(bodies, 202) AS BLOB) WHERE first = 1",
                "UPDATE log SET bodies = overlay(bodies PLACING '\\xff'::bytea FROM 201 FOR 1) WHERE first = 1",
            ],
            "VER-040",
        ),
        each(
            "leaf hashes are cleared",
            Part::Log,
            [
                "UPDATE log SET leaves = zeroblob(length(leaves)) WHERE first = 1",
                "UPDATE log SET leaves = decode(repeat('00', octet_length(leaves)), 'hex') WHERE first = 1",
            ],
            "VER-040",
        ),
        each(
            "the root of a row is another",
            Part::Log,
            [
                "UPDATE log SET root = zeroblob(32) WHERE first = 1",
                "UPDATE log SET root = decode(repeat('00', 32), 'hex') WHERE first = 1",
            ],
            "VER-040",
        ),
        log(
            "a batch is deleted from the middle",
            "DELETE FROM log WHERE first = (SELECT MAX(first) FROM log WHERE first < (SELECT MAX(first) FROM log))",
            "VER-040",
        ),
        log("the last batch is deleted", "DELETE FROM log WHERE first = (SELECT MAX(first) FROM log)", "VER-008"),
        log("the time of a batch is set back", "UPDATE log SET time = time - 1 WHERE first = 1", "VER-040"),
        log("a batch is laid to a later writer", "UPDATE log SET epoch = epoch + 5 WHERE first = 1", "VER-040"),
        log(
            "a batch is put behind the head",
            "INSERT INTO log ({book}first, count, epoch, time, root, offsets, leaves, bodies) \
             SELECT {book}first + count, count, epoch, time, root, offsets, leaves, bodies FROM log \
             WHERE first = (SELECT MAX(first) FROM log)",
            "VER-040",
        ),
        each(
            "the head has another root",
            Part::Log,
            ["UPDATE head SET root = zeroblob(32)", "UPDATE head SET root = decode(repeat('00', 32), 'hex')"],
            "VER-008",
        ),
        each(
            "the head has another edge",
            Part::Log,
            [
                "UPDATE head SET edge = CAST(zeroblob(32) || substr(edge, 33) AS BLOB)",
                "UPDATE head SET edge = overlay(edge PLACING '\\xffff'::bytea FROM 1 FOR 2)",
            ],
            "VER-008",
        ),
        log("the head's time is set back", "UPDATE head SET time = time - 1", "VER-040"),
        log("the head is set back by a record", "UPDATE head SET sequence = sequence - 1", "VER-008"),
    ]
}

fn of_signed_heads() -> Vec<Attack> {
    let policy =
        |name, statements| Attack { name, how: How::Rows(Part::Log, statements), who: Who::Policy, code: "VER-034" };
    vec![
        log(
            "a signed head is of another root",
            "UPDATE tree_head SET root = (SELECT root FROM log WHERE first = 1) WHERE size = (SELECT MAX(size) FROM tree_head)",
            "VER-045",
        ),
        log(
            "a signed head bears the note of another",
            "UPDATE tree_head SET note = (SELECT note FROM tree_head WHERE size = (SELECT MIN(size) FROM tree_head))",
            "VER-045",
        ),
        log(
            "a cosignature is copied from another head",
            "UPDATE cosignature SET line = (SELECT MIN(line) FROM cosignature WHERE size = (SELECT MIN(size) FROM cosignature)) \
             WHERE size = (SELECT MAX(size) FROM cosignature)",
            "VER-045",
        ),
        log("a cosignature is laid to another key", "UPDATE cosignature SET key_id = key_id - 1", "VER-045"),
        log(
            "a signed head is dropped and its cosignatures left",
            "DELETE FROM tree_head WHERE size = (SELECT MIN(size) FROM tree_head)",
            "VER-045",
        ),
        policy("all signed heads are dropped", "DELETE FROM cosignature; DELETE FROM tree_head"),
        policy("a witness's cosignatures are dropped", "DELETE FROM cosignature WHERE key_name = 'w2'"),
    ]
}
