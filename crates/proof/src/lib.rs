//! earmark-proof
