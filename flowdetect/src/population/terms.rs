//! Terms of evidence that the detectors over populations share.

use flow_record::record::Field;
use flow_record::row::columns::{integer, number, text, words};

pub(crate) const FIELD: Field = text("field", "the field that was scored");
pub(crate) const N: Field = integer("n", "", "number of hosts, flows or rows that were scored together");
pub(crate) const TOTAL: Field = number("total", "", "hosts and rows: the key's sum of the field, or the row's value");
pub(crate) const PER_FLOW: Field = number("per_flow", "", "hosts: the key's mean of the field over its flows");
pub(crate) const FLOWS: Field = integer("flows", "flows", "flows of the key, or behind the row where it says so");
pub(crate) const UNIQUE: Field = integer("unique_dst_ips", "", "distinct destination addresses of the key");
pub(crate) const APPROX: Field = words("approx", "names of the terms that are estimates");
pub(crate) const ROW: Field = text("row", "rows: their kind");
pub(crate) const COUNT: Field = integer("count", "flows", "flows: how many the rule holds for");
pub(crate) const LARGEST: Field = number("largest", "", "flows: the largest value among them");
pub(crate) const SMALLEST: Field = number("smallest", "", "flows: the smallest value among them");
pub(crate) const SUM: Field = number("sum", "", "flows: the sum of their values");
