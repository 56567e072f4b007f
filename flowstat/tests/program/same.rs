//! The same flows give the same bytes: whatever the number of threads, the pieces they come in, and their order.

use super::*;

#[test]
fn rows_do_not_depend_on_threads_pieces_or_order() {
    let input = network(20_000);
    let once = lines(ITEMS, &input);
    assert!(once.lines().count() > 1000);
    for threads in ["1", "2", "3", "8"] {
        let args = [ITEMS, &["--threads", threads]].concat();
        assert!(lines(&args, &input) == once, "{threads} threads");
    }
    for chunk in [7001, 65_537] {
        let output = run_chunked(ITEMS, input.as_bytes(), chunk);
        assert!(output.stdout == once.as_bytes(), "pieces of {chunk} bytes");
    }
    let mut flows: Vec<&str> = input.lines().collect();
    flows.reverse();
    flows.rotate_left(7777);
    assert!(lines(ITEMS, &flows.join("\n")) == once, "another order");
}

#[test]
fn a_report_does_not_depend_on_threads_or_order() {
    let flows = network(5000);
    let alerts =
        (0..500).map(|i| format!("{{\"kind\":\"alert\",\"detector\":\"d{}\",\"value\":{},\"n\":{i}}}", i % 3, i % 50));
    let mut all: Vec<String> = flows.lines().map(str::to_owned).chain(alerts).collect();
    let once = lines(&["report"], &all.join("\n"));
    all.sort_by_cached_key(|line| line.len() % 17);
    for threads in ["1", "2", "5"] {
        assert!(lines(&["report", "--threads", threads], &all.join("\n")) == once, "{threads} threads");
    }
}

#[test]
fn a_row_of_two_halves_is_the_row_of_the_whole() {
    // The hosts of disjoint halves, split by address, are together those of the whole.
    let input = network(4000);
    let (v6, v4): (Vec<&str>, Vec<&str>) = input.lines().partition(|l| l.contains("\"src_ip\":\"2001"));
    let item = &["hosts"];
    let parts = lines(item, &v4.join("\n")) + &lines(item, &v6.join("\n"));
    assert!(parts == lines(item, &input));
}
