//! Rust text with comments and literals blanked, so that a rule about code does not trip over prose.

/// `text` with the bytes of comments, strings and characters replaced by spaces.
///
/// Every byte keeps its place and every line its number. Doc comments are comments here.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        match end {
            Some(end) => {
                blank(&mut out[at..end]);
                at = end;
            }
            None => at += 1,
        }
    }
    // Whole literals became ASCII spaces, all else is untouched: still UTF-8.
    String::from_utf8_lossy(&out).into_owned()
}

/// Where the comment or literal that begins at `at` ends, if one begins there.
fn literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let within_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => Some(at + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())),
        [b'/', b'*', ..] => Some(at + block_comment(rest)),
        [b'"', ..] => Some(at + quoted(rest, 1, b'"')),
        [b'b' | b'c', b'"', ..] if !within_word => Some(at + quoted(rest, 2, b'"')),
        [b'r', b'"' | b'#', ..] if !within_word => raw_string(rest, 1).map(|length| at + length),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !within_word => raw_string(rest, 2).map(|length| at + length),
        [b'\'', ..] => character(rest).map(|length| at + length),
        _ => None,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn quoted(rest: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `r"…"` or `r#"…"#`; a raw identifier such as `r#type` is none.
fn raw_string(rest: &[u8], prefix: usize) -> Option<usize> {
    let hashes = rest[prefix..].iter().take_while(|&&byte| byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = &rest[open + 1..];
    let length = body.windows(close.len()).position(|window| window == close.as_slice()).map_or(body.len(), |found| found + close.len());
    Some(open + 1 + length)
}

/// `'x'` or `'\n'`; a lifetime is none.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return Some(quoted(rest, 1, b'\''));
    }
    // One character of up to four bytes, then the quote.
    let width = match rest.get(1)? {
        0..=0x7F => 1,
        0x80..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// The byte at which test code begins: by convention `#[cfg(test)] mod tests` closes a file.
pub fn tests_begin(code: &str) -> usize {
    code.find("#[cfg(test)]").unwrap_or(code.len())
}

/// The places where `word` stands in `code` with no letter, digit or `_` directly before or after it.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let joins = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let opens = word.as_bytes().first().is_some_and(|byte| joins(Some(byte)));
    let closes = word.as_bytes().last().is_some_and(|byte| joins(Some(byte)));
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let bytes = code.as_bytes();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        !(opens && joins(before) || closes && joins(bytes.get(at + word.len())))
    })
}

/// The number of the line that holds byte `at`, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].split(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blank_and_code_stays_in_place() {
        let text = "a /* b /* c */ d */ e // f\n\"g\\\"h\" i r#\"j\"k\"# l 'm' '\\'' 'é' 'n: &'static str r#type b\"o\" bar\"p\" q";
        let code = code(text);
        assert_eq!(code.len(), text.len());
        let left: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(left, ["a", "e", "i", "l", "'n:", "&'static", "str", "r#type", "bar", "q"]);
        assert_eq!(line_of(&code, code.find('i').unwrap()), 2);
    }

    #[test]
    fn words_stand_alone() {
        let code = "unsafe_code unsafe { } not_unsafe";
        assert_eq!(words(code, "unsafe").collect::<Vec<_>>(), [12]);
        assert_eq!(words("x.backward(); y.backward()", ".backward(").count(), 2);
    }
}
