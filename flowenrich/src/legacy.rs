//! Databases in the format before the MaxMind DB format: `GeoIP.dat`, `GeoLiteCity.dat`, `GeoIPASNum.dat` and their
//! forms for IPv6.
//!
//! A binary tree of nodes of two little-endian numbers, a bit of the address a level; a number from `segments` on is a
//! leaf. What the file is stands behind three bytes 0xFF near its end. The format is that which MaxMind's GeoIP C library
//! reads (version 1.6). Invariant: a look-up ends after as many steps as the address has bits, and reads nothing outside
//! the file. Bound: the file.

use std::net::IpAddr;

/// A value that a record may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// ISO 3166-1, two letters.
    Country,
    City,
    Latitude,
    Longitude,
    /// Number of the autonomous system.
    System,
    /// Its organisation.
    Organisation,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(f64),
    Integer(u32),
}

/// What a file has of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edition {
    Country,
    City,
    Systems,
}

/// A database.
pub(crate) struct Legacy {
    bytes: Vec<u8>,
    edition: Edition,
    is_v6: bool,
    /// The number from which on numbers are leaves.
    segments: usize,
}

/// Bytes of a number in a node.
const WIDTH: usize = 3;

/// Leaves of databases of countries begin here.
const COUNTRIES: usize = 16_776_960;

/// How far before the end the mark of the structure may be.
const TRAILER: usize = 20;

/// The longest text of a record.
const MOST_TEXT: usize = 1024;

/// Countries by number. What is no country (a continent, a proxy, others) has no code here.
const CODES: &str = "--APEUADAEAFAGAIALAMCWAOAQARASATAUAWAZBABBBDBEBFBGBHBIBJBMBNBOBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCXCYCZ\
DEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRSXGAGBGDGEGFGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILINIOIQIRISITJMJOJPKEKGKHKIKM\
KNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPR\
PSPTPWPYQARERORURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSTSVSYSZTCTDTFTGTHTJTKTMTNTOTLTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYT\
RSZAZMMEZWA1A2O1AXGGIMJEBLMFBQSSO1";

/// Codes that stand for no country.
const NO_COUNTRY: [&str; 6] = ["--", "AP", "EU", "A1", "A2", "O1"];

impl Legacy {
    /// Takes a whole file.
    ///
    /// # Errors
    /// What it is if it is no such database, or what is broken.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Legacy, String> {
        let end = bytes.len();
        let from = end.saturating_sub(TRAILER + WIDTH);
        let mut places = (from..end.saturating_sub(WIDTH)).rev();
        let Some(mark) = places.find(|at| bytes[*at..at + WIDTH] == [0xff; WIDTH]) else {
            return Err("neither MaxMind DB nor GeoIP Legacy".into());
        };
        // Numbers from 106 on are those of files before the first edition.
        let number = bytes[mark + WIDTH];
        let number = if number >= 106 { number - 105 } else { number };
        let (edition, is_v6) = match number {
            1 => (Edition::Country, false),
            12 => (Edition::Country, true),
            2 | 6 => (Edition::City, false),
            30 | 31 => (Edition::City, true),
            9 => (Edition::Systems, false),
            21 => (Edition::Systems, true),
            other => return Err(format!("a GeoIP Legacy database of edition {other}, which is not read")),
        };
        let segments = match edition {
            Edition::Country => COUNTRIES,
            _ => number_at(&bytes, mark + WIDTH + 1).ok_or("cut off in its structure")?,
        };
        let database = Legacy { bytes, edition, is_v6, segments };
        database.check()?;
        Ok(database)
    }

    /// Looks at every node that can be reached, and at the record of every leaf.
    fn check(&self) -> Result<(), String> {
        let nodes = self.bytes.len() / (2 * WIDTH);
        let mut seen = vec![false; nodes];
        let mut open = vec![0];
        while let Some(node) = open.pop() {
            match seen.get_mut(node) {
                None => return Err(format!("a node outside the file: {node}")),
                Some(seen) if *seen => continue,
                Some(seen) => *seen = true,
            }
            for side in 0..2 {
                match self.next(node, side) {
                    None => return Err(format!("a node outside the file: {node}")),
                    Some(next) if next < self.segments => open.push(next),
                    Some(leaf) if self.is_record(leaf) => {}
                    Some(leaf) => return Err(format!("a record outside the file: {leaf}")),
                }
            }
        }
        Ok(())
    }

    fn next(&self, node: usize, side: usize) -> Option<usize> {
        number_at(&self.bytes, (2 * node + side) * WIDTH)
    }

    fn is_record(&self, leaf: usize) -> bool {
        match self.edition {
            Edition::Country => (leaf - self.segments) * 2 < CODES.len(),
            _ => leaf == self.segments || self.record(leaf).is_some(),
        }
    }

    /// The leaf of an address; `None` where it has none, an error where the tree has no end.
    pub(crate) fn find(&self, address: IpAddr) -> Result<Option<usize>, ()> {
        let (bits, length) = match (address, self.is_v6) {
            (IpAddr::V4(a), false) => (u128::from(u32::from(a)) << 96, 32),
            (IpAddr::V6(a), true) => (u128::from(a), 128),
            _ => return Ok(None),
        };
        let mut node = 0;
        for depth in 0..length {
            node = self.next(node, (bits >> (127 - depth) & 1) as usize).ok_or(())?;
            if node >= self.segments {
                return Ok(Some(node).filter(|leaf| *leaf != self.segments || self.edition == Edition::Country));
            }
        }
        Err(())
    }

    /// A part of the record at a leaf, if it has it.
    pub(crate) fn part(&self, leaf: usize, part: Part) -> Option<Value> {
        match (self.edition, part) {
            (Edition::Country, Part::Country) => country(leaf.checked_sub(self.segments)?),
            (Edition::Systems, Part::System) => {
                let digits = self.text(self.record(leaf)?).0;
                let digits = digits.strip_prefix("AS")?.split(' ').next()?.to_owned();
                digits.parse().ok().map(Value::Integer)
            }
            (Edition::Systems, Part::Organisation) => {
                let text = self.text(self.record(leaf)?).0;
                // AS1930 Name
                let name = match text.split_once(' ') {
                    Some((system, name)) if is_system(system) => name,
                    None if is_system(&text) => return None,
                    _ => &text,
                };
                Some(Value::Text(name.to_owned()))
            }
            (Edition::City, part) => self.city(self.record(leaf)?, part),
            _ => None,
        }
    }

    /// Whether records have this part.
    pub(crate) fn has(&self, part: Part) -> bool {
        match self.edition {
            Edition::Country => part == Part::Country,
            Edition::City => !matches!(part, Part::System | Part::Organisation),
            Edition::Systems => matches!(part, Part::System | Part::Organisation),
        }
    }

    /// Where the record of a leaf begins.
    fn record(&self, leaf: usize) -> Option<usize> {
        let at = leaf.checked_add((2 * WIDTH - 1).checked_mul(self.segments)?)?;
        (at < self.bytes.len()).then_some(at)
    }

    /// The text that begins here, and where the next one does. Its letters are those of ISO 8859-1.
    fn text(&self, at: usize) -> (String, usize) {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let length = rest.iter().take(MOST_TEXT).take_while(|byte| **byte != 0).count();
        (rest[..length].iter().map(|byte| char::from(*byte)).collect(), at + length + 1)
    }

    /// Country, region, city and postal code follow each other, then twice three bytes.
    fn city(&self, at: usize, part: Part) -> Option<Value> {
        if part == Part::Country {
            return country((*self.bytes.get(at)?).into());
        }
        let (_, after_region) = self.text(at + 1);
        let (city, after_city) = self.text(after_region);
        if part == Part::City {
            return (!city.is_empty()).then_some(Value::Text(city));
        }
        let (_, place) = self.text(after_city);
        let degrees = |at| number_at(&self.bytes, at).map(|n| (n as f64 - 1_800_000.0) / 10_000.0);
        match part {
            Part::Latitude => degrees(place).map(Value::Number),
            Part::Longitude => degrees(place + WIDTH).map(Value::Number),
            _ => None,
        }
    }
}

fn number_at(bytes: &[u8], at: usize) -> Option<usize> {
    let part = bytes.get(at..at.checked_add(WIDTH)?)?;
    Some(usize::from(part[0]) | usize::from(part[1]) << 8 | usize::from(part[2]) << 16)
}

fn country(number: usize) -> Option<Value> {
    let code = CODES.get(2 * number..2 * number + 2)?;
    (!NO_COUNTRY.contains(&code)).then(|| Value::Text(code.to_owned()))
}

fn is_system(text: &str) -> bool {
    text.strip_prefix("AS").is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A database of IPv4 whose first bit chooses between two leaves: behind the last node `records`, then the trailer.
    pub(crate) fn made(edition: u8, leaves: [usize; 2], records: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.to_le_bytes()[..WIDTH].to_vec()).collect();
        bytes.extend_from_slice(records);
        bytes.extend([0xff; WIDTH]);
        bytes.push(edition);
        bytes.extend([1, 0, 0]);
        bytes
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn systems_are_split_into_number_and_name() {
        let bytes = made(9, [1 + 1, 1], b"\0AS1930 Funda\xe7\xe3o \"x\"\0");
        let database = Legacy::new(bytes).unwrap();
        let leaf = database.find(ip("1.2.3.4")).unwrap().unwrap();
        assert_eq!(database.part(leaf, Part::System), Some(Value::Integer(1930)));
        assert_eq!(database.part(leaf, Part::Organisation), Some(Value::Text("Fundação \"x\"".into())));
        assert_eq!(database.part(leaf, Part::Country), None);
        assert_eq!(database.find(ip("200.0.0.1")), Ok(None));
        assert_eq!(database.find(ip("::1")), Ok(None));
    }

    #[test]
    fn cities_have_their_place() {
        let mut record = vec![0, 225];
        record.extend(b"CA\0San \xd1\0");
        record.extend(b"94107\0");
        for degrees in [37.7697f64, -122.3933] {
            let number = ((degrees + 180.0) * 10_000.0).round() as usize;
            record.extend(&number.to_le_bytes()[..WIDTH]);
        }
        let database = Legacy::new(made(111, [2, 1], &record)).unwrap();
        let leaf = database.find(ip("9.9.9.9")).unwrap().unwrap();
        let part = |part| database.part(leaf, part);
        assert_eq!(part(Part::City), Some(Value::Text("San Ñ".into())));
        assert_eq!(part(Part::Country), Some(Value::Text("US".into())));
        assert_eq!(
            (part(Part::Latitude), part(Part::Longitude)),
            (Some(Value::Number(37.7697)), Some(Value::Number(-122.3933)))
        );
    }

    #[test]
    fn broken_ones_are_refused_and_cut_ones_too() {
        for (bytes, part) in [
            (made(9, [1 + 60, 1], b"\0AS1 x\0"), "a record outside the file"),
            (made(9, [0, 0xff_ff00], b""), "a record outside the file"),
            (made(1, [7, COUNTRIES], b""), "a node outside the file"),
            (made(3, [1, 1], b""), "edition 3"),
            (vec![], "neither"),
            (vec![0xff; 30], "edition"),
        ] {
            let result = Legacy::new(bytes).err().unwrap_or_default();
            assert!(result.contains(part), "{result}");
        }
        // A tree in a circle is no leaf.
        let circle = Legacy::new(made(1, [0, COUNTRIES + 1], b"")).unwrap();
        assert_eq!(circle.find(ip("0.0.0.0")), Err(()));
    }

    #[test]
    fn countries_of_the_file_that_debian_ships_are_those_of_geoiplookup() {
        let path = std::path::Path::new("/usr/share/GeoIP/GeoIP.dat");
        let Ok(bytes) = std::fs::read(path) else {
            eprintln!("skipped: no {}; Debian's package geoip-database has it", path.display());
            return;
        };
        let database = Legacy::new(bytes.clone()).unwrap();
        let Ok(_) = std::process::Command::new("geoiplookup").arg("-v").output() else {
            eprintln!("skipped: no geoiplookup; Debian's package geoip-bin has it");
            return;
        };
        let mut state = 1u32;
        for _ in 0..300 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let address = std::net::Ipv4Addr::from(state);
            let said = std::process::Command::new("geoiplookup")
                .args(["-f", "/usr/share/GeoIP/GeoIP.dat"])
                .arg(address.to_string())
                .output();
            let said = String::from_utf8(said.unwrap().stdout).unwrap();
            let code = said.split(": ").nth(1).and_then(|s| s.get(..2)).unwrap_or_default();
            let ours = database.find(address.into()).unwrap().and_then(|leaf| database.part(leaf, Part::Country));
            let wanted = (code.len() == 2 && !NO_COUNTRY.contains(&code) && said.contains(", "))
                .then(|| Value::Text(code.into()));
            assert_eq!(ours, wanted, "{address} {said}");
        }
        for length in (0..bytes.len()).step_by(bytes.len() / 20) {
            assert!(Legacy::new(bytes[..length].to_vec()).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_a_look_up_ends(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), edition in 0u8..32, ip: u32) {
            bytes.extend([0xff, 0xff, 0xff, edition, 3, 0, 0]);
            if let Ok(database) = Legacy::new(bytes)
                && let Ok(Some(leaf)) = database.find(IpAddr::V4(ip.into()))
            {
                for part in [Part::Country, Part::City, Part::Latitude, Part::Longitude, Part::System, Part::Organisation] {
                    let _ = database.part(leaf, part);
                }
            }
        }
    }
}
