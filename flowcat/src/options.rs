//! The options of flowcat, and what they say of foreign sources.

use crate::listen::ExportOptions;
use crate::meter::options::MeterOptions;
#[cfg(feature = "parquet")]
use crate::parquet::{Files, Writer, check_numbered, numbered};
use crate::rotate::{LATE, Pattern, Rotate};
use crate::row::Mapping;
use crate::source::datagrams::Exporters;
use crate::source::{FORMATS, Format, Metering, Settings};
use crate::step::{StepOptions, Store};
use flow_record::alert;
use flow_record::cli::{Common, Form, Inputs, Program};
use flow_record::filter::Filter;
use flow_record::item::nearest;
use flow_record::people::read::integer;
use flow_record::record::schema;
use flow_record::run::Aid;
use flow_record::value::time::Zone;
use std::ffi::OsString;
use std::path::PathBuf;

/// Reads any record of network traffic and writes NDJSON flow lines.
#[derive(Clone, Debug, clap::Parser)]
pub(crate) struct Options {
    /// Files, folders, udp://HOST:PORT to listen on; - or none is stdin
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<OsString>,
    /// Take all input for FORMAT, without a look at it
    #[arg(long, value_name = "FORMAT")]
    pub(crate) from: Option<String>,
    /// What columns mean: src_ip=SrcAddr,bytes=octets
    ///
    /// A unit may follow the column of a time or a duration: timestamp=t:ms,duration=d:us; s, ms, us, ns, cs (hundredths
    /// of a second) or min. timestamp=Date:dmy says that the day comes first where the year is last, as in 22/07/2015
    /// 08:03, and Date:mdy that the month does; AM and PM are taken in both. date=Day,time=Clock makes a timestamp of two
    /// columns. A time of day without a date is one of 1970-01-01, and has "clock":"no-date"; so is a number of cs or min
    /// below one day.
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',')]
    pub(crate) map: Vec<String>,
    /// Zone of times that have none [default: UTC]
    ///
    /// A name such as Europe/Lisbon, or UTC, or an offset such as +01:00. nfdump prints times of the zone that it runs in,
    /// without saying which.
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub(crate) tz: Option<String>,
    /// Keep columns that are no field of the record
    #[arg(long)]
    pub(crate) keep_extra: bool,
    /// Merge inputs that are sorted by time into one stream
    ///
    /// All are read at once, and the flow that starts first goes on; those of one start come in the order of the inputs,
    /// and one without a time behind the one before it. What starts before the one before it in its input goes on as soon
    /// as it is met; that is told once an input, and counted as "out of order" (--sort sorts). 256 inputs at most, each
    /// with some blocks of it in memory. An input that is silent, such as a pipe, holds back all. Alerts and rows pass;
    /// baselines and ticks are left out.
    #[arg(long, hide_short_help = true)]
    pub(crate) merge: bool,
    /// Read the files that nfcapd leaves in a folder, as they appear
    ///
    /// Those that are there first, in the order of their names, which is that of time, then each that nfcapd finishes; its
    /// name is then nfcapd and digits, as nfcapd.202603101205. Subfolders are looked into. The folder is read once a
    /// second, and each file once, until SIGINT or SIGTERM.
    #[arg(long, value_name = "FOLDER", hide_short_help = true, conflicts_with_all = ["files", "merge"])]
    pub(crate) follow: Option<PathBuf>,
    /// With --to parquet: begin another file after N flows
    ///
    /// Files are numbered before the suffix of -o: flows.parquet is flows-00001.parquet and so on. Each appears when it
    /// is complete. Files of an earlier run with higher numbers are left as they are, and named in a warning.
    #[arg(long, value_name = "N", value_parser = whole, hide_short_help = true)]
    pub(crate) rows_per_file: Option<u64>,
    #[command(flatten)]
    pub(crate) steps: StepOptions,
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) meter: MeterOptions,
    #[command(flatten)]
    pub(crate) exports: ExportOptions,
}

/// What flowcat is.
pub(crate) const PROGRAM: Program = Program {
    name: "flowcat",
    what: "format",
    about: "Any record of network traffic to NDJSON flow lines",
    specs: || FORMATS.iter().map(|f| f.spec).collect(),
    facts: |spec| {
        let format = FORMATS.iter().find(|f| f.spec.name == spec.name);
        format.map(|f| vec![("Recognised by", f.told_by), ("Lost", f.lost)]).unwrap_or_default()
    },
    examples: &[
        ("flowcat flows.csv | flowstat hosts -t", "hosts of a CSV of nfdump, or of any other with a header"),
        ("flowcat nfcapd.20260310*", "a day of nfcapd's files, in the order of time"),
        ("flowcat --tz Europe/Lisbon flows.csv", "what nfdump printed, its times being Lisbon's"),
        ("flowcat --map src_ip=Quelle,bytes=Menge table.csv", "a table whose columns have names of their own"),
        ("flowcat --explain table.csv", "what flowcat makes of a file, column by column"),
    ],
    files: &[("/usr/share/zoneinfo", "rules of time zones that are asked for by name")],
    schemas: |form| {
        let mut all = vec![schema::flow(form)];
        if form == schema::Form::Open {
            // Lines of other programs pass.
            all.push(alert::schema(&[], form));
            all.push(schema::other("row, baseline or tick", &["alert"]));
        }
        all
    },
};

/// A number of flows that is not 0.
fn whole(text: &str) -> Result<u64, String> {
    integer(text).filter(|n| *n > 0).ok_or_else(|| "a number of flows is expected, as 500000 or 1M".into())
}

impl Options {
    /// The format that `--from` pins.
    ///
    /// # Errors
    /// An unknown format, with the nearest right one.
    pub(crate) fn format(&self) -> Result<Option<&'static Format>, String> {
        let captures = self.exports.port.map(|_| "netflow-pcap");
        let Some(name) = self.from.as_deref().or(captures) else { return Ok(None) };
        let names = || FORMATS.iter().map(|f| f.spec.name);
        match FORMATS.iter().find(|f| f.spec.name == name) {
            Some(format) => Ok(Some(format)),
            None => match nearest(name, names()) {
                Some(near) => Err(format!("--from: unknown format {name:?}; did you mean {near:?}?")),
                None => Err(format!("--from: unknown format {name:?}; --list shows all")),
            },
        }
    }

    /// What is said of foreign sources.
    ///
    /// # Errors
    /// An unknown zone, a mapping that cannot be.
    pub(crate) fn settings(&self) -> Result<Settings, String> {
        let zone = match &self.tz {
            None => Zone::utc(),
            Some(name) => {
                let unknown = || format!("--tz {name}: no zone of that name; write it as Europe/Lisbon, UTC or +01:00");
                Zone::named(name).ok_or_else(unknown)?
            }
        };
        let mapping = Mapping::parse(self.map.iter().map(String::as_str))?;
        let exporters = Exporters::new(self.keep_extra);
        let metering = Metering::new(self.meter.plan(self.steps.most())?);
        let (keep, port) = (self.keep_extra, self.exports.port);
        let templates = self.exports.templates.clone();
        Ok(Settings { mapping, zone, zone_given: self.tz.is_some(), keep, port, templates, exporters, metering })
    }

    /// The Parquet files that are to be written, if that is the form; the output becomes the first of them.
    ///
    /// # Errors
    /// An option that needs another; a program that was built without Parquet.
    #[cfg(feature = "parquet")]
    pub(crate) fn store(&mut self) -> Result<Option<Box<dyn Store>>, String> {
        if let Some(rotate) = self.rotate()? {
            return Ok(Some(rotate));
        }
        if self.common.form() != Form::Parquet {
            return match self.rows_per_file {
                Some(_) => Err("--rows-per-file goes with --to parquet".into()),
                None => Ok(None),
            };
        }
        let many = match (self.rows_per_file, &mut self.common.output) {
            (None, _) => None,
            (Some(_), None) => return Err("--rows-per-file needs -o FILE".into()),
            (Some(rows), Some(path)) => {
                check_numbered(path)?;
                let first = numbered(path, 1);
                Some((std::mem::replace(path, first), rows))
            }
        };
        Ok(Some(Box::new(Files::new(Writer::new(&self.common.fields, self.keep_extra), many))))
    }

    /// The same without Parquet.
    ///
    /// # Errors
    /// Parquet is asked for.
    #[cfg(not(feature = "parquet"))]
    pub(crate) fn store(&mut self) -> Result<Option<Box<dyn Store>>, String> {
        if let Some(rotate) = self.rotate()? {
            return Ok(Some(rotate));
        }
        match self.common.form() {
            Form::Parquet => Err("--to parquet: this flowcat was built without it".into()),
            _ => Ok(None),
        }
    }

    /// The files by time that are to be written, if they are.
    ///
    /// # Errors
    /// An output that is no pattern of names, or another form than lines.
    fn rotate(&mut self) -> Result<Option<Box<dyn Store>>, String> {
        let Some(width) = self.exports.rotate else { return Ok(None) };
        if self.common.form() != Form::Ndjson {
            return Err("--rotate writes lines: it goes without --to and -t".into());
        }
        let Some(path) = &mut self.common.output else {
            return Err("--rotate needs -o, as -o 'flows.%Y%m%d%H%M.ndjson.zst'".into());
        };
        let pattern = Pattern::parse(path, width.unsigned_abs())?;
        if let Some(folder) = pattern.folder().filter(|folder| !folder.is_dir()) {
            return Err(format!("--rotate: -o: there is no folder {}", folder.display()));
        }
        // Nothing is written but the files.
        *path = "/dev/null".into();
        let lateness = self.steps.lateness.unwrap_or(LATE);
        Ok(Some(Box::new(Rotate::new(pattern, width, lateness))))
    }

    /// The files that are read besides the inputs.
    pub(crate) fn aids(&self, filter: Option<&Filter>) -> Vec<Aid> {
        let key = self.steps.anonymize.iter().map(|path| ("--anonymize".to_owned(), path.clone()));
        let alerts = self.steps.alerts.iter().map(|path| ("--alerts".to_owned(), path.clone()));
        key.chain(alerts).chain(filter.map(Filter::aids).unwrap_or_default()).collect()
    }

    /// The names of all inputs.
    pub(crate) fn names(&self) -> Vec<OsString> {
        self.files.iter().chain(&self.inputs.inputs).cloned().collect()
    }
}
