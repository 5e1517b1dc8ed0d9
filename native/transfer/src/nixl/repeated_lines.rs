//! Limits how often a line of a log is relayed. A transfer that keeps failing can make UCX log the same error thousands
//! of times a second, which would fill a pod's log.

use std::collections::HashMap;

/// Lines that differ only in numbers are relayed this often.
const RELAYED: u64 = 3;
/// Maximum different lines that are remembered; later ones are only counted.
const MAX_DIFFERENT: usize = 1000;

#[derive(Debug, Default)]
pub struct RepeatedLines {
    seen: HashMap<String, Seen>,
    /// Lines beyond `MAX_DIFFERENT`.
    other: u64,
}

#[derive(Debug)]
struct Seen {
    count: u64,
    first: String,
}

impl RepeatedLines {
    /// Counts a line and returns whether to relay it.
    pub fn relays(&mut self, line: &str) -> bool {
        let key = without_numbers(text_of(line));
        if self.seen.len() >= MAX_DIFFERENT && !self.seen.contains_key(&key) {
            self.other += 1;
            return false;
        }
        let seen = self.seen.entry(key).or_insert_with(|| Seen { count: 0, first: text_of(line).to_owned() });
        seen.count += 1;
        seen.count <= RELAYED
    }

    /// One line for each that was suppressed since the last call, with how often.
    pub fn take_summary(&mut self) -> Vec<String> {
        let repeated = self.seen.values_mut().filter(|seen| seen.count > RELAYED);
        let mut summary: Vec<String> = repeated
            .map(|seen| {
                let suppressed = std::mem::replace(&mut seen.count, RELAYED) - RELAYED;
                format!("UCX logged {suppressed} more lines like: {}", seen.first)
            })
            .collect();
        summary.sort();
        if std::mem::take(&mut self.other) > 0 {
            summary.push(format!("UCX logged other lines after {MAX_DIFFERENT} different ones"));
        }
        summary
    }
}

/// A line without "[time] [host:pid:thread]".
fn text_of(line: &str) -> &str {
    line.splitn(3, "] ").nth(2).unwrap_or(line).trim_start()
}

/// The text with every number, hexadecimal ones included, replaced by `#`.
fn without_numbers(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    let mut in_number = false;
    for character in text.chars() {
        // A number begins with a digit; an `x` or a letter of a hexadecimal number continues it.
        let continues = in_number && (character.is_ascii_hexdigit() || character == 'x');
        if character.is_ascii_digit() || continues {
            if !in_number {
                key.push('#');
            }
            in_number = true;
        } else {
            in_number = false;
            key.push(character);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_only_in_numbers_are_counted() {
        let mut lines = RepeatedLines::default();
        let line = |number: u32| {
            format!("[{number}.5] [vm:7:0]  mm.c:9 UCX  ERROR register 0x7f{number:04x} failed")
        };
        let relayed = (0..10).filter(|number| lines.relays(&line(*number))).count();
        assert_eq!(relayed, 3);
        assert!(lines.relays("[1.5] [vm:7:0]  mm.c:9 UCX  ERROR another"));
        assert_eq!(
            lines.take_summary(),
            ["UCX logged 7 more lines like: mm.c:9 UCX  ERROR register 0x7f0000 failed"]
        );
        assert_eq!(lines.take_summary(), [""; 0]);
    }

    #[test]
    fn different_lines_are_bounded() {
        let mut lines = RepeatedLines::default();
        let word = |number: u32| {
            number.to_string().bytes().map(|digit| (digit - b'0' + b'g') as char).collect::<String>()
        };
        let relayed = (0..5000).filter(|number| lines.relays(&word(*number))).count();
        assert_eq!((relayed, lines.take_summary().len()), (1000, 1));
    }
}
