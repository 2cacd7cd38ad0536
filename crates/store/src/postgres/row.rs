//! Columns of a PostgreSQL row, whose integers come in three widths.

use engine::store::StoreError;
use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::{Decode, Postgres, Row, Type, TypeInfo, ValueRef};

use crate::decode::Columns;
use crate::error::store_error;

impl Columns for PgRow {
    fn int(&self, index: usize) -> Result<i64, StoreError> {
        self.int_or_null(index)?.ok_or_else(|| StoreError::Corrupt(format!("column {index} is NULL")))
    }

    fn int_or_null(&self, index: usize) -> Result<Option<i64>, StoreError> {
        let value = self.try_get_raw(index).map_err(|e| store_error("row", &e))?;
        if value.is_null() {
            return Ok(None);
        }
        let number = match value.type_info().name() {
            "INT2" => decoded::<i16>(value)?.into(),
            "INT4" => decoded::<i32>(value)?.into(),
            _ => decoded::<i64>(value)?,
        };
        Ok(Some(number))
    }

    fn slice(&self, index: usize) -> Result<&[u8], StoreError> {
        self.try_get(index).map_err(|e| store_error("row", &e))
    }

    fn text(&self, index: usize) -> Result<String, StoreError> {
        self.try_get(index).map_err(|e| store_error("row", &e))
    }
}

fn decoded<'r, T: Decode<'r, Postgres> + Type<Postgres>>(value: PgValueRef<'r>) -> Result<T, StoreError> {
    if !T::compatible(&value.type_info()) {
        return Err(StoreError::Corrupt("a column that holds a number has another type".into()));
    }
    T::decode(value).map_err(|_| StoreError::Corrupt("a column that holds a number cannot be read".into()))
}
