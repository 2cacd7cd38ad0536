//! Who is let in, and what strangers learn: nothing.

use api::v1;
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::{BOOK, creation, date, details, serve_book, serve_empty};

fn get_book(code: &str) -> v1::GetBookRequest {
    v1::GetBookRequest { book: code.into(), ..v1::GetBookRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_tokens_get_in() {
    let served = serve_book().await;
    let unknown = server::auth::token_text(&[0xee; 32]);
    for token in ["", "x", "earmark_00", unknown.as_str()] {
        let client = served.client_with(token, "en");
        let (code, details) = details(client.call(|t| async { t.book().get_book(get_book(BOOK)).await }).await);
        assert_eq!(code, Code::Unauthenticated, "{token}");
        assert_eq!(details.error_info().unwrap().reason, "UNAUTHENTICATED");
    }
    let answer = served.client("maker").call(|t| async { t.book().get_book(get_book(BOOK)).await }).await.unwrap();
    let book = answer.book.unwrap();
    assert_eq!((book.code.as_str(), book.fund_code.as_str(), book.preset.as_str()), (BOOK, "HIC2", "hospital-2018"));
    assert!(answer.sequence > 0 && answer.root.len() == 32 && !book.sources.is_empty());
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_is_closed_to_the_caller_looks_like_none() {
    let served = serve_book().await;
    for (person, book) in [("stranger", BOOK), ("stranger", "no-such-book"), ("maker", "no-such-book")] {
        let client = served.client(person);
        let (code, details) = details(client.call(|t| async { t.book().get_book(get_book(book)).await }).await);
        assert_eq!(
            (code, details.error_info().unwrap().reason.as_str()),
            (Code::PermissionDenied, "DENIED"),
            "{person} {book}"
        );
    }
    // A malformed request of a stranger is denied, not explained.
    let malformed = v1::RegisterOrganizationRequest { book: BOOK.into(), ..Default::default() };
    let client = served.client("stranger");
    let (code, _) = details(client.call(|t| async { t.book().register_organization(malformed.clone()).await }).await);
    assert_eq!(code, Code::PermissionDenied);
    let seen = |person: &str| {
        let client = served.client(person);
        async move { client.call(|t| async { t.book().list_books(v1::ListBooksRequest::default()).await }).await.unwrap() }
    };
    assert_eq!(seen("stranger").await.books.len(), 0);
    assert_eq!(seen("audit").await.books[0].code, BOOK);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_open_books() {
    let served = serve_empty().await;
    let (code, _) = details(served.client("chief").call(|t| async { t.book().create_book(creation()).await }).await);
    assert_eq!(code, Code::PermissionDenied);
    let operator = served.client("operator");
    let judged = v1::CreateBookRequest { validate_only: true, ..creation() };
    operator.call(|t| async { t.book().create_book(judged.clone()).await }).await.unwrap();
    let first = operator.call(|t| async { t.book().create_book(creation()).await }).await.unwrap().result.unwrap();
    let again = operator.call(|t| async { t.book().create_book(creation()).await }).await.unwrap().result.unwrap();
    let (first, again) = (first.receipt.unwrap(), again.receipt.unwrap());
    assert!(!first.replayed && again.replayed);
    assert_eq!((first.sequence, first.leaf_hash), (again.sequence, again.leaf_hash));
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_opening_names_every_field() {
    let served = serve_empty().await;
    let mut creation = creation();
    creation.preset_choice = Some(v1::create_book_request::PresetChoice::PresetName("none".into()));
    creation.persons[0].roles = vec![0];
    creation.first_period = None;
    creation.name.clear();
    creation.live_from = Some(api::google::r#type::Date { day: 0, ..date("2019-01-01") });
    let operator = served.client("operator");
    let (code, details) = details(operator.call(|t| async { t.book().create_book(creation.clone()).await }).await);
    let mut fields: Vec<&str> =
        details.bad_request().unwrap().field_violations.iter().map(|violation| violation.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(code, Code::InvalidArgument);
    assert_eq!(fields, ["first_period", "live_from", "name", "persons[0].roles[0]", "preset_name"]);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_loopback_needs_tls() {
    let store = std::sync::Arc::new(testkit::memory::MemoryStore::new());
    let engine = engine::Engine::open(store, engine::Options::default()).await.unwrap();
    let options = server::ServeOptions::at("0.0.0.0:0".parse().unwrap(), None);
    let (bound, _) = tokio::sync::oneshot::channel();
    let ended = server::serve(engine, options, bound, std::future::pending()).await;
    assert!(matches!(ended, Err(server::ServeError::TlsNeeded(_))), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_speak_the_callers_language() {
    let served = serve_book().await;
    for (language, word) in [("en", "roles"), ("zh-CN", "角色"), ("fr", "角色")] {
        let client = served.client_with(served.token("stranger"), language);
        let error = client.call(|t| async { t.book().get_book(get_book(BOOK)).await }).await.unwrap_err();
        let status = error.status().unwrap();
        assert!(status.message().contains(word), "{language}: {}", status.message());
        assert!(status.get_error_details().error_info().is_some());
    }
    served.stop().await.unwrap();
}
