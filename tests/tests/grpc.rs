//! The gRPC face over a real connection: who is let in, what every kind of answer looks like, streams, pages and going down. The books
//! behind it live in memory; what stores do is tested in `store_suite.rs`.

#[path = "grpc/answers.rs"]
mod answers;
#[path = "grpc/archives.rs"]
mod archives;
#[path = "grpc/audit.rs"]
mod audit;
#[path = "grpc/callers.rs"]
mod callers;
#[path = "grpc/findings.rs"]
mod findings;
#[path = "grpc/fund.rs"]
mod fund;
#[path = "grpc/harness.rs"]
mod harness;
#[path = "grpc/layers.rs"]
mod layers;
#[path = "grpc/programme.rs"]
mod programme;
#[path = "grpc/proof.rs"]
mod proof;
#[path = "grpc/reconciliation.rs"]
mod reconciliation;
#[path = "grpc/stream.rs"]
mod stream;
#[path = "grpc/summaries.rs"]
mod summaries;
#[path = "grpc/times.rs"]
mod times;
#[path = "grpc/trace.rs"]
mod trace;
#[path = "grpc/transport.rs"]
mod transport;
#[path = "grpc/watch.rs"]
mod watch;
