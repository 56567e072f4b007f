//! What was learnt of addresses, as long as it holds; kept in a file from run to run.
//!
//! Two generations: when the young one is full it becomes the old one, and what was not asked for since is forgotten with
//! the one before. The file has a line of JSON an address: `ip`, `name` unless there is none, and `until`, seconds since
//! 1970. Invariant: what is given holds at that time. Bound: [`REMEMBERED_NAMES`].

use crate::dns::{Answer, Known};
use crate::limit::{MAX_ROW, REMEMBERED_NAMES};
use flow_record::map::Map;
use flow_record::output::write_file;
use flow_record::value::{Address, number, text};
use serde::Deserialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Answers by address.
#[derive(Default)]
pub(super) struct Cache {
    young: Map<Address, Arc<Answer>>,
    old: Map<Address, Arc<Answer>>,
}

/// A line of the file.
#[derive(Deserialize)]
struct Kept {
    ip: String,
    name: Option<String>,
    until: u64,
}

impl Cache {
    /// The answer for an address, if it holds or is still on its way.
    pub(super) fn get(&mut self, address: Address, now: Instant) -> Option<Arc<Answer>> {
        let holds = |answer: &Arc<Answer>| answer.known().is_none_or(|known| known.until > now);
        if let Some(answer) = self.young.get(&address) {
            return holds(answer).then(|| Arc::clone(answer));
        }
        let answer = self.old.remove(&address).filter(holds)?;
        self.put(address, Arc::clone(&answer));
        Some(answer)
    }

    pub(super) fn put(&mut self, address: Address, answer: Arc<Answer>) {
        if self.young.len() >= REMEMBERED_NAMES / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(address, answer);
    }

    /// Reads a file; answers how many of its lines are none. One that is not there yet is empty.
    pub(super) fn load(&mut self, path: &Path) -> io::Result<u64> {
        let file = match File::open(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(0),
            file => file?,
        };
        let (now, epoch) = (Instant::now(), since_1970());
        let mut bad = 0;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        for _ in 0..2 * REMEMBERED_NAMES {
            line.clear();
            if io::Read::take(&mut reader, MAX_ROW as u64).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let kept = serde_json::from_slice::<Kept>(&line).ok();
            let Some((kept, address)) = kept.and_then(|kept| Address::parse(&kept.ip).map(|a| (kept, a))) else {
                bad += 1;
                continue;
            };
            if let Some(left) = kept.until.checked_sub(epoch).filter(|left| *left > 0) {
                let until = now + Duration::from_secs(left).min(crate::limit::MOST_TTL);
                self.put(address, Arc::new(Answer::of(Known { name: kept.name.map(Into::into), until })));
            }
        }
        Ok(bad)
    }

    /// Writes the file, in the order of addresses.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let (now, epoch) = (Instant::now(), since_1970());
        let mut all: Vec<_> = self.old.iter().chain(&self.young).collect();
        all.sort_unstable_by_key(|(address, _)| address.0);
        let mut out = Vec::new();
        for (address, answer) in all {
            let Some(known) = answer.known().filter(|known| known.until > now) else { continue };
            out.extend_from_slice(b"{\"ip\":\"");
            address.write(&mut out);
            out.push(b'"');
            if let Some(name) = &known.name {
                out.extend_from_slice(b",\"name\":");
                text::write_json(name, &mut out);
            }
            out.extend_from_slice(b",\"until\":");
            number::write_integer(epoch + (known.until - now).as_secs(), &mut out);
            out.extend_from_slice(b"}\n");
        }
        write_file(path, &out)
    }
}

fn since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn address(number: u32) -> Address {
        Address::v4(number)
    }

    fn answer(name: Option<&str>, seconds: u64) -> Arc<Answer> {
        let until = Instant::now() + Duration::from_secs(seconds);
        Arc::new(Answer::of(Known { name: name.map(Into::into), until }))
    }

    #[test]
    fn answers_hold_as_long_as_they_say_and_those_on_their_way_are_given() {
        let mut cache = Cache::default();
        cache.put(address(1), answer(Some("a"), 60));
        cache.put(address(2), Arc::default());
        let now = Instant::now();
        assert!(cache.get(address(1), now).is_some() && cache.get(address(2), now).is_some());
        assert!(cache.get(address(1), now + Duration::from_secs(61)).is_none());
        assert!(cache.get(address(2), now + Duration::from_secs(61)).is_some());
        assert!(cache.get(address(3), now).is_none());
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut cache = Cache::default();
        let now = Instant::now();
        for number in 0..2 * REMEMBERED_NAMES as u32 {
            cache.put(address(number), answer(None, 60));
            if number % 1000 == 0 {
                assert!(cache.get(address(7), now).is_some() || number < 7);
            }
        }
        assert!(cache.young.len() + cache.old.len() <= REMEMBERED_NAMES);
        assert!(cache.get(address(8), now).is_none());
    }

    #[test]
    fn a_file_keeps_what_still_holds_and_lines_that_are_none_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names");
        let mut cache = Cache::default();
        assert_eq!(cache.load(&path).unwrap(), 0);
        cache.put(address(0x0a00_0001), answer(Some("a\"\u{1b}.example"), 600));
        cache.put(address(0x0a00_0002), answer(None, 600));
        cache.put(address(0x0a00_0003), answer(Some("gone"), 0));
        cache.save(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(text.starts_with(r#"{"ip":"10.0.0.1","name":"a\"\u001b.example","until":"#), "{text}");
        std::fs::write(
            &path,
            text + "x\n{\"ip\":\"10.0.0.300\",\"until\":9999999999}\n{\"ip\":\"10.0.0.9\",\"until\":7}\n",
        )
        .unwrap();
        let mut again = Cache::default();
        assert_eq!(again.load(&path).unwrap(), 2);
        let now = Instant::now();
        let name = |answer: Option<Arc<Answer>>| answer.and_then(|a| a.known().and_then(|k| k.name.clone()));
        assert_eq!(name(again.get(address(0x0a00_0001), now)).as_deref(), Some("a\"\u{1b}.example"));
        assert!(again.get(address(0x0a00_0002), now).is_some() && again.get(address(0x0a00_0009), now).is_none());
    }
}
