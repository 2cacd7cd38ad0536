//! Kinds of income: what each is booked as, what its funding document is, and which documents it must come with (books.md 4.5; 办法第五条).

use record::kinds::{EvidenceKind, GrantKind, IncomeKind, Template};

/// What a kind of income demands.
pub(crate) struct Kind {
    pub kind: IncomeKind,
    pub template: Template,
    pub grant: GrantKind,
    /// The rule that what is missing breaks.
    pub rule: &'static str,
    /// One of these documents; none where none is demanded.
    pub papers: &'static [EvidenceKind],
    /// The document's number.
    pub doc_no: bool,
    /// The number of a receipt that we issued.
    pub bill: bool,
    /// The uses that its document permits.
    pub uses: bool,
}

const GIFT: &[EvidenceKind] = &[EvidenceKind::Agreement, EvidenceKind::Announcement];

const fn plain(kind: IncomeKind, template: Template, grant: GrantKind) -> Kind {
    Kind { kind, template, grant, rule: "", papers: &[], doc_no: false, bill: false, uses: false }
}

const fn gift(kind: IncomeKind, template: Template, grant: GrantKind, uses: bool) -> Kind {
    Kind { kind, template, grant, rule: "SRC-005", papers: GIFT, doc_no: true, bill: true, uses }
}

const fn fiscal(kind: IncomeKind) -> Kind {
    Kind {
        kind,
        template: Template::T04,
        grant: GrantKind::FiscalReply,
        rule: "SRC-006",
        papers: &[EvidenceKind::Reply],
        doc_no: true,
        bill: false,
        uses: true,
    }
}

/// The table.
pub(crate) const KINDS: &[Kind] = &[
    plain(IncomeKind::Appropriation, Template::T01a, GrantKind::Appropriation),
    Kind {
        rule: "USE-011",
        papers: &[EvidenceKind::AppropriationLetter],
        uses: true,
        ..plain(IncomeKind::SuperiorSubsidy, Template::T01c, GrantKind::Appropriation)
    },
    fiscal(IncomeKind::FiscalSubsidy),
    fiscal(IncomeKind::OtherFiscalSubsidy),
    gift(IncomeKind::RestrictedDonation, Template::T05, GrantKind::Donation, true),
    gift(IncomeKind::Donation, Template::T06, GrantKind::Donation, false),
    gift(IncomeKind::Fundraising, Template::T07, GrantKind::Announcement, false),
    gift(IncomeKind::Sponsorship, Template::T08, GrantKind::Announcement, false),
    plain(IncomeKind::Interest, Template::T09, GrantKind::InterestPeriod),
    plain(IncomeKind::Other, Template::T10, GrantKind::Other),
    Kind {
        rule: "SRC-009",
        papers: &[EvidenceKind::LegalBasis],
        ..plain(IncomeKind::OtherLawful, Template::T10, GrantKind::Other)
    },
];

/// What a donor's account brings.
pub(crate) const GIFTS: [IncomeKind; 4] =
    [IncomeKind::RestrictedDonation, IncomeKind::Donation, IncomeKind::Fundraising, IncomeKind::Sponsorship];
/// What the treasury's account brings.
pub(crate) const SUBSIDIES: [IncomeKind; 2] = [IncomeKind::FiscalSubsidy, IncomeKind::OtherFiscalSubsidy];

/// Whether a template books income that a difference or a correction may name.
pub(crate) fn is_income(template: Template) -> bool {
    KINDS.iter().any(|kind| kind.template == template)
}
