#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    const LINES: &str = "{\"kind\":\"hosts\",\"bytes\":1234}\n{\"kind\":\"ports\",\"port\":80}\n";

    fn written(form: Form) -> (String, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut formatted = Formatted::new(Output::open(Some(&path), false).unwrap(), form, &[]);
        formatted.write(LINES.as_bytes()).unwrap();
        let left_out = formatted.left_out();
        formatted.finish().unwrap();
        (std::fs::read_to_string(&path).unwrap(), left_out)
    }

    #[test]
    fn lines_go_out_as_they_are() {
        assert_eq!(written(Form::Ndjson), (LINES.to_owned(), vec![]));
    }

    #[test]
    fn tables_hold_every_kind_and_csv_one() {
        let (table, left_out) = written(Form::Table);
        assert_eq!(table, "hosts\nbytes\n-----\n1,234\n\nports\nport\n----\n  80\n");
        assert!(left_out.is_empty());
        let (csv, left_out) = written(Form::Csv);
        assert_eq!(csv, "bytes\n1234\n");
        assert_eq!(left_out.len(), 1);
    }
}
