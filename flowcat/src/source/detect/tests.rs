//! What an input is, by its first bytes.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::feed::Feed;
use crate::flows::Flows;
use crate::options::Options;
use crate::source::{Fate, Settings, Source};
use clap::Parser;
use flow_record::input::Source as File;
use flow_record::output::Sink;
use flow_record::record::{Flow, field};
use flow_record::run::{Conduct, Session};
use std::io::Read;

/// A format of bytes, and one of files: a magic of three bytes, and then one byte a flow.
static OF_BYTES: Format = fake(b"\n\xef\xbb", Takes::Bytes, |_| Box::new(OfBytes));
static OF_FILES: Format = fake(b"\xef\xbb\xbf", Takes::Whole, |_| Box::new(OfFiles));
static FAKES: [&Format; 3] = [&OF_BYTES, &OF_FILES, &csv::FORMAT];

const fn fake(magic: &'static [u8; 3], takes: Takes, open: fn(&Settings) -> Box<dyn Source>) -> Format {
    const fn is(head: &[u8], magic: [u8; 3]) -> Probe {
        match head {
            [a, b, c, ..] if *a == magic[0] && *b == magic[1] && *c == magic[2] => Probe::Yes,
            [] => Probe::Maybe,
            [a] | [a, _] if *a == magic[0] => Probe::Maybe,
            _ => Probe::No,
        }
    }
    let probe: fn(&[u8]) -> Probe =
        if magic[0] == b'\n' { |head| is(head, *b"\n\xef\xbb") } else { |head| is(head, *b"\xef\xbb\xbf") };
    Format { probe, open, takes, ..csv::FORMAT }
}

struct OfBytes;
struct OfFiles;

fn put(bytes: &[u8], flows: &mut Flows<'_>) {
    let mut flow = Flow::new();
    for byte in bytes {
        flow.clear();
        flow.set_integer(field::BYTES, u64::from(*byte));
        flows.flow(&flow);
    }
}

impl Source for OfBytes {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let mut skip = 3;
        while let Some(block) = feed.block(flows) {
            let from = skip.min(block.len());
            skip -= from;
            put(&block[from..], flows);
        }
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        vec![]
    }
}

impl Source for OfFiles {
    fn run(&mut self, feed: &mut Feed, flows: &mut Flows<'_>) -> Result<(), String> {
        let mut bytes = Vec::new();
        let mut input = feed.whole().unwrap();
        let mut end = input.seekable();
        let read = match &mut end {
            Some(file) => file.read_to_end(&mut bytes),
            None => input.read_to_end(&mut bytes),
        };
        read.map_err(|e| e.to_string())?;
        put(&bytes[3..], flows);
        Ok(())
    }

    fn fates(&self) -> Vec<Fate> {
        vec![]
    }
}

#[test]
fn formats_of_bytes_get_every_byte_and_formats_of_files_the_input_itself() {
    let folder = tempfile::tempdir().unwrap();
    let texts: [&[u8]; 4] =
        [b"\n\xef\xbb\x0a\x0d\x00\xff", b"\xef\xbb\xbf\x0a\x00", b"src_ip,bytes\n10.0.0.1,7", b"\n\xef"];
    let mut sources = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let path = folder.path().join(i.to_string());
        std::fs::write(&path, text).unwrap();
        sources.push(Ok(File::file(path)));
    }
    let settings = Options::try_parse_from(["flowcat"]).unwrap().settings().unwrap();
    let mut session = Session::begin("flowcat", Conduct { quiet: true, ..Conduct::default() }, Sink::none()).unwrap();
    let mut flows = Flows::look(&mut session, vec![]);
    crate::run::all(&mut Feed::start(sources, Detect::among(&FAKES), Default::default(), None), &mut flows, &settings);
    let lines = String::from_utf8_lossy(flows.lines()).into_owned();
    flows.finish();
    let bytes: Vec<_> = lines.lines().filter_map(|l| l.rsplit("\"bytes\":").next()).collect();
    assert_eq!(bytes, ["10}", "13}", "0}", "255}", "10}", "0}", "7}"]);
    assert_eq!(session.end().code(), 2, "two bytes of a magic are of no format");
}

#[test]
fn what_is_no_text_is_named_with_what_makes_text_of_it() {
    for (head, part) in [
        (&b"\xa5\x0c\x00\x02\x00\x00"[..], "another byte order; ssh THERE nfdump -r FILE -o csv | flowcat reads it"),
        (b"\x1f\x8b\x08\0abc", "packed twice"),
        (b"s\0r\0c\0", "UTF-16"),
        (b"\0s\0r\0c", "UTF-16"),
        (b"src_ip,bytes\r10.0.0.1,5\r", "CR alone"),
        (b"hello", "begins with \"hello\""),
        (b"\0\0\0\0", "begins with"),
    ] {
        match Detect::new(None).decide(head, true, &mut 0) {
            Some(Detected::Unknown(text)) => assert!(text.contains(part), "{head:?}: {text}"),
            _ => panic!("{head:?} is taken for something"),
        }
    }
}

fn detected(head: &str) -> &'static str {
    match Detect::new(None).decide(head.as_bytes(), true, &mut 0) {
        Some(Detected::Format(format, _)) => format.spec.name,
        Some(Detected::Unknown(_)) => "unknown",
        _ => "nothing",
    }
}

/// What is decided does not depend on how much comes at a time.
fn is_steady(head: &str, name: &str) -> bool {
    let (detect, mut looked) = (Detect::new(None), 0);
    let steps = (0..=head.len()).map(|end| (&head.as_bytes()[..end], end == head.len()));
    let first = steps.filter_map(|(head, last)| detect.decide(head, last, &mut looked)).next();
    matches!(first, Some(Detected::Format(format, _)) if format.spec.name == name)
        || matches!(first, Some(Detected::Unknown(_))) && name == "unknown"
        || matches!(first, Some(Detected::Nothing) | None) && name == "nothing"
}

#[test]
fn each_format_is_recognised_by_its_beginning() {
    for (head, name) in [
        ("", "nothing"),
        ("\n \nNo matching flows\n", "nothing"),
        ("ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt\n", "nfdump-csv"),
        ("ts,te,td,pr,val,fl,flP,pkt,pktP,byt,bytP,pps,bps,bpp\n", "nfdump-csv"),
        ("firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n", "nfdump-csv"),
        ("No matching flows\nfirstSeen,duration,srcAddr\n", "nfdump-csv"),
        (
            "2|1089534600010|1089534610020|6|0|0|0|2886730050|1024|0|0|0|3232279140|25|775|8404|12|14|1|2|202|303\n",
            "nfdump-pipe",
        ),
        (
            "Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Packets    Bytes Flows\n",
            "nfdump-line",
        ),
        ("{\"src_ip\":\"10.0.0.1\",\"bytes\":5}\n", "flow"),
        ("{\"src_ip\":\"10.0.0.1\",\"bytes\":5,\"service\":\"dns\",\"direction\":\"outbound\",\"note\":1}\n", "flow"),
        ("{\"src_ip\":\"10.0.0.1\",\"bytes\":5,\"octets\":7,\"proto\":null}\n", "flow"),
        ("{\"kind\":\"alert\",\"id\":\"0\"}\n", "flow"),
        ("{\"bytes\":1,\"bytes\":2}\n", "flow"),
        ("{\"bytes\":\n", "flow"),
        ("{\"x\":1}\n", "flow"),
        ("[\n{\n\"type\" : \"FLOW\",\n\"first\" : \"2004\"\n},\n", "nfdump-json"),
        ("{\n\t\"type\" : \"FLOW\",\n\"first\" : \"2004\"\n},\n", "nfdump-json"),
        ("{\"cnt\":1,\"type\":\"FLOW\",\"first\":\"2004\"}\n", "nfdump-json"),
        ("[{\"src\":\"10.0.0.1\",\"octets\":5}]\n", "json"),
        ("[\n]\n", "nfdump-json"),
        ("{\"src\":\"10.0.0.1\",\"octets\":5}\n", "json"),
        ("{\"src_ip\":{\"0\":\"10.0.0.1\"},\"bytes\":{\"0\":5}}\n", "json"),
        ("{\"src_ip\":[\"10.0.0.1\"],\"bytes\":[5]}\n", "json"),
        ("{\"src_ip\":\"10.0.0.1\",\"proto\":\"tcp\"}\n", "json"),
        ("{\"src_ip\":\"10.0.0.1\",\"timestamp\":\"2024-01-01 00:00:00\"}\n", "json"),
        ("{\"src_ip\":\"10.0.0.1\",\"tos\":256}\n{\"src_ip\":\"10.0.0.1\",\"tos\":0}\n", "flow"),
        ("{\"src_ip\":\"10.0.0.1\",\"bytes\":null}\ngarbage\n{\"src_ip\":\"10.0.0.1\",\"bytes\":0}\n", "flow"),
        (
            "{\"src_ip\":\"10.0.0.1\",\"bytes\":\"5\"}\n{\"src_ip\":\"10.0.0.1\",\"bytes\":\"6\"}\n{\"bytes\":0}\n",
            "json",
        ),
        ("{\"src_ip\":\"10.0.0.1\",\"bytes\":\"5\"}\n{\"src\":\"10.0.0.1\",\"bytes\":5}\n", "json"),
        ("{\"src_ip\":\"10.0.0.1\",\"bytes\":\"5\"}\n", "json"),
        ("{\"bytes\":\n{\"src\":\"10.0.0.1\",\"octets\":5}\n", "json"),
        ("src_ip,bytes,timestamp\n", "csv"),
        ("\"Src IP\";\"Bytes\"\n", "csv"),
        ("alpha,beta\n", "csv"),
        ("Summary,src_ip,bytes\nx,10.0.0.1,5\n", "csv"),
        ("# comment\nsrc_ip,bytes\n", "csv"),
        ("# a, comment\nts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt\n", "nfdump-csv"),
        ("garbage\n{\"src_ip\":\"10.0.0.1\",\"bytes\":5}\n", "flow"),
        ("garbage\n{\"src\":\"10.0.0.1\",\"octets\":5}\n", "json"),
        ("hello world\n", "unknown"),
        ("\u{1}\u{2}\n", "unknown"),
    ] {
        assert_eq!(detected(head), name, "{head:?}");
        assert!(is_steady(head, name), "{head:?}");
    }
}
