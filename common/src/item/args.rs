//! The parameters of one use of an item, checked against its [`Spec`] before any input is read.
//!
//! Getters take the parameter's name and are for building an item, never for the path of a record. Asking for a name or
//! a type that the `Spec` does not have is a mistake in the program; a test over each registry builds every item with its
//! defaults, which finds it.

use super::grammar::{Item, ItemError, members};
use super::spec::{Param, ParamKind, Spec};
use super::suggest::nearest;
use crate::people;
use crate::record::key::{KeyError, KeySpec};
use crate::value::time::Zone;
use ipnet::IpNet;
use std::path::PathBuf;

/// Kinds of lines that are no rows.
const RESERVED: [&str; 3] = ["alert", "baseline", "tick"];

/// A checked use of an item.
#[derive(Clone, Debug)]
pub struct Args {
    /// The item.
    pub spec: &'static Spec,
    /// The kind that its rows or alerts carry: its name, or what `as=` says.
    pub kind: String,
    /// The item as it was written.
    pub text: String,
    pairs: Vec<(String, String)>,
}

impl Args {
    /// Looks an item up among `specs` and checks its parameters.
    ///
    /// # Errors
    /// An unknown name or key (with the nearest right one), a value of the wrong type or out of range.
    pub fn resolve<'s>(
        text: &str,
        what: &str,
        specs: impl IntoIterator<Item = &'static Spec> + Clone + 's,
    ) -> Result<Args, ItemError> {
        let item = Item::parse(text)?;
        let Some(spec) = specs.clone().into_iter().find(|s| s.name == item.name) else {
            let near = nearest(&item.name, specs.into_iter().map(|s| s.name));
            return Err(ItemError(format!("unknown {what} {:?}{}", item.name, hint(near, "--list shows all"))));
        };
        let mut args = Args { spec, kind: spec.name.to_owned(), text: text.to_owned(), pairs: Vec::new() };
        for (key, value) in item.pairs {
            match spec.param(&key) {
                Some(param) => {
                    check(param, &value).map_err(|e| ItemError(format!("{}: {key}={value}: {e}", spec.name)))?;
                    args.pairs.push((key, value));
                }
                None if key == "as" && is_kind(&value) => {
                    args.kind.clone_from(&value);
                    args.pairs.push((key, value));
                }
                None if key == "as" && RESERVED.contains(&value.as_str()) => {
                    return Err(ItemError(format!("{}: as={value}: the name {value} is reserved", spec.name)));
                }
                None if key == "as" => {
                    return Err(ItemError(format!("{}: as={value}: letters, digits and _ are expected", spec.name)));
                }
                None => {
                    let own = spec.params.iter().map(|p| p.name).chain(["as"]);
                    let near = alike(&key, spec).or_else(|| nearest(&key, own));
                    let more = format!("--explain {} shows all", spec.name);
                    return Err(ItemError(format!("{}: unknown key {key:?}{}", spec.name, hint(near, &more))));
                }
            }
        }
        Ok(args)
    }

    /// The item with every parameter at its default.
    pub fn defaults(spec: &'static Spec) -> Args {
        Args { spec, kind: spec.name.to_owned(), text: spec.name.to_owned(), pairs: Vec::new() }
    }

    /// Whether both are the same item with the same parameters, given or default, under the same name.
    pub(super) fn is_same(&self, other: &Args) -> bool {
        std::ptr::eq(self.spec, other.spec)
            && self.kind == other.kind
            && self.spec.params.iter().all(|p| self.text(p.name) == other.text(p.name))
    }

    /// Whether the parameter was written; `as` is one.
    pub fn is_given(&self, name: &str) -> bool {
        self.pairs.iter().any(|(k, _)| k == name)
    }

    /// The parameter's text, given or default; `None` where it is neither.
    pub fn text(&self, name: &str) -> Option<&str> {
        debug_assert!(self.spec.param(name).is_some(), "{} has no {name}", self.spec.name);
        let given = self.pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
        given.or_else(|| self.spec.param(name).map(|p| p.default).filter(|d| !d.is_empty()))
    }

    /// A whole number; 0 where there is neither value nor default.
    pub fn integer(&self, name: &str) -> u64 {
        self.text(name).and_then(people::read::integer).unwrap_or(0)
    }

    /// A duration in nanoseconds; 0 where there is neither value nor default.
    pub fn duration(&self, name: &str) -> u64 {
        self.text(name).and_then(people::read::duration).unwrap_or(0)
    }

    /// The fields of a key.
    ///
    /// # Errors
    /// What is wrong with a default; what was given has been checked.
    pub fn key(&self, name: &str) -> Result<KeySpec, KeyError> {
        KeySpec::of(&self.list(name))
    }

    /// A number; 0 where there is neither value nor default.
    pub fn number(&self, name: &str) -> f64 {
        self.text(name).and_then(people::read::number).unwrap_or(0.0)
    }

    /// Whether a truth is `true`.
    pub fn truth(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// A list's members; none where there is neither value nor default.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.text(name).map(members).unwrap_or_default()
    }

    /// Networks; an address alone is a network of one.
    pub fn networks(&self, name: &str) -> Vec<IpNet> {
        self.list(name).iter().filter_map(|t| network(t)).collect()
    }

    /// A file's path.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    /// Paths of files; none where there is neither value nor default.
    pub fn files(&self, name: &str) -> Vec<PathBuf> {
        self.list(name).into_iter().map(PathBuf::from).collect()
    }

    /// A time zone; UTC where there is neither value nor default.
    pub fn zone(&self, name: &str) -> Zone {
        self.text(name).and_then(Zone::named).unwrap_or_else(Zone::utc)
    }
}

/// Keys that mean much the same from item to item.
const ALIKE: [&[&str]; 5] = [
    &["threshold", "n", "k", "sigma", "z", "factor", "multiplier", "deviations", "limit"],
    &["n", "top", "limit", "count", "max", "first", "head", "k"],
    &["by", "key", "group", "group_by", "per"],
    &["field", "of", "measure", "fields", "column", "value"],
    &["normal", "db", "key", "file", "baseline", "database"],
];

/// The parameter that does here what a key does in other items; the limit of an outlier before the number of rows.
fn alike(key: &str, spec: &'static Spec) -> Option<&'static str> {
    let groups = ALIKE.iter().filter(|group| group.contains(&key));
    groups.flat_map(|group| group.iter()).find_map(|name| spec.param(name)).map(|param| param.name)
}

fn hint(near: Option<&str>, otherwise: &str) -> String {
    near.map_or_else(|| format!("; {otherwise}"), |n| format!("; did you mean {n:?}?"))
}

fn is_kind(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !RESERVED.contains(&text)
}

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from)).map(|n| n.trunc())
}

/// How a wrong number, duration or zone was meant to be written.
fn meant(kind: ParamKind, value: &str) -> Option<String> {
    match kind {
        ParamKind::Integer(..) | ParamKind::Number(..) | ParamKind::Size(_) => people::read::plain(value),
        ParamKind::Duration(_) => people::read::plain_duration(value),
        ParamKind::Zone => Zone::like(value),
        _ => None,
    }
}

/// Checks one value; the message says what is expected.
pub(super) fn check(param: &Param, value: &str) -> Result<(), String> {
    let expected = |ok: bool| {
        let near = || meant(param.kind, value).map(|n| format!("; did you mean {n:?}?")).unwrap_or_default();
        if ok { Ok(()) } else { Err(format!("{} is expected{}", param.kind, near())) }
    };
    match param.kind {
        ParamKind::Integer(min, max) => {
            expected(people::read::integer(value).is_some_and(|v| (min..=max).contains(&v)))
        }
        ParamKind::Number(min, max) => expected(people::read::number(value).is_some_and(|v| (min..=max).contains(&v))),
        ParamKind::Size(min) => expected(people::read::integer(value).is_some_and(|v| v >= min)),
        ParamKind::Duration(min) => expected(people::read::duration(value).is_some_and(|v| v >= min)),
        ParamKind::Choice(words) => match nearest(value, words.iter().copied()) {
            _ if words.contains(&value) => Ok(()),
            Some(near) => Err(format!("{} is expected; did you mean {near:?}?", param.kind)),
            None => expected(false),
        },
        ParamKind::Truth => expected(matches!(value, "true" | "false")),
        ParamKind::Networks => match members(value).iter().find(|m| network(m).is_none()) {
            Some(bad) => Err(format!("{bad:?} is no network")),
            None => Ok(()),
        },
        ParamKind::Zone => expected(Zone::named(value).is_some()),
        ParamKind::Fields => {
            let names = members(value);
            match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
                Some((_, name)) => Err(format!("{name} is given twice")),
                None => expected(names.iter().all(|m| !m.is_empty())),
            }
        }
        ParamKind::Files => expected(members(value).iter().all(|m| !m.is_empty())),
        ParamKind::Key => KeySpec::of(&members(value)).map(|_| ()).map_err(|e| e.to_string()),
        ParamKind::Text | ParamKind::File => expected(!value.is_empty()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    static SPEC: Spec = Spec {
        name: "zscore",
        about: "",
        explain: "",
        params: &[
            Param::new("threshold", ParamKind::Number(0.0, f64::INFINITY), "3", "", ""),
            Param::new("bytes", ParamKind::Integer(1, u64::MAX), "100M", "bytes", ""),
            Param::new("of", ParamKind::Choice(&["host", "flow"]), "host", "", ""),
            Param::new("internal", ParamKind::Networks, "", "", ""),
            Param::new("size", ParamKind::Size(1), "100M", "bytes", ""),
            Param::new("window", ParamKind::Duration(1_000_000), "5m", "", ""),
            Param::new("field", ParamKind::Fields, "bytes", "", ""),
            Param::new("by", ParamKind::Key, "src_ip", "", ""),
            Param::new("tz", ParamKind::Zone, "UTC", "", ""),
        ],
        needs: &[],
        columns: &[],
        memory: "",
        source: "",
    };

    fn resolve(text: &str) -> Result<Args, String> {
        Args::resolve(text, "detector", [&SPEC]).map_err(|e| e.0)
    }

    #[test]
    fn gives_values_and_defaults() {
        let args = resolve("zscore:threshold=3.5,internal=10.1.2.3/8+::1,as=loud").unwrap();
        assert_eq!((args.number("threshold"), args.integer("bytes"), args.kind.as_str()), (3.5, 100_000_000, "loud"));
        assert_eq!(
            args.networks("internal").iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.0/8", "::1/128"]
        );
        assert!(args.is_given("threshold") && !args.is_given("bytes"));
        let args = resolve("zscore:size=1.5k,window=1m30s,by=src_ip/24+dst_port").unwrap();
        assert_eq!((args.integer("size"), args.duration("window")), (1500, 90_000_000_000));
        assert_eq!(args.key("by").unwrap().to_string(), "src_ip/24/64+dst_port");
    }

    #[test]
    fn a_mistake_is_answered_with_the_nearest_right_word() {
        for (text, part) in [
            ("zcore", "unknown detector \"zcore\"; did you mean \"zscore\"?"),
            ("nothing", "--list shows all"),
            ("zscore:treshold=3", "did you mean \"threshold\"?"),
            ("zscore:threshold=x", "number from 0 is expected"),
            ("zscore:threshold=-1", "number from 0 is expected"),
            ("zscore:threshold=nan", "number from 0 is expected"),
            ("zscore:bytes=0", "integer from 1 is expected"),
            ("zscore:bytes=1.5", "integer from 1 is expected"),
            ("zscore:of=flows", "did you mean \"flow\"?"),
            ("zscore:internal=10.0.0.0/33", "is no network"),
            ("zscore:size=10MB", "size from 1, as 100M is expected; did you mean \"10M\"?"),
            ("zscore:bytes=5KiB", "did you mean \"5k\"?"),
            ("zscore:size=0", "size from 1"),
            ("zscore:window=5min", "duration, as 90s or 5m is expected; did you mean \"5m\"?"),
            ("zscore:window=0", "duration, as 90s or 5m is expected"),
            ("zscore:tz=Lisbon", "time zone is expected; did you mean \"Europe/Lisbon\"?"),
            ("zscore:field=a+b+a", "a is given twice"),
            ("zscore:by=src_ip/99", "a prefix length is /0 to /32"),
            ("zscore:as=alert", "the name alert is reserved"),
            ("zscore:as=a-b", "letters"),
        ] {
            let message = resolve(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
