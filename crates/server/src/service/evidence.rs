//! Files of ProofService that go out in chunks: evidence of a scope, and proofs of balances and outflows. Which records they hold is the
//! engine's; here are the questions, who may ask, and the stream.

use std::sync::Arc;
use std::time::Duration;

use api::google::r#type::Date;
use api::v1;
use engine::Book;
use engine::evidence::{CHUNKS_WAITING, Chunks, Export, ExportError, Moment, Stored};
use engine::figures::Figure;
use engine::store::Store;
use ledger::State;
use ledger::evidence::{Asked, NoPart};
use record::evidence::{BalanceScope, OutflowScope};
use record::{Day, Sequence, UseNo, VoucherRef};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};

use super::proof::NOW;
use crate::decode::{Fields, Wire};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::{Face, failure, storage};
use crate::moment::{At, Known};
use crate::reads::Read;

/// A stream of messages that each hold a chunk.
pub(super) type Chunked<M> = ReceiverStream<Result<M, Status>>;

/// Bytes of a proof that a balance listing carries itself: with the listing below the 4 MiB that clients take by default.
const INLINE_BYTES: usize = 3 << 20;

/// Files made at once by this process: each reads a log from front to back, and posting must not wait for them.
static UNDER_WAY: Semaphore = Semaphore::const_new(2);

/// How long a client may leave a chunk untaken. One that takes none keeps others from theirs.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);

/// The answer of a method that streams.
pub(super) fn answered<T>(origin: &Origin, result: Result<T, Failure>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|failure| failure.status(origin.language))
}

impl<S: Store> Face<S> {
    /// An evidence file.
    pub(super) async fn evidence(
        &self,
        origin: &Origin,
        message: v1::ExportEvidenceRequest,
    ) -> Result<Chunked<v1::ExportEvidenceResponse>, Failure> {
        let book = self.readers_book(origin, &message.book).await?;
        let asked = scope(message.scope)?;
        let moment = book.moment(&asked, message.size).await.map_err(|error| failure(error, ""))?;
        let wrap = |chunk| v1::ExportEvidenceResponse { chunk };
        Ok(self.streamed(origin, wrap, move |chunks| async move {
            let export = Export { book: book.code(), asked: &asked, moment: &moment, progress: &|_, _| {} };
            export.write(&Stored(&**book.store(), book.code()), &chunks).await.map(drop)
        }))
    }

    /// A proof of a balance.
    pub(super) async fn balance_proof(
        &self,
        origin: &Origin,
        message: v1::ProveBalanceRequest,
    ) -> Result<Chunked<v1::ProveBalanceResponse>, Failure> {
        let book = self.readers_book(origin, &message.book).await?;
        let at = At::read((0, false), message.as_of_date, message.known_at, message.known_at_time)?;
        let names = Names {
            account: &message.account,
            source: &message.source,
            grant: &message.grant,
            holder: &message.holder,
        };
        let mut scope = book.read(|state| names.scope(state)).map_err(|error| failure(error, ""))??;
        let asked = self.known_after(origin, &book, at).await?;
        let moment = self.moment_holding(&book, message.size, asked).await?;
        (scope.as_of, scope.known_at) = (at.as_of, known(asked, &moment)?);
        let wrap = |chunk| v1::ProveBalanceResponse { chunk };
        Ok(self.figure(origin, book, (Figure::Balance(scope), moment), wrap))
    }

    /// A proof of all outflows of a source in a period.
    pub(super) async fn outflow_proof(
        &self,
        origin: &Origin,
        message: v1::ProveOutflowsRequest,
    ) -> Result<Chunked<v1::ProveOutflowsResponse>, Failure> {
        let book = self.readers_book(origin, &message.book).await?;
        let (from, to) = period(message.from, message.to)?;
        let at = At::read((0, false), None, message.known_at, message.known_at_time)?;
        let found = book.read(|state| (state.source_no(&message.source), uses(state, &message.uses)));
        let (source, uses) = found.map_err(|error| failure(error, ""))?;
        let source = source.ok_or(Failure::NotFound("source"))?;
        let uses = uses?;
        let asked = self.known_after(origin, &book, at).await?;
        let moment = self.moment_holding(&book, message.size, asked).await?;
        let scope = OutflowScope { source, from, to, uses, known_at: known(asked, &moment)? };
        let wrap = |chunk| v1::ProveOutflowsResponse { chunk };
        Ok(self.figure(origin, book, (Figure::Outflows(scope), moment), wrap))
    }

    /// The proof of a listing's figures: of one account, at the newest checkpoint that holds `known_at`.
    pub(super) async fn inline_proof(
        &self,
        origin: &Origin,
        message: &v1::GetBalancesRequest,
        at: At,
    ) -> Result<(Sequence, Vec<u8>), Failure> {
        let book = self.readers_book(origin, &message.book).await?;
        let asked = self.known_after(origin, &book, at).await?;
        let names = Names {
            account: &message.account,
            source: &message.source,
            grant: &message.grant,
            holder: &message.holder,
        };
        unnamed(message)?;
        let mut scope = book.read(|state| names.scope(state)).map_err(|error| failure(error, ""))??;
        let moment = self.moment_holding(&book, 0, asked).await?;
        (scope.as_of, scope.known_at) = (at.as_of, known(asked, &moment)?);
        let known_at = scope.known_at;
        let figure = Figure::Balance(scope);
        let (chunks, mut taken) = mpsc::channel(CHUNKS_WAITING);
        // Each owns its end of the channel: making ends once nobody gathers, gathering once all is made.
        let making = async move {
            let _turn = UNDER_WAY.acquire().await;
            book.prove_figure(&figure, &moment, &chunks).await
        };
        let gathering = async move {
            let mut file: Vec<u8> = Vec::new();
            while let Some(chunk) = taken.recv().await {
                file.extend_from_slice(&chunk);
                if file.len() > INLINE_BYTES {
                    return None;
                }
            }
            Some(file)
        };
        let (made, file) = tokio::join!(making, gathering);
        match file {
            None => Err(Failure::field(
                "prove",
                "PROOF_TOO_LARGE",
                "证明大于一次应答所能携带；请用 ProveBalance（earmark prove balance）取得",
                "the proof is larger than an answer carries: take it from ProveBalance (earmark prove balance)",
            )),
            Some(file) => made.map(|()| (known_at, file)).map_err(not_written),
        }
    }

    /// The book, for somebody who may read its records: proofs hold them whole.
    async fn readers_book(&self, origin: &Origin, code: &str) -> Result<Arc<Book<S>>, Failure> {
        self.state(origin, code, Read::Log, NOW, |_| Ok(())).await?;
        self.book(origin, code)
    }

    /// The records that a figure is to be known after; 0 those of its checkpoint.
    async fn known_after(&self, origin: &Origin, book: &Book<S>, at: At) -> Result<Sequence, Failure> {
        match at.known {
            Known::Newest => Ok(0),
            Known::After(sequence) => Ok(sequence),
            Known::By(_) => Ok(self.known(origin, book, Read::Log, at).await?.unwrap_or_default()),
        }
    }

    async fn moment_holding(&self, book: &Book<S>, size: Sequence, known_at: Sequence) -> Result<Moment, Failure> {
        book.moment_holding(size, known_at).await.map_err(|error| failure(error, ""))
    }

    fn figure<M: Send + 'static>(
        &self,
        origin: &Origin,
        book: Arc<Book<S>>,
        (figure, moment): (Figure, Moment),
        wrap: fn(Vec<u8>) -> M,
    ) -> Chunked<M> {
        self.streamed(origin, wrap, move |chunks| async move { book.prove_figure(&figure, &moment, &chunks).await })
    }

    /// Makes a file in a task of its own, in its turn. It ends when nobody takes chunks any more or the server goes down; a file that was
    /// cut short so has no trailer, which every reader tells.
    fn streamed<M, F>(
        &self,
        origin: &Origin,
        wrap: fn(Vec<u8>) -> M,
        make: impl FnOnce(Chunks) -> F + Send + 'static,
    ) -> Chunked<M>
    where
        M: Send + 'static,
        F: Future<Output = Result<(), ExportError>> + Send + 'static,
    {
        let (answers, stream) = mpsc::channel(1);
        let (language, going_down) = (origin.language, self.going_down.clone());
        tokio::spawn(async move {
            let (chunks, mut made) = mpsc::channel(CHUNKS_WAITING);
            let making = tokio::spawn(async move {
                // Nobody closes it.
                let _turn = UNDER_WAY.acquire().await;
                make(chunks).await
            });
            loop {
                let chunk = tokio::select! {
                    chunk = made.recv() => chunk,
                    () = going_down.cancelled() => {
                        making.abort();
                        drop(answers.send(Err(Status::unavailable("the server is going down"))).await);
                        return;
                    }
                };
                let Some(chunk) = chunk else { break };
                if !matches!(timeout(TAKEN_WITHIN, answers.send(Ok(wrap(chunk)))).await, Ok(Ok(()))) {
                    making.abort();
                    return;
                }
            }
            let failed = match making.await {
                Ok(Ok(()) | Err(ExportError::Gone)) => return,
                Ok(Err(error)) => not_written(error),
                Err(_) => Failure::Internal,
            };
            drop(answers.send(Err(failed.status(language))).await);
        });
        ReceiverStream::new(stream)
    }
}

fn not_written(error: ExportError) -> Failure {
    match error {
        ExportError::NoPart(NoPart::NotFound) => Failure::NotFound("scope"),
        ExportError::NoPart(NoPart::TooLarge) => Failure::field(
            "scope",
            "TOO_LARGE",
            "范围内的记录过多；请导出整个账套",
            "the scope holds too many records: export the whole book",
        ),
        ExportError::Store(error) => storage(error),
        ExportError::Book(error) => failure(error, ""),
        ExportError::Gone => Failure::Late,
    }
}

/// The codes of a balance.
struct Names<'a> {
    account: &'a str,
    source: &'a str,
    grant: &'a str,
    holder: &'a str,
}

impl Names<'_> {
    /// The scope of these codes, if it is one that can be proven.
    fn scope(&self, state: &State) -> Result<BalanceScope, Failure> {
        let mut fields = Fields::default();
        let missing = [
            ("account", self.account.is_empty()),
            ("source", self.source.is_empty() && !(self.grant.is_empty() && self.holder.is_empty())),
            ("grant", self.grant.is_empty() && !self.holder.is_empty()),
        ];
        for (name, _) in missing.into_iter().filter(|(_, missing)| *missing) {
            fields.at(name, |f| {
                f.fault(
                    "NOT_PROVABLE",
                    "证明须给出：承诺的合计按科目、来源、依据、经管单位排序，后者须连同前者给出",
                    "a proof needs it: committed sums stand by account, source, grant, holder, and each is proven under those before",
                );
            });
        }
        if !fields.is_clean() {
            return Err(Failure::Malformed(fields.with(Vec::new())));
        }
        let ordinal = |code: &str, no: Option<u32>, what: &'static str| match no {
            _ if code.is_empty() => Ok(0),
            no => no.ok_or(Failure::NotFound(what)),
        };
        Ok(BalanceScope {
            account: state.account_no(self.account).ok_or(Failure::NotFound("account"))?,
            source: match self.source {
                "" => 0,
                code => state.source_no(code).ok_or(Failure::NotFound("source"))?,
            },
            grant: ordinal(self.grant, state.grants.no(self.grant), "grant")?,
            holder: ordinal(self.holder, state.organizations.no(self.holder), "holder")?,
            as_of: None,
            known_at: 0,
        })
    }
}

/// Refuses the dimensions that committed sums stand by last, with all of them at once: what is chosen by them alone cannot be proven.
fn unnamed(message: &v1::GetBalancesRequest) -> Result<(), Failure> {
    let mut fields = Fields::default();
    let last = [
        ("class", !message.class.is_empty()),
        ("plan", !message.plan.is_empty()),
        ("use", !message.r#use.is_empty()),
        ("year", message.year != 0),
    ];
    for (name, _) in last.into_iter().filter(|(_, named)| *named) {
        fields.at(name, |f| {
            f.fault("NOT_PROVABLE", "证明包含其下全部，不能只取其一", "a proof holds all of them: none is chosen");
        });
    }
    if fields.is_clean() { Ok(()) } else { Err(Failure::Malformed(fields.with(Vec::new()))) }
}

/// As known at the moment, or at an earlier record.
fn known(asked: Sequence, moment: &Moment) -> Result<Sequence, Failure> {
    match asked {
        0 => Ok(moment.size),
        asked if asked <= moment.size => Ok(asked),
        _ => Err(Failure::field(
            "known_at",
            "OUT_OF_RANGE",
            "大于检查点的记录数",
            "is more than the checkpoint's records",
        )),
    }
}

fn uses(state: &State, codes: &[String]) -> Result<Vec<UseNo>, Failure> {
    let mut fields = Fields::default();
    let mut uses: Vec<UseNo> = Vec::new();
    fields.at("uses", |f| {
        if codes.is_empty() {
            f.missing();
        }
        for (index, code) in codes.iter().enumerate() {
            match state.use_no(code) {
                Some(no) => uses.push(no),
                None => f.item(index, |f| f.fault("UNKNOWN_CODE", "账套没有此用途码", "is no use code of the book")),
            }
        }
    });
    uses.sort_unstable();
    uses.dedup();
    if fields.is_clean() { Ok(uses) } else { Err(Failure::Malformed(fields.with(Vec::new()))) }
}

/// A single field's value.
fn one<T>(name: &'static str, read: impl FnOnce(&mut Fields) -> T) -> Result<T, Failure> {
    let mut fields = Fields::default();
    let value = fields.at(name, read);
    if fields.is_clean() { Ok(value) } else { Err(Failure::Malformed(fields.with(Vec::new()))) }
}

/// Both ends of a period.
fn period(from: Option<Date>, to: Option<Date>) -> Result<(Day, Day), Failure> {
    let mut fields = Fields::default();
    let from: Day = fields.at("from", |f| Wire::read(f, from));
    let to: Day = fields.at("to", |f| Wire::read(f, to));
    if fields.is_clean() && to < from {
        fields.at("to", |f| f.fault("OUT_OF_RANGE", "早于起始日期", "is before the first day"));
    }
    if fields.is_clean() { Ok((from, to)) } else { Err(Failure::Malformed(fields.with(Vec::new()))) }
}

/// What an evidence file is asked to be about.
fn scope(scope: Option<v1::EvidenceScope>) -> Result<Asked, Failure> {
    let Some(scope) = scope else { return Ok(Asked::All) };
    let dated = scope.from.is_some() || scope.to.is_some();
    let given = [!scope.grant.is_empty(), !scope.voucher.is_empty(), dated];
    match given {
        [true, false, false] => Ok(Asked::Grant(scope.grant)),
        [false, true, false] => {
            let of: VoucherRef = one("scope", |f| f.at("voucher", |f| Wire::read(f, scope.voucher)))?;
            Ok(Asked::Voucher(of))
        }
        [false, false, true] => period(scope.from, scope.to).map(|(from, to)| Asked::Period(from, to)),
        [false, false, false] => Ok(Asked::All),
        _ => Err(Failure::field(
            "scope",
            "ONE_OF",
            "依据、凭证、期间只能给出一个",
            "give one of grant, voucher and period",
        )),
    }
}
