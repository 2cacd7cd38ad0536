//! RuleService: a book's rules as a document, those of the book above, and their reporting.

use api::v1;
use api::v1::rule_service_server::RuleService;
use engine::store::Store;
use ledger::layers;
use ledger::state::{Adopted, RuleVersion, State};
use record::Command;

use super::audit::day;
use super::{at, service};
use crate::decode::Wire;
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::Face;
use crate::moment::Not;
use crate::pages::Page;
use crate::reads::Read;

service! {
    RuleService {
        change {
            adopt_rule_set(AdoptRuleSetRequest) -> AdoptRuleSetResponse: adoption => Command::AdoptRuleSet;
            file_rules(FileRulesRequest) -> FileRulesResponse: filing => Command::FileRules;
        }
        read {
            get_rule_set(GetRuleSetRequest) -> GetRuleSetResponse;
            list_rule_sets(ListRuleSetsRequest) -> ListRuleSetsResponse;
        }
    }
}

impl<S: Store> Face<S> {
    async fn get_rule_set(
        &self,
        origin: &Origin,
        message: v1::GetRuleSetRequest,
    ) -> Result<v1::GetRuleSetResponse, Failure> {
        let at = at!(message).undated(Not::Has("day"))?;
        let on = day(message.day, "day")?;
        let today = self.book(origin, &message.book)?.today();
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            let rules = layers::rule_set(state, on.unwrap_or(today));
            let digest = rules.digest().to_vec();
            Ok(v1::GetRuleSetResponse {
                rules: rules.show(),
                digest,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }

    async fn list_rule_sets(
        &self,
        origin: &Origin,
        message: v1::ListRuleSetsRequest,
    ) -> Result<v1::ListRuleSetsResponse, Failure> {
        let at = at!(message);
        let query = ["ListRuleSets", &message.book, if message.unfiled { "unfiled" } else { "" }, &at.key()];
        let page = Page::open(message.page_size, &message.page_token, &query)?;
        let answer = self.state(origin, &message.book, Read::Masters, at, |state| {
            let versions = (1u32..).zip(&state.layers.versions);
            let listed =
                versions.filter(|(_, version)| (!message.unfiled || version.filed.is_none()) && at.holds(version.day));
            let (versions, next_page_token, sequence) =
                page.numbered(state.sequence, listed, |no, version| shown(state, no, version))?;
            let bound = state.layers.adopted.iter().filter(|adopted| at.holds(adopted.adopted.effective_from));
            let adopted = bound.map(|adopted| taken_over(state, adopted)).collect();
            Ok(v1::ListRuleSetsResponse { versions, next_page_token, sequence, adopted, root: state.root.to_vec() })
        });
        answer.await
    }
}

fn shown(state: &State, no: u32, version: &RuleVersion) -> v1::RuleVersion {
    let filed = version.filed.as_ref();
    v1::RuleVersion {
        version: no,
        sequence: version.sequence,
        day: version.day.show(),
        changed: version.changed.shown(),
        filed: filed.is_some(),
        filed_doc_no: filed.map(|f| f.doc_no.clone()).unwrap_or_default(),
        filed_on: filed.map(|f| f.filed_on).show(),
        filed_with: filed.map(|f| state.organizations.code(f.filed_with).to_owned()).unwrap_or_default(),
    }
}

fn taken_over(state: &State, of: &Adopted) -> v1::AdoptedRuleSet {
    v1::AdoptedRuleSet {
        book: of.adopted.rules.book.clone(),
        version: of.adopted.rules.version,
        digest: of.adopted.digest.to_vec(),
        effective_from: of.adopted.effective_from.show(),
        approval: state.approvals.code(of.adopted.approval).to_owned(),
        sequence: of.sequence,
    }
}
