//! 摘要: the text that a voucher bears in the views where nobody gave it one, made from its template and fields.

use record::Voucher;
use record::kinds::{LedgerKind, Template};
use record::preset::Preset;

/// Names of sources and classes, by ordinal from 1. They come with the opening and never change.
#[derive(Default)]
pub(super) struct Words {
    sources: Vec<String>,
    classes: Vec<String>,
}

impl Words {
    pub(super) fn of(preset: &Preset) -> Words {
        Words {
            sources: preset.sources.iter().map(|source| source.name.clone()).collect(),
            classes: preset.classes.iter().map(|class| class.name.clone()).collect(),
        }
    }

    /// What the view says of a voucher: nothing of a premium receipt, of which there are millions.
    pub(super) fn summary(&self, voucher: &Voucher) -> String {
        let receipt = matches!(voucher.template, Template::T02 | Template::T03);
        if !voucher.summary.is_empty() || receipt {
            return voucher.summary.clone();
        }
        let Some(line) = voucher.lines.first() else { return String::new() };
        let source = named(&self.sources, line.source);
        let class = named(&self.classes, line.class);
        let persons = format!("{}人", line.heads.unsigned_abs());
        let budget = voucher.ledger == LedgerKind::Budget;
        let (begin, middle, end) = match voucher.template {
            Template::T11 => ("设立/调整预算指标 ", source, ""),
            Template::T12 => ("名额分配 ", class, &*persons),
            Template::T13 => ("批复占用/释放 ", class, ""),
            Template::T14 if budget => ("支出核销占用 ", class, ""),
            Template::T14 => ("直拨互助会 ", class, &*persons),
            Template::T15 => ("上解保障费至互助会 ", "", &*persons),
            Template::T17 if budget => ("退回恢复指标", "", ""),
            Template::T17 | Template::T18 => ("互助会退回 ", class, &*persons),
            Template::T24 | Template::T25 => ("期末结转收支 ", source, ""),
            Template::T26 => ("转入累计结转 ", source, ""),
            Template::T27 => ("结转转结余 ", source, ""),
            Template::T28 => ("财政结余上缴 ", source, ""),
            Template::T29 => ("预算年末注销 ", source, ""),
            Template::T30 => ("期初建账", "", ""),
            Template::T32 => ("退还出资人 ", source, ""),
            _ => ("收到", source, ""),
        };
        [begin, middle, end].concat()
    }
}

fn named(list: &[String], no: u8) -> &str {
    usize::from(no).checked_sub(1).and_then(|place| list.get(place)).map_or("", String::as_str)
}
