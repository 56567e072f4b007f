//! More fields for flow lines.
fn main() -> std::process::ExitCode {
    flowenrich::main()
}
