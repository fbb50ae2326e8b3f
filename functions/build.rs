//! How a release build is linked: without the tables for unwinding. A function that panics aborts, so nothing reads
//! them, and they are a tenth of the file. The standard library's and AWS-LC's come compiled, so only the linker can
//! leave them out. `refresh` unwinds, so it does not have this script.

use std::path::PathBuf;
use std::{env, fs, io};

const WITHOUT_UNWINDING: &str =
    "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table*) } } INSERT AFTER .text;";

fn main() -> io::Result<()> {
    let is = |variable: &str, value: &str| env::var(variable).as_deref() == Ok(value);
    // Development builds unwind, and only Lambda's linkers are known to take the script.
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        let script = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("without-unwinding.ld");
        fs::write(&script, WITHOUT_UNWINDING)?;
        println!("cargo::rustc-link-arg-bins=-T{}", script.display());
    }
    Ok(())
}
