//! The forms for people: what they show, that nothing in them acts, and that they are the same in every run.

#![allow(clippy::unwrap_used, clippy::panic)]

use crate::view::testing::written;

fn flow(at: u32, src: &str, port: u32, protocol: u32, bytes: u32) -> String {
    format!(
        r#"{{"timestamp":"2026-03-{:02}T{:02}:00:{:02}.000Z","duration":30,"src_ip":"{src}","dst_ip":"10.0.1.1","dst_port":{port},"protocol":{protocol},"packets":3,"bytes":{bytes},"rev_bytes":{at}}}"#,
        9 + at / 24,
        at % 24,
        at % 60
    )
}

const ALERT: &str = r#"{"kind":"alert","detector":"sweep","severity":"high","score":0.5,"timestamp":"2026-03-10T08:00:00.000Z","src_ip":"10.0.0.66","value":51,"threshold":50,"reason":"10.0.0.66 tried 51 hosts","evidence":{"targets":51,"sample":["10.0.1.1","10.0.1.2"]},"technique":"T1018"}"#;
const WORSE: &str = r#"{"kind":"alert","detector":"exfil","severity":"critical","score":0.9,"timestamp":"2026-03-10T09:00:00.000Z","src_ip":"10.0.0.7","dst_ip":"192.0.2.1","value":5,"reason":"10.0.0.7 sent 5 GB","evidence":{"bytes":5000000000}}"#;

/// Texts that would act somewhere: in HTML, in an attribute, in Markdown, on a terminal.
const HOSTILE: [&str; 8] = [
    "<script>document.title='owned'</script>",
    "\\\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style></title><svg onload=alert(1)>",
    "{{ style }}{% raw %}",
    "[click](javascript:alert(1)) | `x` | <b>",
    "\\u001b[31mred\\u202etxt",
    "&lt;already&gt; &amp; javascript:alert(1)",
];

fn lines() -> Vec<String> {
    let mut all: Vec<String> = (0..60u32)
        .map(|i| {
            flow(
                i,
                &format!("10.0.0.{}", i % 9),
                [443, 53, 22][i as usize % 3],
                [6, 17, 1, 47][i as usize % 4],
                1000 + i * i,
            )
        })
        .collect();
    all.extend([ALERT.to_owned(), WORSE.to_owned()]);
    for (i, text) in HOSTILE.iter().enumerate() {
        all.push(format!(r#"{{"kind":"alert","detector":"{text}","severity":"{text}","reason":"{text}","value":{i},"src_ip":"10.0.0.9","src_name":"{text}","technique":"{text}","evidence":{{"{text}":"{text}","list":["{text}"]}}}}"#));
    }
    all
}

fn made(format: &str, lines: &[String]) -> String {
    written(&format!("report:format={format}"), &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn the_worst_alert_comes_first_with_its_host_and_reason() {
    let page = made("html", &lines());
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not there"));
    let worst = &page[at("id=\"worst\"")..at("aria-label=\"Summary\"")];
    assert!(
        worst.contains("critical") && worst.contains("10.0.0.7") && worst.contains("10.0.0.7 sent 5 GB"),
        "{worst}"
    );
    assert!(at("id=\"alert-0\"") < at("10.0.0.66 tried 51 hosts"));
    for part in [
        "id=\"timeline\"",
        "id=\"week\"",
        "id=\"day\"",
        "id=\"talkers\"",
        "id=\"ports\"",
        "id=\"protocols\"",
        "id=\"hosts\"",
        "T1018",
        "10.0.1.1, 10.0.1.2",
    ] {
        at(part);
    }
    // A mark for each alert that has a time.
    assert_eq!(page.matches("href=\"#alert-").count(), 2);
    assert_eq!((page.matches("<tr><td data-v=").count(), page.matches("<td title=\"Mon").count()), (9, 24));
}

#[test]
fn nothing_that_came_with_lines_acts_in_any_form() {
    let page = made("html", &lines());
    let (body, script) = page.split_once("<script>").unwrap();
    assert_eq!(script.matches("<script").count() + body.matches("<script").count(), 0);
    for bad in ["<img", "<svg onload", "onerror=alert(1)>", "' onmouseover", "</style></title>", "<b>"] {
        let own = if bad == "<b>" {
            body.matches("<b>").count() - body.matches("</span><b>").count()
        } else {
            body.matches(bad).count()
        };
        assert_eq!(own, 0, "{bad}");
    }
    assert!(body.contains("&lt;script&gt;document.title=") && body.contains("{{ style }}{% raw %}"));
    // Every attribute that a text came into ends where it should.
    assert!(!body.contains("\"><img") && body.contains("&quot;&gt;&lt;img src=x"));
    for form in ["html", "md", "table"] {
        let text = made(form, &lines());
        assert!(!text.chars().any(|c| c != '\n' && flow_record::value::text::acts_on_a_terminal(c)), "{form}");
        assert!(text.contains("\\u{1b}") || text.contains("\\\\u{1b}"), "{form}");
    }
    let text = made("md", &lines());
    assert!(
        !text.contains("<script")
            && !text.contains("<img")
            && !text.replace("\\]", "").contains("](")
            && !text.contains("javascript:")
    );
    // No text opens a column: all rows of a table have as many.
    for block in text.split("\n\n").filter(|b| b.starts_with('|')) {
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let first = columns(block.lines().next().unwrap());
        assert!(block.lines().all(|line| columns(line) == first), "{block}");
    }
}

#[test]
fn its_bytes_are_those_of_the_lines_in_any_order() {
    let mut all = lines();
    let once: Vec<String> = ["html", "md", "table", "json"].map(|f| made(f, &all)).into();
    all.reverse();
    all.rotate_left(17);
    let again: Vec<String> = ["html", "md", "table", "json"].map(|f| made(f, &all)).into();
    assert!(once == again);
}

#[test]
fn what_is_usual_stands_beside_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usual \"week\".json");
    let usual: Vec<String> = (0..24 * 8).map(|i| flow(i, "10.0.0.1", 443, 6, 2000)).collect();
    std::fs::write(&path, written("baseline", &usual.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    let quoted = path.display().to_string().replace('"', "\\\"");
    let page = made(&format!("html,baseline=\"{quoted}\""), &lines());
    assert!(
        page.contains("usual (8 days)") && page.contains("usually 2 kB") && page.contains("Changes since the baseline")
    );
    assert!(page.contains("<td>new</td>"), "new hosts are told");
    assert!(!made("html", &lines()).contains("usual ("));
    let json: serde_json::Value =
        serde_json::from_str(&made(&format!("json,baseline=\"{quoted}\""), &lines())).unwrap();
    assert!(json["changes"].as_array().is_some_and(|c| !c.is_empty()));
    assert!(crate::view::testing::refusal("report:baseline=/nowhere").contains("/nowhere"));
}

#[test]
fn of_nothing_every_form_is_a_document() {
    for form in ["html", "md", "table"] {
        let text = made(form, &[]);
        assert!(text.contains("Network traffic") && text.ends_with('\n'), "{form}");
    }
    // Alerts alone, without any flow.
    let page = made("html", &[ALERT.to_owned()]);
    assert!(page.contains("10.0.0.66 tried 51 hosts") && !page.contains("id=\"timeline\""));
}

#[test]
fn the_terminal_has_bars_and_a_line_of_blocks() {
    let text = made("table", &lines());
    for part in ["WORST  CRITICAL  10.0.0.7", "Traffic over time", "Mon  ", "Top talkers", "█", "Hosts "] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}
