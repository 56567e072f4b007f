//! The report as one HTML file: no network, no script but the one in it, whose hash the page's policy names.
//!
//! Every text is escaped by the template engine; the style and the script are constants. The template asks for nothing
//! that the document lacks. Standards: HTML (WHATWG), Content Security Policy Level 3.

use super::document::{Facts, document};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};

/// SHA-256 of the script as it stands between its tags.
const SCRIPT_HASH: &str = "sha256-/DqPO6RxTBS7IBu0Znrum5a3BEQ6TmlUO+cTXQb0vvI=";

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The file.
///
/// # Errors
/// What is wrong with the template: tests make every part of it.
pub(super) fn page(facts: &Facts) -> Result<String, String> {
    let mut engine = Environment::new();
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    let mut made = document(facts);
    let hours: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
    for (name, value) in [("style", STYLE), ("script", SCRIPT), ("script_hash", SCRIPT_HASH)] {
        made[name] = value.into();
    }
    made["range24"] = hours.into();
    let page = engine.add_template("page.html", PAGE).and_then(|()| {
        let page = engine.get_template("page.html")?;
        page.render(Serde(made))
    });
    page.map(|page| page + "\n").map_err(|e| format!("the page cannot be made: {e}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use base64::Engine;
    use sha2::Digest;

    #[test]
    fn the_policy_names_the_script() {
        let hash = sha2::Sha256::digest(format!("\n{SCRIPT}"));
        assert_eq!(SCRIPT_HASH, format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(hash)));
        assert!(PAGE.contains("<script>\n{{ script|safe }}</script>"));
    }

    #[test]
    fn nothing_is_taken_from_elsewhere() {
        for part in [PAGE, STYLE, SCRIPT] {
            for outside in ["http:", "https:", "//cdn", "@import", "url(", "src=", "fetch("] {
                assert!(!part.contains(outside), "{outside}");
            }
        }
    }
}
