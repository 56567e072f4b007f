//! What is refused, why, and where.

use crate::filter::Filter;
use crate::value::time::Zone;

/// The message and the marked part of an expression that is refused.
fn fault(text: &str) -> (String, String) {
    match Filter::parse(text, &Zone::utc()) {
        Ok(filter) => panic!("{text} is taken as {filter}"),
        Err(fault) => (fault.message, text.get(fault.span).unwrap().to_owned()),
    }
}

#[test]
fn a_fault_says_what_and_where() {
    let cases = [
        ("", "", "an expression is missing at the end"),
        ("bytes >", "", "a condition or a value is missing at the end"),
        ("byts > 1", "byts", "unknown word \"byts\"; did you mean bytes? A member of that name is .byts"),
        ("sport 53", "sport", "unknown word \"sport\"; did you mean src_port? A member of that name is .sport"),
        ("prto tcp", "prto", "unknown word \"prto\"; did you mean proto? A member of that name is .prto"),
        ("proto tpc", "tpc", "unknown protocol \"tpc\"; did you mean tcp?"),
        ("port htps", "htps", "unknown service \"htps\"; did you mean https?"),
        ("proto tcp port 80", "port", "and or or is missing before \"port\""),
        ("proto tcp adn port 80", "adn", "expected and, or, or the end, not \"adn\"; did you mean and?"),
        ("bytes > 5 packets > 3", "packets", "and or or is missing before \"packets\""),
        ("(bytes > 5 src ip 10.0.0.1)", "src", "and or or is missing before \"src\""),
        ("bytes > 5 & packets > 3", "&", "conditions are joined by and or &&, or by or or ||"),
        ("port 80 443", "443", "several values are a list: in [80 443]; \"443\" stands alone"),
        ("bytes above 5", "above", "== != < <= > >= in or =~ is missing before \"above\""),
        ("app dns", "dns", "== != < <= > >= in or =~ is missing before \"dns\"; write app == \"dns\""),
        (
            "app contains \"dns\"",
            "contains",
            "== != < <= > >= in or =~ is missing before \"contains\"; write app == \"contains\"",
        ),
        ("(bytes) and any", "(bytes)", "(bytes) alone is no condition; compare it with something"),
        ("bytes and any", "bytes", "bytes alone is no condition; compare it with something"),
        ("port 70000", "70000", "a port is at most 65535"),
        ("src port > 70000", "70000", "a port is at most 65535"),
        ("port in [80 70000]", "70000", "a port is at most 65535"),
        ("port 60000-70000", "60000-70000", "a port is at most 65535"),
        ("dst_port == 65536", "65536", "a port is at most 65535"),
        ("port 80 or 70000", "70000", "a port is at most 65535"),
        ("protocol == 256", "256", "protocol is at most 255"),
        ("as 4294967296", "4294967296", "src_as is at most 4294967295"),
        ("bytes == 9007199254740992", "9007199254740992", "bytes is at most 9007199254740991"),
        ("dst_port == htps", "htps", "unknown service \"htps\"; did you mean https? A member of that name is .htps"),
        ("dst_port > https", "dst_port > https", "only numbers and times have an order; == and != compare the rest"),
        ("dst_port == \"htps\"", "\"htps\"", "unknown service \"htps\"; did you mean https?"),
        ("host example.org", "example.org", "names are not looked up; write the address"),
        ("host 10.0.0.256", "10.0.0.256", "no such address or network"),
        ("net 10.0.0.0/33", "10.0.0.0/33", "no such address or network"),
        ("net 10.0.0.0 255.0.255.0", "255.0.255.0", "a mask is ones and then zeros"),
        ("flags s", "s", "flags are capitals out of F S R P A U E C, or X for the first six"),
        ("bytes", "bytes", "bytes alone is no condition; compare it with something"),
        (
            "bytes > 5x",
            "5x",
            "unknown unit \"x\"; k, M, G and T are powers of 1000, durations have ms, s, m, h, d or w",
        ),
        ("bytes > 5MB", "5MB", "unknown unit \"MB\"; did you mean 5M?"),
        ("bytes > 5s", "bytes > 5s", "a number and a duration cannot be compared so"),
        ("bytes > \"5\"", "\"5\"", "a number is needed here; this is a text"),
        ("label == malicious", "malicious", "a text stands in quotes: \"malicious\""),
        ("label > \"a\"", "label > \"a\"", "only numbers and times have an order; == and != compare the rest"),
        ("10.0.0.1<srcin", "10.0.0.1<srcin", "only numbers and times have an order; == and != compare the rest"),
        ("any and 10.0.0.1 < x", "10.0.0.1 < x", "only numbers and times have an order; == and != compare the rest"),
        ("10.0.0.1 < or", "10.0.0.1 < or", "only numbers and times have an order; == and != compare the rest"),
        ("\" \" < x", "\" \" < x", "only numbers and times have an order; == and != compare the rest"),
        ("5s < bytes", "5s < bytes", "a number and a duration cannot be compared so"),
        ("clock == \"late\"", "\"late\"", "clock is never \"late\"; it is one of ambiguous, implausible, no-date"),
        ("label == \"x", "\"", "the quote is not closed"),
        ("(any", "(", "the bracket is not closed"),
        ("any)", ")", "expected and, or, or the end, not \")\""),
        ("port in []", "[", "the list is empty"),
        ("port in [80", "", "an entry or the end of the list is missing at the end"),
        ("port in [zzzzzzzz]", "zzzzzzzz", "unknown service \"zzzzzzzz\""),
        ("port in [9-8]", "9-8", "the range ends before it begins"),
        ("ip in [10.0.0.0/8 foo]", "foo", "no such address or network \"foo\""),
        ("ip in @/nonexistent/list", "@/nonexistent/list", "/nonexistent/list: No such file or directory (os error 2)"),
        ("timestamp > 2015-13-01", "2015-13-01", "no such time; write it as 2015-01-22T08:03:34, or a part of that"),
        ("timestamp + 5 > 3", "timestamp", "a number is needed here; this is a time"),
        ("app =~ \"(\"", "\"(\"", "no regular expression: unclosed group"),
        ("1 < 2", "1 < 2", "two constants are always the same"),
        ("80", "80", "80 alone is no condition; compare it with something"),
        ("mask 24", "mask", "flow lines have nothing that mask could ask for"),
        ("bytes > 0.1234567891", "0.1234567891", "a number has at most nine decimals, and is below 10^27"),
        ("port 5s", "5s", "a plain number is needed here, not a duration"),
        ("src foo", "foo", "expected ip, host, net, port, portrange, as, geo or an address, not \"foo\""),
        ("exists lable", "lable", "unknown word \"lable\"; did you mean label? A member of that name is .lable"),
        ("foo", "foo", "unknown word \"foo\""),
        ("bytes > any", "any", "a value is needed here, not a condition"),
    ];
    let wrong = cases.iter().filter_map(|(text, place, message)| {
        let (said, at) = fault(text);
        (said != *message || at != *place).then(|| format!("{text}: {said} at {at:?}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_wrong_entry_of_a_file_is_told_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nets");
    std::fs::write(&path, "10.0.0.0/8\n\n10.0.0.0/40\n").unwrap();
    let (message, _) = fault(&format!("ip in @{}", path.display()));
    assert_eq!(message, format!("{}:3: no such address or network \"10.0.0.0/40\"", path.display()));
}

#[test]
fn nesting_is_bounded() {
    let deep = |n: usize| format!("{}any{}", "(".repeat(n), ")".repeat(n));
    assert!(Filter::parse(&deep(64), &Zone::utc()).is_ok());
    assert_eq!(fault(&deep(65)).0, "brackets and negations nest 64 deep at most");
    assert_eq!(fault(&format!("{} any", "not ".repeat(100_000))).0, "brackets and negations nest 64 deep at most");
    assert!(Filter::parse(&vec!["bytes > 1"; 10_000].join(" and "), &Zone::utc()).is_ok());
    let sum = |n: usize| format!("{}1{} < bytes", "(bytes + ".repeat(n), ")".repeat(n));
    assert!(Filter::parse(&sum(15), &Zone::utc()).is_ok());
    assert_eq!(fault(&sum(16)).0, "arithmetic nests 16 deep at most");
}
