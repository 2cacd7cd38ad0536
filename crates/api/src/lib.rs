//! earmark-api
