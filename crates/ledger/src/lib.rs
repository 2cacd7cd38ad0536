//! earmark-ledger
