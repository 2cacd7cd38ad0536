//! earmark-store
