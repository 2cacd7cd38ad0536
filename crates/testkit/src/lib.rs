//! earmark-testkit

pub mod memory;
