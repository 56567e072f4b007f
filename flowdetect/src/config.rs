//! `--config FILE.toml`: parameters of detectors, by detector.
//!
//! ```toml
//! [beacon]
//! jitter = 0.1
//! services = "53+123+4500"
//! ```
//!
//! A table a detector, a member a parameter; values are numbers, truths or texts, written as after `=` on the command
//! line. What the command line says goes before. The file is read before any input, and a name or value that is wrong is
//! refused as on the command line. Bound: [`MOST`] bytes.

use crate::detect;
use anyhow::{Context, anyhow, bail};
use flow_record::item::Args;
use std::path::Path;
use toml::{Table, Value};

/// Bytes of the file that are read at most.
const MOST: u64 = 1 << 20;

/// Parameters by detector.
#[derive(Debug, Default)]
pub(crate) struct Config(Vec<(String, Vec<(String, String)>)>);

impl Config {
    /// What the file says; without one, nothing.
    ///
    /// # Errors
    /// A file that cannot be read, or what is wrong with it.
    pub(crate) fn read(path: Option<&Path>) -> anyhow::Result<Config> {
        let Some(path) = path else { return Ok(Config::default()) };
        let text = crate::quiet::text(path, MOST)?;
        Config::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Config> {
        let mut all = Vec::new();
        for (name, table) in text.parse::<Table>()? {
            let Value::Table(table) = table else { bail!("{name}: a table is expected, as in [beacon]") };
            let mut pairs: Vec<(String, String)> = Vec::new();
            for (key, value) in table {
                let value = shown(&name, &key, value)?;
                pairs.push((key, value));
            }
            all.push((name, pairs));
        }
        let config = Config(all);
        for (name, _) in &config.0 {
            config.resolve(name)?;
        }
        Ok(config)
    }

    /// An item, with what is said of it beside what it says itself.
    ///
    /// # Errors
    /// What is wrong with what the file says.
    pub(crate) fn apply(&self, args: &Args) -> anyhow::Result<Args> {
        let Some((_, pairs)) = self.0.iter().find(|(name, _)| name == args.spec.name) else { return Ok(args.clone()) };
        let mut text = args.text.clone();
        for (key, value) in pairs.iter().filter(|(key, _)| !args.is_given(key)) {
            text.push(if text.contains(':') { ',' } else { ':' });
            text += &format!("{key}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        }
        Args::resolve(&text, "detector", detect::specs()).map_err(|e| anyhow!("{e}"))
    }

    /// Whether the file says anything of a parameter of a detector.
    pub(crate) fn says(&self, detector: &str, key: &str) -> bool {
        self.0.iter().any(|(name, pairs)| name == detector && pairs.iter().any(|(k, _)| k == key))
    }

    fn resolve(&self, name: &str) -> anyhow::Result<Args> {
        let args = Args::resolve(name, "detector", detect::specs()).map_err(|e| anyhow!("{e}"))?;
        self.apply(&args)
    }
}

/// A value as it would be written on the command line.
fn shown(name: &str, key: &str, value: Value) -> anyhow::Result<String> {
    Ok(match value {
        Value::String(text) => text,
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Array(members) => {
            let members = members.into_iter().map(|member| shown(name, key, member)).collect::<Result<Vec<_>, _>>()?;
            members.join("+")
        }
        _ => bail!("{name}.{key}: a number, a truth, a text or a list is expected"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn applied(config: &str, item: &str) -> Args {
        let args = Args::resolve(item, "detector", detect::specs()).unwrap();
        Config::parse(config).unwrap().apply(&args).unwrap()
    }

    #[test]
    fn parameters_that_the_command_line_does_not_say_are_the_files() {
        let config = "[beacon]\njitter = 0.1\nservices = [53, 123]\nrule = \"score\"\n[sweep]\ntargets = 7\n";
        let args = applied(config, "beacon:jitter=0.2");
        assert_eq!((args.number("jitter"), args.text("rule")), (0.2, Some("score")));
        assert_eq!(args.list("services"), ["53", "123"]);
        assert_eq!(applied(config, "sweep").integer("targets"), 7);
        assert_eq!(applied(config, "exfil").text, "exfil");
        assert_eq!(
            applied("[policy]\nwhere = 'dst port 23 and label == \"a\\b\"'", "policy").text("where"),
            Some("dst port 23 and label == \"a\\b\"")
        );
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let error = |text: &str| format!("{:#}", Config::parse(text).unwrap_err());
        assert!(error("[becon]\njitter = 1").contains("did you mean \"beacon\"?"));
        assert!(error("[beacon]\njiter = 1").contains("did you mean \"jitter\"?"));
        assert!(error("[beacon]\njitter = -1").contains("number from 0 is expected"));
        assert!(error("beacon = 1").contains("a table is expected"));
        assert!(error("[beacon]\njitter = 2026-01-01").contains("beacon.jitter: a number"));
    }
}
