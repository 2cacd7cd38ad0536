//! What tests of several crates share: builders of commands, a book in memory, the season of 2018 as data, the language of the scenario
//! files, and a store in memory with faults. Never part of a program that people run.

pub mod book;
pub mod build;
pub mod memory;
pub mod scenario;
pub mod season;
