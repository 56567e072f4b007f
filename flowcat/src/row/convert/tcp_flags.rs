//! TCP flags: letters, numbers, hex, or what Zeek's history of a connection tells.
//!
//! Flags belong to TCP: some versions of nfdump print those of any protocol, others not.

use super::{Converter, Trouble};
use crate::row::count::count;
use crate::row::{Cell, Form, Row, flags};
use flow_record::record::Flow;
use flow_record::record::field;

impl Converter {
    /// Sets the flags of both directions.
    #[inline]
    pub(super) fn tcp_flags(&mut self, row: &Row, flow: &mut Flow) -> Result<(), Trouble> {
        for (cell, id) in [(Cell::TcpFlags, field::TCP_FLAGS), (Cell::RevTcpFlags, field::REV_TCP_FLAGS)] {
            let Some((text, form)) = row.text(cell) else { continue };
            if form == Form::History {
                history(text, flow);
                continue;
            }
            let Some(bits) = (if form == Form::Hex { hex(text) } else { flags(text) }) else {
                if form != Form::Lenient || count(text).is_some() {
                    return Err(Trouble::of(cell));
                }
                self.leave_out(cell);
                continue;
            };
            match flow.protocol() {
                Some(6) => _ = flow.set_integer(id, bits.into()),
                None if bits != 0 => _ = flow.set_integer(id, bits.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Flags as Suricata prints them: `1b`.
fn hex(text: &[u8]) -> Option<u16> {
    u16::from_str_radix(std::str::from_utf8(text).ok().filter(|t| !t.starts_with('+'))?, 16).ok()
}

/// Sets the flags that Zeek's history of a connection tells of, upper case the source's, lower case the other's: S is a
/// SYN, H a SYN with ACK, A an ACK alone, F a FIN, R an RST. Other letters tell of none.
fn history(text: &[u8], flow: &mut Flow) {
    if flow.protocol() != Some(6) || !text.iter().all(|b| b.is_ascii_alphabetic() || *b == b'^') {
        return;
    }
    let (mut sent, mut back) = (0, 0);
    for letter in text {
        let bits = match letter.to_ascii_uppercase() {
            b'S' => 2,
            b'H' => 18,
            b'A' => 16,
            b'F' => 1,
            b'R' => 4,
            _ => 0,
        };
        *(if letter.is_ascii_uppercase() { &mut sent } else { &mut back }) |= bits;
    }
    for (id, bits) in [(field::TCP_FLAGS, sent), (field::REV_TCP_FLAGS, back)] {
        if bits != 0 {
            flow.set_integer(id, bits);
        }
    }
}
