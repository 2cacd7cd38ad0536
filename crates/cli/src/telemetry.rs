//! Where a server's words go: log lines to standard error, spans and metrics to an OpenTelemetry collector where one is named. What is
//! measured is `server`'s and `engine`'s; nothing here holds what a request said.

use std::io::IsTerminal;

use anyhow::{Context, bail};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::config::Config;

/// What is told of this program to a collector.
const SERVICE: &str = "earmark";

/// Telemetry under way.
#[derive(Default)]
pub struct Telemetry {
    spans: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Sends what is waiting, at the end. A collector that is gone does not keep the server from ending.
    pub fn flush(&self) {
        if let Some(spans) = &self.spans
            && let Err(error) = spans.shutdown()
        {
            tracing::warn!(%error, "spans were lost");
        }
        if let Some(metrics) = &self.metrics
            && let Err(error) = metrics.shutdown()
        {
            tracing::warn!(%error, "metrics were lost");
        }
    }
}

/// Begins to log, and to send where an endpoint is named.
pub fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let filter = config.need("log")?;
    let filter: EnvFilter =
        filter.parse().with_context(|| format!("log is a level or levels by part, not {filter:?}"))?;
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match config.need("log_format")? {
        "json" => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
        "text" => fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr).boxed(),
        other => bail!("log_format is json or text, not {other:?}"),
    };
    let mut layers = vec![lines.with_filter(filter).boxed()];
    let telemetry = match config.get("otlp_endpoint") {
        Some(endpoint) => {
            let telemetry = exporters(endpoint)?;
            layers.extend(telemetry.spans.as_ref().map(|spans| {
                tracing_opentelemetry::layer().with_tracer(spans.tracer(SERVICE)).with_filter(ours()).boxed()
            }));
            telemetry
        }
        None => Telemetry::default(),
    };
    tracing_subscriber::registry().with(layers).init();
    Ok(telemetry)
}

/// What a collector hears of: the spans of requests and batches, whatever the log says. Where there is no collector, and the log is not at
/// that level, they are not made.
fn ours() -> Targets {
    ["earmark_server", "earmark_engine", "earmark_store"].into_iter().map(|part| (part, Level::DEBUG)).collect()
}

fn exporters(endpoint: &str) -> anyhow::Result<Telemetry> {
    let resource = Resource::builder().with_service_name(SERVICE).build();
    let spans =
        SpanExporter::builder().with_tonic().with_endpoint(endpoint).build().context("the exporter of spans")?;
    let spans = SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource.clone()).build();
    let metrics =
        MetricExporter::builder().with_tonic().with_endpoint(endpoint).build().context("the exporter of metrics")?;
    let metrics = SdkMeterProvider::builder().with_periodic_exporter(metrics).with_resource(resource).build();
    opentelemetry::global::set_meter_provider(metrics.clone());
    Ok(Telemetry { spans: Some(spans), metrics: Some(metrics) })
}
