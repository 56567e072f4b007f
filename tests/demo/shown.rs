//! What `cargo demo` shows, in lines of at most 100 columns but for the JSON; the tests run it too.

/// What is shown: a heading and a command line.
pub(crate) const SHOWN: &[(&str, &str)] = &[
    ("A listing of nfdump as flow lines: one JSON object a flow", "flowcat --tz UTC --head 1 tests/data/traffic.csv"),
    (
        "That day of a small office network, by protocol",
        "flowcat -q --tz UTC tests/data/traffic.csv \\\n  | flowstat -q -t --fields protocol,name,flows,bytes,percentage protocols",
    ),
    (
        "Who sent most, and how far out of line that is (z)",
        "flowcat -q --tz UTC tests/data/traffic.csv | flowstat -q -t top:by=src_ip,n=5",
    ),
    (
        "What is suspicious, and where it went",
        "flowcat -q --tz UTC tests/data/traffic.csv | flowdetect -q zscore sweep exfil beacon:rule=jitter \\\n  | flowenrich -q -t geo:db=tests/data/demo-country.mmdb \\\n      --fields severity,detector,src_ip,dst_ip,dst_country,value,threshold",
    ),
    (
        "And why",
        "flowcat -q --tz UTC tests/data/traffic.csv \\\n  | flowdetect -q -t --fields reason zscore sweep exfil beacon:rule=jitter \\\n  | tail -n +4 | fold -s -w 96",
    ),
    (
        "Thresholds learnt on a quiet day, applied to this one",
        "flowcat -q --tz UTC tests/data/traffic.csv \\\n  | flowdetect -q -t --fields detector,src_ip,dst_ip,value,threshold \\\n      sigma:normal=<(flowcat -q --tz UTC tests/data/normal.csv | flowstat describe) | head -8",
    ),
];
