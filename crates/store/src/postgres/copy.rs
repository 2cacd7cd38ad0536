//! Rows in the binary form of PostgreSQL's COPY: the cheapest way of many rows into a table. Which rows is others' matter.

/// What the form begins with: signature, flags, length of an extension.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with: a row of -1 columns.
const END: [u8; 2] = (-1i16).to_be_bytes();

/// Rows in the making.
pub(super) struct Rows {
    bytes: Vec<u8>,
}

impl Rows {
    /// No rows yet; room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Rows {
        let mut rows = Rows { bytes: Vec::with_capacity(bytes) };
        rows.bytes.extend_from_slice(HEADER);
        rows
    }

    /// Begins a row of so many columns, which follow.
    pub(super) fn row(&mut self, columns: i16) -> &mut Rows {
        self.bytes.extend_from_slice(&columns.to_be_bytes());
        self
    }

    /// A SMALLINT.
    pub(super) fn int2(&mut self, n: i16) -> &mut Rows {
        self.field(&n.to_be_bytes())
    }

    /// An INTEGER.
    pub(super) fn int4(&mut self, n: i32) -> &mut Rows {
        self.field(&n.to_be_bytes())
    }

    /// A BIGINT.
    pub(super) fn int8(&mut self, n: i64) -> &mut Rows {
        self.field(&n.to_be_bytes())
    }

    /// A small ordinal as an INTEGER.
    pub(super) fn number(&mut self, n: u32) -> &mut Rows {
        // An ordinal that passes 2^31 is refused by the column's check rather than stored as another.
        self.int4(i32::try_from(n).unwrap_or(-1))
    }

    /// Nothing.
    pub(super) fn null(&mut self) -> &mut Rows {
        self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
        self
    }

    /// Bytes or text, of far less than 2 GiB.
    pub(super) fn field(&mut self, value: &[u8]) -> &mut Rows {
        self.bytes.extend_from_slice(&(value.len() as i32).to_be_bytes());
        self.bytes.extend_from_slice(value);
        self
    }

    /// The whole.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&END);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_spelled_as_the_manual_says() {
        let mut rows = Rows::with_capacity(0);
        rows.row(2).int2(-2).field(b"ab");
        let mut expected = HEADER.to_vec();
        expected.extend_from_slice(&[0, 2, 0, 0, 0, 2, 0xff, 0xfe, 0, 0, 0, 2, b'a', b'b', 0xff, 0xff]);
        assert_eq!(rows.finish(), expected);
    }
}
