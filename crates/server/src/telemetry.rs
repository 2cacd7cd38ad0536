//! Metrics of requests, by OpenTelemetry. They hold methods and codes, never what a request said. Where they go is set by the program
//! that serves; batches and commits are measured in `engine`.

use std::time::Duration;

use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry::{KeyValue, global};
use tonic::Code;

/// The meters of the gRPC face.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    count: Counter<u64>,
    seconds: Histogram<f64>,
    receipts: Counter<u64>,
}

impl Requests {
    /// The meters, of whatever provider the program has set.
    pub fn new() -> Requests {
        let meter = global::meter("earmark.server");
        Requests {
            count: meter
                .u64_counter("earmark.requests")
                .with_description("Requests answered, by method and code")
                .build(),
            seconds: meter
                .f64_histogram("earmark.request.duration")
                .with_unit("s")
                .with_description("Time until a request was answered; of streams, until they began")
                .build(),
            receipts: meter
                .u64_counter("earmark.stream.receipts")
                .with_description("Premium receipts of streams, by the code of their answer")
                .build(),
        }
    }

    /// A request was answered.
    pub fn answered(&self, method: &str, code: Code, took: Duration) {
        // Strangers may ask for any path: only those that reached a method name one, so that the series stay few.
        let method = if matches!(code, Code::Unimplemented | Code::Unauthenticated) { "other" } else { method };
        let labels = [KeyValue::new("method", method.to_owned()), code_label(code)];
        self.count.add(1, &labels);
        self.seconds.record(took.as_secs_f64(), &labels);
    }

    /// Receipts of a stream were answered with this code.
    pub fn receipts(&self, code: Code, count: u64) {
        self.receipts.add(count, &[code_label(code)]);
    }
}

fn code_label(code: Code) -> KeyValue {
    KeyValue::new("code", i64::from(i32::from(code)))
}
