//! The closed sets of the wire and of the record formats, value by value. UNSPECIFIED and unknown numbers have no counterpart.

use api::v1;
use record::kinds;

/// A closed set that has a counterpart on the wire.
pub(crate) trait Closed: Copy {
    /// The value of a wire number; none for UNSPECIFIED and unknown numbers.
    fn of_wire(number: i32) -> Option<Self>;
    /// The wire number.
    fn to_wire(self) -> i32;
}

macro_rules! closed {
    ($($ours:path => $wire:path { $($a:ident $(= $b:ident)?),+ $(,)? })+) => { $(
        impl Closed for $ours {
            fn of_wire(number: i32) -> Option<Self> {
                use $wire as Wire;
                match Wire::try_from(number).ok()? {
                    Wire::Unspecified => None,
                    $(closed!(@name Wire $a $(= $b)?) => Some(Self::$a),)+
                }
            }
            fn to_wire(self) -> i32 {
                use $wire as Wire;
                let wire = match self { $(Self::$a => closed!(@name Wire $a $(= $b)?)),+ };
                wire.into()
            }
        }
    )+ };
    (@name $wire:ident $a:ident) => { $wire::$a };
    (@name $wire:ident $a:ident = $b:ident) => { $wire::$b };
}

closed! {
    kinds::Role => v1::Role {
        FinMaker, FinReviewer, FinPoster, FinChief, Cashier, SvcDept, EcoDept, Approver, Collector, MutualAid, Audit
    }
    kinds::Side => v1::Side { Debit, Credit }
    kinds::LedgerKind => v1::Ledger { Actual, Budget }
    kinds::EvidenceKind => v1::EvidenceKind {
        Bill, BankSlip, AppropriationLetter, Reply, Agreement, Announcement, Minutes, Roster, QuotaTable, MedicalProof,
        ReturnNotice, LegalBasis, Other, AllocationDocument, IndustryAllocation
    }
    kinds::RegisterKind => v1::RegisterKind { Hardship, Honour }
    kinds::Settlement => v1::Settlement { Transfer, Cash }
    kinds::Change => v1::Change { Increase, Decrease }
    kinds::Verdict => v1::Verdict { Approve, Reject }
    kinds::Element => v1::Element { Asset, Liability, NetAsset, Income, Expense, Budget }
    kinds::Restriction => v1::Restriction { PassThrough, None, Donor, Fiscal, Document }
    kinds::Dimension => v1::Dimension { Source, Grant, Holder, Year, Class, Plan, Use, Heads, Price, Counterparty }
    kinds::OrgType => v1::OrganizationType {
        ProvFed, CityFed, Shunde, Industry, ProvOrgans, CentralUnit, ProvGroup, Grassroots, Employer, MutualAid, Donor, Fiscal,
        Bank
    }
    kinds::BankPurpose => v1::BankAccountPurpose { FundSpecial, Custody, Payee, Payer }
    kinds::GiftType => v1::GiftType { None, Partial, Full }
    kinds::GrantKind => v1::GrantKind {
        Appropriation, FiscalReply, Donation, Announcement, InterestPeriod, PremiumBatch, Other
    }
    kinds::IncomeKind => v1::IncomeKind {
        Appropriation, FiscalSubsidy, OtherFiscalSubsidy, RestrictedDonation, Donation, Fundraising, Sponsorship, Interest,
        Other, OtherLawful, SuperiorSubsidy
    }
    kinds::PayerType => v1::PayerType { Member, Employer, UnitUnion }
    kinds::Custody => v1::Custody { Collector, MutualAidDirect }
    kinds::ApprovalKind => v1::ApprovalKind {
        Scheme, Budget, BudgetAdjust, Standard, Expenditure, ReviewB, ReviewC, InternalTransfer, FiscalReply, DonorConsent,
        CarryToSurplus, Param, PriorYear, Destruction
    }
    kinds::ArchiveKind => v1::ArchiveKind {
        Voucher, Ledger, Statement, AnnualReport, BankStatement, Reconciliation
    }
    kinds::Body => v1::ApprovalBody { PartyGroup, Leadership, ChairOffice, SvcDept, EcoDept, Fiscal, Donor }
    kinds::Direction => v1::BankDirection { In, Out }
    kinds::Word => v1::VoucherWord { Ji = Finance, Dai = Receipt, Zhuan = Closing, Yu = Budget }
    kinds::VoucherKind => v1::VoucherKind { Normal, RedReversal, RedAdjust, BlueCorrection, Opening, Closing }
    kinds::FindingState => v1::FindingState { Open, Verified, Rectifying, Closed, Dismissed }
    kinds::FindingStep => v1::FindingStep { Verify, Rectify, Close, Dismiss }
    kinds::SubjectKind => v1::SubjectKind {
        Holder, Batch, Commitment, Approval, Grant, Source, BankTransaction, BankAccount, BudgetLine, Period, Parameter, Person,
        Statement, StatementLine
    }
    kinds::LineNature => v1::LineNature { Other, Interest, Charge }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_set_goes_over_the_wire_and_back() {
        fn check<T: Closed + PartialEq + std::fmt::Debug>(all: &[T]) {
            for value in all {
                assert_eq!(T::of_wire(value.to_wire()), Some(*value));
            }
            assert_eq!(T::of_wire(0), None);
            assert_eq!(T::of_wire(-1), None);
            assert_eq!(T::of_wire(i32::try_from(all.len()).unwrap() + 1), None);
        }
        check(kinds::Role::ALL);
        check(kinds::Word::ALL);
        check(kinds::Body::ALL);
        check(kinds::ApprovalKind::ALL);
        check(kinds::ArchiveKind::ALL);
        check(kinds::IncomeKind::ALL);
        check(kinds::OrgType::ALL);
        check(kinds::EvidenceKind::ALL);
        check(kinds::VoucherKind::ALL);
        check(kinds::FindingState::ALL);
        check(kinds::FindingStep::ALL);
        check(kinds::SubjectKind::ALL);
        check(kinds::LineNature::ALL);
    }
}
