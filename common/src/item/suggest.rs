//! The nearest right word for a wrong one.

/// The candidate that `word` was most likely meant to be, if any is near.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|c| {
            let lower = c.to_lowercase();
            let starts = word.len() >= 3 && lower.starts_with(&word);
            let score = strsim::jaro_winkler(&word, &lower).max(strsim::normalized_damerau_levenshtein(&word, &lower));
            // One letter too many, too few, wrong, or two in each other's place.
            let is_slip = word.len() >= 3 && strsim::damerau_levenshtein(&word, &lower) == 1;
            let least = if starts {
                0.95
            } else if is_slip {
                0.8
            } else {
                0.0
            };
            (score.max(least), c)
        })
        .filter(|(score, _)| *score >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, c)| c)
}

/// What fields are called elsewhere, in short.
const SHORT: [(&[&str], &str); 10] = [
    (&["src", "sa", "srcip", "saddr", "source", "src_addr", "src_host"], "src_ip"),
    (&["dst", "da", "dstip", "daddr", "destination", "dst_addr", "dst_host", "dest"], "dst_ip"),
    (&["sport", "sp", "srcport"], "src_port"),
    (&["dport", "dp", "dstport"], "dst_port"),
    (&["proto", "pr", "prot"], "protocol"),
    (&["time", "ts", "start", "first", "date"], "timestamp"),
    (&["pkts", "pkt", "ipkt", "npkts"], "packets"),
    (&["octets", "ibyt", "nbytes", "size"], "bytes"),
    (&["dur", "td"], "duration"),
    (&["flags", "tcpflags"], "tcp_flags"),
];

/// The same where the candidates are names of fields: what they are called elsewhere counts.
pub fn nearest_field<'c>(word: &str, names: impl IntoIterator<Item = &'c str> + Clone) -> Option<&'c str> {
    elsewhere(word, names.clone()).or_else(|| nearest(word, names))
}

/// The field whose name was all but certainly meant, where any other name may be right, too: lines have members of others.
pub(crate) fn slip_of<'c>(word: &str, names: impl IntoIterator<Item = &'c str> + Clone) -> Option<&'c str> {
    let is_own = word.len() < 4 || word.ends_with(|c: char| c.is_ascii_digit());
    let is_slip = |name: &&str| !is_own && strsim::damerau_levenshtein(word, name) == 1;
    elsewhere(word, names.clone()).or_else(|| names.into_iter().find(is_slip))
}

/// What a field is called elsewhere, among these.
fn elsewhere<'c>(word: &str, names: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = word.to_lowercase();
    let (_, short) = SHORT.iter().find(|(words, _)| words.contains(&lower.as_str()))?;
    names.into_iter().find(|name| name == short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_what_it_is_called_elsewhere() {
        let names = ["src_as", "src_ip", "dst_ip", "bytes"];
        assert_eq!(nearest_field("src", names), Some("src_ip"));
        assert_eq!(nearest_field("DA", names), Some("dst_ip"));
        assert_eq!(nearest_field("byts", names), Some("bytes"));
        assert_eq!(nearest_field("proto", names), None);
        assert_eq!(slip_of("src", names), Some("src_ip"));
        assert_eq!(slip_of("byts", names), Some("bytes"));
        for own in ["src_ip2", "region", "byte_count", "as", "bytes2"] {
            assert_eq!(slip_of(own, names), None, "{own}");
        }
    }

    #[test]
    fn finds_what_was_meant_and_nothing_far_off() {
        let names = ["zscore", "iqr", "portscan", "sweep", "threshold"];
        assert_eq!(nearest("zcsore", names), Some("zscore"));
        assert_eq!(nearest("port-scan", names), Some("portscan"));
        assert_eq!(nearest("treshold", names), Some("threshold"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(nearest("tpo", ["by", "top", "as"]), Some("top"));
        assert_eq!(nearest("", names), None);
    }
}
