//! A database opened for reading alone: connections that cannot write, and no book's lock.

use std::sync::Arc;

use engine::store::StoreError;
use record::hash::sha256;

use super::connector::Connector;
use super::readers::Readers;
use super::{catalogue, schema};
use crate::reading::{From, Row, SchemaPart};

const WHAT: &str = "database";

/// Tables with their columns, checks and keys, indexes, triggers with whether they fire, and functions, of our schemas; and rights that
/// anybody but a table's owner has to change it. The texts are those that every release from 15 on gives alike.
const PARTS: &str = "SELECT 'column ' || c.oid::regclass || '.' || a.attname, \
     format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END \
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid \
     WHERE n.nspname IN ('earmark', 'earmark_log', 'earmark_views') AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped \
     AND c.relname NOT LIKE '%migration%' \
     UNION ALL SELECT 'constraint ' || o.conrelid::regclass || '.' || o.conname, o.contype::text \
     FROM pg_constraint AS o JOIN pg_namespace AS n ON n.oid = o.connamespace JOIN pg_class AS c ON c.oid = o.conrelid \
     WHERE n.nspname IN ('earmark', 'earmark_log', 'earmark_views') AND o.contype IN ('c', 'p', 'u', 'f') \
     AND c.relname NOT LIKE '%migration%' \
     UNION ALL SELECT 'trigger ' || t.tgrelid::regclass || '.' || t.tgname, \
     t.tgenabled::text || ' ' || t.tgtype::text || ' ' || p.proname || ' ' || encode(t.tgargs, 'hex') \
     FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
     JOIN pg_proc AS p ON p.oid = t.tgfoid \
     WHERE n.nspname IN ('earmark', 'earmark_log', 'earmark_views') AND NOT t.tgisinternal \
     UNION ALL SELECT 'function ' || p.oid::regproc, md5(p.prosrc) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace \
     WHERE n.nspname IN ('earmark', 'earmark_log', 'earmark_views') \
     UNION ALL SELECT 'right ' || c.oid::regclass || ' ' || x.privilege_type, x.grantee::regrole::text \
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) AS x \
     WHERE n.nspname IN ('earmark', 'earmark_log', 'earmark_views') AND x.grantee <> c.relowner \
     AND x.privilege_type NOT IN ('SELECT', 'REFERENCES')";

/// SHA-256 over the parts, sorted, a line each (name, tab, definition): what a database that this version has migrated gives.
pub const SCHEMA_FINGERPRINT: &str = "b23c282272e2c3ad3cc10183565c5283cd96db748d6dab73bc8081b10fb7b7e8";

/// See the module.
pub(crate) struct Reader {
    readers: Readers,
}

impl Reader {
    pub(crate) async fn open(url: &str) -> Result<Reader, StoreError> {
        let connector = Arc::new(Connector::new(url)?);
        let mut connection = connector.reading(WHAT).await?;
        schema::check(&mut connection).await?;
        Ok(Reader { readers: Readers::new(connector) })
    }

    /// Rows of the catalogue.
    pub(crate) async fn catalogue(&self, statement: &'static str) -> Result<Vec<Row>, StoreError> {
        self.ask(WHAT, statement, &[]).await
    }

    /// Rows of a book's log or views.
    pub(crate) async fn rows(
        &self,
        book: &str,
        from: From,
        statement: &'static str,
        binds: &[i64],
    ) -> Result<Vec<Row>, StoreError> {
        let what = match from {
            From::Log => "log",
            From::Views => "views",
        };
        let number = catalogue::number(&self.readers, book).await?.ok_or(StoreError::NoSuchBook)?;
        let binds: Vec<i64> = core::iter::once(number).chain(binds.iter().copied()).collect();
        self.ask(what, statement, &binds).await
    }

    async fn ask(&self, what: &'static str, statement: &'static str, binds: &[i64]) -> Result<Vec<Row>, StoreError> {
        let asked = || {
            let mut query = sqlx::query(statement);
            for bind in binds {
                query = query.bind(*bind);
            }
            query
        };
        let rows = self.readers.rows(what, asked).await?;
        Ok(rows.into_iter().map(|row| -> Row { Box::new(row) }).collect())
    }

    /// The schema as it stands, and as it should be: by its fingerprint, since only a server can make one.
    pub(crate) async fn schema(&self) -> Result<(Vec<SchemaPart>, Vec<SchemaPart>), StoreError> {
        let rows = self.ask(WHAT, PARTS, &[]).await?;
        let mut parts = Vec::with_capacity(rows.len());
        for row in &rows {
            parts.push(SchemaPart { name: row.text(0)?, definition: row.text(1)? });
        }
        parts.sort();
        let rights = parts.iter().filter(|part| part.name.starts_with("right ")).cloned();
        let text: String = parts
            .iter()
            .filter(|part| !part.name.starts_with("right "))
            .map(|part| format!("{}\t{}\n", part.name, part.definition))
            .collect();
        let fingerprint: String = sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let whole = |definition: String| SchemaPart { name: "fingerprint".into(), definition };
        let found = core::iter::once(whole(fingerprint)).chain(rights).collect();
        Ok((found, vec![whole(SCHEMA_FINGERPRINT.to_owned())]))
    }
}
