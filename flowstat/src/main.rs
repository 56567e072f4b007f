//! Statistics of flow lines.
fn main() -> std::process::ExitCode {
    flowstat::main()
}
