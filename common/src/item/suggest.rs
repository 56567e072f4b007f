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
            (if starts { score.max(0.95) } else { score }, c)
        })
        .filter(|(score, _)| *score >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_far_off() {
        let names = ["zscore", "iqr", "portscan", "sweep", "threshold"];
        assert_eq!(nearest("zcsore", names), Some("zscore"));
        assert_eq!(nearest("port-scan", names), Some("portscan"));
        assert_eq!(nearest("treshold", names), Some("threshold"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(nearest("", names), None);
    }
}
