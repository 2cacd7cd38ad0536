//! Hostile bytes that nest commands within commands: refused, never a stack that runs out. Other properties of the encoding stand
//! with the test vectors.

use earmark_record::command;

/// A CorrectVoucher (tag 29) up to its `replacement`: voucher 记-0-0, day 0, no reason.
const UP_TO_REPLACEMENT: [u8; 18] = [29, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn a_correction_within_a_correction_is_no_command() {
    // CloseYear (tag 9) of 2018 as the replacement, and no evidence for each correction.
    let nested = |depth: usize| {
        let mut bytes = vec![0];
        bytes.extend(UP_TO_REPLACEMENT.repeat(depth));
        bytes.extend([9, 0xe2, 0x07]);
        bytes.extend([0; 4].repeat(depth));
        bytes
    };
    assert!(command::decode(&nested(0)).is_some());
    assert!(command::decode(&nested(1)).is_some());
    for depth in [2, 3, 100, 11_000, 1_000_000] {
        assert!(command::decode(&nested(depth)).is_none(), "{depth} corrections within each other");
    }
}
