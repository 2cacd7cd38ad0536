//! The columns and rows of a place's tables, whichever engine it is on, and statements that set one of them.

use earmark_tests::attacked::{GUARDS_DOWN, Kind, Part, Place, guards_down, sqlite};
use earmark_tests::postgres;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};

/// A value with its bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Null,
    /// A number of so many bits.
    Int(i64, u32),
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

impl Value {
    /// How many bits it has.
    pub fn bits(&self) -> u64 {
        match self {
            Value::Null => 0,
            Value::Int(_, bits) => u64::from(*bits),
            Value::Text(bytes) | Value::Bytes(bytes) => bytes.len() as u64 * 8,
        }
    }

    /// With a bit turned over.
    pub fn flipped(&self, bit: u64) -> Value {
        let turned = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
            bytes
        };
        match self {
            Value::Null => Value::Null,
            // A narrow number keeps its width: its topmost bit is its sign.
            Value::Int(number, 16) => Value::Int(i64::from((*number as i16) ^ (1 << bit)), 16),
            Value::Int(number, 32) => Value::Int(i64::from((*number as i32) ^ (1 << bit)), 32),
            Value::Int(number, bits) => Value::Int(number ^ (1 << bit), *bits),
            Value::Text(bytes) => Value::Text(turned(bytes)),
            Value::Bytes(bytes) => Value::Bytes(turned(bytes)),
        }
    }
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    /// Whether it is part of what a row is found by.
    pub key: bool,
    /// Bits of a number, 0 of others.
    bits: u32,
    is_text: bool,
}

/// A table of a part, and what stands in it.
pub struct Table {
    pub part: Part,
    pub name: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
}

/// Connections to a place whose guards are down.
pub enum Hand {
    Sqlite(Vec<(Part, SqliteConnection)>),
    Postgres(PgConnection),
}

impl Hand {
    /// Lays hand on a place: its guards are taken down, for good.
    pub async fn on(place: &Place) -> Hand {
        match place.kind() {
            Kind::Sqlite => {
                let mut connections = Vec::new();
                for part in Part::ALL {
                    let mut connection = sqlite(&place.file(part).expect("a file")).await;
                    guards_down(&mut connection).await;
                    connections.push((part, connection));
                }
                Hand::Sqlite(connections)
            }
            Kind::Postgres => {
                let mut connection = postgres::raw(place.url().expect("a database")).await;
                postgres::run(&mut connection, GUARDS_DOWN).await.expect("a superuser may");
                Hand::Postgres(connection)
            }
        }
    }

    /// Runs a statement; Err where the database does not take it.
    pub async fn run(&mut self, part: Part, statement: &str) -> Result<(), String> {
        match self {
            Hand::Sqlite(connections) => {
                let (_, connection) = connections.iter_mut().find(|(of, _)| *of == part).expect("every part");
                let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await;
                done.map(drop).map_err(|error| error.to_string())
            }
            Hand::Postgres(connection) => {
                postgres::run(connection, statement).await.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    /// Rows of texts.
    async fn texts(&mut self, part: Part, statement: &str) -> Vec<Vec<Option<Vec<u8>>>> {
        let sql = AssertSqlSafe(statement.to_owned());
        match self {
            Hand::Sqlite(connections) => {
                let (_, connection) = connections.iter_mut().find(|(of, _)| *of == part).expect("every part");
                let rows = sqlx::query(sql).fetch_all(connection).await.expect("read");
                rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
            }
            Hand::Postgres(connection) => {
                let rows = sqlx::query(sql).fetch_all(connection).await.expect("read");
                rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
            }
        }
    }

    /// All tables of ours, with all rows.
    pub async fn tables(&mut self) -> Vec<Table> {
        let mut tables = Vec::new();
        let names: &[(Part, &[&str])] = &[
            (Part::Catalogue, &["book"]),
            (Part::Log, &["head", "log", "tree_head", "cosignature"]),
            (Part::Views, &["reached", "voucher", "balance_key", "line", "balance", "fact", "rejection", "name"]),
        ];
        for (part, names) in names {
            for name in *names {
                let columns = self.columns(*part, name).await;
                let rows = self.rows(*part, name, &columns).await;
                tables.push(Table { part: *part, name: (*name).to_owned(), columns, rows });
            }
        }
        tables
    }

    async fn columns(&mut self, part: Part, table: &str) -> Vec<Column> {
        let statement = match self {
            Hand::Sqlite(_) => format!(
                "SELECT CAST(name AS BLOB), CAST(type AS BLOB), CAST(pk > 0 AS BLOB) FROM pragma_table_info('{table}')"
            ),
            Hand::Postgres(_) => format!(
                "SELECT convert_to(a.attname, 'UTF8'), convert_to(format_type(a.atttypid, NULL), 'UTF8'), \
                 CASE WHEN a.attnum = ANY (i.indkey) THEN '\\x31'::bytea ELSE '\\x30'::bytea END FROM pg_attribute AS a \
                 JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary \
                 WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
            ),
        };
        let text = |value: &Option<Vec<u8>>| String::from_utf8(value.clone().unwrap_or_default()).expect("a name");
        let of = |row: Vec<Option<Vec<u8>>>| {
            let kind = text(&row[1]);
            let bits = match kind.as_str() {
                "smallint" => 16,
                "integer" => 32,
                "INTEGER" | "bigint" => 64,
                _ => 0,
            };
            Column { name: text(&row[0]), key: text(&row[2]) == "1", bits, is_text: kind.eq_ignore_ascii_case("text") }
        };
        self.texts(part, &statement).await.into_iter().map(of).collect()
    }

    async fn rows(&mut self, part: Part, table: &str, columns: &[Column]) -> Vec<Vec<Value>> {
        let spelled = |column: &Column| match (&*self, column.bits > 0, column.is_text) {
            (Hand::Sqlite(_), ..) => format!("CAST({} AS BLOB)", column.name),
            (Hand::Postgres(_), true, _) => format!("convert_to({}::text, 'UTF8')", column.name),
            (Hand::Postgres(_), _, true) => format!("convert_to({}, 'UTF8')", column.name),
            (Hand::Postgres(_), ..) => column.name.clone(),
        };
        let list: Vec<String> = columns.iter().map(spelled).collect();
        let value = |(column, bytes): (&Column, Option<Vec<u8>>)| match bytes {
            None => Value::Null,
            Some(bytes) if column.bits > 0 => {
                let text = String::from_utf8(bytes).expect("digits");
                Value::Int(text.parse().expect("a number"), column.bits)
            }
            Some(bytes) if column.is_text => Value::Text(bytes),
            Some(bytes) => Value::Bytes(bytes),
        };
        let rows = self.texts(part, &format!("SELECT {} FROM {table}", list.join(", "))).await;
        rows.into_iter().map(|row| columns.iter().zip(row).map(value).collect()).collect()
    }

    /// The statement that sets a column of a row.
    pub fn set(&self, table: &Table, row: &[Value], column: usize, value: &Value) -> String {
        let keys = table.columns.iter().zip(row).filter(|(column, _)| column.key);
        let found: Vec<String> =
            keys.map(|(column, value)| format!("{} = {}", column.name, self.literal(value))).collect();
        let name = &table.columns[column].name;
        format!("UPDATE {} SET {name} = {} WHERE {}", table.name, self.literal(value), found.join(" AND "))
    }

    fn literal(&self, value: &Value) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match (self, value) {
            (_, Value::Null) => "NULL".to_owned(),
            (_, Value::Int(number, _)) => number.to_string(),
            (Hand::Sqlite(_), Value::Text(bytes)) => format!("CAST(x'{}' AS TEXT)", hex(bytes)),
            (Hand::Sqlite(_), Value::Bytes(bytes)) => format!("x'{}'", hex(bytes)),
            (Hand::Postgres(_), Value::Text(bytes)) => format!("convert_from('\\x{}'::bytea, 'UTF8')", hex(bytes)),
            (Hand::Postgres(_), Value::Bytes(bytes)) => format!("'\\x{}'::bytea", hex(bytes)),
        }
    }
}
