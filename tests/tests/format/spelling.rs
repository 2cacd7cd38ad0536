//! One meaning, one spelling: what is encoded decodes to the same, and no other bytes do. The Python reader is held to the same answers.

use record::{MAX_RECORD_BYTES, command};
use serde_json::Value as Json;

use crate::{commands, debug, hex, python, records, unhex};

fn bodies() -> Vec<Vec<u8>> {
    records::log().iter().map(|(_, record)| record::encode(record)).collect()
}

fn flipped(body: &[u8], bit: usize) -> Vec<u8> {
    let mut other = body.to_vec();
    other[bit / 8] ^= 1 << (bit % 8);
    other
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    for (name, record) in records::log() {
        assert_eq!(record::decode(&record::encode(&record)), Ok(record), "{name}");
    }
    for (name, _, _, command) in commands::vectors() {
        assert_eq!(command::decode(&command::encode(&command)), Some(command), "{name}");
    }
}

#[test]
fn a_flipped_bit_is_refused_or_is_another_record() {
    let (mut refused, mut others) = (0, 0);
    for ((name, record), body) in records::log().iter().zip(bodies()) {
        for bit in 0..body.len() * 8 {
            let other = flipped(&body, bit);
            match record::decode(&other) {
                Err(_) => refused += 1,
                Ok(read) => {
                    assert_ne!(&read, record, "{name}: bit {bit} is spelled two ways");
                    assert_eq!(record::encode(&read), other, "{name}: bit {bit}");
                    others += 1;
                }
            }
        }
    }
    // Tags, lengths and text refuse; amounts, digests and days become others. Neither may vanish from the test.
    assert!(refused > 1_000 && others > 1_000, "{refused} refused, {others} other records");
}

#[test]
fn a_flipped_bit_of_a_command_is_refused_or_is_another_command() {
    for (name, _, _, command) in commands::vectors() {
        let bytes = command::encode(&command);
        for bit in 0..bytes.len() * 8 {
            let other = flipped(&bytes, bit);
            if let Some(read) = command::decode(&other) {
                assert_ne!(read, command, "{name}: bit {bit} is spelled two ways");
                assert_eq!(command::encode(&read), other, "{name}: bit {bit}");
            }
        }
    }
}

#[test]
fn less_or_more_than_a_body_is_refused() {
    for ((name, _), mut body) in records::log().iter().zip(bodies()) {
        for length in 0..body.len() {
            assert!(record::decode(&body[..length]).is_err(), "{name}: {length} bytes of it");
        }
        body.push(0);
        assert!(record::decode(&body).is_err(), "{name}: a byte more");
    }
    let version_2 = [&[1u8][..], &bodies()[0][1..]].concat();
    assert!(record::decode(&version_2).is_err(), "another version");
    assert!(record::decode(&vec![0; MAX_RECORD_BYTES + 1]).is_err(), "longer than a record may be");
}

/// What both readers say of lines of hex bodies; panics where they differ. How many were read.
fn readers_agree<T: std::fmt::Debug>(
    flag: Option<&str>,
    kind: &str,
    lines: &str,
    read: impl Fn(&[u8]) -> Option<T>,
) -> usize {
    let (output, _) = python("tools/read.py", &[flag.as_slice(), &["-"]].concat(), lines);
    let mut count = 0;
    let mut answers = output.lines();
    for (at, line) in lines.lines().enumerate() {
        let answer: Json = serde_json::from_str(answers.next().expect("an answer to each line")).expect("JSON");
        match read(&unhex(line)) {
            Some(value) => {
                debug::assert_agrees(&value, &answer[kind], &format!("line {}", at + 1));
                count += 1;
            }
            None => assert!(answer["error"].is_string(), "only Python reads {line}: {answer}"),
        }
    }
    count
}

#[test]
fn the_python_reader_refuses_the_same_bytes() {
    let mut lines = String::new();
    for body in bodies() {
        // Every 13th bit: all bits of a byte come up, and the run stays short.
        for bit in (0..body.len() * 8).step_by(13) {
            lines += &hex(&flipped(&body, bit));
            lines.push('\n');
        }
    }
    let read = readers_agree(None, "record", &lines, |body| record::decode(body).ok());
    assert!(read > 500 && read < lines.lines().count() - 100, "{read} read");
}

#[test]
fn the_python_reader_understands_every_record_the_same() {
    let (lines, well) = python("tests/tests/format/random_bodies.py", &["Record", "2018", "12"], "");
    assert!(well && !lines.is_empty());
    let read = readers_agree(None, "record", &lines, |body| record::decode(body).ok());
    assert_eq!(read, lines.lines().count(), "bodies made from the tables alone");
}

#[test]
fn the_python_reader_understands_every_command_the_same() {
    let (lines, well) = python("tests/tests/format/random_bodies.py", &["Command", "2018", "12"], "");
    assert!(well && !lines.is_empty());
    let read = readers_agree(Some("--commands"), "command", &lines, command::decode);
    assert_eq!(read, lines.lines().count(), "commands made from the tables alone");
}
