//! Alerts as they are used: sets of detectors, rows, accounts, `--fail-on`.

use super::{flow, flows_of, json, network, normal, outcome, sweep, written};
use serde_json::{Value, json as value};

fn detectors(lines: &str) -> Vec<String> {
    let mut names: Vec<String> = json(lines).iter().map(|a| a["detector"].as_str().unwrap().to_owned()).collect();
    names.dedup();
    names
}

#[test]
fn without_items_scans_transfers_and_beacons_are_looked_for() {
    let out = written(&["-q", "--min-severity", "medium"], &flows_of(&network(500)).concat());
    assert_eq!(detectors(&out), ["scan", "exfil", "beacon"]);
    let found = json(&out);
    assert_eq!(
        found.iter().filter(|a| a["detector"] == "scan").map(|a| &a["src_ip"]).collect::<Vec<_>>(),
        ["10.9.0.2", "10.9.0.1"]
    );
    let of = |name: &str| found.iter().find(|a| a["detector"] == name).unwrap();
    assert_eq!((&of("exfil")["src_ip"], &of("exfil")["value"]), (&value!("10.9.0.9"), &value!(240_000_000)));
    assert_eq!((&of("beacon")["src_ip"], &of("beacon")["dst_port"]), (&value!("2001:db8:9::7"), &value!(8443)));
}

#[test]
fn alerts_come_item_by_item_and_largest_first() {
    let lines = network(3000).concat();
    let out = written(&["-q", "sweep:targets=20", "zscore:threshold=1", "iqr:of=flow"], &lines);
    assert_eq!(detectors(&out), ["sweep", "zscore", "iqr"]);
    for name in ["sweep", "zscore", "iqr"] {
        let values: Vec<f64> =
            json(&out).iter().filter(|a| a["detector"] == name).map(|a| a["value"].as_f64().unwrap()).collect();
        assert!(values.len() > 1 && values.windows(2).all(|w| w[0] >= w[1]), "{name}: {values:?}");
    }
}

#[test]
fn several_items_find_what_each_finds_alone() {
    let lines = flows_of(&network(2000)).concat();
    let items =
        ["zscore:threshold=1", "iqr", "mad", "portscan", "sweep", "scan", "exfil", "beacon", "iqr:of=flow,as=flows"];
    let alone: String = items.iter().map(|item| written(&["-q", item], &lines)).collect();
    let together = written(&[&["-q"][..], &items[..]].concat(), &lines);
    assert!(together == alone && alone.lines().count() > 100);
}

#[test]
fn a_name_given_with_as_is_the_alerts() {
    let out = written(&["-q", "sweep:as=spread"], &sweep());
    assert_eq!(json(&out)[0]["detector"], "spread");
    assert_ne!(json(&out)[0]["id"], json(&written(&["-q", "sweep"], &sweep()))[0]["id"]);
}

#[test]
fn all_says_what_it_leaves_out() {
    let (code, out, err) = outcome(&["all"], &network(800).concat());
    assert_eq!(code, 0);
    assert!(err.contains("flowdetect: all: left out: sigma (needs normal=FILE), fence (needs normal=FILE)"), "{err}");
    assert_eq!(detectors(&out), ["zscore", "iqr", "mad", "portscan", "sweep", "scan", "exfil", "beacon"]);
    assert!(outcome(&["-q", "all"], "").2.is_empty());
}

#[test]
fn rows_pass_where_nothing_scores_them_and_are_consumed_where_something_does() {
    let rows: String = (1..=12)
        .map(|i| {
            format!("{{\"kind\":\"hosts\",\"src_ip\":\"10.0.0.{i}\",\"bytes\":{}}}\n", if i == 3 { 900 } else { i })
        })
        .collect();
    let (_, out, err) = outcome(&["sweep"], &rows);
    assert_eq!(out, rows);
    assert!(err.contains("no flows came, only rows"), "{err}");
    let scored = json(&written(&["-q", "zscore"], &rows));
    assert_eq!(
        (scored.len(), &scored[0]["src_ip"], &scored[0]["evidence"]["row"]),
        (1, &value!("10.0.0.3"), &value!("hosts"))
    );
    // Each kind is a population of its own.
    let other = rows.replace("hosts", "peers").replace("900", "3");
    assert_eq!(json(&written(&["-q", "zscore"], &format!("{rows}{other}"))).len(), 1);
}

#[test]
fn networks_in_rows_are_keys_too() {
    let rows: String = (1..=12)
        .map(|i| {
            format!("{{\"kind\":\"hosts\",\"src_ip\":\"10.0.{i}.0/24\",\"bytes\":{}}}\n", if i == 3 { 900 } else { i })
        })
        .collect();
    assert_eq!(json(&written(&["-q", "zscore"], &rows))[0]["src_ip"], "10.0.3.0/24");
    let flows: String =
        (1..=12).map(|i| flow(&format!("10.0.{i}.9"), "192.0.2.1", 443, i, if i == 3 { 900 } else { i })).collect();
    let alert = written(&["-q", "zscore:by=src_ip/24"], &flows);
    assert_eq!(json(&alert)[0]["src_ip"], "10.0.3.0/24");
    // An alert passes every filter, this one included.
    assert_eq!(written(&["-q"], &alert), alert);
}

#[test]
fn fail_on_says_by_the_exit_code_whether_there_was_a_grave_alert() {
    for (severity, code) in [("critical", 1), ("low", 1)] {
        assert_eq!(outcome(&["-q", "--fail-on", severity, "sweep"], &sweep()).0, code, "{severity}");
    }
    let scan: String = (0..30).map(|port| flow("10.0.0.1", "192.0.2.1", port, 1, 44)).collect();
    assert_eq!(outcome(&["-q", "--fail-on", "high", "portscan"], &scan).0, 1);
    assert_eq!(outcome(&["-q", "--fail-on", "critical", "portscan"], &scan).0, 0);
    assert_eq!(outcome(&["-q", "--fail-on", "low"], &flow("10.0.0.1", "192.0.2.1", 1, 1, 44)).0, 0);
    // What is worse wins: rejected input is 3, unreadable input 2.
    assert_eq!(outcome(&["-q", "--fail-on", "low", "sweep"], &format!("{}x\n", sweep())).0, 3);
    assert_eq!(outcome(&["-q", "--fail-on", "low", "-i", "-", "-i", "/nonexistent"], &sweep()).0, 2);
}

#[test]
fn the_accounts_add_up_and_count_alerts_by_detector() {
    let folder = tempfile::tempdir().unwrap();
    let counters = folder.path().join("counters");
    let input =
        format!("{}{}x\n{{\"kind\":\"baseline\"}}\n{{\"src_ip\":\"10.0.0.1\"}}\n", sweep(), network(300).concat());
    let args = ["-q", "--counters", counters.to_str().unwrap(), "sweep", "iqr:of=flow", "sweep:targets=2"];
    let (code, out, _) = outcome(&args, &input);
    assert_eq!(code, 3);
    let counted: Value = serde_json::from_str(&std::fs::read_to_string(&counters).unwrap()).unwrap();
    let n = |name: &str| counted[name].as_u64().unwrap();
    let unused: u64 = counted["unused"].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum();
    assert_eq!(n("read"), input.lines().count() as u64);
    assert_eq!(n("read"), n("used") + n("passed") + n("filtered") + n("merged") + unused + n("late") + n("rejected"));
    assert_eq!(n("written"), out.lines().count() as u64);
    assert_eq!((n("rejected"), n("passed")), (1, 1 + 80));
    let alerts = |name: &str| json(&out).iter().filter(|a| a["detector"] == name).count() as u64;
    assert_eq!(counted["details"], value!({"sweep": alerts("sweep"), "iqr": alerts("iqr")}));
    assert_eq!(n("made"), alerts("sweep") + alerts("iqr"));
    assert!(unused > 0);
}

#[test]
fn what_cannot_be_judged_is_said_once() {
    let lines = format!("{}{}", sweep(), "{\"src_ip\":\"10.0.0.1\",\"bytes\":7}\n".repeat(9));
    let (_, _, err) = outcome(&["sweep", "beacon", "exfil:rule=ratio", "zscore"], &lines);
    for told in [
        "sweep: 9 lines without dst_ip left out",
        "beacon: 9 lines without timestamp left out",
        "exfil: rule=ratio needs a baseline",
        "zscore: 1 host: no z can exceed 0",
    ] {
        assert_eq!(err.matches(told).count(), usize::from(!told.contains("no z")), "{told}: {err}");
    }
    assert!(outcome(&["-q", "sweep", "beacon"], &lines).2.is_empty());
}

#[test]
fn thresholds_learnt_on_normal_flows_are_put_to_others() {
    let file = normal();
    let lines: String = [125, 130, 131, 140].iter().map(|b| flow("10.0.0.1", "192.0.2.1", 443, *b, *b)).collect();
    let normal = file.path().to_str().unwrap();
    let (code, out, err) = outcome(&[&format!("sigma:normal={normal}"), &format!("fence:normal={normal}")], &lines);
    assert_eq!((code, detectors(&out)), (0, vec!["sigma".to_owned()]));
    let alert = &json(&out)[0];
    assert_eq!((&alert["value"], &alert["threshold"], &alert["flows"]), (&value!(140), &value!(130), &value!(2)));
    assert!(err.contains("sigma: rev_bytes is not judged") && err.contains("has no values of it"), "{err}");
}

#[test]
fn keys_that_share_members_are_read_each_by_itself() {
    let lines: String = (0..30)
        .map(|i| {
            let bytes = if i == 7 { 1_000_000 } else { 100 + i };
            format!("{{\"bytes\":{bytes},\"c\":\"z{}\",\"b\":\"y{}\",\"a\":\"x{i}\"}}\n", i % 13, i % 29)
        })
        .collect();
    let (one, other) = ("zscore:by=a+b", "iqr:by=b+c");
    let apart = written(&[one], &lines) + &written(&[other], &lines);
    assert_eq!(written(&[one, other], &lines), apart);
    assert!(
        apart.contains(r#""a":"x7","b":"y7","value""#) && apart.contains(r#""b":"y7","c":"z7","value""#),
        "{apart}"
    );
}

#[test]
fn alerts_that_are_not_to_be_told_are_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let suppress = file("s", "[[suppress]]\nreason = \"ours\"\nsrc = \"10.9.0.1\"\ndetector = \"sweep\"\n");
    let counters = folder.path().join("c").display().to_string();
    let args = ["-q", "--suppress", &suppress, "--counters", &counters, "sweep", "zscore:threshold=1"];
    let found = json(&written(&args, &network(3000).concat()));
    assert!(found.len() > 1 && found.iter().all(|a| a["detector"] == "zscore"));
    let accounts: Value = serde_json::from_str(&std::fs::read_to_string(&counters).unwrap()).unwrap();
    assert_eq!((&accounts["details"]["suppressed"], &accounts["details"]["sweep"]), (&value!(1), &value!(0)));
    let known = file("k", "[[known]]\nrole = \"scanner\"\nnet = \"10.9.0.0/24\"\n");
    assert_eq!(written(&["-q", "--known", &known, "sweep"], &sweep()), "");
    assert_eq!(written(&["-q", "--window", "1h", "--known", &known, "sweep"], &sweep()), "");
    assert_eq!(written(&["-q", "--min-severity", "critical", "sweep"], &sweep()).lines().count(), 1);
    assert_eq!(written(&["-q", "--min-severity", "high", "iqr"], &network(3000).concat()), "");
    let (code, _, err) = outcome(&["--suppress", "/nonexistent/s", "sweep"], "");
    assert!(code == 2 && err.contains("/nonexistent/s"), "{err}");
}

#[test]
fn alerts_are_held_against_what_flows_say_of_themselves() {
    let bad = |line: &str| line.replace('}', ",\"label\":\"Malicious\",\"attack\":\"sweep\"}");
    let lines: String = sweep().lines().map(|line| bad(line) + "\n").chain(flows_of(&network(50))).collect();
    let rows = json(&written(&["-q", "evaluate", "sweep", "exfil"], &lines));
    let names: Vec<String> =
        rows.iter().map(|r| format!("{} {}", r["detector"], r["attack"]).replace('"', "")).collect();
    assert_eq!(names, ["sweep sweep", "sweep all", "exfil sweep", "exfil all", "all sweep", "all all"]);
    assert_eq!((&rows[0]["recall"], &rows[2]["recall"]), (&value!(1), &value!(0)));
    // The same alerts, from another process.
    let teed = written(&["-q", "--tee", "sweep", "exfil"], &lines);
    let again = json(&written(&["-q", "evaluate", "policy:where=\"dst port 1 and dst port 2\",as=none"], &teed));
    assert!(again.iter().any(|r| r == &rows[0]), "{again:?}");
    assert_eq!(outcome(&["--window", "5m", "evaluate"], "").0, 2);
}

#[test]
fn thresholds_learnt_from_flows_leave_these_flows_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.toml").display().to_string();
    let lines = flows_of(&network(3000)).concat();
    let rows = json(&written(&["-q", &format!("tune:fpr=0.02,to={file}"), "sweep", "exfil", "zscore", "mad"], &lines));
    let names: Vec<&str> = rows.iter().map(|r| r["detector"].as_str().unwrap()).collect();
    assert_eq!(names, ["zscore", "mad", "sweep", "exfil"]);
    let hosts = rows[0]["hosts"].as_u64().unwrap();
    for row in &rows {
        assert!(row["above"].as_u64().unwrap() * 50 <= hosts, "{row}");
    }
    let found = json(&written(&["-q", "--config", &file, "sweep", "exfil", "zscore", "mad"], &lines));
    for row in &rows {
        let mut sources: Vec<&Value> =
            found.iter().filter(|a| a["detector"] == row["detector"]).map(|a| &a["src_ip"]).collect();
        sources.sort_by_key(|source| source.to_string());
        sources.dedup();
        assert_eq!(sources.len() as u64, row["above"].as_u64().unwrap(), "{row} {sources:?}");
    }
    assert!(!found.is_empty());
    // What the command line says goes before the file.
    assert_eq!(written(&["-q", "--config", &file, "sweep:targets=50"], &sweep()).lines().count(), 1);
    let (code, _, err) = outcome(&["tune", "beacon"], "");
    assert!(code == 2 && err.contains("beacon has no threshold that is learnt"), "{err}");
    assert_eq!(outcome(&["tune", "evaluate"], "").0, 2);
    std::fs::write(&file, "[becon]\nflows = 3\n").unwrap();
    let (code, _, err) = outcome(&["--config", &file], "");
    assert!(code == 2 && err.contains("did you mean \"beacon\"?"), "{err}");
}

#[test]
fn alerts_of_this_run_and_of_others_become_incidents() {
    let lines = flows_of(&network(500)).concat();
    let rows = json(&written(&["-q", "incidents", "sweep", "exfil", "beacon"], &lines));
    assert!(rows.iter().all(|r| r["kind"] == "incidents"), "{rows:?}");
    let piped = written(&["-q", "sweep", "exfil", "beacon"], &lines);
    assert_eq!(json(&written(&["-q", "incidents"], &piped)), rows);
    let sweeper = rows.iter().find(|r| r["host"] == "10.9.0.1").unwrap();
    assert_eq!((&sweeper["severity"], &sweeper["techniques"]), (&value!("critical"), &value!(["T1018"])));
}

#[test]
fn alerts_are_written_in_the_forms_of_other_systems_and_flows_are_left_out() {
    let lines = sweep();
    let syslog = written(&["-q", "--to", "syslog", "sweep"], &lines);
    assert!(syslog.starts_with("<34>1 ") && syslog.contains(" - flowdetect - sweep [alert@32473 id=\""), "{syslog}");
    assert!(written(&["-q", "--to", "cef", "sweep"], &lines).starts_with("CEF:0|flow filters|flowdetect|"));
    for form in ["ecs", "ocsf"] {
        let made = json(&written(&["-q", "--tee", "--to", form, "sweep"], &lines));
        assert_eq!(made.len(), 1, "{form}");
    }
    let (_, _, err) = outcome(&["--tee", "--to", "ecs", "sweep"], &lines);
    assert!(err.contains("50 lines left out, which are no alerts"), "{err}");
}
