//! earmark-report
