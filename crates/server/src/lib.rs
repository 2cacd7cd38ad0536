//! The gRPC face: takes requests, asks the engine, answers.
pub mod auth;
mod decode;
mod edge;
mod encode;
mod face;
pub mod limits;
mod pages;
mod reads;
mod service;
mod stream;
mod telemetry;
