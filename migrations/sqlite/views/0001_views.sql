-- The views of one book: what can be queried by SQL, and be filled anew from the log at any time. Names are ordinals, days count from
-- 1970-01-01, money is fen; `line_spelled` below spells them out. `book` takes no space here (a file a book).

CREATE TABLE reached (
    book     INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    only     INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL CHECK (sequence >= 0)
) STRICT;
INSERT INTO reached (only, sequence) VALUES (1, 0);

CREATE TABLE voucher (
    book      INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    sequence  INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0),
    time      INTEGER NOT NULL, -- of the record, microseconds
    word      INTEGER NOT NULL, -- tag of record::kinds::Word
    cycle     INTEGER NOT NULL,
    number    INTEGER NOT NULL CHECK (number > 0),
    ledger    INTEGER NOT NULL CHECK (ledger IN (0, 1)), -- 0 ACTUAL, 1 BUDGET
    kind      INTEGER NOT NULL, -- tag of record::kinds::VoucherKind
    template  INTEGER NOT NULL, -- tag of record::kinds::Template
    date      INTEGER NOT NULL,
    total_fen INTEGER NOT NULL,
    summary   TEXT    NOT NULL -- empty for a premium receipt, whose line tells it
) STRICT;
CREATE UNIQUE INDEX voucher_by_reference ON voucher (cycle, word, number);
CREATE INDEX voucher_by_date ON voucher (date, sequence);

-- What lines are added up by. A key in full, and the rough key that it belongs to, of account, source and class alone.
CREATE TABLE balance_key (
    book     INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    no       INTEGER NOT NULL PRIMARY KEY CHECK (no > 0), -- from 1 without gap, in the order of first lines
    rough    INTEGER, -- number of the rough key; NULL where it is one itself
    account  INTEGER NOT NULL,
    source   INTEGER NOT NULL,
    grant_no INTEGER NOT NULL,
    holder   INTEGER NOT NULL,
    year     INTEGER NOT NULL,
    class    INTEGER NOT NULL,
    plan     INTEGER NOT NULL,
    use_no   INTEGER NOT NULL
) STRICT;
CREATE INDEX balance_key_by_grant ON balance_key (grant_no) WHERE rough IS NOT NULL;
CREATE INDEX balance_key_rough ON balance_key (account, source) WHERE rough IS NULL;

CREATE TABLE line (
    book         INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    sequence     INTEGER NOT NULL,
    line_no      INTEGER NOT NULL CHECK (line_no > 0),
    key_no       INTEGER NOT NULL, -- balance_key, in full
    leads        INTEGER, -- the grant, on the first line of its voucher that names it
    side         INTEGER NOT NULL CHECK (side IN (0, 1)), -- 0 debit, 1 credit
    fen          INTEGER NOT NULL,
    counterparty INTEGER NOT NULL,
    heads        INTEGER NOT NULL,
    price        INTEGER NOT NULL, -- fen
    bank         INTEGER NOT NULL,
    PRIMARY KEY (sequence, line_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX line_by_grant ON line (leads, sequence) WHERE leads IS NOT NULL;

-- Sums of the lines of one key in one block of records, of vouchers dated on or before a day. A block of level n holds the records
-- block * 2^n + 1 to (block + 1) * 2^n; it is added up once the views hold them all. Rough keys from level 10 on, full ones from 13.
CREATE TABLE balance (
    book       INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    level      INTEGER NOT NULL,
    block      INTEGER NOT NULL,
    key_no     INTEGER NOT NULL,
    date       INTEGER NOT NULL,
    debit_fen  INTEGER NOT NULL,
    credit_fen INTEGER NOT NULL,
    heads      INTEGER NOT NULL, -- debit lines less credit lines
    PRIMARY KEY (level, block, key_no, date)
) STRICT, WITHOUT ROWID;

-- Keys are hashes. They stand by era, a run of records: so that new ones go to a small part of the table however large it is.
CREATE TABLE fact (
    book     INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    era      INTEGER NOT NULL,
    key      BLOB    NOT NULL CHECK (length(key) = 16),
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    PRIMARY KEY (era, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejection (
    book       INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    sequence   INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0),
    time       INTEGER NOT NULL, -- microseconds
    person     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    first_rule TEXT    NOT NULL,
    hits       BLOB    NOT NULL  -- borsh of the hits
) STRICT;

CREATE TABLE name (
    book INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    list TEXT    NOT NULL, -- ACCOUNT, SOURCE, USE, CLASS, PLAN, GRANT, ORG, PERSON, BANK_TXN
    no   INTEGER NOT NULL,
    code TEXT    NOT NULL,
    name TEXT    NOT NULL,
    PRIMARY KEY (list, no)
) STRICT, WITHOUT ROWID;

-- Guards. A row belongs to a record above the reached sequence, which moves last in the projector's transaction: so nothing that
-- stands can be replaced, and no line can be added to an old voucher. Keys that do not begin with a sequence are looked up as well.
CREATE TRIGGER reached_update BEFORE UPDATE ON reached WHEN NEW.only <> OLD.only OR NEW.sequence < OLD.sequence
BEGIN SELECT RAISE(ABORT, 'reached only rises'); END;
CREATE TRIGGER reached_delete BEFORE DELETE ON reached BEGIN SELECT RAISE(ABORT, 'reached only rises'); END;
CREATE TRIGGER reached_insert BEFORE INSERT ON reached BEGIN SELECT RAISE(ABORT, 'reached only rises'); END;

CREATE TRIGGER voucher_update BEFORE UPDATE ON voucher BEGIN SELECT RAISE(ABORT, 'voucher is append-only'); END;
CREATE TRIGGER voucher_delete BEFORE DELETE ON voucher BEGIN SELECT RAISE(ABORT, 'voucher is append-only'); END;
CREATE TRIGGER voucher_insert BEFORE INSERT ON voucher
WHEN NEW.sequence <= (SELECT sequence FROM reached)
  OR EXISTS (SELECT 1 FROM voucher WHERE cycle = NEW.cycle AND word = NEW.word AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'voucher is append-only'); END;

CREATE TRIGGER balance_key_update BEFORE UPDATE ON balance_key BEGIN SELECT RAISE(ABORT, 'balance_key is append-only'); END;
CREATE TRIGGER balance_key_delete BEFORE DELETE ON balance_key BEGIN SELECT RAISE(ABORT, 'balance_key is append-only'); END;
CREATE TRIGGER balance_key_insert BEFORE INSERT ON balance_key WHEN NEW.no <= (SELECT MAX(no) FROM balance_key)
BEGIN SELECT RAISE(ABORT, 'balance_key is append-only'); END;

CREATE TRIGGER line_update BEFORE UPDATE ON line BEGIN SELECT RAISE(ABORT, 'line is append-only'); END;
CREATE TRIGGER line_delete BEFORE DELETE ON line BEGIN SELECT RAISE(ABORT, 'line is append-only'); END;
CREATE TRIGGER line_insert BEFORE INSERT ON line WHEN NEW.sequence <= (SELECT sequence FROM reached)
BEGIN SELECT RAISE(ABORT, 'line is append-only'); END;

CREATE TRIGGER balance_update BEFORE UPDATE ON balance BEGIN SELECT RAISE(ABORT, 'balance is append-only'); END;
CREATE TRIGGER balance_delete BEFORE DELETE ON balance BEGIN SELECT RAISE(ABORT, 'balance is append-only'); END;
CREATE TRIGGER balance_insert BEFORE INSERT ON balance
WHEN ((NEW.block + 1) << NEW.level) <= (SELECT sequence FROM reached)
BEGIN SELECT RAISE(ABORT, 'balance is append-only'); END;

CREATE TRIGGER fact_update BEFORE UPDATE ON fact BEGIN SELECT RAISE(ABORT, 'fact is append-only'); END;
CREATE TRIGGER fact_delete BEFORE DELETE ON fact BEGIN SELECT RAISE(ABORT, 'fact is append-only'); END;
CREATE TRIGGER fact_insert BEFORE INSERT ON fact
WHEN NEW.sequence <= (SELECT sequence FROM reached) OR EXISTS (SELECT 1 FROM fact WHERE era = NEW.era AND key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'fact is append-only'); END;

CREATE TRIGGER rejection_update BEFORE UPDATE ON rejection BEGIN SELECT RAISE(ABORT, 'rejection is append-only'); END;
CREATE TRIGGER rejection_delete BEFORE DELETE ON rejection BEGIN SELECT RAISE(ABORT, 'rejection is append-only'); END;
CREATE TRIGGER rejection_insert BEFORE INSERT ON rejection WHEN NEW.sequence <= (SELECT sequence FROM reached)
BEGIN SELECT RAISE(ABORT, 'rejection is append-only'); END;

-- Lines with everything spelled out, for people who query by hand (LED-014).
CREATE VIEW line_spelled AS
SELECT
    l.sequence,
    CASE v.word WHEN 0 THEN '记' WHEN 1 THEN '代' WHEN 2 THEN '转' WHEN 3 THEN '预' END
        || '-' || v.cycle || '-' || v.number                    AS voucher,
    l.line_no,
    CASE v.ledger WHEN 0 THEN 'ACTUAL' WHEN 1 THEN 'BUDGET' END  AS ledger,
    date(v.date * 86400, 'unixepoch')                           AS voucher_date,
    date(v.time / 1000000 + 28800, 'unixepoch')                 AS record_day, -- Asia/Shanghai
    a.code AS account,      a.name AS account_name,
    s.code AS source,       s.name AS source_name,
    g.code AS funding,      g.name AS funding_name,
    CASE l.side WHEN 0 THEN '借' WHEN 1 THEN '贷' END            AS side,
    l.fen,
    printf('%s%d.%02d', CASE WHEN l.fen < 0 THEN '-' ELSE '' END, abs(l.fen) / 100, abs(l.fen) % 100) AS yuan,
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
        WHEN '' THEN '代收保障费 ' || (SELECT abs(f.heads) FROM line AS f WHERE f.sequence = v.sequence AND f.line_no = 1) || '人'
        ELSE v.summary
    END AS summary
FROM line AS l
JOIN voucher AS v ON v.sequence = l.sequence
JOIN balance_key AS k ON k.no = l.key_no
LEFT JOIN name AS a ON a.list = 'ACCOUNT' AND a.no = k.account
LEFT JOIN name AS s ON s.list = 'SOURCE' AND s.no = k.source
LEFT JOIN name AS g ON g.list = 'GRANT' AND g.no = k.grant_no
LEFT JOIN name AS c ON c.list = 'CLASS' AND c.no = k.class
LEFT JOIN name AS p ON p.list = 'PLAN' AND p.no = k.plan
LEFT JOIN name AS u ON u.list = 'USE' AND u.no = k.use_no
LEFT JOIN name AS h ON h.list = 'ORG' AND h.no = k.holder
LEFT JOIN name AS o ON o.list = 'ORG' AND o.no = l.counterparty
LEFT JOIN name AS b ON b.list = 'BANK_TXN' AND b.no = l.bank;
