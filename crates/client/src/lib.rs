//! earmark-client
