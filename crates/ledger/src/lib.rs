//! All accounting and all rules of the fund, pure: no runtime, no SQL, no wire types, no clock, no random.

pub mod rows;
