//! Makes text safe to print. Text from a peer or from UCX may hold characters that begin a new line, move the cursor or
//! change the reading direction; printed as they are, they could forge a line of the log.

use std::fmt::Write;

/// Longest text of a peer that is repeated, in characters.
const MOST_CHARS: usize = 2000;

/// Returns one line without control characters: each is replaced by its escape, such as `\n` or `\u{202e}`.
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) { safe.extend(character.escape_default()) } else { safe.push(character) }
    }
    safe
}

/// Returns the same JSON with every unsafe character escaped. JSON has such characters inside strings only.
pub fn printable_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        if is_unsafe(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Returns at most 2000 characters of the text.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

/// C0, C1, line and paragraph separators, and characters that are invisible or change the direction of writing.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\nRESULT {}\r\u{1b}[2J\u{9b}2J\u{2028}END {}\u{202e}\u{200b}\u{e0041}é";

    #[test]
    fn printed_text_is_one_line_without_controls() {
        let safe = printable(HOSTILE);
        assert!(!safe.chars().any(is_unsafe), "{safe:?}");
        assert!(safe.starts_with("a\\nRESULT {}\\r") && safe.ends_with('é'), "{safe}");
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let json = serde_json::to_string(HOSTILE).unwrap();
        let safe = printable_json(&json);
        assert!(!safe.chars().any(is_unsafe), "{safe:?}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), HOSTILE);
    }

    #[test]
    fn long_text_is_shortened_between_characters() {
        assert_eq!(shortened(&"é".repeat(3000)).chars().count(), MOST_CHARS + 3);
        assert_eq!(shortened("short"), "short");
    }
}
