//! The gRPC face: takes requests, asks the engine, answers.
pub mod auth;
mod decode;
mod edge;
mod encode;
pub mod limits;
mod pages;
mod telemetry;
