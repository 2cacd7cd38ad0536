//! earmark-server
