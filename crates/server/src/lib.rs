//! The gRPC face: takes requests, asks the engine, answers.
mod decode;
mod encode;
mod pages;
