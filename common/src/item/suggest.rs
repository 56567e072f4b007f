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
        assert_eq!(nearest("tpo", ["by", "top", "as"]), Some("top"));
        assert_eq!(nearest("", names), None);
    }
}
