//! The transfer binary: reads the options, runs the mode, reports a failure and sets the exit code.

use claimcheck_transfer::error::Outcome;
use claimcheck_transfer::nixl::ucx_log;
use claimcheck_transfer::options::{Mode, Options};
use claimcheck_transfer::{abort, devices, interrupt, output, run, topo};

fn main() {
    let code = match start() {
        Ok(code) => code,
        Err(failure) => {
            ucx_log::flush();
            interrupt::end_with(&failure, failure.exit_code())
        }
    };
    // NIXL's destructors may hang after a failed transfer; the kernel frees everything that they would free.
    interrupt::exit_now(code);
}

fn start() -> Outcome<i32> {
    let options = match Options::read(std::env::args_os())? {
        Ok(options) => options,
        Err(text) => {
            print!("{text}");
            return Ok(0);
        }
    };
    if matches!(options.mode, Mode::Target | Mode::Initiator) {
        interrupt::install()?;
        abort::install()?;
        if options.until_stdin_closes {
            interrupt::follow_stdin()?;
        }
    }
    match options.mode {
        Mode::Target => run::target::run(&options),
        Mode::Initiator => run::initiator::run(&options),
        Mode::Devices => {
            output::tagged("DEVICES", &devices::list(&options.sysfs)?);
            Ok(0)
        }
        Mode::Topo => {
            output::tagged("TOPO", &topo::list(&options.sysfs)?);
            Ok(0)
        }
    }
}
