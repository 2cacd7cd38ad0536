//! The words of the protos' comments as a table: what each message, field, enum, value, service and method is called, in English and,
//! from the parentheses that end it, in Chinese. The command line takes its headings and help texts from it. Making files is `gen`'s.

use std::collections::BTreeMap;

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// Fields of the descriptor messages that a comment's path leads through (descriptor.proto).
const FILE_MESSAGES: i32 = 4;
const FILE_ENUMS: i32 = 5;
const FILE_SERVICES: i32 = 6;
const MESSAGE_FIELDS: i32 = 2;
const ENUM_VALUES: i32 = 2;
const SERVICE_METHODS: i32 = 2;

/// One line a name: full name, English, Chinese, separated by tabs and sorted by name. Only the project's own packages.
pub fn table(files: &FileDescriptorSet) -> String {
    let mut lines: Vec<String> = files
        .file
        .iter()
        .filter(|file| file.package().starts_with("earmark."))
        .flat_map(|file| {
            let comments = comments(file);
            let found =
                names(file).into_iter().filter_map(move |(path, name)| Some((name, comments.get(&path)?.clone())));
            found.map(|(name, comment)| {
                let (english, chinese) = split(&comment);
                format!("{name}\t{english}\t{chinese}\n")
            })
        })
        .collect();
    lines.sort();
    lines.concat()
}

/// Comments by path, each on one line.
fn comments(file: &FileDescriptorProto) -> BTreeMap<Vec<i32>, String> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    locations
        .map(|location| {
            (location.path.clone(), location.leading_comments().split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .filter(|(_, comment)| !comment.is_empty())
        .collect()
}

/// Every name of a file with its path.
fn names(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
    let package = file.package();
    let mut found = Vec::new();
    for (i, message) in (0..).zip(&file.message_type) {
        message_names(&[FILE_MESSAGES, i], package, message, &mut found);
    }
    for (i, of) in (0..).zip(&file.enum_type) {
        enum_names(&[FILE_ENUMS, i], package, of, &mut found);
    }
    for (i, service) in (0..).zip(&file.service) {
        let name = format!("{package}.{}", service.name());
        for (j, method) in (0..).zip(&service.method) {
            found.push((vec![FILE_SERVICES, i, SERVICE_METHODS, j], format!("{name}.{}", method.name())));
        }
        found.push((vec![FILE_SERVICES, i], name));
    }
    found
}

fn message_names(path: &[i32], scope: &str, message: &DescriptorProto, found: &mut Vec<(Vec<i32>, String)>) {
    let name = format!("{scope}.{}", message.name());
    for (i, field) in (0..).zip(&message.field) {
        found.push(([path, &[MESSAGE_FIELDS, i]].concat(), format!("{name}.{}", field.name())));
    }
    found.push((path.to_vec(), name));
}

fn enum_names(path: &[i32], scope: &str, of: &EnumDescriptorProto, found: &mut Vec<(Vec<i32>, String)>) {
    let name = format!("{scope}.{}", of.name());
    for (i, value) in (0..).zip(&of.value) {
        found.push(([path, &[ENUM_VALUES, i]].concat(), format!("{name}.{}", value.name())));
    }
    found.push((path.to_vec(), name));
}

/// A comment's English part and the Chinese of its last parentheses that hold any; template codes and article numbers stay behind.
fn split(comment: &str) -> (String, String) {
    let english = |text: &str| text.trim().trim_end_matches(['.', ';', ',']).trim().to_owned();
    let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let mut parts = comment.match_indices('(').filter_map(|(open, _)| {
        let inner = comment[open + 1..].split(')').next()?;
        chinese(inner).then_some((open, inner))
    });
    match parts.next_back() {
        Some((open, inner)) => {
            // What is not Chinese at all ("T01a", "附件2" is) says where it stands, not what it is called.
            let words: Vec<&str> = inner.split([',', ';', '；']).map(str::trim).filter(|part| chinese(part)).collect();
            (english(&comment[..open]), words.first().copied().unwrap_or_default().to_owned())
        }
        None => (english(comment), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_english_and_then_chinese() {
        let table = [
            ("Amount (金额).", "Amount", "金额"),
            ("Not given (未指定); refused.", "Not given", "未指定"),
            (
                "Pays premiums straight to the association (直拨, T14).",
                "Pays premiums straight to the association",
                "直拨",
            ),
            ("Word, cycle and number (凭证字号), for example 记-2018-7.", "Word, cycle and number", "凭证字号"),
            ("A book", "A book", ""),
        ];
        for (comment, english, chinese) in table {
            assert_eq!(split(comment), (english.to_owned(), chinese.to_owned()));
        }
    }
}
