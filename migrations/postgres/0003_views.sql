-- The views of all books: what can be queried by SQL, and be filled anew from the log at any time. Names are ordinals, days count from
-- 1970-01-01, money is fen; `line_spelled` below spells them out.

CREATE SCHEMA earmark_views;

CREATE TABLE earmark_views.reached (
    book     INTEGER NOT NULL PRIMARY KEY,
    sequence BIGINT  NOT NULL CHECK (sequence >= 0)
) WITH (fillfactor = 20);

CREATE TABLE earmark_views.voucher (
    sequence  BIGINT   NOT NULL CHECK (sequence > 0),
    time      BIGINT   NOT NULL, -- of the record, microseconds
    total_fen BIGINT   NOT NULL,
    cycle     BIGINT   NOT NULL,
    number    BIGINT   NOT NULL CHECK (number > 0),
    book      INTEGER  NOT NULL,
    date      INTEGER  NOT NULL,
    word      SMALLINT NOT NULL, -- tag of record::kinds::Word
    ledger    SMALLINT NOT NULL CHECK (ledger IN (0, 1)), -- 0 ACTUAL, 1 BUDGET
    kind      SMALLINT NOT NULL, -- tag of record::kinds::VoucherKind
    template  SMALLINT NOT NULL, -- tag of record::kinds::Template
    summary   TEXT     NOT NULL, -- empty for a premium receipt, whose line tells it
    PRIMARY KEY (book, sequence)
);
CREATE UNIQUE INDEX voucher_by_reference ON earmark_views.voucher (book, cycle, word, number);
CREATE INDEX voucher_by_date ON earmark_views.voucher (book, date, sequence);

-- What lines are added up by. A key in full, and the rough key that it belongs to, of account, source and class alone.
CREATE TABLE earmark_views.balance_key (
    grant_no BIGINT   NOT NULL,
    holder   BIGINT   NOT NULL,
    book     INTEGER  NOT NULL,
    no       INTEGER  NOT NULL CHECK (no > 0), -- from 1 without gap, in the order of first lines
    rough    INTEGER, -- number of the rough key; NULL where it is one itself
    account  INTEGER  NOT NULL,
    year     INTEGER  NOT NULL,
    source   SMALLINT NOT NULL,
    class    SMALLINT NOT NULL,
    plan     SMALLINT NOT NULL,
    use_no   SMALLINT NOT NULL,
    PRIMARY KEY (book, no)
);
CREATE INDEX balance_key_by_grant ON earmark_views.balance_key (book, grant_no) WHERE rough IS NOT NULL;

CREATE TABLE earmark_views.line (
    sequence     BIGINT   NOT NULL,
    fen          BIGINT   NOT NULL,
    price        BIGINT   NOT NULL, -- fen
    leads        BIGINT, -- the grant, on the first line of its voucher that names it
    counterparty BIGINT   NOT NULL,
    bank         BIGINT   NOT NULL,
    book         INTEGER  NOT NULL,
    key_no       INTEGER  NOT NULL, -- balance_key, in full
    heads        INTEGER  NOT NULL,
    line_no      INTEGER  NOT NULL CHECK (line_no > 0),
    side         SMALLINT NOT NULL CHECK (side IN (0, 1)), -- 0 debit, 1 credit
    PRIMARY KEY (book, sequence, line_no)
);
CREATE INDEX line_by_grant ON earmark_views.line (book, leads, sequence) WHERE leads IS NOT NULL;

-- Sums of the lines of one key in one block of records, of vouchers dated on or before a day. A block of level n holds the records
-- block * 2^n + 1 to (block + 1) * 2^n; it is added up once the views hold them all. Rough keys from level 10 on, full ones from 13.
CREATE TABLE earmark_views.balance (
    block      BIGINT   NOT NULL,
    debit_fen  BIGINT   NOT NULL,
    credit_fen BIGINT   NOT NULL,
    heads      BIGINT   NOT NULL, -- debit lines less credit lines
    book       INTEGER  NOT NULL,
    key_no     INTEGER  NOT NULL,
    date       INTEGER  NOT NULL,
    level      SMALLINT NOT NULL,
    PRIMARY KEY (book, level, block, key_no, date)
);

-- Keys are hashes. They stand by era, a run of records: so that new ones go to a small part of the index however large it is.
CREATE TABLE earmark_views.fact (
    sequence BIGINT  NOT NULL CHECK (sequence > 0),
    book     INTEGER NOT NULL,
    era      INTEGER NOT NULL,
    key      BYTEA   NOT NULL CHECK (octet_length(key) = 16),
    PRIMARY KEY (book, era, key)
);

CREATE TABLE earmark_views.rejection (
    sequence   BIGINT  NOT NULL CHECK (sequence > 0),
    time       BIGINT  NOT NULL, -- microseconds
    book       INTEGER NOT NULL,
    person     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    first_rule TEXT    NOT NULL,
    hits       BYTEA   NOT NULL, -- borsh of the hits
    PRIMARY KEY (book, sequence)
);

CREATE TABLE earmark_views.name (
    book INTEGER NOT NULL,
    list TEXT    NOT NULL, -- ACCOUNT, SOURCE, USE, CLASS, PLAN, GRANT, ORG, PERSON, BANK_TXN
    no   BIGINT  NOT NULL,
    code TEXT    NOT NULL,
    name TEXT    NOT NULL,
    PRIMARY KEY (book, list, no)
);

-- The last saved state of each book, in parts: a cache, checked against the log by whoever reads it.
CREATE TABLE earmark_views.snapshot (
    book  INTEGER  NOT NULL,
    part  INTEGER  NOT NULL,
    at    BIGINT   NOT NULL, -- state after this many records
    what  SMALLINT NOT NULL CHECK (what IN (0, 1)), -- 0 state, 1 filter
    bytes BYTEA    NOT NULL,
    PRIMARY KEY (book, part)
);
ALTER TABLE earmark_views.snapshot ALTER bytes SET STORAGE EXTERNAL;

-- Guards. A row belongs to a record above the reached sequence, which moves last in the projector's transaction: so nothing can be
-- added to what stands. Rows go only where a transaction says that it empties the views of their book (`earmark.clearing`).
CREATE FUNCTION earmark_views.check_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added AS a WHERE a.sequence <= COALESCE(
            (SELECT r.sequence FROM earmark_views.reached AS r WHERE r.book = a.book), 9223372036854775807)) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION earmark_views.check_new_block() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added AS a WHERE (a.block + 1) << a.level <= COALESCE(
            (SELECT r.sequence FROM earmark_views.reached AS r WHERE r.book = a.book), 9223372036854775807)) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION earmark_views.check_new_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added AS a GROUP BY a.book
               HAVING max(a.no) <> (SELECT COUNT(*) FROM earmark_views.balance_key AS k WHERE k.book = a.book)) THEN
        RAISE EXCEPTION '% has no gaps', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION earmark_views.check_cleared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM removed AS r WHERE r.book::text IS DISTINCT FROM current_setting('earmark.clearing', true)) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER voucher_guard BEFORE UPDATE OR TRUNCATE ON earmark_views.voucher
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('voucher is append-only');
CREATE TRIGGER voucher_insert AFTER INSERT ON earmark_views.voucher REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_new();
CREATE TRIGGER voucher_delete AFTER DELETE ON earmark_views.voucher REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_cleared();
ALTER TABLE earmark_views.voucher ENABLE ALWAYS TRIGGER voucher_guard;
ALTER TABLE earmark_views.voucher ENABLE ALWAYS TRIGGER voucher_insert;
ALTER TABLE earmark_views.voucher ENABLE ALWAYS TRIGGER voucher_delete;

CREATE TRIGGER balance_key_guard BEFORE UPDATE OR TRUNCATE ON earmark_views.balance_key
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('balance_key is append-only');
CREATE TRIGGER balance_key_insert AFTER INSERT ON earmark_views.balance_key REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_new_key();
CREATE TRIGGER balance_key_delete AFTER DELETE ON earmark_views.balance_key REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_cleared();
ALTER TABLE earmark_views.balance_key ENABLE ALWAYS TRIGGER balance_key_guard;
ALTER TABLE earmark_views.balance_key ENABLE ALWAYS TRIGGER balance_key_insert;
ALTER TABLE earmark_views.balance_key ENABLE ALWAYS TRIGGER balance_key_delete;

CREATE TRIGGER line_guard BEFORE UPDATE OR TRUNCATE ON earmark_views.line
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('line is append-only');
CREATE TRIGGER line_insert AFTER INSERT ON earmark_views.line REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_new();
CREATE TRIGGER line_delete AFTER DELETE ON earmark_views.line REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_cleared();
ALTER TABLE earmark_views.line ENABLE ALWAYS TRIGGER line_guard;
ALTER TABLE earmark_views.line ENABLE ALWAYS TRIGGER line_insert;
ALTER TABLE earmark_views.line ENABLE ALWAYS TRIGGER line_delete;

CREATE TRIGGER balance_guard BEFORE UPDATE OR TRUNCATE ON earmark_views.balance
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('balance is append-only');
CREATE TRIGGER balance_insert AFTER INSERT ON earmark_views.balance REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_new_block();
CREATE TRIGGER balance_delete AFTER DELETE ON earmark_views.balance REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_cleared();
ALTER TABLE earmark_views.balance ENABLE ALWAYS TRIGGER balance_guard;
ALTER TABLE earmark_views.balance ENABLE ALWAYS TRIGGER balance_insert;
ALTER TABLE earmark_views.balance ENABLE ALWAYS TRIGGER balance_delete;

CREATE TRIGGER fact_guard BEFORE UPDATE OR TRUNCATE ON earmark_views.fact
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('fact is append-only');
CREATE TRIGGER fact_insert AFTER INSERT ON earmark_views.fact REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_new();
CREATE TRIGGER fact_delete AFTER DELETE ON earmark_views.fact REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_cleared();
ALTER TABLE earmark_views.fact ENABLE ALWAYS TRIGGER fact_guard;
ALTER TABLE earmark_views.fact ENABLE ALWAYS TRIGGER fact_insert;
ALTER TABLE earmark_views.fact ENABLE ALWAYS TRIGGER fact_delete;

CREATE TRIGGER rejection_guard BEFORE UPDATE OR TRUNCATE ON earmark_views.rejection
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('rejection is append-only');
CREATE TRIGGER rejection_insert AFTER INSERT ON earmark_views.rejection REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_new();
CREATE TRIGGER rejection_delete AFTER DELETE ON earmark_views.rejection REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_cleared();
ALTER TABLE earmark_views.rejection ENABLE ALWAYS TRIGGER rejection_guard;
ALTER TABLE earmark_views.rejection ENABLE ALWAYS TRIGGER rejection_insert;
ALTER TABLE earmark_views.rejection ENABLE ALWAYS TRIGGER rejection_delete;

CREATE TRIGGER reached_guard BEFORE TRUNCATE ON earmark_views.reached
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('reached only rises');
CREATE TRIGGER reached_insert BEFORE INSERT ON earmark_views.reached FOR EACH ROW WHEN (NEW.sequence <> 0)
EXECUTE FUNCTION earmark.refuse('reached begins at nothing');
CREATE TRIGGER reached_update BEFORE UPDATE ON earmark_views.reached FOR EACH ROW
WHEN (NEW.book <> OLD.book OR NEW.sequence < OLD.sequence)
EXECUTE FUNCTION earmark.refuse('reached only rises');
CREATE TRIGGER reached_delete AFTER DELETE ON earmark_views.reached REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION earmark_views.check_cleared();
ALTER TABLE earmark_views.reached ENABLE ALWAYS TRIGGER reached_guard;
ALTER TABLE earmark_views.reached ENABLE ALWAYS TRIGGER reached_insert;
ALTER TABLE earmark_views.reached ENABLE ALWAYS TRIGGER reached_update;
ALTER TABLE earmark_views.reached ENABLE ALWAYS TRIGGER reached_delete;

-- Lines with everything spelled out, for people who query by hand (LED-014).
CREATE VIEW earmark_views.line_spelled AS
SELECT
    d.code AS book,
    l.sequence,
    CASE v.word WHEN 0 THEN '记' WHEN 1 THEN '代' WHEN 2 THEN '转' WHEN 3 THEN '预' END
        || '-' || v.cycle || '-' || v.number                    AS voucher,
    l.line_no,
    CASE v.ledger WHEN 0 THEN 'ACTUAL' WHEN 1 THEN 'BUDGET' END  AS ledger,
    DATE '1970-01-01' + v.date                                  AS voucher_date,
    (to_timestamp(v.time / 1000000) AT TIME ZONE interval '8 hours')::date AS record_day, -- Asia/Shanghai
    a.code AS account,      a.name AS account_name,
    s.code AS source,       s.name AS source_name,
    g.code AS funding,      g.name AS funding_name,
    CASE l.side WHEN 0 THEN '借' WHEN 1 THEN '贷' END            AS side,
    l.fen,
    to_char(l.fen::numeric / 100, 'FM9999999999999990.00')      AS yuan,
    NULLIF(k.year, 0)  AS programme_year,
    c.code AS class,        c.name AS class_name,
    p.code AS plan,         p.name AS plan_name,
    u.code AS purpose,      u.name AS purpose_name,
    h.code AS holder,       h.name AS holder_name,
    o.code AS counterparty, o.name AS counterparty_name,
    l.heads,
    l.price AS price_fen,
    b.code AS bank_transaction,
    CASE v.summary
        WHEN '' THEN '代收保障费 ' || (SELECT abs(f.heads) FROM earmark_views.line AS f
                                      WHERE f.book = v.book AND f.sequence = v.sequence AND f.line_no = 1) || '人'
        ELSE v.summary
    END AS summary
FROM earmark_views.line AS l
JOIN earmark_views.voucher AS v ON v.book = l.book AND v.sequence = l.sequence
JOIN earmark_views.balance_key AS k ON k.book = l.book AND k.no = l.key_no
JOIN earmark.book AS d ON d.no = l.book
LEFT JOIN earmark_views.name AS a ON a.book = l.book AND a.list = 'ACCOUNT' AND a.no = k.account
LEFT JOIN earmark_views.name AS s ON s.book = l.book AND s.list = 'SOURCE' AND s.no = k.source
LEFT JOIN earmark_views.name AS g ON g.book = l.book AND g.list = 'GRANT' AND g.no = k.grant_no
LEFT JOIN earmark_views.name AS c ON c.book = l.book AND c.list = 'CLASS' AND c.no = k.class
LEFT JOIN earmark_views.name AS p ON p.book = l.book AND p.list = 'PLAN' AND p.no = k.plan
LEFT JOIN earmark_views.name AS u ON u.book = l.book AND u.list = 'USE' AND u.no = k.use_no
LEFT JOIN earmark_views.name AS h ON h.book = l.book AND h.list = 'ORG' AND h.no = k.holder
LEFT JOIN earmark_views.name AS o ON o.book = l.book AND o.list = 'ORG' AND o.no = l.counterparty
LEFT JOIN earmark_views.name AS b ON b.book = l.book AND b.list = 'BANK_TXN' AND b.no = l.bank;
