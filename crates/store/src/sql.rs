//! The SQL that every engine runs as it stands, with `$n` placeholders and `book` as `$1` where a table has one. What differs between
//! engines (bulk inserts, lists as parameters, pragmas) stands with the engine. A test prepares all of [`ALL`] on each.

/// Columns of a voucher in the order that `decode::voucher` reads.
macro_rules! voucher_columns {
    () => {
        "v.sequence, v.id, v.word, v.cycle, v.number, v.ledger, v.kind, v.template, v.date, v.record_day, v.total_fen, v.summary"
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

/// Conditions on a line under the given alias: $7 source, $8 account, $9 grant, each -1 for any.
macro_rules! line_conditions {
    ($l:literal) => {
        concat!(
            "($7 = -1 OR ",
            $l,
            ".source = $7) AND ($8 = -1 OR ",
            $l,
            ".account = $8) AND ($9 = -1 OR ",
            $l,
            ".grant_no = $9)"
        )
    };
}

/// A line of the voucher meets all conditions on lines, or there are none.
macro_rules! some_line {
    () => {
        concat!(
            "(($7 = -1 AND $8 = -1 AND $9 = -1) OR EXISTS (SELECT 1 FROM line AS l \
             WHERE l.book = $1 AND l.sequence = v.sequence AND ",
            line_conditions!("l"),
            "))"
        )
    };
}

/// Books of the catalogue, by code.
pub const BOOKS: &str = "SELECT code, created_at FROM book ORDER BY code";
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
/// The compare-and-set of the head, the only concurrency control of the log.
pub const MOVE_HEAD: &str = "UPDATE head SET sequence = $5, root = $6, edge = $7, time = $8 \
     WHERE book = $1 AND sequence = $2 AND epoch = $3 AND root = $4";
/// The end of the log, to compare with the head.
pub const LAST_ROW: &str =
    "SELECT first, count, epoch, root, time FROM log WHERE book = $1 ORDER BY first DESC LIMIT 1";
/// The row that holds record $2, if the log reaches it.
pub const ROW_OF: &str = concat!(
    "SELECT ",
    log_columns!(),
    " FROM log WHERE book = $1 AND first = (SELECT MAX(first) FROM log WHERE book = $1 AND first <= $2) AND first + count > $2"
);
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

/// The sequence that the views have reached.
pub const REACHED: &str = "SELECT sequence FROM reached WHERE book = $1";
/// The compare-and-set of the views.
pub const MOVE_REACHED: &str = "UPDATE reached SET sequence = $3 WHERE book = $1 AND sequence = $2";
/// Vouchers after $2 up to $3 whose lines do not balance: ACTUAL (0) by source and grant, BUDGET (1) by source.
pub const UNBALANCED: &str = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM line AS l \
     JOIN voucher AS v ON v.book = l.book AND v.sequence = l.sequence \
     WHERE l.book = $1 AND l.sequence > $2 AND l.sequence <= $3 \
     GROUP BY l.sequence, l.source, CASE v.ledger WHEN 0 THEN l.grant_no ELSE 0 END \
     HAVING SUM(CASE l.side WHEN 0 THEN l.fen ELSE -l.fen END) <> 0) AS unbalanced";
/// Vouchers after $2 up to $3 with one line, or with line numbers that do not run from 1 without gap.
pub const MISNUMBERED: &str = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM line \
     WHERE book = $1 AND sequence > $2 AND sequence <= $3 GROUP BY sequence \
     HAVING COUNT(*) < 2 OR MIN(line_no) <> 1 OR MAX(line_no) <> COUNT(*)) AS misnumbered";
/// Lines after $2 up to $3 that have no voucher of their date.
pub const ORPHANED: &str = "SELECT COUNT(*) FROM line AS l WHERE l.book = $1 AND l.sequence > $2 AND l.sequence <= $3 \
     AND NOT EXISTS (SELECT 1 FROM voucher AS v WHERE v.book = $1 AND v.sequence = l.sequence AND v.date = l.date)";
/// Vouchers after $2 up to $3 without a line.
pub const EMPTY: &str = "SELECT COUNT(*) FROM voucher AS v WHERE v.book = $1 AND v.sequence > $2 AND v.sequence <= $3 \
     AND NOT EXISTS (SELECT 1 FROM line AS l WHERE l.book = $1 AND l.sequence = v.sequence)";

/// Vouchers in log order.
pub const VOUCHERS: &str = concat!(
    "SELECT ",
    voucher_columns!(),
    " FROM voucher AS v WHERE v.book = $1 AND v.sequence > $2 AND v.sequence <= $3 AND ",
    voucher_conditions!(),
    " AND ",
    some_line!(),
    " ORDER BY v.sequence LIMIT $10"
);
/// The same for few days: `+` keeps planners off the sequence, so that the index by date finds them.
pub const VOUCHERS_OF_DAYS: &str = concat!(
    "SELECT ",
    voucher_columns!(),
    " FROM voucher AS v WHERE v.book = $1 AND +v.sequence > $2 AND +v.sequence <= $3 AND ",
    voucher_conditions!(),
    " AND ",
    some_line!(),
    " ORDER BY v.sequence LIMIT $10"
);
/// The same for one grant: driven by the index of lines by grant, each voucher at the first of its lines that meets the conditions.
pub const VOUCHERS_OF_GRANT: &str = concat!(
    "SELECT ",
    voucher_columns!(),
    " FROM line AS l JOIN voucher AS v ON v.book = l.book AND v.sequence = l.sequence \
     WHERE l.book = $1 AND l.grant_no = $9 AND l.sequence > $2 AND l.sequence <= $3 AND ",
    voucher_conditions!(),
    " AND ",
    line_conditions!("l"),
    " AND NOT EXISTS (SELECT 1 FROM line AS e WHERE e.book = $1 AND e.grant_no = $9 AND e.sequence = l.sequence \
     AND e.line_no < l.line_no AND ",
    line_conditions!("e"),
    ") ORDER BY l.sequence LIMIT $10"
);
/// The voucher with a reference.
pub const VOUCHER: &str = concat!(
    "SELECT ",
    voucher_columns!(),
    " FROM voucher AS v WHERE v.book = $1 AND v.cycle = $2 AND v.word = $3 AND v.number = $4"
);
/// Signed sums by side, recorded up to $2 and dated from $3 to $4, in the order of their keys.
pub const SUMS: &str = "SELECT account, source, grant_no, holder, class, plan, use_no, year, \
     CAST(SUM(CASE side WHEN 0 THEN fen ELSE 0 END) AS BIGINT), CAST(SUM(CASE side WHEN 1 THEN fen ELSE 0 END) AS BIGINT), \
     CAST(SUM(CASE side WHEN 0 THEN heads ELSE -heads END) AS BIGINT) \
     FROM line WHERE book = $1 AND sequence <= $2 AND date >= $3 AND date <= $4 \
     GROUP BY account, source, grant_no, holder, class, plan, use_no, year \
     ORDER BY account, source, grant_no, holder, class, plan, use_no, year";
/// Refusals by sequence.
pub const REJECTIONS: &str = "SELECT sequence, time, person, request_id, first_rule, hits FROM rejection \
     WHERE book = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT $4";

/// Every statement above by name, for the test that prepares them.
pub const ALL: &[(&str, &str)] = &[
    ("BOOKS", BOOKS),
    ("HAS_BOOK", HAS_BOOK),
    ("ADD_BOOK", ADD_BOOK),
    ("TOKENS", TOKENS),
    ("TOKEN", TOKEN),
    ("ADD_TOKEN", ADD_TOKEN),
    ("REVOKE_TOKENS", REVOKE_TOKENS),
    ("HEAD", HEAD),
    ("RAISE_EPOCH", RAISE_EPOCH),
    ("MOVE_HEAD", MOVE_HEAD),
    ("LAST_ROW", LAST_ROW),
    ("ROW_OF", ROW_OF),
    ("LOG_ROWS", LOG_ROWS),
    ("REACHED", REACHED),
    ("MOVE_REACHED", MOVE_REACHED),
    ("UNBALANCED", UNBALANCED),
    ("MISNUMBERED", MISNUMBERED),
    ("ORPHANED", ORPHANED),
    ("EMPTY", EMPTY),
    ("VOUCHERS", VOUCHERS),
    ("VOUCHERS_OF_DAYS", VOUCHERS_OF_DAYS),
    ("VOUCHERS_OF_GRANT", VOUCHERS_OF_GRANT),
    ("VOUCHER", VOUCHER),
    ("SUMS", SUMS),
    ("REJECTIONS", REJECTIONS),
];
