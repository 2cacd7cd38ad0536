//! How single values go over the wire: numbers, days, digests, voucher references, closed sets, lists. Messages stand in `commands` and
//! `preset`, as field lists that the `wire!` macro turns into both directions.

use api::google::r#type::Date;
use record::{Day, Digest, Token, VoucherRef};

use super::{Closed, Fields};

/// A value with its form on the wire. A value that cannot be read leaves a fault and a placeholder; the request then goes nowhere.
pub(crate) trait Wire<W>: Sized {
    /// The value of its wire form.
    fn read(fields: &mut Fields, wire: W) -> Self;
    /// The wire form of the value.
    fn show(&self) -> W;
}

macro_rules! plain {
    ($($type:ty),+) => { $(
        impl Wire<$type> for $type {
            fn read(_: &mut Fields, wire: $type) -> $type {
                wire
            }
            fn show(&self) -> $type {
                self.clone()
            }
        }
    )+ };
}
plain!(String, bool, i64, u32, u64, Option<u32>);

macro_rules! narrow {
    ($($type:ty),+) => { $(
        impl Wire<u32> for $type {
            fn read(fields: &mut Fields, wire: u32) -> $type {
                <$type>::try_from(wire).unwrap_or_else(|_| {
                    fields.fault("OUT_OF_RANGE", concat!("不得大于 ", stringify!($type), " 的上限"), "too large");
                    0
                })
            }
            fn show(&self) -> u32 {
                u32::from(*self)
            }
        }
    )+ };
}
narrow!(u8, u16);

impl<T: Closed + Placeholder> Wire<i32> for T {
    fn read(fields: &mut Fields, wire: i32) -> T {
        T::of_wire(wire).unwrap_or_else(|| {
            fields.fault("UNKNOWN_VALUE", "必须取规定的代码之一", "must be one of the values of its set");
            T::PLACEHOLDER
        })
    }
    fn show(&self) -> i32 {
        self.to_wire()
    }
}

/// What stands where a closed value could not be read, so that the rest of the message can still be checked.
pub(crate) trait Placeholder {
    const PLACEHOLDER: Self;
}

macro_rules! placeholder {
    ($($kind:ident :: $value:ident),+ $(,)?) => { $(
        impl Placeholder for record::kinds::$kind {
            const PLACEHOLDER: Self = record::kinds::$kind::$value;
        }
    )+ };
}
placeholder!(
    Role::Audit,
    Side::Debit,
    Change::Increase,
    Verdict::Reject,
    Element::Asset,
    Restriction::None,
    Dimension::Source,
    OrgType::Employer,
    BankPurpose::Payee,
    GiftType::None,
    IncomeKind::Other,
    PayerType::Member,
    Custody::Collector,
    ApprovalKind::Param,
    Body::Leadership,
    Direction::In,
    EvidenceKind::Other,
    Settlement::Transfer,
    RegisterKind::Hardship,
    ArchiveKind::Voucher,
    FindingStep::Dismiss,
    LineNature::Other,
);

impl Wire<Option<Date>> for Option<Day> {
    fn read(fields: &mut Fields, wire: Option<Date>) -> Option<Day> {
        wire.map(|date| {
            // A partial date (month or day 0) is no day: from_ymd refuses it.
            let part = |value: i32| u32::try_from(value).unwrap_or(0);
            Day::from_ymd(date.year, part(date.month), part(date.day)).unwrap_or_else(|_| {
                fields.fault(
                    "INVALID_DATE",
                    "必须是 1900-01-01 至 2999-12-31 之间完整的日期",
                    "must be a full calendar day between 1900-01-01 and 2999-12-31",
                );
                Day::default()
            })
        })
    }
    fn show(&self) -> Option<Date> {
        self.map(|day| Date {
            year: i32::from(day.year()),
            month: i32::from(day.month()),
            day: i32::try_from(chrono::Datelike::day(&day.date())).unwrap_or(0),
        })
    }
}

impl Wire<Option<Date>> for Day {
    fn read(fields: &mut Fields, wire: Option<Date>) -> Day {
        if wire.is_none() {
            fields.missing();
        }
        Option::<Day>::read(fields, wire).unwrap_or_default()
    }
    fn show(&self) -> Option<Date> {
        Some(*self).show()
    }
}

impl Wire<Vec<u8>> for Digest {
    fn read(fields: &mut Fields, wire: Vec<u8>) -> Digest {
        if wire.is_empty() {
            fields.missing();
            return Digest::default();
        }
        Digest::try_from(wire).unwrap_or_else(|_| {
            fields.fault("INVALID_DIGEST", "必须是 32 字节的 SHA-256", "must be the 32 bytes of a SHA-256");
            Digest::default()
        })
    }
    fn show(&self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Wire<Vec<u8>> for Option<Digest> {
    fn read(fields: &mut Fields, wire: Vec<u8>) -> Option<Digest> {
        (!wire.is_empty()).then(|| Digest::read(fields, wire))
    }
    fn show(&self) -> Vec<u8> {
        self.map(|digest| digest.to_vec()).unwrap_or_default()
    }
}

/// Tokens go one after another: as messages of their own, their framing would weigh as much as they.
impl Wire<Vec<u8>> for Vec<Token> {
    fn read(fields: &mut Fields, wire: Vec<u8>) -> Vec<Token> {
        let (tokens, rest) = wire.as_chunks::<16>();
        if !rest.is_empty() {
            fields.fault("INVALID_TOKEN", "每个令牌须为 16 字节", "must be 16 bytes for each token");
        }
        tokens.to_vec()
    }
    fn show(&self) -> Vec<u8> {
        self.concat()
    }
}

impl Wire<String> for VoucherRef {
    fn read(fields: &mut Fields, wire: String) -> VoucherRef {
        VoucherRef::parse(&wire).unwrap_or_else(|| {
            fields.fault(
                "INVALID_VOUCHER",
                "必须是凭证字号，例如 记-2018-7",
                "must be a voucher's word, cycle and number, for example 记-2018-7",
            );
            VoucherRef { word: record::kinds::Word::Ji, cycle: 1, number: 1 }
        })
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl<W, T: Wire<W>> Wire<Vec<W>> for Vec<T> {
    fn read(fields: &mut Fields, wire: Vec<W>) -> Vec<T> {
        wire.into_iter().enumerate().map(|(index, item)| fields.item(index, |f| T::read(f, item))).collect()
    }
    fn show(&self) -> Vec<W> {
        self.iter().map(Wire::show).collect()
    }
}

/// Reads a message that must be given; one that is not is a single fault, whatever it would have held.
pub(crate) fn required<W: Default, T: Wire<W>>(fields: &mut Fields, wire: Option<W>) -> T {
    match wire {
        Some(message) => T::read(fields, message),
        None => {
            fields.missing();
            T::read(&mut Fields::default(), W::default())
        }
    }
}

/// Field lists of messages: `ours => wire { same_name, ...; our_name = wire_name, ... }`. Both struct literals are exhaustive, so a
/// field that is added on either side and forgotten here does not compile. A message that is not given at all is one fault.
macro_rules! wire {
    ($($ours:path => $wire:path { $($same:ident),* $(; $($our:ident = $their:ident),+)? $(,)? })+) => { $(
        impl Wire<$wire> for $ours {
            fn read(fields: &mut Fields, wire: $wire) -> Self {
                Self {
                    $($same: fields.at(stringify!($same), |f| Wire::read(f, wire.$same)),)*
                    $($($our: fields.at(stringify!($their), |f| Wire::read(f, wire.$their)),)+)?
                }
            }
            fn show(&self) -> $wire {
                use $wire as Message;
                Message {
                    $($same: Wire::show(&self.$same),)*
                    $($($their: Wire::show(&self.$our),)+)?
                }
            }
        }
        impl Wire<Option<$wire>> for $ours {
            fn read(fields: &mut Fields, wire: Option<$wire>) -> Self {
                crate::decode::wire::required(fields, wire)
            }
            fn show(&self) -> Option<$wire> {
                Some(Wire::<$wire>::show(self))
            }
        }
    )+ };
}
pub(super) use wire;
