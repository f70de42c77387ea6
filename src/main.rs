//! The binary: parses the command line, starts the runtime, runs the command, gives its exit code.

use clap::Parser;
use std::process::ExitCode;
use std::time::Duration;
use switchboard::cli::args::Cli;
use switchboard::cli::host::BuiltIn;
use switchboard::cli::output::Output;
use switchboard::config::Env;

/// How long tasks that are still running may take at the end.
const END_TIME: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let words = std::env::args_os().skip(1);
    let cli = match Cli::inbox(words).map_or_else(Cli::try_parse, Ok) {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version go to standard output, mistakes to standard error; a closed one is no matter.
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    let env = Env::of_process();
    let mut out = Output::standard(env.get("NO_COLOR").is_some());
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            out.remark(&format!("error: the runtime cannot start: {e}"));
            return ExitCode::FAILURE;
        }
    };
    let exit = runtime.block_on(switchboard::cli::run(cli, &env, &BuiltIn, &mut out));
    runtime.shutdown_timeout(END_TIME);
    exit.into()
}
