//! What nfdump prints beside records: summaries, times, and the messages that end up between records where stderr goes
//! into the same file. None of it is data, and none of it is an error.

/// How these begin.
const REMARKS: [&[u8]; 11] = [
    b"No matching flow",
    b"Summary",
    b"Top ",
    b"Aggregated flows",
    b"Time window:",
    b"Total flows processed:",
    b"Total records processed:",
    b"Sys:",
    b"Skip unknown record type",
    b"Skip records",
    b"Number of workers should not",
];

/// Whether a line is one that nfdump prints beside records.
pub(super) fn is_remark(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_uppercase) && REMARKS.iter().any(|r| line.starts_with(r))
}

/// Whether a line that is no record reads like a message, which is told but does not count as a record.
pub(super) fn is_message(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_alphabetic) && line.contains(&b' ')
}

/// The same for a message, with the text to tell.
pub(super) fn message(line: &[u8]) -> String {
    format!("not a record: {}", flow_record::value::text::snippet(line, 80))
}
