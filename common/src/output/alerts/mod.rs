//! Alerts in the forms that other systems read: syslog (RFC 5424), CEF (ArcSight, version 0), ECS (Elastic Common Schema
//! 8.11) and OCSF (Detection Finding, class 2004 of version 1.3), a line each.
//!
//! Only alerts have such a form; other lines are left out and counted. A form is a function of the alert's line alone: no
//! clock, no name of this machine. What an alert has beside the members that a form knows stays in it under names of
//! ours. Bound: a line.

mod json;
mod text;

use crate::people::count;
use crate::value::text::printable;
use serde_json::Value;

/// Which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertForm {
    /// RFC 5424.
    Syslog,
    /// ArcSight's Common Event Format.
    Cef,
    /// Elastic Common Schema.
    Ecs,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
}

/// Turns lines into a form.
pub struct AlertLines {
    form: AlertForm,
    /// Lines that are no alerts.
    others: u64,
}

/// An alert, as forms see it.
struct Alert<'v>(&'v Value);

impl Alert<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    fn integer(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    fn detector(&self) -> &str {
        self.text("detector").unwrap_or("unknown")
    }

    /// The sentence, without control characters.
    fn reason(&self) -> String {
        printable(self.text("reason").unwrap_or_default()).into_owned()
    }

    /// 0 is low, 3 is critical.
    fn grade(&self) -> usize {
        let word = self.text("severity").unwrap_or_default();
        crate::alert::Severity::NAMES.iter().position(|name| *name == word).unwrap_or(0)
    }

    /// From 0 to 100.
    fn percent(&self) -> u64 {
        let score = self.0.get("score").and_then(Value::as_f64).unwrap_or(0.0);
        (score.clamp(0.0, 1.0) * 100.0).round() as u64
    }

    /// A time in milliseconds since 1970.
    fn millis(&self, name: &str) -> Option<i64> {
        let mut dates = crate::value::time::DateCache::default();
        let (time, ..) = crate::value::time::rfc3339(&mut dates, self.text(name)?.as_bytes())?;
        Some(time.nanos().div_euclid(1_000_000))
    }
}

impl AlertLines {
    /// Lines of a form.
    pub fn new(form: AlertForm) -> AlertLines {
        AlertLines { form, others: 0 }
    }

    /// Appends the form of a line to `out`; says whether the line has one.
    pub fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        let read = serde_json::from_slice::<Value>(line).ok();
        let Some(value) = read.filter(|value| value.get("kind").and_then(Value::as_str) == Some("alert")) else {
            self.others += 1;
            return false;
        };
        let alert = Alert(&value);
        let made = match self.form {
            AlertForm::Syslog => text::syslog(&alert),
            AlertForm::Cef => text::cef(&alert),
            AlertForm::Ecs => json::ecs(&alert).to_string(),
            AlertForm::Ocsf => json::ocsf(&alert).to_string(),
        };
        out.extend_from_slice(made.as_bytes());
        out.push(b'\n');
        true
    }

    /// What could not be shown, one sentence each.
    pub fn left_out(&self) -> Vec<String> {
        let sentence = || format!("{} left out, which are no alerts", count(self.others, "lines"));
        (self.others > 0).then(sentence).into_iter().collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ALERT: &str = r#"{"kind":"alert","id":"00000000000000ab","update":2,"detector":"dnstunnel","severity":"high","score":0.625,"timestamp":"2026-03-10T13:00:00.000Z","end":"2026-03-10T14:29:59.123456789Z","src_ip":"10.0.0.9","dst_ip":"192.0.2.53","dst_port":53,"protocol":17,"value":200,"threshold":120,"flows":6000,"reason":"10.0.0.9 sent a|b\\c=d \"e\" ] of DNS","evidence":{"packets":6000},"technique":"T1071.004"}"#;

    fn made(form: AlertForm, line: &str) -> String {
        let mut out = Vec::new();
        assert!(AlertLines::new(form).line(line.as_bytes(), &mut out));
        assert_eq!(out.pop(), Some(b'\n'));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn syslog_has_the_header_of_rfc_5424_and_escaped_data() {
        assert_eq!(
            made(AlertForm::Syslog, ALERT),
            "<35>1 2026-03-10T14:29:59.123456Z - flowdetect - dnstunnel [alert@32473 id=\"00000000000000ab\" update=\"2\" \
             severity=\"high\" score=\"0.625\" timestamp=\"2026-03-10T13:00:00.000Z\" end=\"2026-03-10T14:29:59.123456789Z\" \
             src_ip=\"10.0.0.9\" dst_ip=\"192.0.2.53\" dst_port=\"53\" protocol=\"17\" value=\"200\" threshold=\"120\" \
             flows=\"6000\" evidence=\"{\\\"packets\\\":6000}\" technique=\"T1071.004\"] \
             10.0.0.9 sent a|b\\c=d \"e\" ] of DNS"
        );
        let bare = made(AlertForm::Syslog, r#"{"kind":"alert","detector":"é x","severity":"critical","reason":"é"}"#);
        assert_eq!(bare, "<34>1 - - flowdetect - __x [alert@32473 severity=\"critical\"] \u{feff}é");
    }

    #[test]
    fn cef_escapes_header_and_extension_each_by_its_rule() {
        let cef = made(AlertForm::Cef, ALERT);
        let version = env!("CARGO_PKG_VERSION");
        let header =
            format!("CEF:0|flow filters|flowdetect|{version}|dnstunnel|10.0.0.9 sent a\\|b\\\\c=d \"e\" ] of DNS|8|");
        assert!(cef.starts_with(&header), "{cef}");
        let extension = "externalId=00000000000000ab rt=1773152999123 start=1773147600000 end=1773152999123 src=10.0.0.9 \
                         dst=192.0.2.53 dpt=53 proto=UDP cnt=6000 msg=10.0.0.9 sent a|b\\\\c\\=d \"e\" ] of DNS \
                         cs1Label=technique cs1=T1071.004 cfp1Label=score cfp1=0.625 cfp2Label=value cfp2=200 \
                         cfp3Label=threshold cfp3=120 cs2Label=evidence cs2={\"packets\":6000}";
        assert_eq!(&cef[header.len()..], extension);
        let six = made(AlertForm::Cef, r#"{"kind":"alert","detector":"x","severity":"low","src_ip":"2001:db8::1"}"#);
        assert!(six.ends_with("|3|c6a2Label=Source IPv6 Address c6a2=2001:db8::1 msg="), "{six}");
    }

    #[test]
    fn ecs_and_ocsf_have_their_required_members() {
        let ecs: Value = serde_json::from_str(&made(AlertForm::Ecs, ALERT)).unwrap();
        assert_eq!(
            (&ecs["@timestamp"], &ecs["ecs"]["version"]),
            (&"2026-03-10T14:29:59.123456789Z".into(), &"8.11.0".into())
        );
        assert_eq!((&ecs["event"]["kind"], &ecs["event"]["risk_score"]), (&"alert".into(), &63.into()));
        assert_eq!((&ecs["source"]["ip"], &ecs["destination"]["port"]), (&"10.0.0.9".into(), &53.into()));
        assert_eq!(ecs["threat"]["technique"]["subtechnique"]["id"], serde_json::json!(["T1071.004"]));
        assert_eq!((&ecs["network"]["iana_number"], &ecs["network"]["transport"]), (&"17".into(), &"udp".into()));
        assert_eq!(ecs["flowdetect"]["evidence"]["packets"], 6000);
        let ocsf: Value = serde_json::from_str(&made(AlertForm::Ocsf, ALERT)).unwrap();
        for (name, value) in [("class_uid", 2004), ("category_uid", 2), ("activity_id", 2), ("type_uid", 200_402)] {
            assert_eq!(ocsf[name], value, "{name}");
        }
        assert_eq!((&ocsf["severity_id"], &ocsf["time"]), (&4.into(), &1_773_152_999_123i64.into()));
        assert_eq!(ocsf["finding_info"]["uid"], "00000000000000ab");
        assert_eq!(ocsf["finding_info"]["attacks"][0]["technique"]["uid"], "T1071");
        assert_eq!(ocsf["evidences"][0]["dst_endpoint"]["port"], 53);
        assert_eq!(ocsf["unmapped"]["threshold"], 120);
    }

    #[test]
    fn lines_that_are_no_alerts_are_left_out_and_told() {
        let mut lines = AlertLines::new(AlertForm::Ecs);
        assert!(!lines.line(br#"{"src_ip":"10.0.0.1"}"#, &mut Vec::new()));
        assert!(!lines.line(br#"{"kind":"hosts"}"#, &mut Vec::new()));
        assert_eq!(lines.left_out(), ["2 lines left out, which are no alerts"]);
    }
}
