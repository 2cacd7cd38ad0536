//! Who takes part in the demonstration: one seat for each role, units with their collecting systems, givers. Staff posts and systems, no
//! natural persons. What they do stands in the acts of the season.

use api::v1;
use v1::OrganizationType::{CityFed, Donor, Fiscal, Industry, ProvFed, ProvOrgans, Shunde};
use v1::Role;

/// A seat: who holds a token.
pub struct Seat {
    /// Person code.
    pub code: &'static str,
    /// How vouchers show it.
    pub display: &'static str,
    /// Its role.
    pub role: Role,
    /// Organisation that bounds a collecting system.
    pub organization: &'static str,
}

const fn seat(code: &'static str, display: &'static str, role: Role) -> Seat {
    Seat { code, display, role, organization: "" }
}

const fn collector(code: &'static str, display: &'static str, organization: &'static str) -> Seat {
    Seat { code, display, role: Role::Collector, organization }
}

/// Every seat, in the order in which the book knows them.
pub const SEATS: &[Seat] = &[
    seat("chief", "会计主管", Role::FinChief),
    seat("maker", "制单岗", Role::FinMaker),
    seat("reviewer", "审核岗", Role::FinReviewer),
    seat("poster", "记账岗", Role::FinPoster),
    seat("cashier", "出纳岗", Role::Cashier),
    seat("approver", "批复登记岗", Role::Approver),
    seat("svc", "职工服务部", Role::SvcDept),
    seat("eco", "经济工作部", Role::EcoDept),
    seat("association", "互助会业务系统", Role::MutualAid),
    seat("audit", "经费审查委员会", Role::Audit),
    collector("collector-gz", "广州市总代收系统", "GZ"),
    collector("collector-sz", "深圳市总代收系统", "SZ"),
    collector("collector-fs", "佛山市总代收系统", "FS"),
    collector("collector-sd", "顺德区总代收系统", "SD"),
    collector("collector-jkw", "教科文卫代收系统", "JKW"),
    collector("collector-zj", "省直机关代收系统", "ZJ"),
];

/// The book's own organisation.
pub const OWN: &str = "GDFTU";
/// The mutual-aid association, which the preset knows.
pub const ASSOCIATION: &str = "GDZHZ";
/// Bank accounts: our special one and the association's.
pub const SPECIAL: &str = "SP-GDFTU";
/// The association's registered account.
pub const PAYEE: &str = "PAY-GDZHZ";

/// A unit that enrols its people and holds their 20 yuan.
pub struct Unit {
    /// Organisation code.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
    /// Kind.
    pub kind: v1::OrganizationType,
    /// Person code of its collecting system.
    pub collector: &'static str,
    /// Members who pay the 20 yuan themselves.
    pub members: u32,
    /// Members for whom the unit's union pays.
    pub by_union: u32,
    /// Places for hardship workers.
    pub hardship: u32,
    /// Model workers, by actual number.
    pub model: u32,
}

/// The units: 400,000 members pay themselves, unions pay for 216,000; 35,000 hardship workers; 5,000 model workers.
pub const UNITS: &[Unit] = &[
    unit(("GZ", "广州市总工会", CityFed, "collector-gz"), (130_000, 70_000), 12_000, 2_000),
    unit(("SZ", "深圳市总工会", CityFed, "collector-sz"), (120_000, 60_000), 8_000, 1_500),
    unit(("FS", "佛山市总工会", CityFed, "collector-fs"), (70_000, 40_000), 6_000, 1_000),
    unit(("SD", "顺德区总工会", Shunde, "collector-sd"), (25_000, 15_000), 3_000, 500),
    unit(("JKW", "省教科文卫工会", Industry, "collector-jkw"), (33_000, 17_000), 3_500, 0),
    unit(("ZJ", "省直机关工会", ProvOrgans, "collector-zj"), (22_000, 14_000), 2_500, 0),
];

const fn unit(
    (code, name, kind, collector): (&'static str, &'static str, v1::OrganizationType, &'static str),
    (members, by_union): (u32, u32),
    hardship: u32,
    model: u32,
) -> Unit {
    Unit { code, name, kind, collector, members, by_union, hardship, model }
}

/// Code of a unit's custody account.
pub fn custody_account(unit: &Unit) -> String {
    format!("CU-{}", unit.code)
}

/// Organisations beside the units and the association: who gives.
pub fn givers() -> Vec<v1::Organization> {
    [("GDCZ", "广东省财政厅", Fiscal), ("DON-1", "某爱心企业", Donor), ("DON-2", "某慈善基金会", Donor)]
        .map(|(code, name, kind)| organization(code, name, kind, ""))
        .into()
}

/// The organisation whose book it is.
pub fn own() -> v1::Organization {
    organization(OWN, "广东省总工会", ProvFed, "")
}

/// An organisation of the province.
pub fn organization(code: &str, name: &str, kind: v1::OrganizationType, parent: &str) -> v1::Organization {
    v1::Organization {
        code: code.into(),
        name: name.into(),
        r#type: kind.into(),
        parent: parent.into(),
        region: "440000".into(),
        uscc: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_add_up_to_the_scheme() {
        let sum = |of: fn(&Unit) -> u32| UNITS.iter().map(of).sum::<u32>();
        assert_eq!((sum(|u| u.members), sum(|u| u.by_union)), (400_000, 216_000));
        assert_eq!((sum(|u| u.hardship), sum(|u| u.model)), (35_000, 5_000));
    }

    #[test]
    fn every_role_has_a_seat() {
        for role in 1..=11 {
            assert!(SEATS.iter().any(|seat| seat.role as i32 == role), "{role}");
        }
    }
}
