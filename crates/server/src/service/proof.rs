//! ProofService: checkpoints, proofs and the trust policy of the log. What is signed and proven is the engine's; here are the messages, and
//! who may ask. Files that go out in chunks stand in `evidence`.

use api::v1;
use api::v1::proof_service_server::ProofService;
use engine::Shown;
use engine::store::Store;
use proof::{AddCheckpoint, OfflineProof};
use record::{Command, VoucherRef};
use tonic::{Request, Response, Status};

use super::evidence::{Chunked, answered};
use super::{at, service};
use crate::decode::{Fields, Wire};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::{Face, failure, storage, take};
use crate::moment::{At, Known, Not};
use crate::reads::Read;

service! {
    ProofService {
        change {
            set_log_policy(SetLogPolicyRequest) -> SetLogPolicyResponse: log_policy => Command::SetLogPolicy;
        }
        read {
            get_log_policy(GetLogPolicyRequest) -> GetLogPolicyResponse;
            get_checkpoint(GetCheckpointRequest) -> GetCheckpointResponse;
            prove_inclusion(ProveInclusionRequest) -> ProveInclusionResponse;
            prove_consistency(ProveConsistencyRequest) -> ProveConsistencyResponse;
            add_cosignature(AddCosignatureRequest) -> AddCosignatureResponse;
        }

        type ExportEvidenceStream = Chunked<v1::ExportEvidenceResponse>;

        async fn export_evidence(
            &self,
            request: Request<v1::ExportEvidenceRequest>,
        ) -> Result<Response<Self::ExportEvidenceStream>, Status> {
            let (origin, message) = take(request)?;
            answered(&origin, self.evidence(&origin, message).await)
        }

        type ProveBalanceStream = Chunked<v1::ProveBalanceResponse>;

        async fn prove_balance(
            &self,
            request: Request<v1::ProveBalanceRequest>,
        ) -> Result<Response<Self::ProveBalanceStream>, Status> {
            let (origin, message) = take(request)?;
            answered(&origin, self.balance_proof(&origin, message).await)
        }

        type ProveOutflowsStream = Chunked<v1::ProveOutflowsResponse>;

        async fn prove_outflows(
            &self,
            request: Request<v1::ProveOutflowsRequest>,
        ) -> Result<Response<Self::ProveOutflowsStream>, Status> {
            let (origin, message) = take(request)?;
            answered(&origin, self.outflow_proof(&origin, message).await)
        }
    }
}

/// What is asked of proofs waits for nothing: they hold for the checkpoint that they name.
pub(super) const NOW: At = At { at_least: 0, allow_stale: true, as_of: None, known: Known::Newest };

impl<S: Store> Face<S> {
    async fn get_log_policy(
        &self,
        origin: &Origin,
        message: v1::GetLogPolicyRequest,
    ) -> Result<v1::GetLogPolicyResponse, Failure> {
        let at = at!(message).undated(Not::Dated)?;
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            let policy = &state.log_policy;
            let abandoned = policy.abandoned.iter().map(|past| v1::AbandonedOrigin {
                origin: past.origin.clone(),
                kept_size: past.kept.0,
                lost_size: past.lost.0,
            });
            Ok(v1::GetLogPolicyResponse {
                origin: policy.origin().ok_or(Failure::NotFound("log_policy"))?,
                policy: policy.text.clone(),
                since: policy.since,
                abandoned: abandoned.collect(),
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }

    async fn get_checkpoint(
        &self,
        origin: &Origin,
        message: v1::GetCheckpointRequest,
    ) -> Result<v1::GetCheckpointResponse, Failure> {
        self.state(origin, &message.book, Read::Masters, NOW, |_| Ok(())).await?;
        let book = self.book(origin, &message.book)?;
        let shown = book.checkpoint(message.size, message.cosigned).await.map_err(|error| failure(error, ""))?;
        Ok(v1::GetCheckpointResponse { checkpoint: Some(checkpoint(&shown)) })
    }

    async fn prove_inclusion(
        &self,
        origin: &Origin,
        message: v1::ProveInclusionRequest,
    ) -> Result<v1::ProveInclusionResponse, Failure> {
        if message.voucher.is_empty() == (message.record == 0) {
            return Err(Failure::field(
                "voucher",
                "ONE_OF",
                "凭证与记录须且只能给出一个",
                "give either voucher or record",
            ));
        }
        let record = if message.voucher.is_empty() {
            // A record may show anything; a voucher shows what vouchers show.
            self.state(origin, &message.book, Read::Log, NOW, |_| Ok(())).await?;
            message.record
        } else {
            self.sequence_of(origin, &message).await?
        };
        let book = self.book(origin, &message.book)?;
        let proven = book.prove_inclusion(record, message.size).await.map_err(|error| failure(error, ""))?;
        let text = OfflineProof {
            extra: Some(proven.body.clone()),
            index: record.saturating_sub(1),
            path: proven.path.clone(),
            checkpoint: proven.shown.note.clone(),
        };
        Ok(v1::ProveInclusionResponse {
            record,
            body: proven.body,
            path: proven.path.iter().map(|hash| hash.to_vec()).collect(),
            checkpoint: Some(checkpoint(&proven.shown)),
            tlog_proof: text.to_string(),
        })
    }

    async fn sequence_of(&self, origin: &Origin, message: &v1::ProveInclusionRequest) -> Result<u64, Failure> {
        let mut fields = Fields::default();
        let reference: VoucherRef = fields.at("voucher", |f| Wire::read(f, message.voucher.clone()));
        if !fields.is_clean() {
            return Err(Failure::Malformed(fields.with(Vec::new())));
        }
        let (book, sequence) = self.views(origin, &message.book, Read::Money, At::default()).await?;
        let found = book.store().voucher(book.code(), &reference).await.map_err(storage)?;
        let row = found.filter(|row| row.sequence <= sequence).ok_or(Failure::NotFound("voucher"))?;
        Ok(row.sequence)
    }

    async fn prove_consistency(
        &self,
        origin: &Origin,
        message: v1::ProveConsistencyRequest,
    ) -> Result<v1::ProveConsistencyResponse, Failure> {
        self.state(origin, &message.book, Read::Masters, NOW, |_| Ok(())).await?;
        let book = self.book(origin, &message.book)?;
        let proven = book.prove_consistency(message.old_size, message.new_size).await;
        let proven = proven.map_err(|error| failure(error, ""))?;
        let request =
            AddCheckpoint { old: message.old_size, proof: proven.proof.clone(), checkpoint: proven.shown.note.clone() };
        Ok(v1::ProveConsistencyResponse {
            proof: proven.proof.iter().map(|hash| hash.to_vec()).collect(),
            checkpoint: Some(checkpoint(&proven.shown)),
            witness_request: request.to_string(),
        })
    }

    async fn add_cosignature(
        &self,
        origin: &Origin,
        message: v1::AddCosignatureRequest,
    ) -> Result<v1::AddCosignatureResponse, Failure> {
        self.state(origin, &message.book, Read::Masters, NOW, |_| Ok(())).await?;
        let book = self.book(origin, &message.book)?;
        let added = book.add_cosignatures(message.size, &message.cosignatures).await;
        let (witnesses, shown) = added.map_err(|error| failure(error, ""))?;
        Ok(v1::AddCosignatureResponse { witnesses, checkpoint: Some(checkpoint(&shown)) })
    }
}

fn checkpoint(shown: &Shown) -> v1::Checkpoint {
    v1::Checkpoint {
        origin: shown.checkpoint.origin.clone(),
        size: shown.checkpoint.size,
        root: shown.checkpoint.root.to_vec(),
        note: shown.note.to_string(),
        cosigned: shown.cosigned,
    }
}
