//! What tests of several crates share: builders of commands, a book in memory, the season of 2018 as data, the language of the scenario
//! files, a store in memory with faults and one that answers early, and servers as processes. Never part of a program that people run.

pub mod book;
pub mod build;
pub mod early;
pub mod memory;
pub mod model;
pub mod postgres;
pub mod process;
pub mod scenario;
pub mod season;
