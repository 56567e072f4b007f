//! `vendor`: to whom the MAC addresses that a line has kept are assigned, by IEEE's registries as they are published.
//!
//! Assignments are of 24, 28 or 36 bits (MA-L, MA-M, MA-S and the older IAB); the longest counts. Bound: the registries.

use super::{Enrich, Enricher, OVERWRITE, Outcome};
use crate::record::{Record, keys};
use crate::table::Table;
use anyhow::{Context, bail};
use flow_record::item::{Args, Param, ParamKind, Spec};
use flow_record::map::Map;
use flow_record::record::Field;
use flow_record::scan::walk::unquoted;
use flow_record::value::text::write_json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const ENRICHER: Enricher = Enricher {
    spec: Spec {
        name: "vendor",
        about: "to whom the MAC addresses that a line has kept are assigned",
        explain: "\
src_vendor and dst_vendor are the organisations to which IEEE assigned the addresses in src_mac, in_src_mac, out_src_mac or
mac_src, and dst_mac, out_dst_mac, in_dst_mac or mac_dst, as flowcat --keep-extra has them; of several the first that is
there. Addresses may have colons, hyphens, points or nothing between their digits. One that is assigned to nobody, as those
that telephones make up, gets nothing.

db= takes one or more of IEEE's files (oui.csv, mam.csv, oui36.csv, iab.csv), joined with +, or a folder that has them;
without it /usr/share/ieee-data or /var/lib/ieee-data, where Debian's package ieee-data puts them.",
        params: &[Param::new("db", ParamKind::Files, "", "", "the registries"), OVERWRITE],
        needs: &[],
        columns: &[Field::named("src_vendor"), Field::named("dst_vendor")],
        memory: "the registries, some 5 MB",
        source: "IEEE Registration Authority: MA-L, MA-M, MA-S, IAB",
    },
    build,
};

/// Where the registries are looked for when none is named.
const FOLDERS: [&str; 2] = ["/usr/share/ieee-data", "/var/lib/ieee-data"];

/// Their names there.
const FILES: [&str; 4] = ["oui.csv", "mam.csv", "oui36.csv", "iab.csv"];

/// Members with MAC addresses, by end.
const MEMBERS: [[&str; 4]; 2] =
    [["src_mac", "in_src_mac", "out_src_mac", "mac_src"], ["dst_mac", "out_dst_mac", "in_dst_mac", "mac_dst"]];

const ASSIGNMENT: (&str, &[&str]) = ("assignment", &["assignment"]);
const NAME: (&str, &[&str]) = ("name", &["organization name"]);

fn build(args: &Args) -> anyhow::Result<Box<dyn Enrich>> {
    let mut registry = Registry::default();
    for path in files(args.files("db"))? {
        registry.read(&path).with_context(|| format!("vendor: {}", path.display()))?;
    }
    registry.known.clear();
    Ok(Box::new(Vendor { keys: keys(&ENRICHER.spec), registry: Arc::new(registry) }))
}

/// The files of the registries, folders looked into.
fn files(given: Vec<PathBuf>) -> anyhow::Result<Vec<PathBuf>> {
    let inside = |folder: &Path| -> Vec<_> { FILES.iter().map(|f| folder.join(f)).filter(|f| f.exists()).collect() };
    if given.is_empty() {
        let found = FOLDERS.iter().map(|folder| inside(Path::new(folder))).find(|files| !files.is_empty());
        let names = FILES.join(", ");
        return found.with_context(|| format!("vendor: none of {names} in {}; db=FILE names one", FOLDERS.join(", ")));
    }
    let mut all = Vec::new();
    for path in given {
        match path.is_dir() {
            false => all.push(path),
            true => match inside(&path) {
                found if found.is_empty() => bail!("vendor: {}: none of {} in it", path.display(), FILES.join(", ")),
                found => all.extend(found),
            },
        }
    }
    Ok(all)
}

/// Organisations by assignment.
#[derive(Default)]
struct Registry {
    /// By the length of an assignment, 24, 28, 36 bits.
    assigned: [Map<u64, u32>; 3],
    /// The names as JSON, one after the other, and where each ends.
    names: Vec<u8>,
    ends: Vec<u32>,
    /// Names that were met, while registries are read.
    known: Map<String, u32>,
}

/// Digits of the assignments.
const LENGTHS: [usize; 3] = [6, 7, 9];

impl Registry {
    fn read(&mut self, path: &Path) -> anyhow::Result<()> {
        let mut table = Table::open(path, &[ASSIGNMENT, NAME], None)?;
        if !table.has("assignment") || !table.has("name") {
            bail!(
                "no registry of IEEE, which has the columns Assignment and Organization Name. Its columns: {}",
                table.names()
            );
        }
        let before: usize = self.assigned.iter().map(Map::len).sum();
        while table.next()?.is_some() {
            let (digits, name) = (table.cell("assignment").unwrap_or_default(), table.cell("name").unwrap_or_default());
            let Some(length) = LENGTHS.iter().position(|l| *l == digits.len()) else { continue };
            let Ok(prefix) = u64::from_str_radix(digits, 16) else { continue };
            let number = self.name(name);
            self.assigned[length].entry(prefix).or_insert(number);
        }
        if self.assigned.iter().map(Map::len).sum::<usize>() == before {
            bail!("not one assignment");
        }
        Ok(())
    }

    fn name(&mut self, name: &str) -> u32 {
        if let Some(number) = self.known.get(name) {
            return *number;
        }
        write_json(name, &mut self.names);
        self.ends.push(self.names.len() as u32);
        let number = self.ends.len() as u32 - 1;
        self.known.insert(name.to_owned(), number);
        number
    }

    /// The name of an address's organisation, as JSON.
    fn of(&self, mac: u64) -> Option<&[u8]> {
        let find = |place: usize| self.assigned[place].get(&(mac >> (48 - 4 * LENGTHS[place])));
        let number = *[2, 1, 0].into_iter().find_map(find)? as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.names[start as usize..self.ends[number] as usize])
    }
}

/// The 48 bits of a MAC address as people write it.
fn mac(text: &str) -> Option<u64> {
    let mut digits = 0;
    let mut value = 0;
    for c in text.chars() {
        match c.to_digit(16) {
            Some(digit) => {
                value = value << 4 | u64::from(digit);
                digits += 1;
            }
            None if matches!(c, ':' | '-' | '.') => {}
            None => return None,
        }
        if digits > 12 {
            return None;
        }
    }
    (digits == 12).then_some(value)
}

#[derive(Clone)]
struct Vendor {
    keys: Vec<Vec<u8>>,
    registry: Arc<Registry>,
}

impl Enrich for Vendor {
    fn enrich(&mut self, record: &mut Record<'_, '_>) -> Outcome {
        let mut any = false;
        for (end, members) in MEMBERS.iter().enumerate() {
            let width = members.len();
            let Some(text) = (0..width).find_map(|at| record.value(end * width + at)) else { continue };
            any = true;
            if let Some(name) = mac(&unquoted(text)).and_then(|mac| self.registry.of(mac)) {
                record.put_keyed(end, &self.keys[end], name);
            }
        }
        Outcome::of(any)
    }

    fn reads(&self) -> Vec<String> {
        MEMBERS.as_flattened().iter().map(|name| (*name).to_owned()).collect()
    }

    fn another(&self) -> Box<dyn Enrich> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::tests::enriched;
    use super::*;
    use crate::enrich::ENRICHERS;

    fn registry() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "oui.csv",
            "Registry,Assignment,Organization Name,Organization Address\r\nMA-L,001B21,\"Wide \"\"A\"\" Inc.\",x\r\nMA-L,70B3D5,IEEE Registration Authority,x\r\n",
        );
        write("mam.csv", "Registry,Assignment,Organization Name,Organization Address\r\nMA-M,70B3D5A,Middle,x\r\n");
        write("oui36.csv", "Registry,Assignment,Organization Name,Organization Address\r\nMA-S,70B3D5A01,Small,x\r\n");
        let item = format!("vendor:db={}", folder.path().display());
        (folder, item)
    }

    #[test]
    fn the_longest_assignment_counts_in_any_spelling() {
        let (_folder, item) = registry();
        for (mac, vendor) in [
            ("00:1b:21:aa:bb:cc", r#","src_vendor":"Wide \"A\" Inc.""#),
            ("001B.21AA.BBCC", r#","src_vendor":"Wide \"A\" Inc.""#),
            ("70-b3-d5-00-00-01", r#","src_vendor":"IEEE Registration Authority""#),
            ("70b3d5a11111", r#","src_vendor":"Middle""#),
            ("70:b3:d5:a0:1f:ff", r#","src_vendor":"Small""#),
            ("02:00:00:00:00:01", ""),
            ("00:1b:21:aa:bb", ""),
            ("00:1b:21:aa:bb:cc:dd", ""),
            ("\\u0000", ""),
        ] {
            let line = format!(r#"{{"bytes":1,"src_mac":"{mac}""#);
            assert_eq!(enriched(&item, &format!("{line}}}")), (format!("{line}{vendor}}}"), Outcome::Done), "{mac}");
        }
        let line =
            r#"{"bytes":1,"in_src_mac":"001b21000000","out_dst_mac":"70b3d5a10000","in_dst_mac":"001b21000000"}"#;
        assert!(enriched(&item, line).0.ends_with(r#","src_vendor":"Wide \"A\" Inc.","dst_vendor":"Middle"}"#));
        assert_eq!(enriched(&item, r#"{"bytes":1}"#).1, Outcome::Lacking);
    }

    #[test]
    fn what_is_no_registry_is_refused_by_name() {
        let (folder, _item) = registry();
        let refusal = |text: String| {
            let args = Args::resolve(&text, "enricher", ENRICHERS.iter().map(|e| &e.spec)).unwrap();
            format!("{:#}", build(&args).err().unwrap())
        };
        let other = folder.path().join("other.csv");
        std::fs::write(&other, "a,b\n1,2\n").unwrap();
        let message = refusal(format!("vendor:db={}", other.display()));
        assert!(message.contains("other.csv: no registry of IEEE") && message.contains("a, b"), "{message}");
        std::fs::write(&other, "Assignment,Organization Name\nzz,2\n").unwrap();
        assert!(refusal(format!("vendor:db={}", other.display())).contains("not one assignment"));
        let empty = tempfile::tempdir().unwrap();
        assert!(refusal(format!("vendor:db={}", empty.path().display())).contains("none of oui.csv"));
    }
}
