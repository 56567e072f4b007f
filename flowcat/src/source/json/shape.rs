//! Whether a text can be cut into lines, told from as few of its first bytes as can be: a live one may be slow.
//!
//! A JSON array, or a JSON object without a newline in its first 64 KiB, may be one line of any length.

/// How much of an input without a newline is looked at.
const LOOK: usize = 64 * 1024;

/// How a text is cut into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Shape {
    /// Into whole lines.
    Lines,
    /// Anywhere.
    Pieces,
}

/// The shape of a text that begins like this, without its byte order mark; `None` where more must be seen, which is
/// not to come after the `last`.
pub(in crate::source) fn of(head: &[u8], last: bool) -> Option<Shape> {
    match shown(head) {
        None if last => Some(Shape::Lines),
        None if head.len() >= LOOK => Some(Shape::Pieces),
        shape => shape,
    }
}

/// The shape of what begins like this, if that is enough to tell.
fn shown(head: &[u8]) -> Option<Shape> {
    let rest = head.trim_ascii_start();
    match rest.first()? {
        b'[' => return Some(Shape::Pieces),
        b'{' => {}
        _ => return Some(Shape::Lines),
    }
    if rest.contains(&b'\n') {
        return Some(Shape::Lines);
    }
    // `{"column":{` and `{"column":[` may be a table by columns, on one line of any length.
    let key = rest[1..].trim_ascii_start();
    if *key.first()? != b'"' {
        return Some(Shape::Lines);
    }
    let mut escaped = false;
    let close = key[1..].iter().position(|b| {
        let is_close = *b == b'"' && !escaped;
        escaped = *b == b'\\' && !escaped;
        is_close
    })?;
    let value = key[close + 2..].trim_ascii_start();
    match value.first()? {
        b':' => match value[1..].trim_ascii_start().first()? {
            b'{' | b'[' => None,
            _ => Some(Shape::Lines),
        },
        _ => Some(Shape::Lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_shows_in_as_few_bytes_as_can_be() {
        for (head, shape) in [
            ("", None),
            ("\n ", None),
            ("t", Some(Shape::Lines)),
            ("  [", Some(Shape::Pieces)),
            ("{", None),
            ("{\n", Some(Shape::Lines)),
            ("{\"a\":1", Some(Shape::Lines)),
            ("{\"a\\\"\": \"", Some(Shape::Lines)),
            ("{\"a\":{\"0\":1", None),
            ("{\"a\":{\"0\":1}}\n", Some(Shape::Lines)),
            ("{x", Some(Shape::Lines)),
        ] {
            assert_eq!(shown(head.as_bytes()), shape, "{head:?}");
        }
    }

    #[test]
    fn a_long_line_of_columns_comes_in_pieces_and_a_long_line_of_anything_else_as_a_line() {
        let columns = format!("{{\"a\":{{{}}}}}", "\"0\":1,".repeat(20_000));
        assert_eq!(of(columns.as_bytes(), false), Some(Shape::Pieces));
        assert_eq!(of(&columns.as_bytes()[..1000], false), None);
        assert_eq!(of(&columns.as_bytes()[..1000], true), Some(Shape::Lines));
        let line = format!("{{\"a\":\"{}\"}}", "x".repeat(200_000));
        assert_eq!(of(line.as_bytes(), false), Some(Shape::Lines));
    }
}
