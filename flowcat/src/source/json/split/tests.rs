//! What is found in streams of JSON, whole and broken, however they are cut.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

/// The parts of a text that comes in pieces of these sizes; lines that are objects are taken as such.
fn parts(text: &[u8], sizes: &[usize], limit: usize) -> (Vec<(String, u64)>, bool, u64) {
    let mut split = Split::new(limit, limit);
    let mut found = Vec::new();
    let mut take = |part: Part<'_>, line| {
        let (name, text) = match part {
            Part::Line(text) => {
                let value: Result<serde_json::Value, _> = serde_json::from_slice(text);
                if value.is_err() {
                    return Taken::No;
                }
                ("object", text)
            }
            Part::Object(text) => ("object", text),
            Part::CutOff(text) => ("cut off", text),
            Part::TooLong(text, part) => {
                let text = String::from_utf8_lossy(text);
                match found.last_mut() {
                    Some((last, began)) if !part.first => {
                        assert_eq!(*began, line);
                        let last: &mut String = last;
                        last.push_str(&text);
                    }
                    _ => found.push((format!("too long {text}"), line)),
                }
                return Taken::Yes;
            }
            Part::Text(text) => ("text", text),
        };
        found.push((format!("{name} {}", String::from_utf8_lossy(text)), line));
        Taken::Yes
    };
    let mut rest = text;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).clamp(1, rest.len()));
        assert!(split.block(piece, &mut take));
        rest = after;
    }
    let whole = split.end(&mut take);
    let lines = split.lines();
    (found, whole, lines)
}

fn all(text: &str) -> Vec<String> {
    let (found, ..) = parts(text.as_bytes(), &[1 << 20], 1 << 20);
    found.into_iter().map(|(part, line)| format!("{line} {part}")).collect()
}

#[test]
fn objects_are_found_in_arrays_in_lines_and_without_brackets() {
    assert_eq!(all("[{\"a\":1},{\"b\":2}]"), ["1 object {\"a\":1}", "1 object {\"b\":2}"]);
    assert_eq!(all("{\"a\":1}\n{\"b\":2},\n"), ["1 object {\"a\":1}", "2 object {\"b\":2}"]);
    assert_eq!(all("{\"a\":1}{\"b\":{}}"), ["1 object {\"a\":1}", "1 object {\"b\":{}}"]);
    assert_eq!(
        all("[\n{\n\t\"a\" : \"}\\\"{\"\n}\n,\n{\n \"b\":2\n }\n]\n"),
        ["2 object {  \"a\" : \"}\\\"{\" }", "6 object {  \"b\":2  }"]
    );
    assert_eq!(all("\u{feff}[\n]\n"), [""; 0]);
}

#[test]
fn what_is_between_objects_and_no_object_is_text() {
    assert_eq!(all("[\nNo matching flows\n\n]\n"), ["2 text No matching flows"]);
    assert_eq!(all("[1,2]\n{\"a\":1} x\n"), ["1 text 1", "1 text 2", "2 object {\"a\":1}", "2 text x"]);
}

#[test]
fn what_is_broken_costs_no_more_than_itself() {
    assert_eq!(all("{\"a\":1\n{\"b\":2}\n"), ["1 cut off {\"a\":1", "2 object {\"b\":2}"]);
    assert_eq!(
        all("{\n\"u\": \"a\"b\",\n\"n\":1\n},\n{\n\"b\":2\n}\n"),
        ["1 object { \"u\": \"a\"b\",\n\"n\":1 }", "5 object { \"b\":2 }"]
    );
    assert_eq!(parts(b"[{\"a\":1},\n{\"b\"", &[3], 99).0.last().unwrap().0, "cut off {\"b\"");
    assert!(!parts(b"[{\"a\":1},\n", &[99], 99).1);
    assert!(!parts(b"{\n\"a\":1", &[99], 99).1);
    assert!(parts(b"{\"a\":1", &[99], 99).1);
}

#[test]
fn an_object_or_text_above_the_limit_is_handed_over_whole_in_parts() {
    let (object, text) = (format!("{{\"a\":\"{}\"}}", "x".repeat(100)), "y".repeat(100));
    let input = format!("[{object},\n{text}\n{{\"b\":1}}]");
    for size in [1, 7, 20, 64] {
        let (found, is_whole, _) = parts(input.as_bytes(), &[size], 20);
        let wanted =
            [(format!("too long {object}"), 1), (format!("too long {text}"), 2), ("object {\"b\":1}".into(), 3)];
        assert_eq!((found, is_whole), (wanted.to_vec(), true), "{size}");
    }
}

#[test]
fn what_is_too_long_takes_no_more_memory_than_the_limit_and_a_block() {
    let mut split = Split::new(1 << 16, 1 << 16);
    let mut given = 0;
    let mut take = |part: Part<'_>, _| {
        let Part::TooLong(text, _) = part else { panic!("{part:?}") };
        given += text.len();
        assert!(text.len() <= 3 << 16, "{}", text.len());
        Taken::Yes
    };
    split.block(b"{\"a\":\"", &mut take);
    (0..1000).for_each(|_| assert!(split.block(&[b'x'; 1 << 16], &mut take)));
    assert!(split.block(b"\"}", &mut take));
    assert_eq!(given, (1000 << 16) + 8);
}

#[test]
fn a_table_may_be_longer() {
    let text = format!("{{\"a\":{{\"0\":\"{}\"}}}}", "x".repeat(100));
    let mut split = Split::new(20, 1000);
    let mut found = 0;
    split.block(text.as_bytes(), |part, _| {
        found += usize::from(part == Part::Object(text.as_bytes()));
        Taken::Yes
    });
    assert_eq!(found, 1);
}

proptest! {
    #[test]
    fn the_parts_do_not_depend_on_the_cuts(
        text in prop::collection::vec(
            prop::sample::select(vec!["{\"a\":1}", "{", "}", "\n", ",", "\"", "\\", "[", "]", "x", " ", "\"k\":", "{\n\"b\":{}\n}\n"]),
            0..30,
        ),
        sizes in prop::collection::vec(1usize..20, 1..9),
    ) {
        let text = text.concat().into_bytes();
        prop_assert_eq!(parts(&text, &sizes, 50), parts(&text, &[1], 50));
        prop_assert_eq!(parts(&text, &[1000], 50), parts(&text, &[1], 50));
    }
}
