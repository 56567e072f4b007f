//! Any record of network traffic to NDJSON flow lines.
fn main() -> std::process::ExitCode {
    flowcat::main()
}
