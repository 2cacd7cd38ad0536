//! The SQL that every engine runs as it stands, with `$n` placeholders and `book` as `$1` where a table has one. What differs between
//! engines (bulk inserts, lists as parameters, pragmas) stands with the engine. A test prepares all of [`ALL`] on each.

/// Columns of a voucher in the order that `decode::voucher` reads.
macro_rules! voucher_columns {
    () => {
        "v.sequence, v.time, v.word, v.cycle, v.number, v.ledger, v.kind, v.template, v.date, v.total_fen, v.summary"
    };
}

/// Columns of a log row in the order that `decode::log_row` reads.
macro_rules! log_columns {
    () => {
        "first, count, epoch, root, offsets, leaves, bodies"
    };
}

/// Conditions on the voucher itself: $4 and $5 the days, $6 the word or -1.
macro_rules! voucher_conditions {
    () => {
        "v.date >= $4 AND v.date <= $5 AND ($6 = -1 OR v.word = $6)"
    };
}

/// Conditions on a line's key: $7 source, $8 account, $9 grant, each -1 for any.
macro_rules! key_conditions {
    () => {
        "($7 = -1 OR k.source = $7) AND ($8 = -1 OR k.account = $8) AND ($9 = -1 OR k.grant_no = $9)"
    };
}

/// A line of the voucher at the given sequence meets all conditions on lines.
macro_rules! some_line {
    ($sequence:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM line AS e JOIN balance_key AS k ON k.book = e.book AND k.no = e.key_no \
             WHERE e.book = $1 AND e.sequence = ",
            $sequence,
            " AND ",
            key_conditions!(),
            ")"
        )
    };
}

/// The statement of sums; the engine gives the relation that its list of blocks ($11) is: level and block. $2 the last record, $3 the one
/// after which lines are read, $4 and $5 the days, $6 whether by rough keys, $7 account, $8 source, $9 grant, $10 holder, each -1 for
/// any. What a block had before the first day is taken off what it had up to the last one; the records after the blocks are added
/// up line by line.
///
/// Three forms, so that planners find the few keys by an index and read them once: by rough keys, of one grant (whose lines are found by
/// their index), and of all keys.
macro_rules! sums {
    (rough, $blocks:literal) => {
        $crate::sql::sums!("rough IS NULL", "line AS l", $blocks)
    };
    (grant, $blocks:literal) => {
        $crate::sql::sums!(
            "rough IS NOT NULL AND grant_no = $9",
            "line AS g JOIN line AS l ON g.leads = $9 AND g.sequence > $3 AND g.sequence <= $2 \
             AND l.book = g.book AND l.sequence = g.sequence",
            $blocks
        )
    };
    (all, $blocks:literal) => {
        $crate::sql::sums!("rough IS NOT NULL", "line AS l", $blocks)
    };
    ($keys:literal, $lines:literal, $blocks:literal) => {
        concat!(
            "WITH wanted AS MATERIALIZED (SELECT no, account, source, grant_no, holder, class, plan, use_no, year FROM balance_key \
             WHERE book = $1 AND ", $keys, " AND ($7 = -1 OR account = $7) AND ($8 = -1 OR source = $8) \
             AND ($9 = -1 OR grant_no = $9) AND ($10 = -1 OR holder = $10)), \
             edge AS (SELECT CAST($5 AS BIGINT) AS date, 1 AS sign UNION ALL SELECT CAST($4 AS BIGINT) - 1, -1 WHERE $4 > -2147483648), \
             part AS (SELECT k.no AS no, e.sign * b.debit_fen AS debit_fen, e.sign * b.credit_fen AS credit_fen, e.sign * b.heads AS heads \
             FROM ", $blocks, " AS c CROSS JOIN edge AS e CROSS JOIN wanted AS k CROSS JOIN balance AS b \
             WHERE b.book = $1 AND b.level = c.level AND b.block = c.block AND b.key_no = k.no \
             AND b.date = (SELECT MAX(m.date) FROM balance AS m \
             WHERE m.book = $1 AND m.level = c.level AND m.block = c.block AND m.key_no = k.no AND m.date <= e.date) \
             UNION ALL SELECT CASE WHEN $6 = 1 THEN y.rough ELSE y.no END, CASE l.side WHEN 0 THEN l.fen ELSE 0 END, \
             CASE l.side WHEN 1 THEN l.fen ELSE 0 END, CASE l.side WHEN 0 THEN l.heads ELSE -l.heads END \
             FROM ", $lines, " JOIN voucher AS v ON v.book = l.book AND v.sequence = l.sequence \
             JOIN balance_key AS y ON y.book = l.book AND y.no = l.key_no \
             WHERE l.book = $1 AND l.sequence > $3 AND l.sequence <= $2 AND v.date >= $4 AND v.date <= $5 \
             AND ($7 = -1 OR y.account = $7) AND ($8 = -1 OR y.source = $8) AND ($9 = -1 OR y.grant_no = $9) \
             AND ($10 = -1 OR y.holder = $10)) \
             SELECT k.account, k.source, k.grant_no, k.holder, k.class, k.plan, k.use_no, k.year, \
             CAST(SUM(p.debit_fen) AS BIGINT), CAST(SUM(p.credit_fen) AS BIGINT), CAST(SUM(p.heads) AS BIGINT) \
             FROM part AS p JOIN wanted AS k ON k.no = p.no \
             GROUP BY k.account, k.source, k.grant_no, k.holder, k.class, k.plan, k.use_no, k.year \
             HAVING SUM(p.debit_fen) <> 0 OR SUM(p.credit_fen) <> 0 OR SUM(p.heads) <> 0 \
             ORDER BY k.account, k.source, k.grant_no, k.holder, k.class, k.plan, k.use_no, k.year"
        )
    };
}
pub(crate) use sums;

/// The sums of block $3 of level $2, made of those of the blocks from $5 up to $6 of level $4, in the order of their keys. To be
/// inserted; in which columns stands with the engine, since `book` is one of them or is not.
macro_rules! rolled_up {
    () => {
        "SELECT CAST($2 AS BIGINT), CAST($3 AS BIGINT), key_no, date, \
         CAST(SUM(SUM(debit_fen)) OVER running AS BIGINT), CAST(SUM(SUM(credit_fen)) OVER running AS BIGINT), \
         CAST(SUM(SUM(heads)) OVER running AS BIGINT) \
         FROM (SELECT key_no, date, debit_fen - LAG(debit_fen, 1, 0) OVER own AS debit_fen, \
         credit_fen - LAG(credit_fen, 1, 0) OVER own AS credit_fen, heads - LAG(heads, 1, 0) OVER own AS heads \
         FROM balance WHERE book = $1 AND level = $4 AND block >= $5 AND block <= $6 \
         WINDOW own AS (PARTITION BY block, key_no ORDER BY date)) AS below \
         GROUP BY key_no, date WINDOW running AS (PARTITION BY key_no ORDER BY date)"
    };
}
pub(crate) use rolled_up;

/// Books of the catalogue, by code. One that is still arriving from another store is none yet.
pub const BOOKS: &str = "SELECT code, created_at FROM book WHERE arriving = 0 ORDER BY code";
/// Whether a book is still arriving: 1 or 0; no row if it is not listed.
pub const ARRIVING: &str = "SELECT arriving FROM book WHERE code = $1";
/// Adds a book that arrives.
pub const ADD_ARRIVING: &str = "INSERT INTO book (code, created_at, arriving) VALUES ($1, $2, 1)";
/// A book has arrived.
pub const ARRIVED: &str = "UPDATE book SET arriving = 0 WHERE code = $1 AND arriving = 1";
/// Whether the catalogue has a book.
pub const HAS_BOOK: &str = "SELECT COUNT(*) FROM book WHERE code = $1";
/// Adds a book to the catalogue.
pub const ADD_BOOK: &str = "INSERT INTO book (code, created_at) VALUES ($1, $2)";
/// All tokens, by time and hash.
pub const TOKENS: &str =
    "SELECT hash, person, operator, created_at, expires_at, revoked FROM token ORDER BY created_at, hash";
/// The token with a hash.
pub const TOKEN: &str = "SELECT hash, person, operator, created_at, expires_at, revoked FROM token WHERE hash = $1";
/// Adds a token.
pub const ADD_TOKEN: &str =
    "INSERT INTO token (hash, person, operator, created_at, expires_at, revoked) VALUES ($1, $2, $3, $4, $5, $6)";
/// Revokes the tokens of a person that are not revoked yet.
pub const REVOKE_TOKENS: &str = "UPDATE token SET revoked = 1 WHERE person = $1 AND revoked = 0";

/// The head of a log.
pub const HEAD: &str = "SELECT sequence, root, edge, time, epoch FROM head WHERE book = $1";
/// Takes a book over: every writer of the epoch before is fenced.
pub const RAISE_EPOCH: &str = "UPDATE head SET epoch = epoch + 1 WHERE book = $1";
/// The end of the log, to compare with the head.
pub const LAST_ROW: &str =
    "SELECT first, count, epoch, root, time FROM log WHERE book = $1 ORDER BY first DESC LIMIT 1";
/// The bodies of the row that holds record $2, if the log reaches it.
pub const BODIES_OF: &str = "SELECT first, count, offsets, bodies FROM log WHERE book = $1 \
     AND first = (SELECT MAX(first) FROM log WHERE book = $1 AND first <= $2) AND first + count > $2";
/// Rows from the one that holds record $2: at least one, then while they and their leaf hashes fit $3 bytes, at most $4 rows. Sizes
/// are read from row headers, so that bodies beyond the limit are not touched.
pub const LOG_ROWS: &str = concat!(
    "WITH sized AS (SELECT first, octet_length(bodies) + octet_length(leaves) AS bytes FROM log WHERE book = $1 \
     AND first >= COALESCE((SELECT MAX(first) FROM log WHERE book = $1 AND first <= $2), 0) ORDER BY first LIMIT $4), \
     summed AS (SELECT first, SUM(bytes) OVER (ORDER BY first) AS bytes, ROW_NUMBER() OVER (ORDER BY first) AS place \
     FROM sized), \
     fitting AS (SELECT MIN(first) AS low, MAX(first) AS high FROM summed WHERE bytes <= $3 OR place = 1) \
     SELECT ",
    log_columns!(),
    " FROM log WHERE book = $1 AND first >= (SELECT low FROM fitting) AND first <= (SELECT high FROM fitting) \
     AND first + count > $2 ORDER BY first"
);

/// First sequence, count and time of the row that holds record $2. Columns before the bodies, so that those are not read.
pub const ROW_TIME: &str = "SELECT first, count, time FROM log WHERE book = $1 \
     AND first = (SELECT MAX(first) FROM log WHERE book = $1 AND first <= $2) AND first + count > $2";
/// Leaf hashes of the rows that hold records from $2 up to $3.
pub const LEAVES: &str = "SELECT first, count, leaves FROM log WHERE book = $1 \
     AND first >= COALESCE((SELECT MAX(first) FROM log WHERE book = $1 AND first <= $2), 0) AND first <= $3 ORDER BY first";
/// Signed tree heads of sizes from $2 up to $3, newest first, at most $5; with $4 = 1 only those that somebody cosigned.
pub const TREE_HEADS: &str = "SELECT h.size, h.root, h.note FROM tree_head AS h WHERE h.book = $1 AND h.size >= $2 AND h.size <= $3 \
     AND ($4 = 0 OR EXISTS (SELECT 1 FROM cosignature AS c WHERE c.book = $1 AND c.size = h.size)) ORDER BY h.size DESC LIMIT $5";
/// Cosignatures of one signed tree head.
pub const COSIGNATURES: &str = "SELECT line FROM cosignature WHERE book = $1 AND size = $2 ORDER BY key_name, key_id";
/// Whether a key cosigned a tree head.
pub const HAS_COSIGNED: &str =
    "SELECT COUNT(*) FROM cosignature WHERE book = $1 AND size = $2 AND key_name = $3 AND key_id = $4";

/// The sequence that the views have reached.
pub const REACHED: &str = "SELECT sequence FROM reached WHERE book = $1";
/// The compare-and-set of the views.
pub const MOVE_REACHED: &str = "UPDATE reached SET sequence = $3 WHERE book = $1 AND sequence = $2";
/// What stands of the records after $2 up to $3: vouchers, lines, and their debits less their credits.
pub const LANDED: &str = "SELECT (SELECT COUNT(*) FROM voucher WHERE book = $1 AND sequence > $2 AND sequence <= $3), COUNT(*), \
     CAST(COALESCE(SUM(CASE side WHEN 0 THEN fen ELSE -fen END), 0) AS BIGINT) \
     FROM line WHERE book = $1 AND sequence > $2 AND sequence <= $3";
/// All keys that lines are added up by.
pub const KEYS: &str = "SELECT no, rough, account, source, grant_no, holder, year, class, plan, use_no FROM balance_key \
     WHERE book = $1 ORDER BY no";
/// Lines after $2 up to $3 as far as sums need them.
pub const SUMMANDS: &str = "SELECT l.sequence, v.date, l.key_no, k.rough, l.side, l.fen, l.heads FROM line AS l \
     JOIN voucher AS v ON v.book = l.book AND v.sequence = l.sequence \
     JOIN balance_key AS k ON k.book = l.book AND k.no = l.key_no \
     WHERE l.book = $1 AND l.sequence > $2 AND l.sequence <= $3 ORDER BY l.sequence";

/// Vouchers in log order.
pub const VOUCHERS: &str = concat!(
    "SELECT ",
    voucher_columns!(),
    " FROM voucher AS v WHERE v.book = $1 AND v.sequence > $2 AND v.sequence <= $3 AND ",
    voucher_conditions!(),
    " AND (($7 = -1 AND $8 = -1 AND $9 = -1) OR ",
    some_line!("v.sequence"),
    ")",
    " ORDER BY v.sequence LIMIT $10"
);
/// The same for a single day, $4 and $5 alike: the index by date has them in log order.
pub const VOUCHERS_OF_DAY: &str = concat!(
    "SELECT ",
    voucher_columns!(),
    " FROM voucher AS v WHERE v.book = $1 AND v.sequence > $2 AND v.sequence <= $3 AND v.date = $4 AND ",
    voucher_conditions!(),
    " AND (($7 = -1 AND $8 = -1 AND $9 = -1) OR ",
    some_line!("v.sequence"),
    ")",
    " ORDER BY v.sequence LIMIT $10"
);
/// The same for one grant: driven by the index of the lines that name a grant first in their voucher.
pub const VOUCHERS_OF_GRANT: &str = concat!(
    "SELECT ",
    voucher_columns!(),
    " FROM line AS l JOIN voucher AS v ON v.book = l.book AND v.sequence = l.sequence \
     WHERE l.book = $1 AND l.leads = $9 AND l.sequence > $2 AND l.sequence <= $3 AND ",
    voucher_conditions!(),
    " AND (($7 = -1 AND $8 = -1) OR ",
    some_line!("l.sequence"),
    ") ORDER BY l.sequence LIMIT $10"
);
/// The first full block of level $2 from $3 on that has a line of account $4 and source $5, each -1 for any.
pub const NEXT_BLOCK: &str = "SELECT MIN(block) FROM balance WHERE book = $1 AND level = $2 AND block >= $3 \
     AND key_no IN (SELECT no FROM balance_key WHERE book = $1 AND rough IS NULL \
     AND ($4 = -1 OR account = $4) AND ($5 = -1 OR source = $5))";
/// The voucher with a reference.
pub const VOUCHER: &str = concat!(
    "SELECT ",
    voucher_columns!(),
    " FROM voucher AS v WHERE v.book = $1 AND v.cycle = $2 AND v.word = $3 AND v.number = $4"
);
/// Refusals by sequence.
pub const REJECTIONS: &str = "SELECT sequence, time, person, request_id, first_rule, hits FROM rejection \
     WHERE book = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4";

/// Vouchers of the records after $2 up to $3, for whoever checks them against the log.
pub const VOUCHERS_OF_RECORDS: &str = concat!(
    "SELECT ",
    voucher_columns!(),
    " FROM voucher AS v WHERE v.book = $1 AND v.sequence > $2 AND v.sequence <= $3 ORDER BY v.sequence"
);
/// Lines of the same, whether their voucher and key stand or not, each with the grant that it leads.
pub const LINES_OF_RECORDS: &str = "SELECT l.sequence, l.line_no, COALESCE(v.date, 0), COALESCE(k.account, 0), COALESCE(k.source, 0), \
     COALESCE(k.grant_no, 0), l.side, l.fen, COALESCE(k.year, 0), COALESCE(k.class, 0), COALESCE(k.plan, 0), COALESCE(k.use_no, 0), \
     COALESCE(k.holder, 0), l.counterparty, l.heads, l.price, l.bank, l.leads FROM line AS l \
     LEFT JOIN voucher AS v ON v.book = l.book AND v.sequence = l.sequence \
     LEFT JOIN balance_key AS k ON k.book = l.book AND k.no = l.key_no \
     WHERE l.book = $1 AND l.sequence > $2 AND l.sequence <= $3 ORDER BY l.sequence, l.line_no";
/// Facts of an era, by key.
pub const FACTS_OF_ERA: &str = "SELECT key, sequence FROM fact WHERE book = $1 AND era = $2 ORDER BY key";
/// Names of all ordinals, each with the sequence that they hold for: one statement sees one moment.
pub const NAMES: &str = "SELECT r.sequence, n.no, n.list, n.code, n.name FROM reached AS r LEFT JOIN name AS n ON n.book = r.book \
     WHERE r.book = $1 ORDER BY n.list, n.no";
/// Keys that lines are added up by, likewise.
pub const KEYS_OF_RECORDS: &str = "SELECT r.sequence, k.no, k.rough, k.account, k.source, k.grant_no, k.holder, k.year, k.class, k.plan, \
     k.use_no FROM reached AS r LEFT JOIN balance_key AS k ON k.book = r.book WHERE r.book = $1 ORDER BY k.no";
/// Sums of block $3 of level $2.
pub const SUMS_OF_BLOCK: &str = "SELECT key_no, date, debit_fen, credit_fen, heads FROM balance \
     WHERE book = $1 AND level = $2 AND block = $3 ORDER BY key_no, date";
/// Ends of the rows that hold records from $2 up to $3: first record, count, epoch, time.
pub const ENDS_OF_ROWS: &str =
    "SELECT first, count, epoch, time FROM log WHERE book = $1 AND first >= $2 AND first <= $3 ORDER BY first";
/// Signed heads of sizes above $2 up to $3.
pub const HEADS_OF_RECORDS: &str =
    "SELECT size, root, note FROM tree_head WHERE book = $1 AND size > $2 AND size <= $3 ORDER BY size";
/// Cosignatures of sizes above $2 up to $3.
pub const COSIGNATURES_OF_RECORDS: &str = "SELECT size, key_name, key_id, line FROM cosignature \
     WHERE book = $1 AND size > $2 AND size <= $3 ORDER BY size, key_name, key_id";
/// Rows of the log that no record of the head has: batches, signed heads, cosignatures; and cosignatures of nothing.
pub const BESIDE_LOG: &str = "SELECT (SELECT COUNT(*) FROM log WHERE book = h.book AND (first < 1 OR first + count - 1 > h.sequence)), \
     (SELECT COUNT(*) FROM tree_head WHERE book = h.book AND (size < 1 OR size > h.sequence)), \
     (SELECT COUNT(*) FROM cosignature AS c WHERE c.book = h.book \
     AND NOT EXISTS (SELECT 1 FROM tree_head AS t WHERE t.book = c.book AND t.size = c.size)) \
     FROM head AS h WHERE h.book = $1";
/// Rows of the views that no record up to the one reached has: vouchers, lines, refusals, facts of eras (of $2 bits) that were not reached,
/// and sums (of full blocks, in the levels from $3 on, $4 apart).
pub const BESIDE_VIEWS: &str = "SELECT (SELECT COUNT(*) FROM voucher WHERE book = r.book AND (sequence < 1 OR sequence > r.sequence)), \
     (SELECT COUNT(*) FROM line WHERE book = r.book AND (sequence < 1 OR sequence > r.sequence)), \
     (SELECT COUNT(*) FROM rejection WHERE book = r.book AND (sequence < 1 OR sequence > r.sequence)), \
     (SELECT COUNT(*) FROM fact WHERE book = r.book AND (era < 0 OR era > r.sequence >> CAST($2 AS INTEGER))), \
     (SELECT COUNT(*) FROM balance WHERE book = r.book AND (level < $3 OR level > 61 OR (level - $3) % $4 <> 0 OR block < 0 \
     OR block >= r.sequence >> CAST(level AS INTEGER))) FROM reached AS r WHERE r.book = $1";

/// Every statement above by name, for the test that prepares them.
pub const ALL: &[(&str, &str)] = &[
    ("BOOKS", BOOKS),
    ("ARRIVING", ARRIVING),
    ("ADD_ARRIVING", ADD_ARRIVING),
    ("ARRIVED", ARRIVED),
    ("HAS_BOOK", HAS_BOOK),
    ("ADD_BOOK", ADD_BOOK),
    ("TOKENS", TOKENS),
    ("TOKEN", TOKEN),
    ("ADD_TOKEN", ADD_TOKEN),
    ("REVOKE_TOKENS", REVOKE_TOKENS),
    ("HEAD", HEAD),
    ("RAISE_EPOCH", RAISE_EPOCH),
    ("LAST_ROW", LAST_ROW),
    ("BODIES_OF", BODIES_OF),
    ("LOG_ROWS", LOG_ROWS),
    ("ROW_TIME", ROW_TIME),
    ("LEAVES", LEAVES),
    ("TREE_HEADS", TREE_HEADS),
    ("COSIGNATURES", COSIGNATURES),
    ("HAS_COSIGNED", HAS_COSIGNED),
    ("REACHED", REACHED),
    ("MOVE_REACHED", MOVE_REACHED),
    ("LANDED", LANDED),
    ("KEYS", KEYS),
    ("SUMMANDS", SUMMANDS),
    ("VOUCHERS", VOUCHERS),
    ("VOUCHERS_OF_DAY", VOUCHERS_OF_DAY),
    ("NEXT_BLOCK", NEXT_BLOCK),
    ("VOUCHERS_OF_GRANT", VOUCHERS_OF_GRANT),
    ("VOUCHER", VOUCHER),
    ("REJECTIONS", REJECTIONS),
    ("VOUCHERS_OF_RECORDS", VOUCHERS_OF_RECORDS),
    ("LINES_OF_RECORDS", LINES_OF_RECORDS),
    ("FACTS_OF_ERA", FACTS_OF_ERA),
    ("NAMES", NAMES),
    ("KEYS_OF_RECORDS", KEYS_OF_RECORDS),
    ("SUMS_OF_BLOCK", SUMS_OF_BLOCK),
    ("ENDS_OF_ROWS", ENDS_OF_ROWS),
    ("HEADS_OF_RECORDS", HEADS_OF_RECORDS),
    ("COSIGNATURES_OF_RECORDS", COSIGNATURES_OF_RECORDS),
    ("BESIDE_LOG", BESIDE_LOG),
    ("BESIDE_VIEWS", BESIDE_VIEWS),
];
