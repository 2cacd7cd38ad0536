//! One request from flags to answer: the client verbs. How flags become a request is `flags`', how answers look is `show`'s.

use anyhow::{Context, ensure};
use clap::ArgMatches;
use client::{Client, ClientError};
use prost::Message;
use prost_reflect::{DynamicMessage, Kind, MethodDescriptor, Value};

use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::verbs::Verb;
use crate::{fail, flags, journal, json, schema, show, trace, watch};

/// A call that failed, with what its caller must know to go on.
#[derive(Debug)]
pub struct Failed {
    /// What the client says.
    pub error: ClientError,
    /// The request's id and the like.
    pub context: fail::Context,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Failed {}

/// Runs a verb and prints its answer.
pub async fn run(verb: &Verb, matches: &ArgMatches, config: &Config, as_json: bool) -> anyhow::Result<()> {
    let lang = config.lang()?;
    let method = schema::method(verb.method)?;
    let mut request = flags::read(&method.input(), matches).map_err(Misuse)?;
    if let Some((flag, value)) = verb.fixed {
        flags::fix(&mut request, flag, value).map_err(Misuse)?;
    }
    let book = || Ok(Value::String(config.need("book")?.to_owned()));
    set_unless_given(&mut request, "book", book).map_err(Misuse)?;
    let client = Client::connect(&config.client().map_err(Misuse)?)?;
    if method.is_server_streaming() {
        return stream(&client, verb, &request, matches, lang, as_json).await;
    }
    let context = prepare(&method, &mut request, matches, config, lang)?;
    if matches.try_get_one::<bool>("all").ok().flatten().copied().unwrap_or(false) {
        return all_pages(&client, &method, request, lang, as_json).await;
    }
    if let Some(token) = matches.try_get_one::<String>("page-token").ok().flatten() {
        request.set_field_by_name("page_token", Value::String(token.clone()));
    }
    let answer = call(&client, &method, &request).await.map_err(|error| Failed { error, context })?;
    print(&answer, lang, as_json)
}

/// Streams are shown as they come.
async fn stream(
    client: &Client,
    verb: &Verb,
    request: &DynamicMessage,
    matches: &ArgMatches,
    lang: Lang,
    as_json: bool,
) -> anyhow::Result<()> {
    let bytes = request.encode_to_vec();
    match verb.method {
        "AuditService.WatchRecords" => {
            let request = api::v1::WatchRecordsRequest::decode(bytes.as_slice())?;
            let to = matches.get_one::<u64>("to").copied();
            watch::run(client, request, to, lang, as_json).await
        }
        "AuditService.TraceGrant" => {
            let request = api::v1::TraceGrantRequest::decode(bytes.as_slice())?;
            trace::grant(client, request, lang, as_json).await
        }
        other => anyhow::bail!("{other} is a stream that this verb cannot show"),
    }
}

fn print(answer: &DynamicMessage, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        println!("{}", serde_json::to_string_pretty(&json::show(answer))?);
    } else {
        print!("{}", show::answer(answer, lang)?);
    }
    Ok(())
}

/// Sets a text field of the request that neither flag nor file gave.
fn set_unless_given(
    request: &mut DynamicMessage,
    name: &str,
    value: impl FnOnce() -> anyhow::Result<Value>,
) -> anyhow::Result<()> {
    if request.has_field_by_name(name) || request.get_field_by_name(name).is_none() {
        return Ok(());
    }
    let value = value()?;
    request.set_field_by_name(name, value);
    Ok(())
}

/// Gives a mutation its id and notes it in the journal; a judgement needs neither.
fn prepare(
    method: &MethodDescriptor,
    request: &mut DynamicMessage,
    matches: &ArgMatches,
    config: &Config,
    lang: Lang,
) -> anyhow::Result<fail::Context> {
    if !flags::is_mutation(&method.input()) {
        return Ok(fail::Context::default());
    }
    if matches.get_flag("validate-only") {
        request.set_field_by_name("validate_only", Value::Bool(true));
    }
    if request.get_field_by_name("validate_only").is_some_and(|value| value.as_bool() == Some(true)) {
        return Ok(fail::Context::default());
    }
    if let Some(id) = matches.get_one::<String>("request-id") {
        ensure!(
            !request.has_field_by_name("request_id"),
            "the JSON has a request_id of its own: leave out --request-id"
        );
        request.set_field_by_name("request_id", Value::String(id.clone()));
    }
    set_unless_given(request, "request_id", || Ok(Value::String(journal::new_id()?)))?;
    let id = request.get_field_by_name("request_id").and_then(|id| id.as_str().map(str::to_owned));
    let id = id.context("a request id is text")?;
    journal::note(&config.journal()?, method.full_name(), &json::show(request))?;
    eprintln!("{}{id}", lang.pick("请求号 ", "request_id "));
    Ok(fail::Context { request_id: Some(id) })
}

/// Makes a call, again while the server is unavailable.
pub async fn call(
    client: &Client,
    method: &MethodDescriptor,
    request: &DynamicMessage,
) -> Result<DynamicMessage, ClientError> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let bytes = prost::bytes::Bytes::from(request.encode_to_vec());
    let answer = client.call(|transport| transport.raw(path.clone(), bytes.clone())).await?;
    DynamicMessage::decode(method.output(), answer)
        .map_err(|error| ClientError::Status(Box::new(tonic::Status::internal(format!("unreadable answer: {error}")))))
}

/// Follows all pages of a listing: tables a page, or one JSON object with all entries.
async fn all_pages(
    client: &Client,
    method: &MethodDescriptor,
    mut request: DynamicMessage,
    lang: Lang,
    as_json: bool,
) -> anyhow::Result<()> {
    let output = method.output();
    let list = output.fields().find(|field| field.is_list() && matches!(field.kind(), Kind::Message(_)));
    let list = list.context("this answer has no list")?;
    let mut whole: Option<DynamicMessage> = None;
    loop {
        let mut page = call(client, method, &request)
            .await
            .map_err(|error| Failed { error, context: fail::Context::default() })?;
        let token = page.get_field_by_name("next_page_token").and_then(|token| token.as_str().map(str::to_owned));
        let token = token.unwrap_or_default();
        page.clear_field_by_name("next_page_token");
        match &mut whole {
            _ if !as_json => print!("{}", show::answer(&page, lang)?),
            None => whole = Some(page),
            Some(whole) => {
                let more = page.get_field(&list).into_owned();
                if let (Value::List(entries), Value::List(more)) = (whole.get_field_mut(&list), more) {
                    entries.extend(more);
                }
            }
        }
        if token.is_empty() {
            break;
        }
        request.set_field_by_name("page_token", Value::String(token));
    }
    match whole {
        Some(whole) => print(&whole, lang, true),
        None => Ok(()),
    }
}
