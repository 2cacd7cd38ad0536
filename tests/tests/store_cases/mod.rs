//! The cases that every store must pass, by subject, and the sample data that they share.

#![allow(dead_code, reason = "each test program uses its part")]

pub mod asof;
pub mod broken;
pub mod catalogue;
pub mod heads;
pub mod log;
pub mod sample;
pub mod views;
