//! What expressions mean: each against flows as lines.

use crate::filter::Filter;
use crate::scan::{Clean, Scanner};
use crate::value::time::Zone;

/// Whether an expression keeps the flow of a line.
pub(super) fn keeps(text: &str, line: &str) -> bool {
    let filter = Filter::parse(text, &Zone::utc()).unwrap_or_else(|fault| panic!("{text}: {fault}"));
    let mut scanner = Scanner::watching(filter.watch());
    let line = scanner.scan(Clean::line(line.as_bytes()).unwrap()).unwrap();
    filter.keeps(line.flow, |at| line.value(at))
}

/// Expressions with `;` between.
fn list(text: &'static str) -> Vec<&'static str> {
    text.split(';').map(str::trim).collect()
}

/// Checks expressions that keep a line and expressions that do not.
fn check(line: &str, kept: &[&str], left: &[&str]) {
    for text in kept {
        assert!(keeps(text, line), "{text} leaves out {line}");
    }
    for text in left {
        assert!(!keeps(text, line), "{text} keeps {line}");
    }
}

const TLS: &str = r#"{"timestamp":"2015-01-22T08:03:34.035Z","duration":31.5,"src_ip":"10.1.2.3","dst_ip":"198.51.100.7","src_port":40000,"dst_port":443,"protocol":6,"packets":12,"bytes":4096,"rev_packets":9,"rev_bytes":300,"tcp_flags":27,"app":"tls","label":"benign","src_as":64500,"dst_as":3,"input_if":3,"output_if":4,"exporter":"192.0.2.1","next_hop":"192.0.2.9","tos":8,"vlan":12,"src_country":"PT","src_internal":true,"uid":"Cx1","flagged":["sigma.bytes","iqr.bytes"],"id.orig_h":"10.1.2.3","weight":0.25,"seen":"2015-01-22T09:00:00+01:00","mood":null}"#;
const DNS: &str = r#"{"src_ip":"2001:db8::1","dst_ip":"2001:db8::53","src_port":50000,"dst_port":53,"protocol":17,"packets":1,"bytes":70,"duration":0}"#;
const PING: &str = r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","src_port":0,"dst_port":0,"protocol":1,"packets":3,"bytes":252,"icmp_type":8,"icmp_code":0,"duration":2}"#;
const BARE: &str = r#"{"bytes":1000}"#;

#[test]
fn primitives_mean_what_nfdump_means() {
    check(
        TLS,
        &list(
            r#"any; proto tcp; proto 6; PROTO TCP; tcp; proto in [udp tcp]; proto != udp; port 443; dst port 443;
            src port 40000; port 40000; port > 30000; port in [80 443]; port in [80,443]; port https;
            port 440-450; portrange 440-450; host 10.1.2.3; ip 198.51.100.7; src host 10.1.2.3; src ip 10.1.2.3;
            src 10.1.2.3; net 10.0.0.0/8; src net 10.1.0.0 255.255.0.0; net 10.0.0.0 mask 255.0.0.0; net 10;
            net 10.1; net 10/8; ip in [192.0.2.0/24, 10.0.0.0/8]; src ip in [10.0.0.0/8]; src in [10.0.0.0/8];
            flags S; flags SA; flags AS; flags 27; flags > 26; flags = 0x1b; packets 12; in packets 12;
            out packets 9; bytes > 1k; bytes >= 4.096k; out bytes < 1k; duration > 30; duration >= 31500ms;
            duration < 1m; duration < 1m30s; as 64500; src as 64500; dst as < 10; as in [3 4]; if 4; in if 3;
            out if 4; router ip 192.0.2.1; next ip 192.0.2.9; tos 8; vlan 12; inet; ipv4; ip; tcp port 443;
            tcp dst port 443; ip host 10.1.2.3; src or dst port 443; geo pt; src geo PT; bps 1040; pps 0;
            bpp 341; port 80 or 443; (port 80 or 443 and net 10.0.0.0/8); host 1.2.3.4 or 10.1.2.3; port eq 443; port ne 53; !udp; not flags RU;
            ip != 1.2.3.4; flags S and not flags RU"#,
        ),
        &list(
            r#"not any; udp; port 53; src port 443; dst port 40000; src and dst port 443; net 11.0.0.0/8; inet6;
            ip6; not flags SR; not flags S; flags SR; flags X; flags 2; icmp-type 8; packets 11; duration > 32;
            dst geo PT; if 5; in if 4; port != 443; dst host 10.1.2.3; bps > 1040; portrange 1-100;
            host 1.2.3.4 and 10.1.2.3"#,
        ),
    );
}

#[test]
fn of_other_protocols_flags_and_icmp_types_are_never_true_and_their_contrary_is() {
    check(
        DNS,
        &["not flags S", "not flags 0", "not icmp-type 8", "inet6", "udp port 53", "bps 0", "port domain"],
        &["flags 0", "icmp-type 0"],
    );
    check(
        PING,
        &["icmp-type 8", "icmp-code 0", "icmp", "not flags A", "icmp-type in [0 8]", "icmp-type != 0"],
        &["icmp-type 0", "flags 0"],
    );
    check(BARE, &[], &["flags 0", "not flags S", "icmp-type 8", "not icmp-type 8"]);
}

#[test]
fn the_destination_port_of_icmp_is_what_exporters_make_of_its_type() {
    check(
        PING,
        &["dst port 2048", "port > 1024", "dst_port 0", "src port 0"],
        &["dst port 0", "dst_port > 0", "src port > 0"],
    );
}

#[test]
fn any_member_can_be_compared() {
    check(
        TLS,
        &list(
            r#"label == "benign"; label = 'benign'; label != "x"; label in ["a" benign]; label not in [x y];
            app =~ "^t.s$"; app !~ "dns"; src_country == "PT"; uid == "Cx1"; .uid == 'Cx1'; uid =~ "^C";
            flagged == "iqr.bytes"; weight < 0.5; weight * 4 == 1; id.orig_h == 10.1.2.3; ."id.orig_h" == src_ip;
            seen == 2015-01-22T08:00; seen <= timestamp or any; src_internal; src_internal == true;
            not src_internal == false; exists uid; exists mood; exists label; not exists attack;
            not exists .nothing; protocol == tcp; protocol in [tcp udp]; protocol == "tcp"; src_ip == 10.0.0.0/8;
            src_ip == "10.1.2.3"; src_ip != dst_ip; src_ip in [10.0.0.0/8]; rev_bytes / bytes < 0.1;
            (bytes + rev_bytes) / (packets + rev_packets) > 200; bytes > rev_bytes; bytes - rev_bytes == 3796;
            bytes - 5 * rev_bytes < 2597; duration * 2 > 1m; duration * 2 == 63s; 1k < bytes; 10.1.2.3 == src_ip;
            bytes > -1; bytes >= 4095.5; bytes < 4096.5; src_port > dst_port; src_as != dst_as"#,
        ),
        &list(
            r#"label == "malicious"; uid == "cx1"; flagged == "x"; not src_internal; mood == "x"; not mood == "x";
            mood > 1; uid > 1; not uid > 1; exists attack; bytes == 4096.5; bytes < -1; label in [x];
            label == attack; not label == attack;
            .label == .uid; rev_bytes / (bytes - bytes) > 0"#,
        ),
    );
}

#[test]
fn ports_are_asked_for_by_the_names_of_services() {
    check(
        TLS,
        &[
            "dst_port == https",
            "dst_port https",
            "dst_port == HTTPS and any",
            "dst_port != domain",
            "src_port != https",
        ],
        &[
            "dst_port == domain",
            "not dst_port == https",
            "src_port https",
            "dst_port == \"http-alt\"",
            "dst_port != https",
        ],
    );
    check(DNS, &["dst_port == domain", "dst_port == \"domain\"", "dst_port in [domain https]"], &["dst_port == ssh"]);
    // Fields and members keep their meaning.
    check(TLS, &["dst_port < src_port", "dst_port == .dst_port", "dst_port != weight"], &["dst_port == x_port"]);
    check(
        r#"{"bytes":1,"dst_port":70,"https":70}"#,
        &["dst_port == .https", "dst_port == gopher"],
        &["dst_port == https"],
    );
}

#[test]
fn numbers_are_exact_as_far_as_counts_go() {
    let most = r#"{"bytes":9007199254740991,"packets":1,"duration":9223372036.854775807,"n":9007199254740991}"#;
    check(
        most,
        &[
            "bytes == 9007199254740991",
            "bytes > 9007199254740990",
            "bytes < 9007199254740992",
            "bytes < 1000000000000000000000",
            "bytes > 1000000000000000",
            "bytes > 9T",
            "bytes >= 9007.199254T",
            "n == 9007199254740991",
            "bytes - packets == 9007199254740990",
            "duration < 1000000000000000",
            "duration == 9223372036.854775807",
            "timestamp < 1000000000000000 or any",
        ],
        &[
            "bytes == 9007199254740990",
            "bytes > 9007199254740991",
            "bytes > 1000000000T",
            "bytes >= 0xffffffffffffffff",
            "n == 9007199254740990",
            "duration > 999999999999999999w",
        ],
    );
}

#[test]
fn members_that_no_flow_had_are_known() {
    let filter = Filter::parse("bytes > lots or .label2 == 1 or src_country == 'PT' or x > 1", &Zone::utc()).unwrap();
    let mut scanner = Scanner::watching(filter.watch());
    let mut look = |lines: &[&str]| {
        let mut met = filter.met();
        for text in lines {
            let line = scanner.scan(Clean::line(text.as_bytes()).unwrap()).unwrap();
            met.look(|at| line.span(at).is_some());
        }
        met
    };
    let (none, one) = (look(&[]), look(&[r#"{"bytes":1}"#, r#"{"bytes":1,"x":null}"#]));
    assert_eq!(filter.unmet(&none, "!"), Vec::<String>::new(), "of no flows nothing can be told");
    let told = |name: &str, near: &str| format!("--where: no flow has a member \"{name}\"{near}");
    let expected = [
        told("lots", "!"),
        told("label2", "; did you mean label?"),
        told("src_country", "; enrichers add it, see flowenrich --list"),
    ];
    assert_eq!(filter.unmet(&one, "!"), expected);
    let mut both = none;
    both.merge(&one);
    both.merge(&look(&[r#"{"bytes":1,"lots":5}"#]));
    assert_eq!(filter.unmet(&both, "!"), expected[1..]);
    assert_eq!(Filter::parse("any", &Zone::utc()).unwrap().unmet(&one, "!"), Vec::<String>::new());
}

#[test]
fn times_go_as_far_as_they_are_written() {
    check(
        TLS,
        &list(
            r#"timestamp >= 2015-01-22; timestamp < 2015-01-23; timestamp >= 2015-01-22T08:03;
            timestamp < 2015-01-22T08:04; timestamp == 2015-01-22T08:03:34.035Z;
            timestamp == "2015-01-22 08:03:34.035"; timestamp == 2015-01-22T10:03:34.035+02:00;
            timestamp > 1421913814; timestamp == 1421913814.035; end == 2015-01-22T08:04:05.535;
            end > 2015-01-22T08:04:05; timestamp >= 2015-01-22T08"#,
        ),
        &[
            "timestamp < 2015-01-22T08:03",
            "timestamp > 2016-01-01",
            "timestamp == 2015-01-22",
            "end < timestamp or end == 2015-01-22",
        ],
    );
    let lisbon = Zone::named("Europe/Madrid").unwrap();
    let filter = Filter::parse("timestamp == 2015-01-22T09:03:34.035", &lisbon).unwrap();
    assert_eq!(filter.to_string(), "timestamp == 2015-01-22T08:03:34.035000000Z");
}

#[test]
fn an_absent_field_makes_a_comparison_and_its_contrary_false() {
    check(
        BARE,
        &["bytes 1000", "not bytes > 1M", "not exists packets"],
        &list(
            r#"packets > 0; not packets > 0; packets != 3; port 53; not port 53; not (src_ip == 10.0.0.1);
            not label == "x"; not (packets > 0 or bytes > 1M); not inet; rev_bytes / bytes < 1;
            not rev_bytes / bytes < 1; not .x == 1; not .x =~ "a"; not bps > 1; not src_ip == dst_ip"#,
        ),
    );
    check(BARE, &["not (packets > 0 and bytes > 1M)", "packets > 0 or bytes > 1"], &[]);
}

#[test]
fn and_binds_tighter_than_or_and_not_tighter_than_both() {
    check(
        BARE,
        &["any or any and not any", "not not any", "not any or any", "! (bytes > 5 && bytes < 7)", "(any)"],
        &["not (any or any)", "not any and any", "(any or any) and not any"],
    );
    check(BARE, &["bytes > 1 # and not any", "bytes > 1\n\tand # all\n bytes < 2k"], &["any and # x\n not any"]);
}

#[test]
fn lists_come_from_files_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let nets = path("nets", "\u{feff}# ours\n192.0.2.0/24, 10.0.0.0/8 # inner\n\n2001:db8::/32\r\n");
    let ports = path("my ports", "80\n443 8000-8080");
    let words = path("words", "benign\n# none\nvery bad\n");
    check(
        TLS,
        &[&format!("src ip in @{nets}"), &format!("(port in @'{ports}')"), &format!("label in @{words} and any")],
        &[&format!("dst ip in @{nets}")],
    );
    let line = r#"{"bytes":1,"label":"very bad"}"#;
    check(line, &[&format!("label in @{words}")], &[&format!("label not in @{words}")]);
}

#[test]
fn many_networks_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nets");
    let nets: Vec<String> =
        (0..100_000u32).map(|i| format!("{}.{}.{}.0/25", 20 + i / 65_536, i / 256 % 256, i % 256)).collect();
    std::fs::write(&path, nets.join("\n")).unwrap();
    let filter = Filter::parse(&format!("src ip in @{}", path.display()), &Zone::utc()).unwrap();
    let mut flow = crate::record::Flow::new();
    for (address, is_in) in [
        ("20.0.0.127", true),
        ("20.0.0.128", false),
        ("21.134.159.1", true),
        ("21.134.160.1", false),
        ("19.1.1.1", false),
    ] {
        flow.set_address(crate::record::field::SRC_IP, crate::value::Address::parse(address).unwrap());
        assert_eq!(filter.keeps(&flow, |_| None), is_in, "{address}");
    }
}
