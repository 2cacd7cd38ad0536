//! Scenario, property, conformance and crash tests.
