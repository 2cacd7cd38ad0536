//! The services, one file each: what a method asks and answers. What all of them do alike stands in `face`.

mod archives;
mod audit;
mod book;
mod evidence;
mod findings;
mod funding;
pub(crate) mod grants;
mod premium;
mod program;
mod proof;
mod reconciliation;
mod records;
mod rejudge;
mod rules;
mod spending;
mod summaries;
mod voucher;
mod work;

/// Implements a service: its mutations by request, answer, content field and command; its reads by the method of `Face` that answers
/// them; whatever else it has as written.
macro_rules! service {
    (
        $service:path {
            change { $($change:ident($request:ident) -> $response:ident: $field:ident => $command:path;)* }
            read { $($read:ident($question:ident) -> $answer:ident;)* }
            $($other:item)*
        }
    ) => {
        #[tonic::async_trait]
        impl<S: engine::store::Store> $service for crate::face::Face<S> {
            $(
                async fn $change(
                    &self,
                    request: tonic::Request<api::v1::$request>,
                ) -> Result<tonic::Response<api::v1::$response>, tonic::Status> {
                    let (origin, message) = crate::face::take(request)?;
                    let (head, content) = (
                        crate::face::Head {
                            book: message.book,
                            request_id: message.request_id,
                            validate_only: message.validate_only,
                        },
                        message.$field,
                    );
                    let read = |fields: &mut crate::decode::Fields| {
                        $command(fields.at(stringify!($field), |f| crate::decode::required(f, content)))
                    };
                    let result = self.change(&origin, head, stringify!($field), read).await;
                    let result = result.map_err(|failure| failure.status(origin.language))?;
                    Ok(tonic::Response::new(api::v1::$response { result: Some(result) }))
                }
            )*
            $(
                async fn $read(
                    &self,
                    request: tonic::Request<api::v1::$question>,
                ) -> Result<tonic::Response<api::v1::$answer>, tonic::Status> {
                    let (origin, message) = crate::face::take(request)?;
                    let answer = self.$read(&origin, message).await;
                    answer.map(tonic::Response::new).map_err(|failure| failure.status(origin.language))
                }
            )*
            $($other)*
        }
    };
}
use service;

/// What a read says beside its question. Reads the fields that all reads share, and returns what is wrong with them.
macro_rules! at {
    ($message:ident) => {
        crate::moment::At::read(
            ($message.at_least, $message.allow_stale),
            $message.as_of_date,
            $message.known_at,
            $message.known_at_time,
        )?
    };
}
pub(crate) use at;
