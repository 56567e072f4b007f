#![allow(clippy::unwrap_used)]

use super::ENRICHER;
use crate::enrich::tests::{built, enriched};
use crate::enrich::{ENRICHERS, Outcome};
use flow_record::item::Args;
use tempfile::TempDir;

/// A folder with a table, and the item that joins it.
fn table(text: &str, more: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("assets.csv");
    std::fs::write(&path, text).unwrap();
    let item = format!("join:file={}{more}", path.display());
    (folder, item)
}

fn refusal(text: &str, more: &str) -> String {
    let (_folder, item) = table(text, more);
    let args = Args::resolve(&item, "enricher", ENRICHERS.iter().map(|e| &e.spec)).unwrap();
    format!("{:#}", (ENRICHER.build)(&args).err().unwrap())
}

const ASSETS: &str = "IP;Owner;Floor;Tag\n10.0.0.0/8;all;0;\n10.1.0.0/16;\"it \"\"x\"\"\";2;a\n10.1.2.3;ann;-1.5;b\n\
                      10.9.0.1-10.9.0.4;bob;3;c\n2001:db8::/32;six;6;d\n";

#[test]
fn the_longest_network_gives_its_cells_to_each_end() {
    let (_folder, item) = table(ASSETS, "");
    for (address, cells) in [
        ("10.200.0.1", r#","src_Owner":"all","src_Floor":0"#),
        ("10.1.9.9", r#","src_Owner":"it \"x\"","src_Floor":2,"src_Tag":"a""#),
        ("10.1.2.3", r#","src_Owner":"ann","src_Floor":-1.5,"src_Tag":"b""#),
        ("10.9.0.4", r#","src_Owner":"bob","src_Floor":3,"src_Tag":"c""#),
        ("10.9.0.5", r#","src_Owner":"all","src_Floor":0"#),
        ("2001:db8::7", r#","src_Owner":"six","src_Floor":6,"src_Tag":"d""#),
        ("192.0.2.1", ""),
    ] {
        let line = format!(r#"{{"src_ip":"{address}""#);
        assert_eq!(enriched(&item, &format!("{line}}}")), (format!("{line}{cells}}}"), Outcome::Done), "{address}");
    }
    let both = enriched(&format!("{item},take=tag,prefix=asset_"), r#"{"src_ip":"10.1.2.3","dst_ip":"10.9.0.1"}"#).0;
    assert!(both.ends_with(r#","src_asset_Tag":"b","dst_asset_Tag":"c"}"#), "{both}");
    assert_eq!(enriched(&item, r#"{"bytes":1}"#).1, Outcome::Lacking);
}

#[test]
fn other_fields_are_compared_as_text() {
    let (_folder, item) = table("app,team,n\nTLS,web,007\n443,edge,\n\u{e9},x,1\n", ",on=app+dst_port,key=app");
    let out = enriched(&item.replace("app+dst_port", "app"), r#"{"bytes":1,"app":"TLS"}"#).0;
    assert_eq!(out, r#"{"bytes":1,"app":"TLS","team":"web","n":"007"}"#);
    let out = enriched(&item.replace("app+dst_port", "dst_port"), r#"{"bytes":1,"dst_port":443}"#).0;
    assert_eq!(out, r#"{"bytes":1,"dst_port":443,"dst_team":"edge"}"#);
    let out = enriched(&item.replace("app+dst_port", "app"), r#"{"bytes":1,"app":"\u00e9"}"#).0;
    assert!(out.ends_with(r#""team":"x","n":"1"}"#), "{out}");
}

#[test]
fn what_is_known_is_kept_unless_overwritten_and_names_that_clash_are_told() {
    let (_folder, item) = table("ip,country,owner\n10.0.0.1,PT,a\n", ",on=src_ip");
    let line = r#"{"src_ip":"10.0.0.1","src_owner":"z","x":1}"#;
    assert!(enriched(&item, line).0.contains(r#""src_owner":"z","x":1,"x_src_country":"PT"}"#));
    assert!(enriched(&format!("{item},overwrite=true"), line).0.contains(r#""src_owner":"a","x":1"#));
    assert!(built(&item).warning().unwrap().ends_with("written as x_src_country"));
}

#[test]
fn bad_tables_are_refused_by_name_and_bad_rows_told() {
    let (_folder, item) = table("ip,a\n10.0.0.1,1\nhost\u{1b}[31m,2\n10.0.0.1,3\n,4\n", ",on=src_ip");
    let told = built(&item).warning().unwrap();
    assert!(told.contains("cannot be looked up: 2, the first is line 3: \"host"), "{told}");
    assert!(told.contains("there before: 1") && !told.contains('\u{1b}'), "{told}");
    for (text, more, part) in [
        ("a,b\n1,2\n", "", "which column has the keys? key=COLUMN names it. Its columns: a, b"),
        ("a,b\n1,2\n", ",key=c", "no column \"c\". Its columns: a, b"),
        ("ip,b\nx,2\n", "", "not one key is an address, network or range; line 2: \"x\""),
        ("ip,b\n", "", "no rows"),
        ("ip,b,B\n10.0.0.1,2,3\n", ",take=b+x", "no column \"x\""),
        ("ip,b,b\n10.0.0.1,2,3\n", "", "two columns would be \"src_b\""),
        ("", "", "key"),
    ] {
        let message = refusal(text, more);
        assert!(message.contains(part) && message.contains("assets.csv"), "{message}");
    }
}
