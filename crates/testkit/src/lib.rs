//! earmark-testkit
