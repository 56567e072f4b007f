//! Detectors over flow lines.
fn main() -> std::process::ExitCode {
    flowdetect::main()
}
