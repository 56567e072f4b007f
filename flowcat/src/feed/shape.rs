//! Whether an input can be cut into lines, told from as few of its first bytes as can be: a live one may be slow.

use flow_record::input::Input;

/// How much of an input without a newline is looked at.
const LOOK: usize = 64 * 1024;

/// How an input is cut into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Into whole lines.
    Lines,
    /// Anywhere.
    Pieces,
}

/// Tells how an input is best cut.
pub(super) fn shape(input: &mut Input) -> Shape {
    let mut have = 1;
    loop {
        let head = input.peek(have);
        let ended = head.len() < have;
        match shape_of(head) {
            Some(shape) => return shape,
            None if ended || have >= LOOK => return if ended { Shape::Lines } else { Shape::Pieces },
            None => have += 1,
        }
    }
}

/// The shape of what begins like this, if that is enough to tell.
fn shape_of(head: &[u8]) -> Option<Shape> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if b"\xef\xbb\xbf".starts_with(head) {
        return None;
    }
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
            ("\u{feff}", None),
            ("t", Some(Shape::Lines)),
            ("  [", Some(Shape::Pieces)),
            ("\u{feff}[", Some(Shape::Pieces)),
            ("{", None),
            ("{\n", Some(Shape::Lines)),
            ("{\"a\":1", Some(Shape::Lines)),
            ("{\"a\\\"\": \"", Some(Shape::Lines)),
            ("{\"a\":{\"0\":1", None),
            ("{\"a\":{\"0\":1}}\n", Some(Shape::Lines)),
            ("{x", Some(Shape::Lines)),
        ] {
            assert_eq!(shape_of(head.as_bytes()), shape, "{head:?}");
        }
    }

    #[test]
    fn a_long_line_of_columns_comes_in_pieces_and_a_long_line_of_anything_else_as_a_line() {
        let columns = format!("{{\"a\":{{{}}}}}", "\"0\":1,".repeat(20_000));
        assert_eq!(shape(&mut Input::from_reader(std::io::Cursor::new(columns))), Shape::Pieces);
        let line = format!("{{\"a\":\"{}\"}}", "x".repeat(200_000));
        assert_eq!(shape(&mut Input::from_reader(std::io::Cursor::new(line))), Shape::Lines);
    }
}
